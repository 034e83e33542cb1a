"""Correct, withdraw or undo an annotation; its history keeps what it said before."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from annotator.errors import Conflict, NotFound
from annotator.flow.annotation.payload import refs_given
from annotator.flow.annotation.submit import Said, clean_note, parse_labels, store_labels
from annotator.flow.labels import naming
from annotator.flow.labels.naming import Ref
from annotator.flow.progress import daily_counts
from annotator.flow.queue import admission, current_leases
from annotator.flow.review import assignments, corrections, disagreements
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
from annotator.tasktypes.marks import as_refs


@transaction.atomic
def correct(
    annotation: Annotation,
    user: User,
    labels: Sequence[Ref],
    note: str | None = None,
    unsure: bool | None = None,
) -> Annotation:
    """Replace the labels of the annotation; its history keeps the earlier ones.

    Its author stays the author; `corrected_by` says who else gave the current labels. The same
    correction again changes nothing, so sending it twice counts once.
    """
    if annotation.withdrawn_at is not None:
        raise Conflict("already_withdrawn")
    given = parse_labels(annotation.project, labels, lambda: annotation.item)
    remarks: dict[str, Any] = {
        "note": annotation.note if note is None else clean_note(note),
        "unsure": annotation.unsure if unsure is None else unsure,
    }
    said = {"note": annotation.note, "unsure": annotation.unsure}
    if given.refs == refs_given(annotation) and remarks == said:
        return annotation
    _refuse_overruled(annotation, user)
    # A correction of the remarks alone gives no new answer.
    is_answer = given.refs != refs_given(annotation)
    _lock(annotation)
    note_change(annotation, user, corrections.CORRECTED, timezone.now())
    other = None if user.pk == annotation.user_id else user.pk
    by = other if is_answer or other is None else annotation.corrected_by_id
    _say(annotation, given, {**remarks, "corrected_by_id": by})
    return annotation


@transaction.atomic
def revert(annotation: Annotation, user: User) -> Annotation:
    """Undo the newest correction: the annotation says what it said before.

    Conflict if it was given by somebody else, or if one of its labels is gone.
    """
    _lock(annotation)
    history = list(annotation.revisions.order_by("pk"))
    last = corrections.read(annotation, history).last
    if annotation.withdrawn_at is not None or last is None or last.user_id != user.pk:
        raise Conflict("not_revertible")
    if not naming.stand(annotation.project, last.labels):
        raise Conflict("not_revertible", message="label_gone")
    made = note_change(annotation, user, corrections.REVERTED, timezone.now())
    by = corrections.read(annotation, [*history, made]).by
    remarks = {"note": last.note, "unsure": last.unsure, "corrected_by_id": by}
    said = parse_labels(annotation.project, as_refs(last.labels), lambda: annotation.item)
    _say(annotation, said, remarks)
    return annotation


def _refuse_overruled(annotation: Annotation, user: User) -> None:
    """Raise Conflict if a lead has corrected it, and its author is no lead."""
    by, project = annotation.corrected_by, annotation.project
    is_other = by is not None and by.pk != user.pk and annotation.user_id == user.pk
    if by is None or not is_other or getattr(project, "role", None) in Role.at_least(Role.LEAD):
        return
    labels = ", ".join(naming.titles(project, refs_given(annotation)))
    raise Conflict("corrected_by_lead", name=by.username, labels=labels)


def _lock(annotation: Annotation) -> None:
    # In the project's order, as a save has them.
    current_leases.lock_entries([annotation.item_id])
    Item.objects.select_for_update().get(pk=annotation.item_id)


def _say(annotation: Annotation, given: Said, remarks: dict[str, Any]) -> None:
    """Store what the annotation says from now on."""
    annotation.given.all().delete()
    store_labels(annotation, given.labels)
    remarks = {**remarks, "value": given.marks}
    if not Annotation.objects.filter(pk=annotation.pk, withdrawn_at=None).update(**remarks):
        # Withdrawn since it was read; this transaction must not change it.
        raise Conflict("already_withdrawn")
    for name, value in remarks.items():
        setattr(annotation, name, value)
    if annotation.is_review and annotation.corrected_by_id is None:
        assignments.correct(annotation, refs_given(annotation))
    disagreements.refresh_disagreements(annotation.project, [annotation.item_id])


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
    note_change(annotation, user, "withdrawn", now)
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
    _refuse_overruled(annotation, user)
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


def note_change(
    annotation: Annotation, user: User, action: str, now: datetime | None = None
) -> Revision:
    """Store what the annotation said before a change, and count the change."""
    now = now or timezone.now()
    made = Revision.objects.create(
        annotation=annotation,
        user=user,
        action=action,
        labels=refs_given(annotation),
        note=annotation.note,
        unsure=annotation.unsure,
    )
    Annotation.objects.filter(pk=annotation.pk).update(updated_at=now)
    annotation.updated_at = now
    daily_counts.add(annotation.project, user, changes=1)
    return made


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
    # Its assignment may have ended since.
    anew = {"state": QueueEntry.State.OPEN, "user": None, "leased_until": None, "assignment": None}
    reopened = done.update(**anew)
    asked = reopened or entries.filter(state__lt=QueueEntry.State.DONE).exists()
    return Item.State.QUEUED if asked else Item.State.POOL


def find_annotation(project: Project, user: User, pk: int) -> Annotation:
    """Return an annotation that `user` may change: their own, or any one for a lead."""
    rows = Annotation.objects.filter(project=project, pk=pk).select_related(
        "project", "item", "lease", "user", "corrected_by"
    )
    annotation = rows.first()
    own = annotation is not None and annotation.user_id == user.pk
    if annotation is None or not (own or project.role in Role.at_least(Role.LEAD)):
        raise NotFound("unknown_annotation")
    # It knows the role of `user`.
    annotation.project = project
    return annotation
