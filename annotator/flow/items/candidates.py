"""The few items that can match, found from the rarest criterion; None where no criterion is rare.

Each query is bounded: it walks through an index and stops after some thousand rows. Where all
criteria are frequent, going through the items in order soon fills a page instead.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import QuerySet

from annotator.db import clock
from annotator.flow.datasets.outgoing.choices import by_whom
from annotator.flow.items import conditions
from annotator.flow.items.criteria import Criteria
from annotator.models import Annotation, AnnotationLabel, Disagreement, Item, Project

# More would take long to put in order; any SQLite takes as many parameters in one statement.
MOST = 5_000
# Rows of an index that one query walks through.
WALKED = 30_000

Found = list[int] | None


def narrow(project: Project, wanted: Criteria) -> Found:
    """Return the items that can match by the first criterion that few items meet."""
    for find in _finders(project, wanted):
        found = find()
        if found is not None:
            return found
    return None


def _finders(project: Project, wanted: Criteria) -> Iterator[Callable[[], Found]]:
    """Yield the criteria that may be rare, those that usually are first."""
    if wanted.ids:
        yield lambda: list(wanted.ids)
    if wanted.suspect:
        yield lambda: conditions.suspects(project)
    if wanted.disagreed:
        torn = Disagreement.objects.filter(project=project).values_list("item", flat=True)
        yield lambda: _few(torn)
    items = Item.objects.filter(project=project).values_list("pk", flat=True).order_by()
    if wanted.gold:
        yield lambda: _few(items.filter(gold__isnull=False))
    if wanted.skipped:
        yield lambda: _few(items.filter(conditions.WAS_SKIPPED))
    if wanted.of_annotations:
        yield lambda: _by_annotations(project, wanted)
    if wanted.state is not None and wanted.state != Item.State.POOL:
        of_state = items.filter(state=wanted.state)
        yield lambda: _few(of_state)


def _few(rows: "QuerySet[Any, int]") -> Found:
    found = list(rows[: MOST + 1])
    return found if len(found) <= MOST else None


def _by_annotations(project: Project, wanted: Criteria) -> Found:
    """Return the items of the annotations that match, along the index of a rare criterion."""
    for rows in _walks(project, wanted):
        walked = rows.values("pk")[: WALKED + 1]
        keys = list(walked.values_list("pk", flat=True))
        if len(keys) <= WALKED:
            return _of_walked(project, wanted, rows, keys)
    return None


def _of_walked(
    project: Project, wanted: Criteria, rows: QuerySet[Annotation], keys: list[int]
) -> Found:
    if len(keys) <= MOST:
        matching = conditions.annotations(project, wanted).filter(pk__in=keys)
    else:
        matching = conditions.annotations(project, wanted).filter(pk__in=rows.values("pk"))
    found = list(matching.values_list("item", flat=True)[: MOST + 1])
    return None if len(found) > MOST else list(dict.fromkeys(found))


def _walks(project: Project, wanted: Criteria) -> Iterator[QuerySet[Annotation]]:
    """Yield the annotations along an index, without a join, one criterion at a time.

    Any of them may be rare: a label that few items have, of a person who labelled half of them.
    """
    rows = Annotation.objects.filter(project=project)
    if not wanted.of_annotations:
        return
    if wanted.corrected:
        yield rows.filter(corrected_by__isnull=False)
    if wanted.unsure:
        yield rows.filter(unsure=True)
    if wanted.has_note:
        yield rows.filter(conditions.HAS_NOTE)
    if wanted.since and (clock.now() - wanted.since).days < 366:
        yield rows.filter(pk__gte=_first_since(project, wanted))
    if wanted.label is not None:
        given = AnnotationLabel.objects.filter(label=wanted.label)
        yield Annotation.objects.filter(pk__in=given.values("annotation"))
    if wanted.annotator:
        yield rows.filter(by_whom([wanted.annotator]))
    if wanted.source:
        yield rows.filter(source=wanted.source)
    if wanted.since or wanted.until:
        yield rows


def _first_since(project: Project, wanted: Criteria) -> int:
    """Return a key below those of all annotations since then, found by halving.

    Keys rise with time, but for what was stored at the same moment.
    """
    assert wanted.since is not None
    rows = Annotation.objects.filter(project=project).values_list("pk", "created_at")
    first, last = rows.order_by("pk").first(), rows.order_by("pk").last()
    if first is None or last is None:
        return 0
    low, high = first[0], last[0] + 1
    while low < high:
        middle = (low + high) // 2
        found = rows.filter(pk__gte=middle).order_by("pk").first()
        if found is None or found[1] >= wanted.since:
            high = middle
        else:
            low = found[0] + 1
    return low
