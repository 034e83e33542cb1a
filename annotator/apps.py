"""The Django app."""

from django.apps import AppConfig


class AnnotatorConfig(AppConfig):
    """Winnow is one Django app: active learning is a loop, and a loop has no seams to cut along."""

    name = "annotator"
    verbose_name = "Winnow"
