"""Errors of forms: forms check the shape, flow checks the meaning."""

from django import forms

from annotator.errors import FlowError


def add_refusal(form: forms.BaseForm, refusal: FlowError) -> None:
    """Show each error of a refusal at its field."""
    for error in refusal.errors:
        field = error.get("field") or None
        form.add_error(field if field in form.fields else None, error["detail"])
