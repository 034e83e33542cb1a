"""Answers of a file, stored as annotations."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from django.db.models import F
from django.utils import timezone

from annotator.flow.datasets.rows.already_there import Standing, standing_answers
from annotator.flow.datasets.rows.fates import Change
from annotator.flow.datasets.rows.given import Answer
from annotator.flow.progress import daily_counts
from annotator.flow.review import disagreements
from annotator.models import (
    Annotation,
    AnnotationLabel,
    Import,
    Item,
    Lease,
    QueueEntry,
    Revision,
    Source,
    User,
)

Pair = tuple[Item, Answer]


class ChangedMeanwhile(Exception):
    """Somebody labelled one of the items since they were compared with the rows."""


# New items ----------------------------------------------------------------------------------------


def store_new(work: Import, items: list[Item], answers: list[list[Answer]]) -> None:
    """Store the answers of new items, which are contiguous in the pool."""
    pairs = [(item, each) for item, given in zip(items, answers, strict=True) for each in given]
    if not pairs:
        return
    _read_keys(work, items)
    _store(work, pairs, completed=set())
    several = [item.pk for item, given in zip(items, answers, strict=True) if len(given) > 1]
    if several:
        disagreements.record_disagreements(work.project, several)


def _read_keys(work: Import, items: list[Item]) -> None:
    """Set the keys that the database assigned to new items."""
    span = {"position__gte": items[0].position, "position__lte": items[-1].position}
    rows = Item.objects.filter(project=work.project, **span).values_list("position", "pk")
    keys = dict(rows)
    for item in items:
        item.pk = keys[item.position]


def _store(work: Import, pairs: list[Pair], completed: set[int]) -> None:
    """Store annotations; the first of an item completes it, unless it is `completed`."""
    now = timezone.now()
    rows = []
    for item, answer in pairs:
        rows.append(_annotation(work, item, answer, now, completes=item.pk not in completed))
        completed.add(item.pk)
    stored = Annotation.objects.bulk_create(rows)
    AnnotationLabel.objects.bulk_create(
        AnnotationLabel(annotation=annotation, label=label)
        for annotation, (_item, answer) in zip(stored, pairs, strict=True)
        for label in answer.labels
    )
    _tally(work, stored)


def _annotation(
    work: Import, item: Item, answer: Answer, now: datetime, *, completes: bool
) -> Annotation:
    at = answer.created_at or now
    return Annotation(
        project=work.project,
        item=item,
        user=answer.user,
        author=answer.author,
        imported=work,
        source=Source.SEED,
        completes=completes,
        seconds=answer.seconds,
        note=answer.note,
        unsure=answer.unsure,
        value=None if answer.marks is None else list(answer.marks),
        created_at=at,
        updated_at=at,
    )


def _tally(work: Import, stored: Iterable[Annotation]) -> None:
    """Count the answers, those of authors without an account for whoever imports them."""
    sums: dict[tuple[User, date], Counter[str]] = defaultdict(Counter)
    seconds: Counter[tuple[User, date]] = Counter()
    at: dict[tuple[User, date], datetime] = {}
    for annotation in stored:
        user = annotation.user or work.user
        if user is None:
            continue
        day = (user, annotation.created_at.date())
        at[day] = annotation.created_at
        sums[day].update(changes=1, finished=int(annotation.completes))
        seconds[day] += daily_counts.counted_seconds(annotation.seconds) or 0.0  # type: ignore[assignment]
    # In one order, so that two imports never wait for each other.
    for day in sorted(sums, key=lambda each: (each[0].pk, each[1])):
        daily_counts.add(work.project, day[0], at=at[day], seconds=seconds[day], **sums[day])


# Items that were there ----------------------------------------------------------------------------


def lock(changes: Collection[Change]) -> None:
    """Lock the items of the changes; ChangedMeanwhile if one has other answers than it had."""
    pks = sorted({change.known.pk for change in changes if change.known.pk is not None})
    # As every change of several rows of an item: first its entries, then the item.
    list(QueueEntry.objects.filter(item__in=pks).select_for_update().order_by("pk"))
    list(Item.objects.filter(pk__in=pks).select_for_update().order_by("pk").values_list("pk"))
    labelled = [change for change in changes if change.add or change.replace]
    seen = {change.known.pk: change.known.answers for change in labelled}
    now: dict[int | None, set[int | None]] = {pk: set() for pk in seen}
    for item, standing in standing_answers([pk for pk in seen if pk is not None]):
        now[item].add(standing.pk)
    for pk, answers in seen.items():
        if now[pk] != {each.pk for each in answers if each.pk is not None}:
            raise ChangedMeanwhile


def store_changes(work: Import, changes: list[Change]) -> None:
    """Store what the rows say about labels of items that were there; they are locked."""
    added = [(change.known.pk, answer) for change in changes for answer in change.add]
    replaced = [pair for change in changes for pair in change.replace]
    if added:
        _add(work, [(pk, answer) for pk, answer in added if pk is not None])
    for standing, answer in replaced:
        _replace(work, standing, answer)
    touched = {change.known.pk for change in changes if change.add or change.replace}
    if touched:
        disagreements.refresh_disagreements(work.project, [pk for pk in touched if pk is not None])


def _add(work: Import, added: list[tuple[int, Answer]]) -> None:
    """Add answers to items, which are then labelled and leave the queue."""
    items = Item.objects.in_bulk({pk for pk, _answer in added})
    said = Annotation.objects.filter(item__in=items, completes=True)
    _store(
        work,
        [(items[pk], answer) for pk, answer in added],
        completed=set(said.values_list("item", flat=True)),
    )
    for pk, number in Counter(pk for pk, _answer in added).items():
        Item.objects.filter(pk=pk).update(answers=F("answers") + number, state=Item.State.LABELLED)
    # Annotators who have one of them keep it: their annotation counts beside this one.
    entries = QueueEntry.objects.filter(item__in=items)
    entries.filter(state=QueueEntry.State.OPEN).delete()
    users = {answer.user.pk for _pk, answer in added if answer.user}
    leased = entries.filter(state=QueueEntry.State.LEASED, user__in=users)
    leased.update(state=QueueEntry.State.DONE)
    Lease.objects.filter(item__in=items, user__in=users, ended_at=None).update(
        ended_at=timezone.now(), outcome=Lease.Outcome.LABELLED
    )


def _replace(work: Import, standing: Standing, answer: Answer) -> None:
    """Give an earlier import's annotation other labels; its history keeps the former ones."""
    now = timezone.now()
    annotation = Annotation.objects.get(pk=standing.pk or 0)
    Revision.objects.create(
        annotation=annotation,
        user=work.user,
        action="corrected",
        labels=sorted(standing.refs),
    )
    annotation.given.all().delete()
    AnnotationLabel.objects.bulk_create(
        AnnotationLabel(annotation=annotation, label=label) for label in answer.labels
    )
    marks = None if answer.marks is None else list(answer.marks)
    changed: dict[str, Any] = {"updated_at": now, "value": marks}
    if answer.note:
        changed["note"] = answer.note
    Annotation.objects.filter(pk=annotation.pk).update(**changed)
    if work.user is not None:
        daily_counts.add(work.project, work.user, at=now, changes=1)
