"""Leases that an annotator holds: look one up, list the active ones, lock their entries."""

import uuid
from collections.abc import Collection
from datetime import datetime

from annotator.db import clock
from annotator.db.compiled_queries import CompiledSelect
from annotator.errors import Conflict, NotFound
from annotator.flow.queue import admission
from annotator.models import Item, Lease, Project, QueueEntry, User

FIND_LEASE = CompiledSelect(
    lambda pk, project, user: Lease.objects.filter(pk=pk, project_id=project, user_id=user),
    uuid.UUID,
    int,
    int,
)
# Usually there are none, and selecting keys alone costs half as much.
FIND_ACTIVE = CompiledSelect(
    lambda project, user, now: (
        Lease.objects.filter(project_id=project, user_id=user, ended_at=None, expires_at__gt=now)
        .order_by("created_at", "pk")
        .values_list("pk", flat=True)
    ),
    int,
    int,
    datetime,
)


def active_leases(project: Project, user: User) -> list[Lease]:
    """Return the user's leases in all windows, oldest first; items are not loaded."""
    keys = FIND_ACTIVE(project.pk, user.pk, clock.now())
    found = Lease.objects.in_bulk(keys) if keys else {}
    return [_with_parents(found[key], project, user) for key in keys]


def get_lease(project: Project, user: User, lease_id: str) -> Lease:
    """Return the user's lease, active or not; NotFound if they never had it."""
    try:
        key = uuid.UUID(str(lease_id))
    except ValueError:
        raise NotFound("unknown_lease") from None
    found = FIND_LEASE(key, project.pk, user.pk)
    if not found:
        raise NotFound("unknown_lease")
    return _with_parents(found[0], project, user)


def get_running_lease(project: Project, user: User, lease_id: str) -> Lease | None:
    """Return the user's active lease; None in a paused project."""
    lease = get_lease(project, user, lease_id)
    runs = lease.ended_at is None and lease.expires_at > clock.now()
    return lease if runs and not admission.room(project).is_paused else None


def _with_parents(lease: Lease, project: Project, user: User) -> Lease:
    # Known already; Django would load them again.
    lease.project, lease.user = project, user
    return lease


def refuse_removed(item: int) -> None:
    """Lock the item, and raise Conflict if it was removed while somebody held it."""
    state = Item.objects.select_for_update().values_list("state", flat=True).get(pk=item)
    if state == Item.State.REMOVED:
        raise Conflict("lease_lost", message="item_removed")


def lock_entries(items: Collection[int]) -> None:
    """Lock the queue entries of the items until the transaction ends.

    Every change of several rows of an item first locks its entries, in key order: the rows after
    them (leases, annotations, the item, tallies) are then held by no other transaction, which rules
    out deadlocks. A save locks only its own entry, which is compatible.
    """
    list(QueueEntry.objects.filter(item__in=items).select_for_update().order_by("pk"))
