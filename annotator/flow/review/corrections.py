"""Corrections of an annotation by somebody else: what its author said stays known.

The labels of an annotation are what counts now. Figures about people use what they said themselves:
the history says it, because each revision keeps the state before it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from annotator.flow.labels.naming import Ref
from annotator.models import Annotation, Revision
from annotator.tasktypes.marks import as_refs

CORRECTED, REVERTED = "corrected", "reverted"
AT_ONCE = 500


@dataclass(frozen=True)
class Correction:
    """The corrections of an annotation that stand.

    `by` gave the current answer, None if its author did; `before` is the state that the author left
    behind, None if that is the current one. `last` is the state before the newest correction.
    """

    by: int | None = None
    before: Revision | None = None
    last: Revision | None = None


def read(annotation: Annotation, revisions: Iterable[Revision]) -> Correction:
    """Return the corrections that stand, from the whole history of the annotation, in order."""
    standing: list[Revision] = []
    for each in revisions:
        if each.action == CORRECTED:
            standing.append(each)
        elif each.action == REVERTED and standing:
            standing.pop()
    if not standing:
        return Correction()
    theirs = _after_the_author(annotation, standing)
    if not theirs:
        return Correction(last=standing[-1])
    return Correction(by=theirs[-1].user_id, before=theirs[0], last=standing[-1])


def _after_the_author(annotation: Annotation, standing: Sequence[Revision]) -> Sequence[Revision]:
    """Return the corrections by others since the author's own last one."""
    own = [n for n, each in enumerate(standing) if each.user_id == annotation.user_id]
    return standing[own[-1] + 1 :] if own else standing


def own_labels(annotation: Annotation, revisions: Iterable[Revision]) -> list[Ref] | None:
    """Return the ids of what the author said; None if that is what counts."""
    before = read(annotation, revisions).before
    return None if before is None else as_refs(before.labels)


def said_by_authors(corrected: QuerySet[Annotation]) -> dict[int, set[Ref]]:
    """Return what the authors of these annotations said, for those that somebody else corrected."""
    keys = list(corrected.filter(corrected_by__isnull=False).values_list("pk", flat=True))
    return of_keys(keys)


def of_keys(keys: Collection[int]) -> dict[int, set[Ref]]:
    """Return what the authors said, for those of the annotations that somebody else corrected."""
    found: dict[int, set[Ref]] = {}
    ordered = sorted(keys)
    for start in range(0, len(ordered), AT_ONCE):
        few = ordered[start : start + AT_ONCE]
        history: dict[int, list[Revision]] = defaultdict(list)
        for each in Revision.objects.filter(annotation__in=few).order_by("pk"):
            history[each.annotation_id].append(each)
        for annotation in Annotation.objects.filter(pk__in=few).only("pk", "user_id"):
            own = own_labels(annotation, history[annotation.pk])
            if own is not None:
                found[annotation.pk] = set(own)
    return found
