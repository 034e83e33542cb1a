"""Winnow: annotate what is worth asking."""

from annotator.celery import app as celery_app

__all__ = ["celery_app"]
