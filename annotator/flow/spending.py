"""What was spent on the labels of a model, noted when they are read.

Noted later, it would hold what was given while the model was trained, and tell of labels that the
model never saw.
"""

from typing import Any

from django.db.models import Count, Sum

from annotator.models import Annotation, Project, Tally


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
