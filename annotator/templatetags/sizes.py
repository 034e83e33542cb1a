"""Sizes of files on pages."""

from django import template

from annotator.views import number_format

register = template.Library()


@register.filter
def file_size(size: int) -> str:
    """Return a number of bytes in the reader's language."""
    return number_format.file_size(size)
