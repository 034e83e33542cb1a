"""A decision is stored, corrected, undone; nothing that was said is ever overwritten."""

import math
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator import tasktypes
from annotator.db.compiled_queries import Rows, Update, insert
from annotator.errors import Conflict, Invalid, NotThere
from annotator.flow.labels import naming
from annotator.flow.labels.naming import Ref
from annotator.flow.progress import daily_counts, version_numbers
from annotator.flow.queue import admission, leasing, skipped_items
from annotator.flow.review import assignments, disagreements, gold_items
from annotator.models import (
    ANSWERED,
    Annotation,
    AnnotationLabel,
    Item,
    Label,
    Lease,
    Project,
    QueueEntry,
    Revision,
    Role,
    Source,
    User,
)

FIND_SAVE = Rows(
    lambda user, key: Annotation.objects.filter(user_id=user, client_id=key).values_list(
        "pk", flat=True
    ),
    int,
    uuid.UUID,
)
MEET_WISH = Update(
    lambda item, user, lease: (
        QueueEntry.objects.filter(item_id=item, user_id=user, state=QueueEntry.State.LEASED),
        {"state": QueueEntry.State.DONE, "lease_id": lease},
    ),
    int,
    int,
    uuid.UUID,
)
# With a lease ends what the same person holds of the item in another window.
END_LEASES = Update(
    lambda lease, item, user, now: (
        Lease.objects.exclude(outcome__in=Lease.SKIPS).filter(
            Q(pk=lease) | Q(item_id=item, user_id=user, ended_at=None)
        ),
        {"ended_at": now, "outcome": Lease.Outcome.LABELLED},
    ),
    uuid.UUID,
    int,
    int,
    datetime,
)
COUNT_OPINION = Update(
    lambda item, before_last: (
        Item.objects.filter(pk=item).exclude(state=Item.State.LABELLED),
        {
            "answers": F("answers") + 1,
            "state": Case(
                When(answers__gte=Value(before_last), then=Value(Item.State.LABELLED)),
                default=Value(Item.State.QUEUED),
            ),
        },
    ),
    int,
    int,
)

LONGEST_SECONDS = 86_400.0
LONGEST_NOTE = 2000


class KeptAsExtra(Conflict):
    """The lease was lost and the item had all opinions it needs: the answer is kept beside them."""

    def __init__(self, annotation: Annotation) -> None:
        super().__init__(
            "lease_lost",
            _("Somebody else labelled this item meanwhile. Your answer is kept beside theirs."),
        )
        self.annotation = annotation


# Storing -----------------------------------------------------------------------------------------


def submit(
    project: Project,
    user: User,
    *,
    lease: str,
    labels: Sequence[Ref],
    client_id: str,
    seconds: float | None = None,
    note: str = "",
    unsure: bool = False,
    then: Callable[[], None] | None = None,
) -> tuple[Annotation, bool]:
    """Store what `user` says of the item they hold, and return it with whether it is new.

    It is committed when this returns. The same `client_id` again returns what it stored at first.
    `then` is done with it, in one transaction, where the answer counts.
    """
    key = client_key(client_id)
    earlier = saved_before(project, user, key, labels)
    if earlier is not None:
        return earlier, False
    held = leasing.held(project, user, lease)
    given = chosen_labels(project, labels)
    said = {"seconds": _clean_seconds(seconds), "note": clean_note(note), "unsure": unsure}
    try:
        annotation = _store(held, given, key, said, then)
    except IntegrityError:
        earlier = saved_before(project, user, key, labels)
        if earlier is not None:
            return earlier, False
        _refuse_second(held)
        # The item was queued anew in the same moment; now that is done.
        annotation = _store(held, given, key, said, then)
    if not annotation.counted and not assignments.is_look(annotation):
        raise KeptAsExtra(annotation)
    if project.overlap > 1:
        # Those who could give the opinions that it still misses may all have skipped it.
        skipped_items.set_aside(project, annotation.item_id)
    return annotation, True


def submit_with_next(
    project: Project, user: User, **answer: Any
) -> tuple[Annotation, bool, Lease | None]:
    """Do the same, and lease the next item: mostly with one commit, where there would be two."""
    taken: list[Lease | None] = []

    def take() -> None:
        taken[:] = [leasing.lease_waiting(project, user)]

    annotation, is_new = submit(project, user, then=take, **answer)
    lease = taken[0] if taken else None
    return annotation, is_new, lease or leasing.lease_next(project, user)


def chosen_labels(project: Project, labels: Sequence[Ref]) -> list[Label]:
    """Return the project's labels with these ids or names, in the project's order.

    A name that a label had before still means it, unless another one has that name now.
    """
    naming.check_type(labels)
    there = naming.labels_of(project)
    known: dict[Ref, Label] = {label.pk: label for label in there}
    if any(isinstance(each, str) for each in labels):
        known.update(naming.by_name(project))
    unknown = [each for each in labels if each not in known]
    if unknown:
        (name,) = naming.names(project, unknown[:1])
        raise Invalid(
            "unknown_label",
            _("“%(name)s” is no label of this project. Its labels are: %(names)s.")
            % {
                "name": (name or str(unknown[0]))[:200],
                "names": ", ".join(label.name for label in there[:20]),
            },
            field="labels",
        )
    chosen = {known[each].pk for each in labels}
    tasktypes.of(project).answer.check_number(len(labels))
    if len(chosen) != len(labels):
        raise Invalid("label_number", _("Give each label once."), field="labels")
    return [label for label in there if label.pk in chosen]


def client_key(client_id: str) -> uuid.UUID:
    """Return the key of a save; Invalid when it is none."""
    try:
        return uuid.UUID(str(client_id))
    except ValueError as problem:
        raise Invalid("client_id", _("client_id is a UUID."), field="client_id") from problem


def saved_before(
    project: Project, user: User, key: uuid.UUID, labels: Sequence[Ref], item: Item | None = None
) -> Annotation | None:
    """Return what an earlier save with this key stored; Invalid when that was something else."""
    naming.check_type(labels)
    # Nearly always there is none, and asking for the key alone costs half as much.
    found = FIND_SAVE(user.pk, key)
    if not found:
        return None
    annotation = Annotation.objects.get(pk=found[0])
    # Also when it was taken back: its labels may be gone since, its history stays.
    before = annotation.revisions.first()
    first = before.labels if before else label_ids(annotation)
    elsewhere = item is not None and annotation.item_id != item.pk
    same = annotation.project_id == project.pk and naming.may_mean(project, labels, first)
    if elsewhere or not same:
        raise Invalid(
            "client_id_reused", _("This client_id was used for another answer."), field="client_id"
        )
    return annotation


def give(annotation: Annotation, given: list[Label]) -> None:
    """Store which labels the annotation gives."""
    for label in given:
        insert(AnnotationLabel(annotation=annotation, label=label))
    annotation.said = list(given)


def _clean_seconds(seconds: float | None) -> float | None:
    if seconds is None or math.isnan(seconds):
        return None
    return min(max(float(seconds), 0.0), LONGEST_SECONDS)


def clean_note(note: str) -> str:
    """Return the note without blanks around it; Invalid for one that cannot be stored."""
    if "\x00" in note:
        raise Invalid("nul_byte", _("A note cannot hold a NUL byte."), field="note")
    if len(note) > LONGEST_NOTE:
        raise Invalid(
            "note_too_long",
            _("A note has at most %(most)s characters.") % {"most": LONGEST_NOTE},
            field="note",
        )
    return note.strip()


def _refuse_second(held: Lease) -> None:
    own = Annotation.objects.filter(ANSWERED, item=held.item_id, user=held.user_id)
    if assignments.is_look(held):
        own = Annotation.objects.filter(lease=held, withdrawn_at=None, item=held.item_id)
    if own.exists():
        raise Conflict("already_labelled", _("You labelled this item already; correct that label."))


@transaction.atomic
def _store(
    held: Lease,
    given: list[Label],
    key: uuid.UUID,
    said: dict[str, Any],
    then: Callable[[], None] | None,
) -> Annotation:
    now = timezone.now()
    counted = _settle_entry(held)
    shown = {**held.provenance(), "suggestion": leasing.shown_suggestion(held)}
    END_LEASES(held.pk, held.item_id, held.user_id, now)
    finished = counted and _count_opinion(held.project, held.item_id)
    annotation = Annotation(
        project=held.project,
        item_id=held.item_id,
        user=held.user,
        client_id=key,
        lease=held,
        counted=counted,
        completes=finished,
        created_at=now,
        updated_at=now,
        **said,
        **shown,
    )
    insert(annotation)
    give(annotation, given)
    if assignments.is_look(held):
        assignments.answer(annotation, label_ids(annotation))
    if not finished or held.project.overlap > 1:
        # It is not the first opinion; what one says alone, nobody disagrees with.
        disagreements.note(held.project, [held.item_id])
    daily_counts.add(
        held.project,
        held.user,
        at=now,
        labels=int(counted),
        finished=int(finished),
        audits=int(counted and held.source == Source.AUDIT),
        seconds=daily_counts.counted_seconds(said["seconds"]) or 0.0,
    )
    if counted and then is not None:
        then()
    return annotation


def _settle_entry(held: Lease) -> bool:
    """Mark the wish for this opinion as met; False when the item had all it needs without it."""
    if assignments.is_look(held):
        leasing.lock_entries([held.item_id])
        return False
    if MEET_WISH(held.item_id, held.user_id, held.pk):
        return True
    # The lease ran out or was given back. Where nobody took the place, this opinion fills it.
    return leasing.take_place(held, QueueEntry.State.DONE)


def _count_opinion(project: Project, item: int) -> bool:
    """Count one more opinion on the item, and tell whether it now has all it needs."""
    rows = Item.objects.filter(pk=item)
    if not COUNT_OPINION(item, project.overlap - 1):
        # It was complete already: fewer opinions are wanted now than when this one was asked for.
        rows.update(answers=F("answers") + 1)
        return False
    return project.overlap == 1 or rows.filter(state=Item.State.LABELLED).exists()


# Changing one's mind -----------------------------------------------------------------------------


@transaction.atomic
def correct(
    annotation: Annotation,
    user: User,
    labels: Sequence[Ref],
    note: str | None = None,
    unsure: bool | None = None,
) -> Annotation:
    """Replace what the annotation says; what it said before stays in its history.

    The same again changes nothing, so a correction that is sent twice counts once.
    """
    if annotation.withdrawn_at is not None:
        raise Conflict("already_withdrawn", _("This annotation was taken back already."))
    given = chosen_labels(annotation.project, labels)
    remarks: dict[str, Any] = {
        "note": annotation.note if note is None else clean_note(note),
        "unsure": annotation.unsure if unsure is None else unsure,
    }
    said = {"note": annotation.note, "unsure": annotation.unsure}
    if [label.pk for label in given] == label_ids(annotation) and remarks == said:
        return annotation
    # In the order in which a save has them.
    leasing.lock_entries([annotation.item_id])
    Item.objects.select_for_update().get(pk=annotation.item_id)
    _revise(annotation, user, "corrected", timezone.now())
    annotation.given.all().delete()
    give(annotation, given)
    if not Annotation.objects.filter(pk=annotation.pk, withdrawn_at=None).update(**remarks):
        # Taken back since it was read, which the transaction must not change after all.
        raise Conflict("already_withdrawn", _("This annotation was taken back already."))
    annotation.note, annotation.unsure = remarks["note"], remarks["unsure"]
    if assignments.is_look(annotation):
        assignments.correct(annotation, label_ids(annotation))
    disagreements.review(annotation.project, [annotation.item_id])
    return annotation


@transaction.atomic
def withdraw(annotation: Annotation, user: User) -> None:
    """Take the annotation back; the item needs an opinion again."""
    # A save locks entries before it changes an item. The other way round, a save or a seed and this
    # could hold one of them each and wait for the other.
    leasing.lock_entries([annotation.item_id])
    now = timezone.now()
    live = Annotation.objects.filter(pk=annotation.pk, withdrawn_at=None)
    if not live.update(withdrawn_at=now):
        raise Conflict("already_withdrawn", _("This annotation was taken back already."))
    _revise(annotation, user, "withdrawn", now)
    annotation.withdrawn_at = now
    if annotation.counted:
        _uncount_opinion(annotation)
    if assignments.is_look(annotation):
        assignments.reopen(annotation)
    disagreements.review(annotation.project, [annotation.item_id])


def undo(annotation: Annotation, user: User, page: str = "") -> Lease | None:
    """Take one's own annotation back and return the lease under which to answer again."""
    return retake(annotation, user, annotation.by_itself(), page)


@transaction.atomic
def retake(
    annotation: Annotation, user: User, provenance: dict[str, Any], page: str = ""
) -> Lease | None:
    """Take one's own annotation back and return a lease that says how its item comes again.

    None in a paused project: there the item waits in the queue like any other.
    """
    earlier = annotation.lease
    if annotation.user_id != user.pk or earlier is None:
        raise Conflict("not_undoable", _("Only an answer of your own can be undone."))
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
    if assignments.is_look(annotation):
        assignments.keep(earlier, lease)
    # The place in the queue goes straight back to this person, or it would be anybody's.
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
    if annotation.user is not None:
        daily_counts.add(
            annotation.project,
            annotation.user,
            at=annotation.created_at,
            labels=-1 if annotation.source != Source.SEED else 0,
            audits=-int(annotation.source == Source.AUDIT),
            seconds=-(daily_counts.counted_seconds(annotation.seconds) or 0.0),
        )


def _complete_anew(withdrawn: Annotation, is_labelled: bool) -> None:
    """Take from whoever completed the item that they did, and find who did without `withdrawn`."""
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
    if annotation.user is not None:
        finished = 1 if completes else -1
        daily_counts.add(project, annotation.user, at=annotation.created_at, finished=finished)


def _stays_settled(annotation: Annotation, item: Item) -> bool:
    """Tell whether the item has all it needs without this opinion: enough others, or a seed."""
    if item.state != Item.State.LABELLED or item.answers < 2:
        return False
    seeds = Annotation.objects.filter(item=item, source=Source.SEED, withdrawn_at=None)
    return item.answers > annotation.project.overlap or seeds.exists()


def _reopened(annotation: Annotation) -> Item.State:
    """Give the person's place in the queue back, and return what the item is then."""
    entries = QueueEntry.objects.filter(item=annotation.item_id)
    done = entries.filter(user=annotation.user_id, state=QueueEntry.State.DONE)
    reopened = done.update(state=QueueEntry.State.OPEN, user=None, leased_until=None)
    asked = reopened or entries.filter(state__lt=QueueEntry.State.DONE).exists()
    return Item.State.QUEUED if asked else Item.State.POOL


# Showing -----------------------------------------------------------------------------------------


def labels_given(annotation: Annotation) -> list[Label]:
    """Return the labels it gives, in the project's order."""
    if not hasattr(annotation, "said"):
        given = annotation.given.select_related("label").order_by("label__position", "label_id")
        annotation.said = [each.label for each in given]
    return annotation.said


def label_ids(annotation: Annotation) -> list[int]:
    """Return the ids of the labels it gives, in the project's order."""
    return [label.pk for label in labels_given(annotation)]


def label_names(annotation: Annotation) -> list[str]:
    """Return the names of the labels it gives, in the project's order."""
    return [label.name for label in labels_given(annotation)]


def told(annotation: Annotation) -> dict[str, Any]:
    """Return what may be told about an answer once it is saved: everything."""
    return {
        "id": annotation.pk,
        "item": annotation.item_id,
        "labels": label_names(annotation),
        "source": annotation.source,
        "blind": annotation.blind,
        "counted": annotation.counted,
        "strategy": annotation.strategy,
        "round": version_numbers.round_number(annotation.round_id),
        "model": version_numbers.model_number(annotation.model_id),
        "score": annotation.score,
        "probability": annotation.probability,
        "suggestion": naming.named(annotation.project, annotation.suggestion),
        "seconds": annotation.seconds,
        "note": annotation.note,
        "unsure": annotation.unsure,
        "created_at": annotation.created_at,
        "updated_at": annotation.updated_at,
        "withdrawn_at": annotation.withdrawn_at,
        "known": gold_items.known(annotation),
    }


def find(project: Project, user: User, pk: int) -> Annotation:
    """Return an annotation that `user` may change: their own, or any for a lead."""
    rows = Annotation.objects.filter(project=project, pk=pk).select_related(
        "project", "item", "lease", "user"
    )
    annotation = rows.first()
    own = annotation is not None and annotation.user_id == user.pk
    if annotation is None or not (own or project.role in Role.at_least(Role.LEAD)):
        raise NotThere("unknown_annotation", _("There is no such annotation."))
    return annotation
