"""Money and time spent on the labels of a model, recorded when they are read.

Recorded later, it would include labels given while the model was trained, which the model never
saw.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Count, Sum
from django.utils import timezone

from annotator.db.one_moment import one_moment
from annotator.models import Annotation, Project, Tally

Labels = TypeVar("Labels")


def read_with(project: Project, read: Callable[[], Labels]) -> tuple[Labels, dict[str, Any]]:
    """Return the labels that `read` returns, and what was spent on them `at` that moment."""
    # Read first: labels given from here on are in neither.
    at = timezone.now().isoformat()
    with one_moment():
        return read(), {**spent(project), "at": at}


def seconds_each(project: Project) -> float | None:
    """Return the mean time of an annotation so far; None before the first one."""
    sums = Tally.objects.filter(project=project).aggregate(n=Sum("labels"), seconds=Sum("seconds"))
    return sums["seconds"] / sums["n"] if sums["n"] and sums["seconds"] else None


def spent(project: Project) -> dict[str, Any]:
    """Return what was spent so far: annotations, their seconds, and annotations by source."""
    sums = Tally.objects.filter(project=project).aggregate(
        answers=Sum("labels"), seconds=Sum("seconds")
    )
    sources = Annotation.objects.filter(project=project, withdrawn_at=None).values_list("source")
    return {
        "answers": sums["answers"] or 0,
        "seconds": round(sums["seconds"] or 0.0, 1),
        "sources": dict(sources.annotate(n=Count("pk"))),
    }
