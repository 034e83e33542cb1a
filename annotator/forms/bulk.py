"""What is confirmed by the page."""

from django import forms


class BulkForm(forms.Form):
    """A page that is confirmed; flow knows whose page it is, and which of its items are marked."""

    label = forms.CharField(max_length=200, required=False)
    seconds = forms.FloatField(required=False, min_value=0, max_value=86_400)


class PageForm(forms.Form):
    """Which page is on the screen, or was; flow knows what it holds."""

    page = forms.CharField(max_length=60)
