"""Suggestion bias, measured against items that were served blind at random."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from annotator.flow.labels import naming
from annotator.flow.progress import daily_counts
from annotator.flow.review import corrections
from annotator.models import Annotation, Project, Source

MOST_COMPARED = 50_000

# Whether the suggestion was visible, whether the answer equals it, and the seconds taken.
Answer = tuple[bool, bool, float | None]


def of_suggestions(project: Project) -> dict[str, Any]:
    """Return how much a visible suggestion raises agreement with it; {} if unknown.

    Which of the strategy's items are blind is random, so only the visible suggestion distinguishes
    the two groups. `shown` and `blind` are (equal, all).
    """
    from selection.evaluation import per_class

    found = list(_answers(project))
    sides = {side: [each for each in found if each[0] is shown] for side, shown in SIDES}
    counts = {side: [sum(same for _, same, _ in each), len(each)] for side, each in sides.items()}
    measured = per_class.contrast(*counts["shown"], *counts["blind"])
    if measured is None:
        return {}
    seconds = {f"{side}_seconds": _median(each) for side, each in sides.items()}
    return {**asdict(measured), **counts, **seconds}


SIDES = (("shown", True), ("blind", False))


def _answers(project: Project) -> Iterable[Answer]:
    """Return the first answer to each of the newest items: a second one has the same suggestion."""
    rows = Annotation.objects.filter(project=project, source=Source.ACTIVE, withdrawn_at=None)
    # For blind items only the lease records the suggestion that was hidden.
    fields = ("id", "item", "blind", "seconds", "suggestion", "lease__suggestion")
    newest = rows.exclude(lease=None).order_by("-id").values_list(*fields)[:MOST_COMPARED]
    first: dict[int, tuple[Any, ...]] = {}
    for pk, item, blind, seconds, shown, hidden in newest.iterator(2_000):
        suggestion = hidden if blind else shown
        # A suggestion with a deleted label is not shown, so these rare cases are left out.
        if suggestion and naming.stand(project, suggestion["labels"]):
            shown_labels = set(naming.current(project, suggestion["labels"]))
            first[item] = (pk, blind, seconds, shown_labels)
    said = _said({each[0] for each in first.values()}, project)
    for pk, blind, seconds, suggested in first.values():
        yield not blind, said.get(pk, set()) == suggested, seconds


def _said(keys: set[int], project: Project) -> dict[int, Any]:
    """Return the label ids of each answer, as its author gave it."""
    if not keys:
        return {}
    rows = Annotation.objects.filter(project=project, pk__gte=min(keys), given__isnull=False)
    said: dict[int, set[Any]] = {}
    marks: Any
    for pk, label, marks in rows.values_list("pk", "given__label_id", "value").iterator(10_000):
        if pk in keys:
            given = [label] if marks is None else naming.current(project, marks)
            said.setdefault(pk, set()).update(given)
    corrected = Annotation.objects.filter(project=project, pk__gte=min(keys))
    # Whether they followed the suggestion, only their own answer tells.
    theirs = corrections.said_by_authors(corrected)
    return said | {k: set(naming.current(project, theirs[k])) for k in theirs if k in keys}


def _median(answers: list[Answer]) -> float | None:
    spent = [daily_counts.counted_seconds(each) for _, _, each in answers]
    seconds = [each for each in spent if each is not None]
    return round(float(np.median(seconds)), 2) if seconds else None
