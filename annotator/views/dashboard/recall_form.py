"""A random sample of what is unread."""

from django import forms
from django.utils.translation import gettext_lazy

from annotator.flow.evaluation import recall_sample


class ProofForm(forms.Form):
    """How large it is, which is said before it is drawn."""

    number = forms.IntegerField(
        label=gettext_lazy("Sample size"),
        min_value=recall_sample.LEAST,
        max_value=recall_sample.MOST,
    )
