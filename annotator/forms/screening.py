"""A random sample of what is unread."""

from django import forms
from django.utils.translation import gettext_lazy

from annotator.flow import proving


class ProofForm(forms.Form):
    """How large it is, which is said before it is drawn."""

    number = forms.IntegerField(
        label=gettext_lazy("Items to draw"), min_value=proving.LEAST, max_value=proving.MOST
    )
