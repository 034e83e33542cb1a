"""The accuracy estimate: one source, one sentence.

An estimate names its model and the number of labels that the model was trained on, also if a newer
model exists that is not measured yet.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Max

from annotator.models import ModelVersion, Project

FIRST_ESTIMATE = 20
FIELDS = ("number", "trained_on", "accuracy")

Estimate = dict[str, Any]


def newest(project: Project, **when: Any) -> Estimate | None:
    """Return the newest estimate from enough audits, of models made `when`."""
    measured = project.models.filter(accuracy__isnull=False, **when)
    found = measured.values_list(*FIELDS).first()
    return None if found is None else told(*found)


def of_all(projects: Iterable[int]) -> dict[int, Estimate]:
    """Return the newest estimate of each project that has one."""
    measured = ModelVersion.objects.filter(project__in=projects, accuracy__isnull=False)
    last = measured.order_by().values("project").annotate(newest=Max("pk")).values("newest")
    rows = ModelVersion.objects.filter(pk__in=last).values_list("project", *FIELDS)
    found = {project: told(*row) for project, *row in rows}
    return {project: estimate for project, estimate in found.items() if estimate}


def told(number: int, trained_on: int, accuracy: Mapping[str, Any] | None) -> Estimate | None:
    """Return an estimate with its model; None if it rests on too few audits."""
    if not accuracy or accuracy["n"] < FIRST_ESTIMATE:
        return None
    return {"metric": "accuracy", **accuracy, "model": number, "labels": trained_on}


def newest_with_mark(project: Project) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the newest reportable estimate, and the mark of its audit count."""
    newest = project.models.filter(accuracy__isnull=False)
    row = newest.values_list(*FIELDS, "measured__audits").first()
    return (None, None) if row is None else (told(*row[:3]), row[3])
