"""Removal of items for good: their content, their answers, and what was computed of them.

The row of an item and its position stay, because features are stored by position; nothing of what
the item was is left in it. Numbers are as if it had never been there: its answers leave the daily
counts, the audit sample passes over it, and the next model is trained without it.
"""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.db.models import BinaryField, CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat, LPad
from django.utils import timezone

from annotator.errors import NotFound
from annotator.flow.features import changed_items
from annotator.flow.progress import expected_tallies
from annotator.flow.queue import current_leases
from annotator.models import (
    Annotation,
    AnnotationLabel,
    BulkChange,
    DecidedLabel,
    Decision,
    Disagreement,
    FormerContent,
    Item,
    Lease,
    Project,
    QueueEntry,
    ReviewRequest,
    Revision,
    SentBack,
)
from annotator.pool import given_rows
from annotator.storage import pictures

EMPTY: dict[str, Any] = {
    "text": "",
    "folded": None,
    "content": None,
    "image": "",
    "meta": {},
    "gold": None,
    "suggested": None,
    "answers": 0,
    "skips": 0,
    "imported": None,
}


def remove_item(project: Project, pk: int) -> None:
    """Remove one item for good; NotFound if there is none."""
    if not Item.objects.filter(project=project, pk=pk).exclude(state=Item.State.REMOVED).exists():
        raise NotFound("unknown_item")
    with transaction.atomic():
        positions = erase(project, [pk])
        forget(project, positions)


def erase(project: Project, items: Collection[int]) -> list[int]:
    """Erase the items in the caller's transaction; return the positions of those that were there.

    `forget` must follow for these positions, at once or when more have been erased.
    """
    # No sample is drawn and no position given out meanwhile. Not a full lock: a save refers to the
    # project while it holds an item.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    # In the order of a save.
    current_leases.lock_entries(sorted(items))
    rows = Item.objects.select_for_update().filter(project=project, pk__in=items)
    there = list(rows.exclude(state=Item.State.REMOVED).order_by("pk"))
    if not there:
        return []
    gone = [item.pk for item in there]
    files = _files(there)
    lost = _uncount(project, gone)
    _delete_answers(gone)
    _empty(gone)
    Project.objects.filter(pk=project.pk).update(
        removed=F("removed") + len(gone), removed_changes=F("removed_changes") + lost
    )
    transaction.on_commit(lambda: pictures.delete(files))
    return [item.position for item in there]


def forget(project: Project, positions: Sequence[int]) -> None:
    """Have features, vectors and reports made again without what was erased at the positions."""
    if not positions:
        return
    given_rows.clear(project, positions)
    changed_items.compute_again(project, positions)
    # They name items and quote texts; a worker makes them again.
    project.reports.all().delete()


def _files(items: list[Item]) -> list[str]:
    former = FormerContent.objects.filter(item__in=[item.pk for item in items])
    names = {item.image for item in items} | set(former.values_list("image", flat=True))
    return sorted(names - {""})


def _uncount(project: Project, items: list[int]) -> int:
    """Take the items out of the daily counts; return how far the label revision must still rise."""
    lost = 0.0
    # In one order, so that two removals never wait for each other.
    for user in sorted(expected_tallies.people(project, items)):
        for (name, day), number in expected_tallies.counted(project, user, items).items():
            if number:
                expected_tallies.add(project, user, day, name, -number)
            lost += {"labels": number, "changes": 2 * number}.get(name, 0)
    standing = Annotation.objects.filter(item__in=items, counted=True, withdrawn_at=None)
    return round(lost) + standing.count()


def _delete_answers(items: list[int]) -> None:
    # Django would load all rows first, to find what refers to them; this list is complete.
    for rows in _rows_of(items):
        rows._raw_delete(rows.db)
    # Whoever has one of them on the screen is told when they save.
    live = Lease.objects.filter(item__in=items, ended_at=None)
    live.update(ended_at=timezone.now(), outcome=Lease.Outcome.RELEASED, suggestion=None, why="")


def _rows_of(items: list[int]) -> Sequence[QuerySet[Any]]:
    return (
        Disagreement.objects.filter(item__in=items),
        DecidedLabel.objects.filter(decision__item__in=items),
        Decision.objects.filter(item__in=items),
        ReviewRequest.objects.filter(item__in=items),
        BulkChange.objects.filter(item__in=items),
        SentBack.objects.filter(item__in=items),
        AnnotationLabel.objects.filter(annotation__item__in=items),
        Revision.objects.filter(annotation__item__in=items),
        Annotation.objects.filter(item__in=items),
        QueueEntry.objects.filter(item__in=items),
        Lease.objects.filter(item__in=items).exclude(ended_at=None),
        FormerContent.objects.filter(item__in=items),
    )


def _empty(items: list[int]) -> None:
    """Empty the rows; key and hash become unique ones, so the content may be imported again."""
    number = Cast("pk", CharField())
    Item.objects.filter(pk__in=items).update(
        **EMPTY,
        state=Item.State.REMOVED,
        key=Concat(Value("removed-"), number),
        content_hash=Cast(
            Concat(Value("-"), LPad(number, 15, Value("0")), output_field=CharField()),
            BinaryField(),
        ),
    )
