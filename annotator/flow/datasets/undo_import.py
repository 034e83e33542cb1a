"""Undoing of an import: its items go, and what it changed of others is as it was before.

Items that a person labelled stay, unless everything is to go. In pieces, each in a transaction with
its progress, so that it goes on where it ended when its worker dies.
"""

import time
from collections.abc import Iterator
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from annotator.db import clock
from annotator.errors import Conflict
from annotator.flow.annotation import revise
from annotator.flow.datasets import importing, removal
from annotator.flow.features import changed_items
from annotator.i18n import folding
from annotator.jobs.runner import job
from annotator.models import (
    Annotation,
    FormerContent,
    Import,
    Item,
    Job,
    Removal,
    User,
)

ITEMS_AT_ONCE = 200
GAP_SECONDS = 0.01
TOLD = (
    "state",
    "everything",
    "total",
    "done",
    "removed",
    "kept",
    "labels_withdrawn",
    "contents_restored",
    "error",
    "finished_at",
)
# What is small enough is gone when the request for it is answered.
ITEMS_IN_REQUEST = ITEMS_AT_ONCE


def request(work: Import, user: User, *, everything: bool = False) -> Removal:
    """Store that the import is to be undone; one that still runs is cancelled first.

    Conflict if it is being undone already, or was undone completely.
    """
    if work.is_active:
        importing.cancel(work, user)
    earlier = Removal.objects.filter(imported=work).first()
    if earlier is not None:
        return _again(earlier, user, everything)
    try:
        with transaction.atomic():
            return Removal.objects.create(
                project=work.project,
                user=user,
                imported=work,
                everything=everything,
                total=_items(work).count(),
            )
    except IntegrityError as problem:
        raise Conflict("undone_already") from problem


def _again(earlier: Removal, user: User, everything: bool) -> Removal:
    """Undo once more what stayed: with everything this time, or after a failure."""
    rest = _items(earlier.imported).count()
    ended = Removal.objects.exclude(state__in=[Job.State.QUEUED, Job.State.RUNNING])
    changed = ended.filter(pk=earlier.pk).update(
        state=Job.State.QUEUED,
        user=user,
        everything=everything,
        reached=0,
        kept=0,
        total=F("removed") + rest,
        attempts=0,
        error="",
        created_at=clock.now(),
        started_at=None,
        finished_at=None,
        retry_at=None,
    )
    if not changed or not rest:
        raise Conflict("undone_already")
    earlier.refresh_from_db()
    return earlier


def foresee(work: Import) -> dict[str, int]:
    """Return what undoing would remove, what would stay, and what it would take back."""
    items = _items(work)
    labelled = items.filter(_has_own_label(work)).count()
    return {
        "items": items.count(),
        "labelled": labelled,
        "labels": _brought(work).exclude(item__imported=work).count(),
        "contents": FormerContent.objects.filter(imported=work).count(),
    }


def finish_quickly(work: Removal) -> bool:
    """Undo an import of few items at once; return whether nothing is left for a worker."""
    return work.total <= ITEMS_IN_REQUEST and run(work.pk) is not None


def standing(work: Import) -> dict[str, Any] | None:
    """Return how far the import is undone; None if nobody asked for it."""
    found = Removal.objects.filter(imported=work).first()
    return None if found is None else {name: getattr(found, name) for name in TOLD}


@job(Removal)
def run(work: Removal) -> Removal:
    """Undo the import, continuing where an earlier attempt stopped."""
    for items in _pieces(work):
        _remove(work, items)
        _yield_to_others()
    with transaction.atomic():
        _take_back_labels(work)
        _restore_contents(work)
        _forget(work)
        work.finish()
    return work


def _items(work: Import) -> QuerySet[Item]:
    return Item.objects.filter(project=work.project_id, imported=work)


def _has_own_label(work: Import) -> Exists:
    """Return the condition that somebody labelled the item, other than by this import."""
    others = Annotation.objects.filter(item=OuterRef("pk"), withdrawn_at=None)
    return Exists(others.filter(imported=None))


def _pieces(work: Removal) -> Iterator[list[Item]]:
    while True:
        rows = _items(work.imported).filter(position__gte=work.reached).order_by("position")
        piece = list(rows.only("pk", "position", "project_id")[:ITEMS_AT_ONCE])
        if not piece:
            return
        yield piece


@transaction.atomic
def _remove(work: Removal, piece: list[Item]) -> None:
    pks = [item.pk for item in piece]
    kept: set[int] = set()
    if not work.everything:
        labelled = Item.objects.filter(_has_own_label(work.imported), pk__in=pks)
        kept = set(labelled.values_list("pk", flat=True))
    gone = removal.erase(work.project, [pk for pk in pks if pk not in kept])
    work.write(
        attempts=0,
        reached=piece[-1].position + 1,
        removed=work.removed + len(gone),
        kept=work.kept + len(kept),
        spans=_with(work.spans, gone),
    )


def _with(spans: list[list[int]], positions: list[int]) -> list[list[int]]:
    """Return spans of positions, [first, last] each, with more positions behind them."""
    joined = [list(span) for span in spans]
    for position in positions:
        if joined and joined[-1][1] + 1 >= position > joined[-1][0]:
            joined[-1][1] = position
        else:
            joined.append([position, position])
    return joined


def _forget(work: Removal) -> None:
    removal.forget(
        work.project,
        [position for first, last in work.spans for position in range(first, last + 1)],
    )


def _brought(work: Import) -> QuerySet[Annotation]:
    return Annotation.objects.filter(project=work.project_id, imported=work, withdrawn_at=None)


def _take_back_labels(work: Removal) -> None:
    """Withdraw what the import said of items that others brought."""
    user = work.user or work.imported.user
    rows = _brought(work.imported).exclude(item__imported=work.imported)
    for annotation in rows.select_related("project", "item", "user", "lease", "imported"):
        if user is not None:
            revise.withdraw(annotation, user)
            work.labels_withdrawn += 1
    work.write(labels_withdrawn=work.labels_withdrawn)


def _restore_contents(work: Removal) -> None:
    """Give items the content back that the import replaced."""
    positions: list[int] = []
    for former in FormerContent.objects.filter(imported=work.imported).select_related("item"):
        newer = FormerContent.objects.filter(item=former.item_id, pk__gt=former.pk)
        if newer.exists() or _is_taken(former):
            continue
        values: dict[str, Any] = {name: getattr(former, name) for name in CONTENT}
        folded = folding.stored(former.text, former.item.key)
        Item.objects.filter(pk=former.item_id).update(**values, folded=folded)
        positions.append(former.item.position)
        former.delete()
    if positions:
        changed_items.compute_again(work.project, positions)
    work.write(contents_restored=work.contents_restored + len(positions))


CONTENT = ("content_hash", "text", "content", "image", "meta")


def _is_taken(former: FormerContent) -> bool:
    """Return whether another item has that content by now."""
    same = Item.objects.filter(project=former.item.project_id, content_hash=former.content_hash)
    return same.exclude(pk=former.item_id).exists()


def _yield_to_others() -> None:
    if connection.vendor == "sqlite":
        # One writer at a time: leave a gap for annotators who are saving labels.
        time.sleep(GAP_SECONDS)
