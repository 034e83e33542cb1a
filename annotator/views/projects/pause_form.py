"""Form to pause a project."""

from django import forms
from django.utils.translation import gettext_lazy

from annotator.flow.progress import stopping


class PauseForm(forms.Form):
    """The reason, shown to all annotators."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Shown to all annotators of the project."),
        required=False,
        max_length=stopping.LONGEST_REASON,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
    )
