"""What was spent on the labels of a model, noted when they are read.

Noted later, it would hold what was given while the model was trained, and tell of labels that the
model never saw.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Count, Sum

from annotator import pool
from annotator.models import Annotation, Project, Tally

TRIES = 5
Labels = TypeVar("Labels")


def read_with(project: Project, read: Callable[[], Labels]) -> tuple[Labels, dict[str, Any]]:
    """Return the labels that `read` returns, and what was spent on them.

    People go on meanwhile. Where something was given in between, both are read again, so that they
    are of one moment; in a crowd that leaves no gap, what was spent may be a few answers ahead.
    """
    for _try in range(TRIES):
        before = pool.work_done(project)
        found, cost = read(), spent(project)
        if pool.work_done(project) == before:
            break
    return found, cost


def spent(project: Project) -> dict[str, Any]:
    """Return what was spent by now: answers, their seconds, and answers by why they were asked."""
    sums = Tally.objects.filter(project=project).aggregate(
        answers=Sum("labels"), seconds=Sum("seconds")
    )
    sources = Annotation.objects.filter(project=project, withdrawn_at=None).values_list("source")
    return {
        "answers": sums["answers"] or 0,
        "seconds": round(sums["seconds"] or 0.0, 1),
        "sources": dict(sources.annotate(n=Count("pk"))),
    }
