"""Reassign prefetched items that a window has not shown to annotators whose queue is empty.

The item on the screen of an open page is never taken away. An open page sends a heartbeat every 45
seconds and names the item it shows; an item shown too long ago, or prefetched for too long without
being shown, is idle. Leases without a window, of forms or API clients, only expire.

An idle audit blocks the estimate of the whole project, so it does not wait for an annotator with an
empty queue: if its page is unattended, the next annotator gets it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from annotator.db import clock
from annotator.db.compiled_queries import CompiledSelect
from annotator.flow.queue import withdraw
from annotator.models import ANSWERED, Annotation, Lease, Project, QueueEntry, Source, User

# Two and a half heartbeat intervals.
IDLE_SECONDS = 120
# So that a page open for long writes only now and then, and still in time.
SHOWN_AGAIN_SECONDS = 40

FIND_HELD_AUDITS = CompiledSelect(
    lambda: (
        QueueEntry.objects.filter(state=QueueEntry.State.LEASED, source=Source.AUDIT)
        .order_by()
        .values_list("pk", flat=True)[:1]
    )
)


def mark_shown(leases: Sequence[Lease]) -> None:
    """Record that a window shows these items, if the last record is too old."""
    now = clock.now()
    due = now - timedelta(seconds=SHOWN_AGAIN_SECONDS)
    # Buffered items can be reclaimed at once, so showing one is recorded at once.
    told = [
        lease.pk
        for lease in leases
        if (lease.shown_at or lease.created_at) <= due or _is_unsaid_spare(lease)
    ]
    if told:
        Lease.objects.filter(pk__in=told, ended_at=None).update(shown_at=now)


def _is_unsaid_spare(lease: Lease) -> bool:
    return lease.strategy == withdraw.SPARE and lease.shown_at is None


def is_shown() -> Q:
    """Return the filter for leases shown by an open page, as far as pages reported."""
    return Q(shown_at__isnull=False, shown_at__gt=_idle_since())


def _idle_since() -> datetime:
    return clock.now() - timedelta(seconds=IDLE_SECONDS)


def held_by_others(project: Project, user: User) -> QuerySet[Lease]:
    """Return leases of users other than `user`; their number does not grow with annotations."""
    entries = QueueEntry.objects.filter(project=project, state=QueueEntry.State.LEASED)
    keys = entries.exclude(user=user).values("lease_id")
    return Lease.objects.filter(pk__in=keys, ended_at=None)


def reassign_idle(project: Project, user: User) -> int:
    """Requeue the items idle for longest, if `user` holds nothing; return their number."""
    own = Lease.objects.filter(project=project, user=user, ended_at=None)
    if own.filter(expires_at__gt=clock.now()).exists():
        return 0
    return next((1 for lease in _lying_for(project, user) if _take(lease)), 0)


def reopen_idle_audits() -> int:
    """Requeue audits that are idle in unattended pages; return their number."""
    if not FIND_HELD_AUDITS():
        return 0
    entries = QueueEntry.objects.filter(state=QueueEntry.State.LEASED, source=Source.AUDIT)
    held = Lease.objects.filter(pk__in=entries.values("lease_id"), ended_at=None)
    lying = list(_lying(held).select_related("project").order_by("created_at", "pk"))
    return sum(1 for lease in lying if not _is_attended(lease) and _take(lease))


def _is_attended(lease: Lease) -> bool:
    """Return whether the lease's page sends heartbeats and an annotator decides in it.

    In a window with many prefetched items, even the next one waits for minutes: while an annotator
    works there, its audits will be shown.
    """
    page = Lease.objects.filter(project=lease.project, user=lease.user_id, page=lease.page)
    seconds = max(lease.project.lease_seconds, IDLE_SECONDS)
    worked = clock.now() - timedelta(seconds=seconds)
    return _speaks(page) and _has_moved(page, worked)


def _speaks(page: QuerySet[Lease]) -> bool:
    shown = page.filter(ended_at=None, shown_at__gt=_idle_since())
    return shown.exists() or _has_moved(page, _idle_since())


def _has_moved(page: QuerySet[Lease], since: datetime) -> bool:
    """Return whether the page got or settled an item since then."""
    settled = page.filter(ended_at__gt=since).exclude(outcome__in=Lease.LOST)
    return page.filter(ended_at=None, created_at__gt=since).exists() or settled.exists()


def _lying_for(project: Project, user: User) -> list[Lease]:
    """Return idle items that `user` may label: audits first, then the oldest."""
    mine = {"item": OuterRef("item"), "user": user}
    found = _lying(held_by_others(project, user)).filter(
        ~Exists(QueueEntry.objects.filter(**mine)),
        ~Exists(Annotation.objects.filter(ANSWERED, **mine)),
        ~Exists(Lease.objects.filter(outcome=Lease.Outcome.SKIPPED, **mine)),
    )
    if project.has_assignments:
        # Reopened, they would go to nobody else.
        of_lease = {"item": OuterRef("item"), "lease_id": OuterRef("pk")}
        found = found.filter(
            ~Exists(QueueEntry.objects.filter(assignment__isnull=False, **of_lease))
        )
    lying = list(found.order_by("created_at", "pk"))
    return sorted(lying, key=lambda lease: lease.source != Source.AUDIT)


def _lying(leases: QuerySet[Lease]) -> QuerySet[Lease]:
    old = leases.filter(created_at__lte=_idle_since())
    return old.exclude(Q(page="") | Q(source=Source.BULK) | is_shown())


@transaction.atomic
def _take(lease: Lease) -> bool:
    """End the lease if it is still idle, and reopen its queue entry."""
    entries = QueueEntry.objects.filter(item=lease.item_id, lease_id=lease.pk)
    # Lock entries before leases, as a save does. Checked again: the item may be shown or settled by
    # now.
    list(entries.select_for_update())
    lying = _lying(Lease.objects.filter(pk=lease.pk, ended_at=None))
    taken = lying.update(ended_at=clock.now(), outcome=Lease.Outcome.PASSED)
    return bool(taken and withdraw.reopen(entries))
