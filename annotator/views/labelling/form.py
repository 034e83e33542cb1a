"""Form for a decision on the labelling page."""

from django import forms


class AnswerForm(forms.Form):
    """A decision on the leased item; flow knows the labels."""

    lease = forms.UUIDField()
    client_id = forms.UUIDField()
    seconds = forms.FloatField(required=False, min_value=0, max_value=86_400)
    note = forms.CharField(required=False, max_length=2000)


class LeaseForm(forms.Form):
    """The leased item, and perhaps the reason for a release."""

    lease = forms.UUIDField()
    reason = forms.CharField(required=False, max_length=500)
