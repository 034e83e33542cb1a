"""Orphaned leases: held by former members or users, or with an expiry shifted by a clock change."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from annotator.db import clock
from annotator.db.compiled_queries import CompiledSelect
from annotator.flow.queue import withdraw
from annotator.flow.review import assignments
from annotator.models import Lease, Membership, Project, QueueEntry, ReviewRequest

# Clocks of several machines differ; a difference this small is no clock change.
SLACK = timedelta(seconds=60)

FIND_HELD = CompiledSelect(lambda: _held().order_by().values_list("pk", flat=True)[:1])


def release_orphaned() -> None:
    """Release leases of former members and deactivated users; cap expiries at the lease time."""
    if not FIND_HELD() and not assignments.is_any_held():
        return
    now = clock.now()
    _release_of_former_members(now)
    lengths = Project.objects.alive().values_list("lease_seconds", flat=True)
    for seconds in lengths.order_by("lease_seconds").distinct():
        _cap_expiry(now, timedelta(seconds=seconds))


@transaction.atomic
def _release_of_former_members(now: datetime) -> None:
    """Release items leased at the moment at which their holder was removed, or deactivated."""
    members = Membership.objects.filter(project=OuterRef("project"), user=OuterRef("user"))
    is_out = Q(~Exists(members), user__is_superuser=False) | Q(user__is_active=False)
    strange = _held().filter(is_out)
    leases = [key for key in strange.values_list("lease_id", flat=True) if key is not None]
    if not leases:
        return
    held = QueueEntry.objects.filter(lease_id__in=leases)
    list(held.select_for_update())
    ended = {"ended_at": now, "outcome": Lease.Outcome.RELEASED}
    Lease.objects.filter(pk__in=leases, ended_at=None).update(**ended)
    withdraw.reopen(held)


@transaction.atomic
def _cap_expiry(now: datetime, length: timedelta) -> None:
    """Cap the expiry of leases created before the clock was set back."""
    far = _held().filter(
        project__lease_seconds=int(length.total_seconds()), leased_until__gt=now + length + SLACK
    )
    looks = ReviewRequest.objects.filter(
        state=ReviewRequest.State.LEASED, project__lease_seconds=int(length.total_seconds())
    )
    long = Lease.objects.filter(pk__in=looks.values("lease"), expires_at__gt=now + length + SLACK)
    long.update(expires_at=now + length)
    found = list(far.values_list("pk", "lease_id"))
    if found:
        entries, leases = zip(*found, strict=True)
        _held().filter(pk__in=entries).update(leased_until=now + length)
        Lease.objects.filter(pk__in=leases, ended_at=None).update(expires_at=now + length)


def _held() -> QuerySet[QueueEntry]:
    return QueueEntry.objects.filter(state=QueueEntry.State.LEASED)
