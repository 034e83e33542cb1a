"""End leases: skip, unskip, release, expire; their items return to the queue."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from annotator.db import clock
from annotator.db.compiled_queries import CompiledSelect
from annotator.errors import Conflict
from annotator.flow.progress import daily_counts
from annotator.flow.queue import admission, skipped_items, withdraw
from annotator.flow.queue.assigned import ending
from annotator.flow.queue.current_leases import active_leases, lock_entries, refuse_removed
from annotator.flow.review import assignments
from annotator.models import ANSWERED, Annotation, Item, Lease, Project, QueueEntry, Source, User

FIND_LATE = CompiledSelect(
    lambda now: (
        QueueEntry.objects.filter(state=QueueEntry.State.LEASED, leased_until__lte=now)
        .order_by()
        .values_list("lease_id", flat=True)
    ),
    datetime,
)


@transaction.atomic
def skip(lease: Lease, reason: str = "") -> bool:
    """Pass the item on to another annotator, and return whether one is left.

    The same annotator is not asked again.
    """
    if lease.is_review:
        _end(lease, Lease.Outcome.DROPPED, reason)
        return True
    # All of its entries at once, in one order: if no annotator is left, the others go as well.
    entries = QueueEntry.objects.filter(item=lease.item_id)
    locked = list(entries.select_for_update().order_by("pk"))
    if any(entry.asked_id == lease.user_id for entry in locked):
        # Nobody else could have it otherwise.
        entries.filter(asked=lease.user_id).update(asked=None)
    if not _end(lease, Lease.Outcome.SKIPPED, reason):
        return True
    if any(entry.assignment_id for entry in locked):
        ending.free_stuck(lease.project, lease.item_id)
    Item.objects.filter(pk=lease.item_id).update(skips=F("skips") + 1)
    daily_counts.add(lease.project, lease.user, at=lease.ended_at, skips=1)
    return not skipped_items.set_aside(lease.project, lease.item_id)


@transaction.atomic
def unskip(lease: Lease, page: str = "") -> Lease | None:
    """Undo a skip, and return a lease to the same user; None if the item needs no annotation."""
    lock_entries([lease.item_id])
    if lease.is_review:
        return _resume_review(lease, page)
    skipped = Lease.objects.filter(pk=lease.pk, outcome=Lease.Outcome.SKIPPED)
    if not skipped.update(outcome=Lease.Outcome.RELEASED):
        raise _taken_back_already()
    Item.objects.filter(pk=lease.item_id).update(skips=F("skips") - 1)
    daily_counts.add(lease.project, lease.user, at=lease.ended_at, skips=-1)
    if _is_theirs(lease):
        return None
    again = _lease_again(lease, page)
    if again is None:
        skipped_items.requeue([lease.item_id])
    return again


def _resume_review(lease: Lease, page: str) -> Lease | None:
    dropped = Lease.objects.filter(pk=lease.pk, outcome=Lease.Outcome.DROPPED)
    if not dropped.update(outcome=Lease.Outcome.RELEASED):
        raise _taken_back_already()
    room = admission.room(lease.project)
    came = {**lease.provenance(), "page": page, "why": lease.why}
    again = room.new_lease(lease.item, lease.user, **came)
    return again if _hand_back(room, again, lambda: assignments.resume(lease, again)) else None


def _taken_back_already() -> Conflict:
    return Conflict("not_skipped")


def _is_theirs(lease: Lease) -> bool:
    """Return whether the user holds the item in another window, or labelled it meanwhile."""
    own = Annotation.objects.filter(ANSWERED, item=lease.item_id, user=lease.user_id)
    return (
        QueueEntry.objects.filter(item=lease.item_id, user=lease.user_id).exists() or own.exists()
    )


def _lease_again(lease: Lease, page: str) -> Lease | None:
    room = admission.room(lease.project)
    came = {**lease.by_itself(), "page": page, "why": lease.why}
    again = room.new_lease(lease.item, lease.user, **came)
    return again if _hand_back(room, again, lambda: _occupy_again(again)) else None


def _occupy_again(again: Lease) -> bool:
    if not occupy_slot(again, QueueEntry.State.LEASED):
        return False
    # A refill may have withdrawn it in between, or it was skipped by everyone.
    left = Item.objects.filter(pk=again.item_id, state__in=[Item.State.POOL, Item.State.ASIDE])
    left.update(state=Item.State.QUEUED)
    return True


def _hand_back(room: admission.Room, again: Lease, take: Callable[[], bool]) -> bool:
    """Store the lease if `take` gets a slot; without room, the item goes back to the queue."""
    with suppress(admission.NoRoom), transaction.atomic():
        if not room or not take():
            return False
        room.hand_out([again])
        return True
    return False


def occupy_slot(lease: Lease, state: QueueEntry.State) -> bool:
    """Give the user an open or missing slot of the item; False if there is neither."""
    entries = QueueEntry.objects.filter(item=lease.item_id)
    taken = {
        "state": state,
        "user": lease.user,
        "lease_id": lease.pk,
        "leased_until": lease.expires_at,
    }
    spare = entries.select_for_update().filter(state=QueueEntry.State.OPEN).order_by("slot").first()
    if spare is not None:
        return bool(entries.filter(pk=spare.pk, state=QueueEntry.State.OPEN).update(**taken))
    refuse_removed(lease.item_id)
    slots = set(entries.values_list("slot", flat=True))
    free = [slot for slot in range(lease.project.overlap) if slot not in slots]
    if not free or lease.item.state == Item.State.LABELLED:
        return False
    QueueEntry.objects.create(
        project=lease.project,
        item=lease.item,
        slot=free[0],
        rank=0,
        why=lease.why,
        **lease.by_itself(),
        **taken,
    )
    return True


@transaction.atomic
def release(lease: Lease, reason: str = "") -> None:
    """Release the item without an answer; the same user may get it again."""
    _end(lease, Lease.Outcome.RELEASED, reason)


def release_all(project: Project, user: User) -> None:
    """Release everything that `user` holds."""
    for lease in active_leases(project, user):
        release(lease)


def release_pages(project: Project, user: User) -> None:
    """Release what `user` holds on bulk pages."""
    page = [lease for lease in active_leases(project, user) if lease.source == Source.BULK]
    for lease in page:
        release(lease)
    if page:
        withdraw.withdraw_page([lease.item_id for lease in page])


@transaction.atomic
def extend(lease: Lease) -> Lease:
    """Restart the lease time; Conflict if the lease ended and the item is elsewhere."""
    until = clock.now() + timedelta(seconds=lease.project.lease_seconds)
    entries = QueueEntry.objects.filter(item=lease.item_id, lease_id=lease.pk)
    if lease.is_review:
        running = int(assignments.holds(lease))
    else:
        running = entries.filter(state=QueueEntry.State.LEASED).update(leased_until=until)
    if not running or lease.ended_at is not None:
        raise Conflict("lease_lost")
    Lease.objects.filter(pk=lease.pk).update(expires_at=until)
    lease.expires_at = until
    return lease


def _end(lease: Lease, outcome: str, reason: str = "") -> bool:
    lock_entries([lease.item_id])
    entries = QueueEntry.objects.filter(item=lease.item_id, lease_id=lease.pk)
    # A lease that expired unnoticed can still be answered with a skip.
    open_or_late = Q(ended_at=None) | Q(outcome__in=Lease.LOST)
    now = clock.now()
    ended = Lease.objects.filter(open_or_late, pk=lease.pk).update(
        ended_at=now, outcome=outcome, reason=reason[:500]
    )
    lease.ended_at = now if ended else lease.ended_at
    if ended and lease.is_review:
        settle = assignments.dismiss if outcome == Lease.Outcome.DROPPED else assignments.release
        settle(lease)
    elif ended:
        withdraw.reopen(entries)
    return bool(ended)


def release_expired(project: Project | None = None, now: datetime | None = None) -> int:
    """Release expired leases, and return the number of their entries."""
    now = now or clock.now()
    late = QueueEntry.objects.filter(state=QueueEntry.State.LEASED, leased_until__lte=now)
    if project is not None:
        late = late.filter(project=project)
    if project is None or project.has_looks:
        assignments.release_expired(now, project)
    found = FIND_LATE(now) if project is None else late.values_list("lease_id", flat=True)
    leases = [key for key in found if key is not None]
    if not leases:
        return 0
    with transaction.atomic():
        # Lock entries first, as a save does. Checked again inside: a lease may have been extended
        # since.
        list(late.filter(lease_id__in=leases).select_for_update().order_by("pk"))
        Lease.objects.filter(pk__in=leases, expires_at__lte=now, ended_at=None).update(
            ended_at=now, outcome=Lease.Outcome.EXPIRED
        )
        return withdraw.reopen(late.filter(lease_id__in=leases))
