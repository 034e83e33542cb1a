"""What a page holds in advance and lets lie is passed on to who has nothing left.

What is before somebody's eyes is not taken away while its page lives. A page that lives speaks
every 45 seconds and names what it shows; what it showed too long ago, and what it has held so long
without showing it, lies. Items without a page, of a form or a program, are only lost by the clock.

An audit that lies holds up the estimate of the whole project, so it does not wait for somebody who
has nothing left: where nobody attends its page any more, it goes to whoever asks next.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from annotator.db import clock
from annotator.flow.queue import withdraw
from annotator.models import ANSWERED, Annotation, Lease, Project, QueueEntry, Source, User

# Two and a half times the silence between two calls of a page.
IDLE_SECONDS = 120
# So that a page that is read for long writes only now and then, and still in time.
SHOWN_AGAIN_SECONDS = 40


def mark_shown(leases: Sequence[Lease]) -> None:
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
    return lease.strategy == withdraw.SPARE and lease.shown_at is None


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


def reassign_idle(project: Project, user: User) -> int:
    """Put back into the queue what lies the longest, if `user` holds nothing; return how many."""
    own = Lease.objects.filter(project=project, user=user, ended_at=None)
    if own.filter(expires_at__gt=clock.now()).exists():
        return 0
    return next((1 for lease in _lying_for(project, user) if _take(lease)), 0)


def reopen_idle_audits() -> int:
    """Put back into every queue the audits that lie in unattended pages, and return how many."""
    entries = QueueEntry.objects.filter(state=QueueEntry.State.LEASED, source=Source.AUDIT)
    held = Lease.objects.filter(pk__in=entries.values("lease_id"), ended_at=None)
    lying = list(_lying(held).select_related("project").order_by("created_at", "pk"))
    return sum(1 for lease in lying if not _is_attended(lease) and _take(lease))


def _is_attended(lease: Lease) -> bool:
    """Tell whether the page that holds the lease speaks, and somebody decides in it.

    In a page with many items in advance even what is asked next lies for minutes: as long as
    somebody works in it, its audits will come to be shown.
    """
    page = Lease.objects.filter(project=lease.project, user=lease.user_id, page=lease.page)
    seconds = max(lease.project.lease_seconds, IDLE_SECONDS)
    worked = clock.now() - timedelta(seconds=seconds)
    return _speaks(page) and _has_moved(page, worked)


def _speaks(page: QuerySet[Lease]) -> bool:
    shown = page.filter(ended_at=None, shown_at__gt=_idle_since())
    return shown.exists() or _has_moved(page, _idle_since())


def _has_moved(page: QuerySet[Lease], since: datetime) -> bool:
    """Tell whether something was given to the page or settled in it since then."""
    settled = page.filter(ended_at__gt=since).exclude(outcome__in=Lease.LOST)
    return page.filter(ended_at=None, created_at__gt=since).exists() or settled.exists()


def _lying_for(project: Project, user: User) -> list[Lease]:
    """Return what lies and `user` may label: audits first, the oldest first."""
    mine = {"item": OuterRef("item"), "user": user}
    found = _lying(held_by_others(project, user)).filter(
        ~Exists(QueueEntry.objects.filter(**mine)),
        ~Exists(Annotation.objects.filter(ANSWERED, **mine)),
        ~Exists(Lease.objects.filter(outcome=Lease.Outcome.SKIPPED, **mine)),
    )
    lying = list(found.order_by("created_at", "pk"))
    return sorted(lying, key=lambda lease: lease.source != Source.AUDIT)


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
    return bool(taken and withdraw.reopen(entries))
