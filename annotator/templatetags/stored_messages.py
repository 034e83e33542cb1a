"""Stored sentences on pages."""

from django import template

from annotator.i18n import stored_messages

register = template.Library()


@register.filter
def translated(stored: str) -> str:
    """Return a worker's stored sentence in the reader's language."""
    return stored_messages.translated(stored)
