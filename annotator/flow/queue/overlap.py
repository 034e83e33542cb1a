"""Fit the queue to a changed number of annotations per item."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, time

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from annotator.flow.progress import daily_counts
from annotator.flow.review import disagreements
from annotator.models import Annotation, Disagreement, Item, Project, QueueEntry, Source, User

AT_ONCE = 500


@transaction.atomic
def match_overlap(project: Project) -> None:
    """Fit the queue to the current number of annotations per item.

    Items that have enough are finished; finished ones stay finished.
    """
    _ask_more(project)
    begun = Item.objects.filter(
        project=project, state__in=[Item.State.QUEUED, Item.State.ASIDE], answers__gt=0
    )
    enough = list(begun.filter(answers__gte=project.overlap).values_list("pk", flat=True))
    waiting = QueueEntry.objects.filter(project=project, state=QueueEntry.State.OPEN)
    waiting.filter(Q(slot__gte=project.overlap) | Q(item__in=enough)).delete()
    Item.objects.filter(pk__in=enough).update(state=Item.State.LABELLED)
    disagreements.record_disagreements(project, enough)
    _complete(project, enough)


def _complete(project: Project, items: list[int]) -> None:
    """Mark the newest annotations as the ones that complete these items."""
    answers = Annotation.objects.filter(item__in=items, counted=True, withdrawn_at=None)
    last = dict(answers.order_by("pk").values_list("item", "pk"))
    completing = Annotation.objects.filter(pk__in=list(last.values()))
    completing.update(completes=True)
    _count_finished(project, completing, 1)


def _reopen_completed(project: Project, items: list[int]) -> None:
    """Mark the items as completed by no annotation, until they have enough again."""
    completing = Annotation.objects.filter(item__in=items, completes=True)
    _count_finished(project, completing, -1)
    completing.update(completes=False)


def _count_finished(project: Project, completing: QuerySet[Annotation], sign: int) -> None:
    """Count or uncount these annotations as ones that finish an item, each on its own day."""
    rows = completing.exclude(user=None).values_list("user", "created_at")
    days = Counter((user, at.astimezone(UTC).date()) for user, at in rows)
    for (user, day), number in sorted(days.items()):
        at = datetime.combine(day, time(), UTC)
        daily_counts.add(project, User(pk=user), at=at, finished=sign * number)


def _ask_more(project: Project, items: list[int] | None = None) -> None:
    """Add the missing slots of queued items after `overlap` was raised.

    Otherwise an audit item would wait for its second annotation until the queue is empty, and the
    audit set would end before it, as long as rounds refill the queue.
    """
    entries = QueueEntry.objects.filter(project=project, item__state=Item.State.QUEUED)
    if items is not None:
        entries = entries.filter(item__in=items)
    slots: dict[int, set[int]] = defaultdict(set)
    first: dict[int, QueueEntry] = {}
    for entry in entries.select_for_update(of=("self",)).order_by("pk"):
        slots[entry.item_id].add(entry.slot)
        first.setdefault(entry.item_id, entry)
    missing = [
        QueueEntry(
            project=project,
            item_id=item,
            slot=slot,
            rank=entry.rank,
            why=entry.why,
            assignment_id=entry.assignment_id,
            **entry.provenance(),
        )
        for item, entry in first.items()
        for slot in range(project.overlap)
        if slot not in slots[item]
    ]
    QueueEntry.objects.bulk_create(missing, ignore_conflicts=True)


# Finished items with fewer annotations than required now ------------------------------------------


def count_missing(project: Project) -> int:
    """Return how many finished items have fewer annotations than required now."""
    return _missing(project).count() if project.overlap > 1 else 0


def ask_missing(project: Project) -> int:
    """Queue the missing annotations of finished items; return the number of items.

    Until it has them, such an item is not finished and does not count as an audit.
    """
    asked = 0
    while items := list(_missing(project).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        asked += _ask_again(project, items)
    return asked


def _missing(project: Project) -> QuerySet[Item]:
    """Return those items, without the ones settled by an expert or a lead."""
    of_item = {"item": OuterRef("pk")}
    seeds = Annotation.objects.filter(source=Source.SEED, withdrawn_at=None, **of_item)
    decided = Disagreement.objects.filter(state=Disagreement.State.DECIDED, **of_item)
    finished = Item.objects.filter(
        project=project, state=Item.State.LABELLED, answers__gt=0, answers__lt=project.overlap
    )
    return finished.filter(~Exists(seeds), ~Exists(decided))


@transaction.atomic
def _ask_again(project: Project, items: list[int]) -> int:
    # Lock entries before items, as a save does.
    list(QueueEntry.objects.filter(item__in=items).select_for_update().order_by("pk"))
    still = list(_missing(project).filter(pk__in=items).values_list("pk", flat=True))
    Item.objects.filter(pk__in=still).update(state=Item.State.QUEUED)
    _ask_more(project, still)
    _reopen_completed(project, still)
    return len(items)
