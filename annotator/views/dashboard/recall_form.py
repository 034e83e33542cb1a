"""Form for a random sample of unread items."""

from django import forms
from django.utils.translation import gettext_lazy

from annotator.flow.evaluation import recall_sample


class ProofForm(forms.Form):
    """Sample size, fixed before the sample is drawn."""

    number = forms.IntegerField(
        label=gettext_lazy("Sample size"),
        min_value=recall_sample.LEAST,
        max_value=recall_sample.MOST,
    )
