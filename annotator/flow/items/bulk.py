"""One action on many items as a job: redo, label, requeue, delete, assign; and its undo.

In pieces, each in a transaction with its progress, so that it goes on where it ended when its
worker dies.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from annotator import tasktypes
from annotator.db import clock
from annotator.errors import Conflict, FlowError, Invalid, NotFound
from annotator.flow.annotation import send_back, submit
from annotator.flow.datasets import removal
from annotator.flow.items import answering, conditions, criteria, listing
from annotator.flow.labels.naming import Ref
from annotator.flow.queue import skipped_items
from annotator.flow.queue.assigned import assigning, ending
from annotator.jobs.runner import job
from annotator.models import (
    Annotation,
    BulkChange,
    BulkEdit,
    Item,
    Job,
    Lease,
    Membership,
    Project,
    User,
)

MOST = 100_000
AT_ONCE = 50
# What is small enough is done when the request for it is answered.
IN_REQUEST = AT_ONCE
GAP_SECONDS = 0.01
OTHERS, AUTHOR, ANYBODY = "others", "author", "anybody"


def start(
    project: Project,
    user: User,
    action: str,
    *,
    items: Sequence[int] = (),
    filter: Mapping[str, str] | None = None,
    labels: Sequence[Ref] = (),
    by: str = "",
    comment: str = "",
    people: Sequence[str] = (),
    until: datetime | None = None,
) -> BulkEdit:
    """Store a bulk edit for a worker; Invalid names what is wrong with it.

    With both, the items are edited, and the filter says which of their annotations to redo.
    """
    if action not in BulkEdit.Action.values:
        raise Invalid("choice", field="action", name="action", names=", ".join(BulkEdit.Action))
    if not items and filter is None:
        raise Invalid("bulk_which", field="items")
    wanted = criteria.parsed(project, filter or {})
    options: dict[str, Any] = {"filter": dict(filter or {}), "comment": submit.clean_note(comment)}
    if action == BulkEdit.Action.LABEL:
        # Spans and boxes are places within an item, so no list of labels is an answer to many.
        tasktypes.require(project, "bulk")
        options["labels"] = submit.parse_labels(project, labels).refs
    if by and by != OTHERS:
        options["by"] = by if by in (AUTHOR, ANYBODY) else _member(project, by).pk
    keys = _keys(project, user, items, wanted)
    with transaction.atomic():
        if action == BulkEdit.Action.ASSIGN:
            options["assignment"] = assigning.begin(project, user, people, until=until).pk
        return BulkEdit.objects.create(
            project=project, user=user, action=action, options=options, keys=keys, total=len(keys)
        )


def _member(project: Project, name: str) -> User:
    rows = Membership.objects.filter(project=project, user__username=name, user__is_active=True)
    found = rows.select_related("user").first()
    if found is None:
        raise Invalid("by_unknown", field="by", name=name[:60])
    return found.user


def _keys(
    project: Project, user: User, items: Sequence[int], wanted: criteria.Criteria
) -> list[int]:
    found: list[int] = []
    if items:
        for start_ in range(0, len(items), AT_ONCE * 100):
            part = list(items[start_ : start_ + AT_ONCE * 100])
            rows = conditions.among(project, part).order_by("position")
            found += rows.values_list("pk", flat=True)
    else:
        for part in listing.keys(listing.Query(project, user, wanted)):
            found += part
            if len(found) > MOST:
                break
    if len(found) > MOST:
        raise Invalid("bulk_too_many", field="filter", most=MOST)
    if not found:
        raise Invalid("bulk_nothing", field="items")
    return found


def find(project: Project, pk: int) -> BulkEdit:
    """Return one of the project's bulk edits."""
    found: BulkEdit | None = BulkEdit.objects.filter(project=project, pk=pk).first()
    if found is None:
        raise NotFound("bulk_unknown")
    return found


def finish_quickly(work: BulkEdit) -> bool:
    """Do an edit of few items at once; return whether nothing is left for a worker."""
    return work.total <= IN_REQUEST and run(work.pk) is not None


def request_undo(work: BulkEdit, user: User) -> BulkEdit:
    """Store that the edit is to be undone; Conflict if it cannot be."""
    if not work.can_undo:
        raise Conflict("bulk_not_undoable")
    over = BulkEdit.objects.filter(pk=work.pk, is_undo=False).exclude(
        state__in=[Job.State.QUEUED, Job.State.RUNNING]
    )
    again = {"attempts": 0, "error": "", "started_at": None, "finished_at": None, "retry_at": None}
    changed = over.update(
        state=Job.State.QUEUED, is_undo=True, user=user, created_at=clock.now(), **again
    )
    if not changed:
        raise Conflict("bulk_not_undoable")
    work.refresh_from_db()
    return work


@job(BulkEdit)
def run(work: BulkEdit) -> BulkEdit:
    """Do or undo the edit, continuing where an earlier attempt stopped."""
    if work.user is None:
        raise Conflict("bulk_unknown")
    if work.is_undo:
        _undo_all(work, work.user)
    else:
        _do_all(work, work.user)
    work.finish()
    return work


# Do -----------------------------------------------------------------------------------------------


def _do_all(work: BulkEdit, user: User) -> None:
    while work.done < work.total:
        part = work.keys[work.done : work.done + AT_ONCE]
        with transaction.atomic():
            changed = sum(_do(work, user, item) for item in _items(work.project, part))
            if work.action == BulkEdit.Action.DELETE:
                changed = _delete(work, part)
            work.write(attempts=0, done=work.done + len(part), changed=work.changed + changed)
        _yield_to_others()


def _items(project: Project, keys: Sequence[int]) -> list[Item]:
    # In the order of their keys, as every change of several items locks them.
    rows = conditions.among(project, keys).order_by("pk")
    found = list(rows)
    for item in found:
        item.project = project
    return found


def _do(work: BulkEdit, user: User, item: Item) -> bool:
    """Edit one item, and return whether something changed; what cannot be is left as it is."""
    if work.action == BulkEdit.Action.DELETE:
        return False
    try:
        with transaction.atomic():
            changes = _ACTIONS[work.action](work, user, item)
    except FlowError:
        return False
    BulkChange.objects.bulk_create(changes)
    return bool(changes)


def _redo(work: BulkEdit, user: User, item: Item) -> list[BulkChange]:
    by = work.options.get("by")
    named = User.objects.filter(pk=by).first() if isinstance(by, int) else None
    changes = []
    for annotation in _chosen(work, item):
        asked = annotation.user if by == AUTHOR else named
        comment, anybody = work.options["comment"], by == ANYBODY
        send_back.send_back(annotation, user, comment, asked, bars_author=not anybody)
        changes.append(BulkChange(edit=work, item=item, annotation=annotation, how="sent_back"))
    return changes


def _chosen(work: BulkEdit, item: Item) -> list[Annotation]:
    """Return the annotations to redo: those that the criteria choose, or all that count."""
    wanted = criteria.parsed(work.project, work.options["filter"])
    rows: QuerySet[Annotation] = Annotation.objects.filter(withdrawn_at=None, counted=True)
    if wanted.of_annotations:
        rows = conditions.annotations(work.project, wanted)
    rows = rows.filter(item=item).select_related("item", "user", "lease", "imported")
    found = list(rows.order_by("pk"))
    for each in found:
        each.project = work.project
    return found


def _label(work: BulkEdit, user: User, item: Item) -> list[BulkChange]:
    way = answering.answer(work.project, user, item, work.options["labels"])
    if way == answering.SAME:
        return []
    return [BulkChange(edit=work, item=item, how=way)]


def _requeue(work: BulkEdit, user: User, item: Item) -> list[BulkChange]:
    if item.state == Item.State.LABELLED:
        return []
    skipped = Lease.objects.filter(item=item, outcome=Lease.Outcome.SKIPPED)
    leases = [str(pk) for pk in skipped.values_list("pk", flat=True)]
    skipped.update(outcome=Lease.Outcome.AGAIN)
    moved = skipped_items.requeue([item.pk])
    if not leases and not moved:
        return []
    return [BulkChange(edit=work, item=item, how="requeued", leases=leases)]


def _delete(work: BulkEdit, keys: Sequence[int]) -> int:
    positions = removal.erase(work.project, keys)
    removal.forget(work.project, positions)
    return len(positions)


def _assign(work: BulkEdit, user: User, item: Item) -> list[BulkChange]:
    found = ending.find(work.project, work.options["assignment"])
    if found.ended_at is not None or not assigning.assign(found, item):
        return []
    return [BulkChange(edit=work, item=item, how="assigned")]


_ACTIONS: dict[str, Callable[[BulkEdit, User, Item], list[BulkChange]]] = {
    BulkEdit.Action.REDO: _redo,
    BulkEdit.Action.LABEL: _label,
    BulkEdit.Action.REQUEUE: _requeue,
    BulkEdit.Action.ASSIGN: _assign,
}


# Undo ---------------------------------------------------------------------------------------------


def _undo_all(work: BulkEdit, user: User) -> None:
    """Undo the changes one by one; each is deleted with it, so that none is undone twice."""
    for part in _changes(work):
        with transaction.atomic():
            undone = sum(_undo(work, user, change) for change in part)
            BulkChange.objects.filter(pk__in=[change.pk for change in part]).delete()
            kept = work.kept + len(part) - undone
            work.write(attempts=0, undone=work.undone + undone, kept=kept)
        _yield_to_others()


def _changes(work: BulkEdit) -> Iterator[list[BulkChange]]:
    rows = work.changes.select_related("item", "annotation__user", "annotation__lease")
    while part := list(rows.order_by("-item_id", "-pk")[:AT_ONCE]):
        yield part


def _undo(work: BulkEdit, user: User, change: BulkChange) -> bool:
    try:
        with transaction.atomic():
            change.item.project = work.project
            _put_back(work, user, change)
    except FlowError:
        return False
    return True


def _put_back(work: BulkEdit, user: User, change: BulkChange) -> None:
    if change.annotation is not None:
        change.annotation.project, change.annotation.item = work.project, change.item
        send_back.reinstate(change.annotation, user)
    elif change.how == "assigned":
        found = ending.find(work.project, work.options["assignment"])
        if not assigning.unassign(found, change.item_id):
            raise Conflict("answered_since")
    elif change.how == "requeued":
        again = Lease.objects.filter(pk__in=change.leases, outcome=Lease.Outcome.AGAIN)
        again.update(outcome=Lease.Outcome.SKIPPED)
        skipped_items.set_aside(work.project, change.item_id)
    else:
        answering.take_back(work.project, user, change.item)


def _yield_to_others() -> None:
    if connection.vendor == "sqlite":
        # One writer at a time: leave a gap for annotators who are saving labels.
        time.sleep(GAP_SECONDS)
