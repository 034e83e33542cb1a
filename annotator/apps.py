"""The Django app."""

from django.apps import AppConfig


class AnnotatorConfig(AppConfig):
    """Winnow is one Django app, because its parts all read and write the same few tables."""

    name = "annotator"
    verbose_name = "Winnow"
