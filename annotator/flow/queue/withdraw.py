"""Withdraw queue entries that wait, and reopen those that were leased."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, QuerySet, Value, When

from annotator.models import Item, Project, QueueEntry, Source

BULK = "bulk"
SPARE = "spare"
# The rank of what comes before all else, and stays in the queue through a refill.
AHEAD = -1


def withdraw_open(project: Project) -> None:
    """Take back what waits in the queue; opinions that an item still misses come first from now."""
    _withdraw(QueueEntry.objects.filter(project=project, state=QueueEntry.State.OPEN))


@transaction.atomic
def withdraw_page(items: Sequence[int]) -> None:
    """Take back what was queued for a bulk page alone, so that nobody is asked what is sure."""
    waiting = QueueEntry.objects.filter(item__in=items, state=QueueEntry.State.OPEN)
    _withdraw(waiting.filter(strategy=BULK, rank__gt=AHEAD))


def _withdraw(waiting: QuerySet[QueueEntry]) -> None:
    begun = QueueEntry.objects.filter(item=OuterRef("item"), state__gt=QueueEntry.State.OPEN)
    # What is only put by is not begun: a second opinion on it stays behind all that is ranked.
    put_by = Exists(begun.filter(state=QueueEntry.State.LEASED, strategy=SPARE))
    done = Exists(begun.filter(state=QueueEntry.State.DONE))
    waiting = waiting.exclude(put_by & ~done)
    waiting.filter(Exists(begun)).update(rank=AHEAD)
    unasked = list(waiting.exclude(rank=AHEAD).values_list("pk", "item_id"))
    QueueEntry.objects.filter(
        pk__in=[pk for pk, _item in unasked], state=QueueEntry.State.OPEN
    ).delete()
    left = QueueEntry.objects.filter(item=OuterRef("pk"))
    Item.objects.filter(
        ~Exists(left), pk__in=[item for _pk, item in unasked], state=Item.State.QUEUED
    ).update(state=Item.State.POOL)


def reopen(entries: QuerySet[QueueEntry]) -> int:
    """Give leased entries back to the queue, at their old rank, and return how many.

    Audits come before all else: the estimate waits for the first of them that is not answered.
    What was settled while somebody held it is asked no more.
    """
    entries.filter(state=QueueEntry.State.LEASED, item__state=Item.State.LABELLED).delete()
    rank = Case(When(source=Source.AUDIT, then=Value(AHEAD)), default=F("rank"))
    return entries.filter(state=QueueEntry.State.LEASED).update(
        state=QueueEntry.State.OPEN, user=None, lease_id=None, leased_until=None, rank=rank
    )
