"""What a page holds in advance and lets lie is passed on to who has nothing left.

What is before somebody's eyes is not taken away while its page lives. A page that lives speaks
every 45 seconds and names what it shows; what it showed too long ago, and what it has held so long
without showing it, lies. Items without a page, of a form or a program, are only lost by the clock.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from annotator import clock
from annotator.flow import refill
from annotator.models import ANSWERED, Annotation, Lease, Project, QueueEntry, Source, User

# Two and a half times the silence between two calls of a page.
IDLE_SECONDS = 120
# So that a page that is read for long writes only now and then, and still in time.
SHOWN_AGAIN_SECONDS = 40


def show(leases: Sequence[Lease]) -> None:
    """Note that a page shows these, if that has to be said again before it counts as idle."""
    now = clock.now()
    due = now - timedelta(seconds=SHOWN_AGAIN_SECONDS)
    # What somebody put by is taken back at once, so that has to be said at once, too.
    told = [
        lease.pk
        for lease in leases
        if (lease.shown_at or lease.created_at) <= due or _is_unsaid_spare(lease)
    ]
    if told:
        Lease.objects.filter(pk__in=told, ended_at=None).update(shown_at=now)


def _is_unsaid_spare(lease: Lease) -> bool:
    return lease.strategy == refill.SPARE and lease.shown_at is None


def is_shown() -> Q:
    """Return what is true of leases that a living page shows, as far as pages said so."""
    return Q(shown_at__isnull=False, shown_at__gt=_idle_since())


def _idle_since() -> datetime:
    return clock.now() - timedelta(seconds=IDLE_SECONDS)


def held_by_others(project: Project, user: User) -> QuerySet[Lease]:
    """Return what others than `user` hold; what is held is few, however much was labelled."""
    entries = QueueEntry.objects.filter(project=project, state=QueueEntry.State.LEASED)
    keys = entries.exclude(user=user).values("lease_id")
    return Lease.objects.filter(pk__in=keys, ended_at=None)


def pass_on(project: Project, user: User) -> int:
    """Put back into the queue what lies the longest, if `user` holds nothing; return how many."""
    own = Lease.objects.filter(project=project, user=user, ended_at=None)
    if own.filter(expires_at__gt=clock.now()).exists():
        return 0
    return next((1 for lease in _lying_for(project, user) if _take(lease)), 0)


def _lying_for(project: Project, user: User) -> list[Lease]:
    """Return what lies and `user` may label, the oldest first."""
    mine = {"item": OuterRef("item"), "user": user}
    found = _lying(held_by_others(project, user)).filter(
        ~Exists(QueueEntry.objects.filter(**mine)),
        ~Exists(Annotation.objects.filter(ANSWERED, **mine)),
        ~Exists(Lease.objects.filter(outcome=Lease.Outcome.SKIPPED, **mine)),
    )
    return list(found.order_by("created_at", "pk"))


def _lying(leases: QuerySet[Lease]) -> QuerySet[Lease]:
    old = leases.filter(created_at__lte=_idle_since())
    return old.exclude(Q(page="") | Q(source=Source.BULK) | is_shown())


@transaction.atomic
def _take(lease: Lease) -> bool:
    """End the lease if it still lies, and open its place in the queue."""
    entries = QueueEntry.objects.filter(item=lease.item_id, lease_id=lease.pk)
    # Entries before leases, as a save locks them. Asked again: it may be shown or settled by now.
    list(entries.select_for_update())
    lying = _lying(Lease.objects.filter(pk=lease.pk, ended_at=None))
    taken = lying.update(ended_at=clock.now(), outcome=Lease.Outcome.PASSED)
    return bool(taken and refill.reopen(entries))
