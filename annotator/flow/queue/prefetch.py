"""What a page of the desk holds: the item that is shown, the next ones, and some put by.

The window names what it has; what it does not name and holds all the same is given to it again, so
nothing is lost by a reload. A window is a browser tab: `page` is "tab/load", and "tab/" while the
tab is away. What a tab holds is no other tab's, also in the moment in which it is being reloaded.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from annotator.db import clock
from annotator.db.compiled_queries import CompiledSelect
from annotator.flow.queue import (
    admission,
    current_leases,
    leasing,
    offline_buffer,
    reassign_idle,
    releasing,
    withdraw,
)
from annotator.models import Lease, Project, QueueEntry, Source, User

MOST_AHEAD = 12
MOST_SPARES = 40
# A window that goes may be coming back, as in a reload, so its items stay for a moment.
GRACE_SECONDS = 15

# A window holds two dozen and is given one or two: of the others this is all that is looked at.
FIND_HELD = CompiledSelect(
    lambda project, user, now: (
        Lease.objects.filter(project_id=project, user_id=user, ended_at=None, expires_at__gt=now)
        # What is before the person on the bulk desk is that desk's alone.
        .exclude(source=Source.BULK)
        .order_by("created_at", "pk")
        .only("item_id", "page", "strategy", "source", "created_at", "expires_at", "shown_at")
    ),
    int,
    int,
    datetime,
)


@dataclass(frozen=True)
class WindowState:
    """What a window gets: `next` in their order, `spares`, and of what it named the `lost` ones.

    It gets nothing where the project `is_paused`.
    """

    next: list[Lease] = field(default_factory=list)
    spares: list[Lease] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    is_paused: bool = False


def sync_window(
    project: Project,
    user: User,
    page: str,
    *,
    holding: Sequence[str],
    want: int = 0,
    put_by: int = 0,
    just_decided: bool = False,
    along: Sequence[Lease] = (),
) -> WindowState:
    """Keep what the window `page` is `holding`, and give it `want` more items and `put_by` spares.

    It names what is before the person first, and has `just_decided` what was there before. What it
    holds runs anew before half of its time is over. Where the project is paused, it keeps only
    what was before the person when that happened. `along` are those that `take_along` took.
    """
    room = admission.room(project)
    live = _live(project, user)
    mine = [lease for lease in live if _is_of(lease, page) or _is_adopted(lease, holding)]
    shown = [] if room.is_paused and just_decided else holding[:1]
    taken = _take_back(room, mine, shown)
    known = [lease for lease in mine if str(lease.pk) in holding and lease not in taken]
    waiting = [lease for lease in mine if str(lease.pk) not in holding and lease not in taken]
    extend_leases(project, page, known if room.is_paused else known + waiting)
    reassign_idle.mark_shown([lease for lease in known if str(lease.pk) in holding[:1]])
    lost = sorted(set(holding) - {str(lease.pk) for lease in known})
    if room.is_paused:
        return WindowState(lost=lost, is_paused=True)
    # A page names what it has on its screen already: only the others are served.
    waiting = _whole(waiting, along)
    ready = [lease for lease in waiting if lease.strategy != withdraw.SPARE]
    by = [lease for lease in waiting if lease.strategy == withdraw.SPARE]
    first = 0 if known or ready else 1
    ready = _filled(room, user, page, ready, room.half(min(want, MOST_AHEAD), first=first))
    if want and not ready and not known:
        ready = _loose(project, page, live)
    return WindowState(
        next=ready,
        spares=by
        + offline_buffer.fill_buffer(room, user, page, _spares_wanted(room, put_by) - len(by)),
        lost=lost,
    )


def take_along(
    project: Project, user: User, page: str, *, want: int, holding: Sequence[str]
) -> list[Lease]:
    """Lease up to `want` items that wait in the queue as it is: in the transaction of a save.

    `hold` serves them then, where they would take a commit more each.
    """
    room, taken = admission.room(project), list[Lease]()
    for _ in range(room.half(min(want, MOST_AHEAD), first=0 if holding else 1)):
        lease = leasing.claim_waiting(room, user, page)
        if lease is None:
            break
        taken.append(lease)
    return taken


def _take_back(room: admission.Room, mine: list[Lease], shown: Sequence[str]) -> list[Lease]:
    """Give back what the window holds and may not: all but what is `shown`, where it is paused.

    Where more is held than the budget lets in, so much less, spares first.
    """
    own = [lease for lease in mine if lease.page and str(lease.pk) not in shown]
    own.sort(key=lambda lease: (lease.strategy == withdraw.SPARE, lease.created_at))
    taken = own if room.is_paused else own[max(len(own) + min(room.left, 0), 0) :]
    offline_buffer.return_to_pool([lease for lease in taken if lease.strategy == withdraw.SPARE])
    for lease in taken:
        if lease.strategy != withdraw.SPARE:
            releasing.release(lease)
    room.left += 0 if room.is_paused else len(taken)
    return taken


def _spares_wanted(room: admission.Room, number: int) -> int:
    # Of a budget that runs out, what is put by would be missed by whoever is connected.
    return min(number, MOST_SPARES, max(room.left, 0) // 4)


def resume_tab(project: Project, user: User, tab: str) -> Lease | None:
    """Return what a tab that is being reloaded shows again; it stays the tab's own.

    Nothing in a paused project, where what a page holds is handed out no second time.
    """
    if not tab or admission.room(project).is_paused:
        return None
    held = [lease for lease in _live(project, user) if _is_of(lease, tab)]
    shown = next((lease for lease in held if lease.strategy != withdraw.SPARE), None)
    if shown is not None:
        # The farewell of the load before may come later, and must not shorten it.
        _run_until([shown], shown.expires_at, page=_away(tab))
        return _whole([shown])[0]
    return None


def _live(project: Project, user: User) -> list[Lease]:
    """Return what the person holds at the desk, oldest first, as far as is looked at of each."""
    found = FIND_HELD(project.pk, user.pk, clock.now())
    for lease in found:
        lease.project, lease.user = project, user
    return found


def _whole(leases: Sequence[Lease], known: Sequence[Lease] = ()) -> list[Lease]:
    """Return the leases with all that is served of them, and items; `known` are so already."""
    whole = {lease.pk: lease for lease in known}
    missing = [lease.pk for lease in leases if lease.pk not in whole]
    if missing:
        whole |= Lease.objects.select_related("item").in_bulk(missing)
    for lease in leases:
        found = whole[lease.pk]
        found.project, found.user = lease.project, lease.user
    return [whole[lease.pk] for lease in leases]


def _tab(page: str) -> str:
    return page.partition("/")[0]


def _away(page: str) -> str:
    """Return the page of what a tab held that is away: no load of it, and no other tab."""
    return f"{_tab(page)}/"


def _is_of(lease: Lease, page: str) -> bool:
    return bool(lease.page) and _tab(lease.page) == _tab(page)


def _is_adopted(lease: Lease, holding: Sequence[str]) -> bool:
    # What has no page was served to a form, a program or a page that has not spoken yet. Only who
    # names it has seen it.
    return not lease.page and str(lease.pk) in holding


def _loose(project: Project, page: str, live: Sequence[Lease]) -> list[Lease]:
    """Return what the person took without a page, the window's own now: nothing else is left."""
    loose = [lease for lease in live if not lease.page]
    extend_leases(project, page, loose)
    return _whole(loose)


def _filled(
    room: admission.Room, user: User, page: str, ready: list[Lease], want: int
) -> list[Lease]:
    while len(ready) < want:
        lease = leasing.claim(room, user, page)
        if lease is None:
            break
        ready.append(lease)
    return ready


def extend_leases(project: Project, page: str, leases: Sequence[Lease]) -> None:
    """Make the leases the window's own, and let those run anew that have less than half left."""
    half = clock.now() + timedelta(seconds=project.lease_seconds / 2)
    due = [lease for lease in leases if lease.expires_at < half or lease.page != page]
    if not due:
        return
    until = clock.now() + timedelta(seconds=project.lease_seconds)
    _run_until(due, until, page=page)


@transaction.atomic
def leave(project: Project, user: User, page: str, leases: Collection[str]) -> None:
    """Give back in a moment what `page` held, unless its tab comes back until then.

    It names what is before the person first. Audits that it never showed are given back at once,
    as the estimate waits for them. What a later load of the same tab took over already stays with
    that.
    """
    mine = [lease for lease in current_leases.active_leases(project, user) if lease.page == page]
    held = [lease for lease in mine if str(lease.pk) in leases]
    ordinary = [lease for lease in held if lease.strategy != withdraw.SPARE]
    unseen = _unseen_audits(ordinary, leases)
    # All at once, in one order, as whoever else changes several of them does.
    current_leases.lock_entries([lease.item_id for lease in ordinary])
    until = clock.now() + timedelta(seconds=GRACE_SECONDS)
    away = _away(page)
    _run_until([lease for lease in ordinary if lease not in unseen], until, page=away)
    for lease in unseen:
        releasing.release(lease)
    offline_buffer.return_to_pool([lease for lease in held if lease.strategy == withdraw.SPARE])


def _unseen_audits(held: Sequence[Lease], named: Collection[str]) -> list[Lease]:
    shown = next(iter(named), "")
    audits = [lease for lease in held if lease.source == Source.AUDIT and lease.shown_at is None]
    return [lease for lease in audits if str(lease.pk) != shown]


@transaction.atomic
def _run_until(leases: Sequence[Lease], until: datetime, page: str) -> None:
    keys, items = [lease.pk for lease in leases], [lease.item_id for lease in leases]
    current_leases.lock_entries(items)
    entries = QueueEntry.objects.filter(item__in=items, lease_id__in=keys)
    entries.filter(state=QueueEntry.State.LEASED).update(leased_until=until)
    Lease.objects.filter(pk__in=keys, ended_at=None).update(expires_at=until, page=page)
