"""Form to confirm a bulk page."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _


class BulkForm(forms.Form):
    """A page to confirm; flow knows whose it is, and which of its items are marked."""

    label = forms.CharField(max_length=200, required=False)
    label_id = forms.IntegerField(required=False, min_value=1)
    seconds = forms.FloatField(required=False, min_value=0, max_value=86_400)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("label_id") and not cleaned.get("label"):
            raise forms.ValidationError(_("Choose a label for the page."), code="required")
        return cleaned


class PageForm(forms.Form):
    """The bulk page on the screen; flow knows its content."""

    page = forms.CharField(max_length=60)
