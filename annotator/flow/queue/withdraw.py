"""Withdraw queue entries that wait, and reopen those that were leased."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, QuerySet, Value, When

from annotator.models import Item, Project, QueueEntry, Source

BULK = "bulk"
SPARE = "spare"
# The rank of entries that come before all others and survive a refill.
AHEAD = -1
# The first rank of assigned items: behind all other entries, also those of offline buffers.
BEHIND = 2**30 + 1


def withdraw_open(project: Project) -> None:
    """Withdraw open entries; missing annotations of started items now come first."""
    waiting = QueueEntry.objects.filter(project=project, state=QueueEntry.State.OPEN)
    _withdraw(waiting.exclude(assignment__isnull=False, rank__gte=BEHIND))


@transaction.atomic
def withdraw_page(items: Sequence[int]) -> None:
    """Withdraw entries made for a bulk page only, so that confident items are not asked singly."""
    waiting = QueueEntry.objects.filter(item__in=items, state=QueueEntry.State.OPEN)
    _withdraw(waiting.filter(strategy=BULK, rank__gt=AHEAD))


@transaction.atomic
def withdraw_items(items: Sequence[int]) -> None:
    """Withdraw the open entries of these items that nobody is assigned to."""
    waiting = QueueEntry.objects.filter(item__in=items, state=QueueEntry.State.OPEN)
    _withdraw(waiting.filter(assignment=None))


def _withdraw(waiting: QuerySet[QueueEntry]) -> None:
    begun = QueueEntry.objects.filter(item=OuterRef("item"), state__gt=QueueEntry.State.OPEN)
    # A buffered item is not started: its second slot stays behind all ranked entries.
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
    """Reopen leased entries at their old rank, and return their number.

    Audits come before all others: the estimate waits for the first unanswered one. Items settled
    while they were leased are not reopened.
    """
    entries.filter(state=QueueEntry.State.LEASED, item__state=Item.State.LABELLED).delete()
    rank = Case(When(source=Source.AUDIT, then=Value(AHEAD)), default=F("rank"))
    return entries.filter(state=QueueEntry.State.LEASED).update(
        state=QueueEntry.State.OPEN, user=None, lease_id=None, leased_until=None, rank=rank
    )
