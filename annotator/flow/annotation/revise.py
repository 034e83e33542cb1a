"""Correct, withdraw or undo an annotation; its history keeps what it said before."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from annotator.errors import Conflict, NotFound
from annotator.flow.annotation.payload import label_ids
from annotator.flow.annotation.submit import clean_note, parse_labels, store_labels
from annotator.flow.labels.naming import Ref
from annotator.flow.progress import daily_counts
from annotator.flow.queue import admission, current_leases
from annotator.flow.review import assignments, disagreements
from annotator.models import (
    Annotation,
    Item,
    Lease,
    Project,
    QueueEntry,
    Revision,
    Role,
    Source,
    User,
)


@transaction.atomic
def correct(
    annotation: Annotation,
    user: User,
    labels: Sequence[Ref],
    note: str | None = None,
    unsure: bool | None = None,
) -> Annotation:
    """Replace the labels of the annotation; its history keeps the earlier ones.

    The same correction again changes nothing, so sending it twice counts once.
    """
    if annotation.withdrawn_at is not None:
        raise Conflict("already_withdrawn")
    given = parse_labels(annotation.project, labels)
    remarks: dict[str, Any] = {
        "note": annotation.note if note is None else clean_note(note),
        "unsure": annotation.unsure if unsure is None else unsure,
    }
    said = {"note": annotation.note, "unsure": annotation.unsure}
    if [label.pk for label in given] == label_ids(annotation) and remarks == said:
        return annotation
    # In the project's order, as a save has them.
    current_leases.lock_entries([annotation.item_id])
    Item.objects.select_for_update().get(pk=annotation.item_id)
    _revise(annotation, user, "corrected", timezone.now())
    annotation.given.all().delete()
    store_labels(annotation, given)
    if not Annotation.objects.filter(pk=annotation.pk, withdrawn_at=None).update(**remarks):
        # Withdrawn since it was read; this transaction must not change it.
        raise Conflict("already_withdrawn")
    annotation.note, annotation.unsure = remarks["note"], remarks["unsure"]
    if annotation.is_review:
        assignments.correct(annotation, label_ids(annotation))
    disagreements.refresh_disagreements(annotation.project, [annotation.item_id])
    return annotation


@transaction.atomic
def withdraw(annotation: Annotation, user: User) -> None:
    """Withdraw the annotation; its item needs another one."""
    # A save locks entries before it changes an item. The opposite order could deadlock with a save
    # or a seed label.
    current_leases.lock_entries([annotation.item_id])
    now = timezone.now()
    live = Annotation.objects.filter(pk=annotation.pk, withdrawn_at=None)
    if not live.update(withdrawn_at=now):
        raise Conflict("already_withdrawn")
    _revise(annotation, user, "withdrawn", now)
    annotation.withdrawn_at = now
    if annotation.counted:
        _uncount_opinion(annotation)
    if annotation.is_review:
        assignments.reopen(annotation)
    disagreements.refresh_disagreements(annotation.project, [annotation.item_id])


def undo(annotation: Annotation, user: User, page: str = "") -> Lease | None:
    """Withdraw one's own annotation and return the lease under which to answer again."""
    return reopen_as_lease(annotation, user, annotation.by_itself(), page)


@transaction.atomic
def reopen_as_lease(
    annotation: Annotation, user: User, provenance: dict[str, Any], page: str = ""
) -> Lease | None:
    """Withdraw one's own annotation and return a lease with the provenance of its item.

    None in a paused project: there the item returns to the queue.
    """
    earlier = annotation.lease
    if annotation.user_id != user.pk or earlier is None:
        raise Conflict("not_undoable")
    withdraw(annotation, user)
    came = {**provenance, "page": page, "why": earlier.why, "suggestion": earlier.suggestion}
    room = admission.room(annotation.project)
    lease = room.new_lease(annotation.item, user, **came)
    with suppress(admission.NoRoom), transaction.atomic():
        _hold_again(annotation, earlier, lease)
        room.hand_out([lease])
        return lease
    return None


def _hold_again(annotation: Annotation, earlier: Lease, lease: Lease) -> None:
    if annotation.is_review:
        assignments.rehold(earlier, lease)
    # The slot goes straight back to this user; otherwise anyone could take it.
    QueueEntry.objects.filter(item=annotation.item_id, lease_id=annotation.lease_id).update(
        state=QueueEntry.State.LEASED,
        user=lease.user,
        lease_id=lease.pk,
        leased_until=lease.expires_at,
    )


def _revise(annotation: Annotation, user: User, action: str, now: datetime) -> None:
    Revision.objects.create(
        annotation=annotation,
        user=user,
        action=action,
        labels=label_ids(annotation),
        note=annotation.note,
        unsure=annotation.unsure,
    )
    Annotation.objects.filter(pk=annotation.pk).update(updated_at=now)
    annotation.updated_at = now
    daily_counts.add(annotation.project, user, changes=1)


def _uncount_opinion(annotation: Annotation) -> None:
    item = Item.objects.select_for_update().get(pk=annotation.item_id)
    state = item.state if _stays_settled(annotation, item) else _reopened(annotation)
    Item.objects.filter(pk=item.pk).update(answers=F("answers") - 1, state=state)
    _complete_anew(annotation, is_labelled=state == Item.State.LABELLED)
    user = annotation.tallied_for
    if user is not None:
        daily_counts.add(
            annotation.project,
            user,
            at=annotation.created_at,
            labels=-1 if annotation.source != Source.SEED else 0,
            audits=-int(annotation.source == Source.AUDIT),
            seconds=-(daily_counts.counted_seconds(annotation.seconds) or 0.0),
        )


def _complete_anew(withdrawn: Annotation, is_labelled: bool) -> None:
    """Clear `completes` on the item's annotations, and set it on the one that completes it now."""
    answers = Annotation.objects.filter(item=withdrawn.item_id, counted=True)
    before = answers.filter(completes=True).select_related("user").first()
    if before is not None and is_labelled and before.pk != withdrawn.pk:
        return
    if before is not None:
        _say_completes(withdrawn.project, before, False)
    if is_labelled:
        left = answers.filter(withdrawn_at=None).select_related("user").order_by("-pk").first()
        if left is not None:
            _say_completes(withdrawn.project, left, True)


def _say_completes(project: Project, annotation: Annotation, completes: bool) -> None:
    Annotation.objects.filter(pk=annotation.pk).update(completes=completes)
    user = annotation.tallied_for
    if user is not None:
        finished = 1 if completes else -1
        daily_counts.add(project, user, at=annotation.created_at, finished=finished)


def _stays_settled(annotation: Annotation, item: Item) -> bool:
    """Return whether the item is complete without this annotation: enough others, or a seed."""
    if item.state != Item.State.LABELLED or item.answers < 2:
        return False
    seeds = Annotation.objects.filter(item=item, source=Source.SEED, withdrawn_at=None)
    return item.answers > annotation.project.overlap or seeds.exists()


def _reopened(annotation: Annotation) -> Item.State:
    """Reopen the user's slot in the queue, and return the item's new state."""
    entries = QueueEntry.objects.filter(item=annotation.item_id)
    done = entries.filter(user=annotation.user_id, state=QueueEntry.State.DONE)
    reopened = done.update(state=QueueEntry.State.OPEN, user=None, leased_until=None)
    asked = reopened or entries.filter(state__lt=QueueEntry.State.DONE).exists()
    return Item.State.QUEUED if asked else Item.State.POOL


def find_annotation(project: Project, user: User, pk: int) -> Annotation:
    """Return an annotation that `user` may change: their own, or any one for a lead."""
    rows = Annotation.objects.filter(project=project, pk=pk).select_related(
        "project", "item", "lease", "user"
    )
    annotation = rows.first()
    own = annotation is not None and annotation.user_id == user.pk
    if annotation is None or not (own or project.role in Role.at_least(Role.LEAD)):
        raise NotFound("unknown_annotation")
    return annotation
