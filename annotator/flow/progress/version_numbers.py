"""Numbers of rounds and models. Neither changes once stored, so each is looked up once."""

from datetime import datetime
from functools import lru_cache

from annotator.models import ModelVersion, Round


@lru_cache(maxsize=4096)
def round_number(pk: int | None) -> int | None:
    """Return the number of a round within its project; None without a round."""
    return None if pk is None else Round.objects.values_list("number", flat=True).get(pk=pk)


@lru_cache(maxsize=4096)
def model_number(pk: int | None) -> int | None:
    """Return the version number of a model; None without a model."""
    return None if pk is None else ModelVersion.objects.values_list("number", flat=True).get(pk=pk)


@lru_cache(maxsize=4096)
def model_trained_at(pk: int) -> datetime:
    """Return when a model was trained."""
    return ModelVersion.objects.values_list("created_at", flat=True).get(pk=pk)
