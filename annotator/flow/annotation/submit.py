"""Save an annotation, and lease the next item; a saved annotation is never overwritten.

Top to bottom: guards, an earlier save with the same key, the lease, the labels that were sent, what
one transaction stores, and the next lease within it.
"""

import math
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from annotator import tasktypes
from annotator.db.compiled_queries import CompiledSelect, CompiledUpdate, insert_row
from annotator.errors import Conflict, Invalid
from annotator.flow.annotation import mark_attributes
from annotator.flow.annotation.payload import refs_given
from annotator.flow.annotation.window_tags import parse_tags
from annotator.flow.labels import naming
from annotator.flow.labels.naming import Ref
from annotator.flow.progress import daily_counts
from annotator.flow.queue import leasing, skipped_items
from annotator.flow.queue.assigned import ending
from annotator.flow.queue.current_leases import get_lease, lock_entries, refuse_removed
from annotator.flow.queue.payload import with_tags
from annotator.flow.queue.releasing import occupy_slot
from annotator.flow.review import assignments, disagreements
from annotator.models import (
    ANSWERED,
    Annotation,
    AnnotationLabel,
    Item,
    Label,
    Lease,
    Project,
    QueueEntry,
    Source,
    User,
)
from annotator.projectsettings.marking import mark_rules
from annotator.tasktypes.marks import Mark, QuotedMark, as_ref, label_of

FIND_SAVE = CompiledSelect(
    lambda user, key: Annotation.objects.filter(user_id=user, client_id=key).values_list(
        "pk", flat=True
    ),
    int,
    uuid.UUID,
)
MARK_ENTRY_DONE = CompiledUpdate(
    lambda item, user, lease: (
        QueueEntry.objects.filter(item_id=item, user_id=user, state=QueueEntry.State.LEASED),
        {"state": QueueEntry.State.DONE, "lease_id": lease},
    ),
    int,
    int,
    uuid.UUID,
)
# Saving ends the same user's lease on the item in another window as well.
END_LEASES = CompiledUpdate(
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
COUNT_OPINION = CompiledUpdate(
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


OnCounted = Callable[[], None] | None


class StoredAsExtra(Conflict):
    """The lease expired and the item is complete: the answer is stored as an extra annotation."""

    def __init__(self, annotation: Annotation) -> None:
        super().__init__("lease_lost", message="stored_as_extra")
        self.annotation = annotation


@dataclass(frozen=True)
class Said:
    """What an answer says: its labels in the project's order and, for some task types, marks."""

    labels: list[Label]
    marks: list[Mark] | None = None

    @property
    def refs(self) -> list[Any]:
        """Return it as it is stored where there are no columns for it."""
        return [label.pk for label in self.labels] if self.marks is None else list(self.marks)


@dataclass(frozen=True)
class Answer:
    """A validated answer of an annotator on an item; `key` identifies the save."""

    key: uuid.UUID
    said: "Said"
    seconds: float | None
    note: str
    unsure: bool
    # Marks that the window itself suggested.
    tagged: list[Mark]


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
    tagged: Any = (),
    on_counted: OnCounted = None,
) -> tuple[Annotation, bool]:
    """Save the answer of `user` on the item they hold, and return it with whether it is new.

    It is committed on return. The same `client_id` again returns what it stored at first.
    `on_counted` runs in the same transaction, if the annotation counts.
    """
    key = parse_client_id(client_id)
    earlier = find_earlier_save(project, user, key, labels)
    if earlier is not None:
        return earlier, False
    held = get_lease(project, user, lease)
    given = parse_labels(project, labels, lambda: held.item)
    tags = parse_tags(held, tagged)
    answer = Answer(key, given, _clean_seconds(seconds), clean_note(note), unsure, tags)
    try:
        annotation = _store(held, answer, on_counted)
    except IntegrityError:
        earlier = find_earlier_save(project, user, key, labels)
        if earlier is not None:
            return earlier, False
        _refuse_second(held)
        # The item was queued again at the same moment; the save has succeeded now.
        annotation = _store(held, answer, on_counted)
    if not annotation.counted and not annotation.is_review:
        raise StoredAsExtra(annotation)
    if project.overlap > 1:
        # All annotators who could complete the item may have skipped it.
        skipped_items.set_aside(project, annotation.item_id)
        ending.free_stuck(project, annotation.item_id)
    return annotation, True


def submit_with_next(
    project: Project, user: User, **answer: Any
) -> tuple[Annotation, bool, Lease | None]:
    """Like `submit`, and lease the next item, mostly with one commit instead of two."""
    taken: list[Lease | None] = []

    def take() -> None:
        taken[:] = [leasing.lease_waiting(project, user)]

    annotation, is_new = submit(project, user, on_counted=take, **answer)
    lease = taken[0] if taken else None
    return annotation, is_new, lease or leasing.lease_next(project, user)


# Parse --------------------------------------------------------------------------------------------


def parse_client_id(client_id: str) -> uuid.UUID:
    """Return the key of a save; Invalid if it is malformed."""
    try:
        return uuid.UUID(str(client_id))
    except ValueError as problem:
        raise Invalid("client_id", field="client_id") from problem


def find_earlier_save(
    project: Project, user: User, key: uuid.UUID, labels: Sequence[Ref], item: Item | None = None
) -> Annotation | None:
    """Return what an earlier save with this key stored; Invalid if that differs."""
    # Usually there is none, and selecting the key alone costs half as much.
    found = FIND_SAVE(user.pk, key)
    if not found:
        return None
    naming.check_type(labels)
    annotation = Annotation.objects.get(pk=found[0])
    # Also if it was withdrawn: its labels may be deleted since, but its history stays.
    before = annotation.revisions.first()
    first = before.labels if before else refs_given(annotation)
    elsewhere = item is not None and annotation.item_id != item.pk
    given = _as_stored(annotation, labels)
    same = annotation.project_id == project.pk and naming.may_mean(project, given, first)
    if elsewhere or not same:
        raise Invalid("client_id_reused", field="client_id")
    return annotation


def _as_stored(annotation: Annotation, labels: Sequence[Ref]) -> Sequence[Ref]:
    """Return marks with the borders that they were stored with; anything else as it is."""
    if not any(isinstance(each, (Mark, QuotedMark)) for each in labels):
        return labels
    answer = tasktypes.of(annotation.project).answer
    return answer.whole([as_ref(each) for each in labels], annotation.item.text)


def parse_labels(
    project: Project, labels: Sequence[Ref], item: Callable[[], Item] | None = None
) -> Said:
    """Return what these ids or names of the project's labels, or marks with them, say.

    A former name of a label still refers to it, unless another label has that name now. Marks are
    compared with the `item`, which is read for them only.
    """
    naming.check_type(labels)
    answer = tasktypes.of(project).answer
    labels = naming.current(project, labels)
    known = _known_labels(project, labels)
    chosen = {known[label_of(each)].pk for each in labels}
    given = [label for label in naming.labels_of(project) if label.pk in chosen]
    answer.check_number(len(labels))
    if not answer.of_classes:
        marks = [_by_id(each, known) for each in labels]
        if item is None:
            return Said(given, answer.marks(marks, "", mark_rules(project)))
        found = item()
        rules = mark_attributes.rules_for(found, project, marks)
        return Said(given, answer.marks(marks, found.text, rules))
    if len(chosen) != len(labels):
        raise Invalid("label_number", message="label_twice", field="labels")
    return Said(given)


def parse_label(project: Project, label: Ref) -> Label:
    """Return the project's label with this id or current or former name."""
    naming.check_type([label])
    (now,) = naming.current(project, [label])
    return _known_labels(project, [now])[now]


def _known_labels(project: Project, labels: Sequence[Ref]) -> dict[Any, Label]:
    """Return the project's labels by id and name; Invalid if one is none of them."""
    there = naming.labels_of(project)
    known: dict[Any, Label] = {label.pk: label for label in there}
    refs = [label_of(each) for each in labels]
    if any(isinstance(each, str) for each in refs):
        known.update(naming.by_name(project))
    unknown = next((n for n, each in enumerate(refs) if each not in known), None)
    if unknown is None:
        return known
    (name,) = naming.names(project, refs[unknown : unknown + 1])
    name = (name or str(refs[unknown]))[:200]
    names = ", ".join(label.name for label in there[:20])
    if isinstance(labels[unknown], tuple):
        raise Invalid(
            "unknown_label",
            message="span_label",
            field=f"spans.{unknown}",
            entry=unknown,
            name=name,
            names=names,
        )
    raise Invalid("unknown_label", field="labels", name=name, names=names)


def _by_id(ref: Any, known: dict[Any, Label]) -> Any:
    """Return a mark with the id of its label; anything else as it is."""
    if isinstance(ref, (Mark, QuotedMark)):
        return ref.with_label(known[ref.label].pk)
    return ref


def _clean_seconds(seconds: float | None) -> float | None:
    if seconds is None or math.isnan(seconds):
        return None
    return min(max(float(seconds), 0.0), LONGEST_SECONDS)


def clean_note(note: str) -> str:
    """Return the note, stripped; Invalid if it cannot be stored."""
    if "\x00" in note:
        raise Invalid("nul_byte", field="note")
    if len(note) > LONGEST_NOTE:
        raise Invalid("note_too_long", field="note", most=LONGEST_NOTE)
    return note.strip()


# Store --------------------------------------------------------------------------------------------


@transaction.atomic
def _store(held: Lease, answer: Answer, on_counted: OnCounted) -> Annotation:
    """Store the annotation and everything that changes with it: entry, lease, item, counts."""
    now, project = timezone.now(), held.project
    counted = _settle_entry(held)
    END_LEASES(held.pk, held.item_id, held.user_id, now)
    finished = counted and _count_opinion(project, held.item_id)
    annotation = _insert(held, answer, counted=counted, completes=finished, at=now)
    if held.is_review:
        assignments.answer(annotation, answer.said.refs)
    if not finished or project.overlap > 1:
        # Not the first annotation; a single one cannot disagree.
        disagreements.record_disagreements(project, [held.item_id])
    daily_counts.add(
        project,
        held.user,
        at=now,
        labels=int(counted),
        finished=int(finished),
        audits=int(counted and held.source == Source.AUDIT),
        seconds=daily_counts.counted_seconds(answer.seconds) or 0.0,
    )
    if counted and on_counted is not None:
        on_counted()
    return annotation


def _settle_entry(held: Lease) -> bool:
    """Mark the queue entry as done; False if the item was complete without it."""
    if held.is_review:
        lock_entries([held.item_id])
        refuse_removed(held.item_id)
        return False
    if MARK_ENTRY_DONE(held.item_id, held.user_id, held.pk):
        return True
    # The lease expired or was released. If nobody took the slot, this annotation fills it.
    return occupy_slot(held, QueueEntry.State.DONE)


def _count_opinion(project: Project, item: int) -> bool:
    """Count one more annotation on the item, and return whether it is complete now."""
    rows = Item.objects.filter(pk=item)
    if not COUNT_OPINION(item, project.overlap - 1):
        # Complete already: the overlap was lowered since the item was leased.
        rows.update(answers=F("answers") + 1)
        return False
    return project.overlap == 1 or rows.filter(state=Item.State.LABELLED).exists()


def _insert(
    held: Lease, answer: Answer, *, counted: bool, completes: bool, at: datetime
) -> Annotation:
    annotation = Annotation(
        project=held.project,
        item_id=held.item_id,
        user=held.user,
        client_id=answer.key,
        lease=held,
        counted=counted,
        completes=completes,
        created_at=at,
        updated_at=at,
        seconds=answer.seconds,
        note=answer.note,
        unsure=answer.unsure,
        value=answer.said.marks,
        **{**held.provenance(), "suggestion": with_tags(held, answer.tagged)},
    )
    insert_row(annotation)
    store_labels(annotation, answer.said.labels)
    return annotation


def store_labels(annotation: Annotation, given: list[Label]) -> None:
    """Store the labels of the annotation."""
    for label in given:
        insert_row(AnnotationLabel(annotation=annotation, label=label))
    annotation.said = list(given)


def _refuse_second(held: Lease) -> None:
    own = Annotation.objects.filter(ANSWERED, item=held.item_id, user=held.user_id)
    if held.is_review:
        own = Annotation.objects.filter(lease=held, withdrawn_at=None, item=held.item_id)
    if own.exists():
        raise Conflict("already_labelled")
