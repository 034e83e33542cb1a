"""Offline buffer: random items reserved so that a window can continue without a connection.

Ranked items would become stale in one window while others lack them; random ones cost nothing, and
their labels are as useful as those of any topped-up queue.
"""

from collections.abc import Sequence
from contextlib import suppress

from django.db import transaction
from django.db.models import Exists, OuterRef

from annotator.db import clock
from annotator.flow.queue import admission, audit_stream, reassign_idle, withdraw
from annotator.i18n.stored_texts import WHY_BUFFERED
from annotator.models import Item, Lease, Project, QueueEntry, Source, User
from annotator.pool import audit_set

# The share of all items that one user may buffer, so that others do not run out.
SHARE = 25
# Behind all ranked entries, in case the window disappears and its leases expire.
LAST = 2**30
SPARE = {
    "source": Source.RANDOM,
    "strategy": withdraw.SPARE,
    "why": WHY_BUFFERED,
}


def fill_buffer(room: admission.Room, user: User, page: str, number: int) -> list[Lease]:
    """Lease up to `number` random items to `user` on the page, and return the leases."""
    most = min(number, room.project.population // SHARE)
    # Usually none are wanted, and a transaction would wait for the current writer.
    if most <= 0 or not room:
        return []
    with suppress(admission.NoRoom), transaction.atomic():
        return _lease_random_items(room, user, page, most)
    return []


def _lease_random_items(room: admission.Room, user: User, page: str, number: int) -> list[Lease]:
    project = room.project
    items = _random_items(project, user, number)
    if not items:
        return []
    came = {**SPARE, "probability": audit_stream.probability_without_counting(project, len(items))}
    leases = {
        item.pk: room.new_lease(item, user, page=page, suggestion=item.suggested, **came)
        for item in items
    }
    won = _take_places(project, user, leases)
    Item.objects.filter(pk__in=[lease.item_id for lease in won]).update(state=Item.State.QUEUED)
    room.hand_out(won)
    return won


def _random_items(project: Project, user: User, number: int) -> list[Item]:
    skipped = Lease.objects.filter(item=OuterRef("pk"), user=user, outcome=Lease.Outcome.SKIPPED)
    free = Item.objects.filter(project=project, state=Item.State.POOL, gold__isnull=True)
    ordinary = free.filter(~Exists(skipped), audit_key__gte=audit_set.audit_threshold(project))
    # From the far end of the random order; the queue is topped up from the near end.
    return list(ordinary.order_by("-audit_key")[:number])


def _take_places(project: Project, user: User, leases: dict[int, Lease]) -> list[Lease]:
    """Store the queue entries, and return leases on the items that nobody took meanwhile."""
    entries = [
        QueueEntry(
            project=project,
            item=lease.item,
            slot=slot,
            rank=LAST,
            why=lease.why,
            **lease.provenance(),
            **(_mine(user, lease) if slot == 0 else {}),
        )
        for lease in leases.values()
        for slot in range(project.overlap)
    ]
    QueueEntry.objects.bulk_create(entries, ignore_conflicts=True)
    keys = [lease.pk for lease in leases.values()]
    mine = QueueEntry.objects.filter(item__in=leases, lease_id__in=keys)
    return [leases[pk] for pk in mine.order_by("pk").values_list("item", flat=True)]


def return_to_pool(leases: Sequence[Lease]) -> int:
    """Return the items of these leases to the pool; return their number."""
    # Usually there are none, and a transaction would wait for the current writer.
    return _give_back(leases) if leases else 0


@transaction.atomic
def _give_back(leases: Sequence[Lease]) -> int:
    keys, items = [lease.pk for lease in leases], [lease.item_id for lease in leases]
    entries = QueueEntry.objects.filter(item__in=items)
    # Lock entries before leases, as a save does, to avoid a deadlock.
    list(entries.select_for_update().order_by("pk"))
    ended = Lease.objects.filter(pk__in=keys, ended_at=None).update(
        ended_at=clock.now(), outcome=Lease.Outcome.RELEASED
    )
    entries.filter(lease_id__in=keys, state=QueueEntry.State.LEASED).delete()
    begun = QueueEntry.objects.filter(item=OuterRef("item"), state__gt=QueueEntry.State.OPEN)
    entries.filter(~Exists(begun), state=QueueEntry.State.OPEN).delete()
    left = QueueEntry.objects.filter(item=OuterRef("pk"))
    untouched = Item.objects.filter(~Exists(left), pk__in=items, state=Item.State.QUEUED)
    untouched.update(state=Item.State.POOL)
    return ended


def reclaim_buffered(project: Project, user: User) -> int:
    """Return other users' buffered items to the pool; return their number."""
    held = reassign_idle.held_by_others(project, user).filter(strategy=withdraw.SPARE)
    return return_to_pool(list(held.exclude(reassign_idle.is_shown())))


def _mine(user: User, lease: Lease) -> dict[str, object]:
    return {
        "state": QueueEntry.State.LEASED,
        "user": user,
        "lease_id": lease.pk,
        "leased_until": lease.expires_at,
    }
