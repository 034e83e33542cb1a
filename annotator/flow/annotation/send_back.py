"""Annotations taken back with a comment: others label the item, or the person who was named.

The item comes before all others. Its author is not asked again, unless the lead names them.
"""

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from annotator.errors import Conflict, NotFound
from annotator.flow.annotation import revise, submit
from annotator.flow.progress import daily_counts
from annotator.flow.queue import current_leases
from annotator.flow.queue.audit_stream import AUDIT, RANDOM
from annotator.flow.queue.withdraw import AHEAD
from annotator.flow.review import disagreements
from annotator.i18n.stored_texts import WHY_SENT_BACK
from annotator.models import (
    ANSWERED,
    Annotation,
    Item,
    Lease,
    Project,
    QueueEntry,
    SentBack,
    Source,
    User,
)
from annotator.pool import audit_set


@transaction.atomic
def send_back(
    annotation: Annotation,
    lead: User,
    comment: str = "",
    asked: User | None = None,
    *,
    bars_author: bool = True,
) -> SentBack:
    """Take the annotation back, and have the item labelled again; Conflict if it is already.

    `asked` labels it, if they may: who answered or skipped it otherwise is not asked again. Without
    `bars_author`, its author may answer like everybody else.
    """
    said = submit.clean_note(comment)
    revise.withdraw(annotation, lead)
    annotation.item.refresh_from_db()
    if asked is not None and not _may_label(annotation.item, asked):
        asked = None
    if not annotation.is_review and annotation.item.state != Item.State.LABELLED:
        barred = annotation.user if asked is None and bars_author else None
        _ask(annotation, asked, barred)
    return SentBack.objects.create(
        project=annotation.project,
        item=annotation.item,
        annotation=annotation,
        author=annotation.user,
        sender=lead,
        asked=asked,
        comment=said,
        created_at=timezone.now(),
    )


def _may_label(item: Item, person: User) -> bool:
    skips = Lease.objects.filter(item=item, user=person, outcome=Lease.Outcome.SKIPPED)
    answers = Annotation.objects.filter(ANSWERED, item=item, user=person)
    return not skips.exists() and not answers.exists()


def _ask(annotation: Annotation, asked: User | None, barred: User | None) -> None:
    """Put the item before all others, for whoever may take it."""
    entries = QueueEntry.objects.filter(item=annotation.item_id)
    spare = entries.filter(state=QueueEntry.State.OPEN).order_by("slot").first()
    who = {
        "rank": AHEAD,
        "asked": asked,
        "assignment": None,
        "why": WHY_SENT_BACK,
        "barred": barred,
    }
    if spare is not None:
        QueueEntry.objects.filter(pk=spare.pk).update(**who)
        return
    project = annotation.project
    slots = set(entries.values_list("slot", flat=True))
    free = next(slot for slot in range(len(slots) + 1) if slot not in slots)
    is_reserved = annotation.item.audit_key < audit_set.audit_threshold(project)
    came = AUDIT if is_reserved else RANDOM
    QueueEntry.objects.create(project=project, item=annotation.item, slot=free, **{**came, **who})
    Item.objects.filter(pk=annotation.item_id).update(state=Item.State.QUEUED)


@transaction.atomic
def reinstate(annotation: Annotation, lead: User) -> None:
    """Undo that the annotation was taken back; Conflict if the item was labelled again."""
    current_leases.lock_entries([annotation.item_id])
    item = Item.objects.select_for_update().get(pk=annotation.item_id)
    entries = QueueEntry.objects.filter(item=item)
    spare = entries.filter(state=QueueEntry.State.OPEN).order_by("slot").first()
    again = Annotation.objects.filter(ANSWERED, item=item, user=annotation.user_id)
    is_taken = annotation.user_id is not None and again.exists()
    if annotation.withdrawn_at is None or annotation.is_review or is_taken:
        raise Conflict("answered_since")
    if item.state in (Item.State.LABELLED, Item.State.REMOVED) or spare is None:
        raise Conflict("answered_since")
    Annotation.objects.filter(pk=annotation.pk).update(withdrawn_at=None)
    annotation.withdrawn_at = None
    revise.note_change(annotation, lead, "reinstated")
    _settle(annotation, item, spare)
    SentBack.objects.filter(annotation=annotation, closed_at=None).update(closed_at=timezone.now())
    disagreements.refresh_disagreements(annotation.project, [item.pk])


def _settle(annotation: Annotation, item: Item, spare: QueueEntry) -> None:
    """Count the annotation again, in the slot that was open for another one."""
    project, is_seed = annotation.project, annotation.source == Source.SEED
    if is_seed or annotation.lease_id is None:
        QueueEntry.objects.filter(pk=spare.pk).delete()
    else:
        QueueEntry.objects.filter(pk=spare.pk).update(
            state=QueueEntry.State.DONE,
            user=annotation.user,
            lease_id=annotation.lease_id,
            asked=None,
            barred=None,
        )
    if not annotation.counted:
        return
    is_complete = is_seed or item.answers + 1 >= project.overlap
    state = Item.State.LABELLED if is_complete else Item.State.QUEUED
    Item.objects.filter(pk=item.pk).update(answers=F("answers") + 1, state=state)
    Annotation.objects.filter(pk=annotation.pk).update(completes=is_complete)
    user = annotation.tallied_for
    if user is not None:
        daily_counts.add(
            project,
            user,
            at=annotation.created_at,
            labels=1 if not is_seed else 0,
            finished=int(is_complete),
            audits=int(annotation.source == Source.AUDIT),
            seconds=daily_counts.counted_seconds(annotation.seconds) or 0.0,
        )


# What came back -----------------------------------------------------------------------------------


def to_person(project: Project, user: User) -> QuerySet[SentBack]:
    """Return what came back to an annotator, the newest first."""
    rows = SentBack.objects.filter(project=project, author=user)
    return rows.select_related("item", "annotation", "sender", "asked").order_by("-pk")


def replied(project: Project) -> QuerySet[SentBack]:
    """Return the requests whose replies no lead has answered yet."""
    rows = SentBack.objects.filter(project=project, replied_at__isnull=False, closed_at=None)
    return rows.select_related("item", "annotation", "author", "sender").order_by("pk")


def reply(project: Project, user: User, pk: int, text: str) -> SentBack:
    """Store what the author answers to the lead."""
    said = submit.clean_note(text)
    rows = SentBack.objects.filter(project=project, author=user, pk=pk)
    if not rows.update(reply=said, replied_at=timezone.now(), closed_at=None):
        raise NotFound("unknown_sent_back")
    return rows.get()


def close(project: Project, pk: int) -> None:
    """Mark a reply as read."""
    rows = SentBack.objects.filter(project=project, pk=pk)
    if not rows.update(closed_at=timezone.now()):
        raise NotFound("unknown_sent_back")
