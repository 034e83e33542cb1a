"""Stored sentences on pages."""

from django import template

from annotator import sentences

register = template.Library()


@register.filter
def translated(stored: str) -> str:
    """Return what a worker stored in the reader's language."""
    return sentences.translated(stored)
