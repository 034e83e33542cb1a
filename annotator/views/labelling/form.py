"""Form for a decision on the labelling page."""

from django import forms


class AnswerForm(forms.Form):
    """A decision on the item that is held; flow knows which labels there are."""

    lease = forms.UUIDField()
    client_id = forms.UUIDField()
    seconds = forms.FloatField(required=False, min_value=0, max_value=86_400)
    note = forms.CharField(required=False, max_length=2000)


class LeaseForm(forms.Form):
    """The item that is held, and perhaps why it is given back."""

    lease = forms.UUIDField()
    reason = forms.CharField(required=False, max_length=500)
