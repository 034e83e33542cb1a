"""A window's items: the one shown, prefetched ones, and the offline buffer.

The window names what it has; what it holds but does not name is sent again, so a reload loses
nothing. A window is a browser tab: `page` is "tab/load", and "tab/" while the tab is away. No other
tab gets a tab's items, even while it reloads.
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
# A window that leaves may be reloading, so it keeps its items for a moment.
GRACE_SECONDS = 15

# A window holds two dozen items and gets one or two: of the others, only these columns are read.
FIND_HELD = CompiledSelect(
    lambda project, user, now: (
        Lease.objects.filter(project_id=project, user_id=user, ended_at=None, expires_at__gt=now)
        # Leases of a bulk page belong to that page alone.
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
    """The items of a window: `next` in order, `spares`, and the `lost` ones of those it named.

    It gets nothing if the project `is_paused`.
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
    """Extend what the window `page` is `holding`; give it `want` more items and `put_by` spares.

    `holding` names the item on the screen first; `just_decided` was on the screen before. Leases
    are extended before half of their time is over. In a paused project, the window keeps only what
    was on the screen at the pause. `along` are those that `take_along` leased.
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
    # A window has the items it names already, so only the others are sent.
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
    """Lease up to `want` waiting items, within the transaction of a save.

    `sync_window` sends them then; separately they would take one more commit each.
    """
    room, taken = admission.room(project), list[Lease]()
    for _ in range(room.half(min(want, MOST_AHEAD), first=0 if holding else 1)):
        lease = leasing.claim_waiting(room, user, page)
        if lease is None:
            break
        taken.append(lease)
    return taken


def _take_back(room: admission.Room, mine: list[Lease], shown: Sequence[str]) -> list[Lease]:
    """Release what the window may not keep: in a paused project, all but what is `shown`.

    If more is held than the budget allows, release the excess, buffered items first.
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
    # Near the end of a budget, connected annotators need the buffered items.
    return min(number, MOST_SPARES, max(room.left, 0) // 4)


def resume_tab(project: Project, user: User, tab: str) -> Lease | None:
    """Return what a reloading tab shows again; it stays with the tab.

    None in a paused project, where prefetched items are not sent again.
    """
    if not tab or admission.room(project).is_paused:
        return None
    held = [lease for lease in _live(project, user) if _is_of(lease, tab)]
    shown = next((lease for lease in held if lease.strategy != withdraw.SPARE), None)
    if shown is not None:
        # The leave request of the previous load may arrive later, and must not shorten it.
        _run_until([shown], shown.expires_at, page=_away(tab))
        return _whole([shown])[0]
    return None


def _live(project: Project, user: User) -> list[Lease]:
    """Return the user's leases on the labelling page, oldest first, with few columns of each."""
    found = FIND_HELD(project.pk, user.pk, clock.now())
    for lease in found:
        lease.project, lease.user = project, user
    return found


def _whole(leases: Sequence[Lease], known: Sequence[Lease] = ()) -> list[Lease]:
    """Return the leases with all columns to send, and items; `known` ones are complete already."""
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
    """Return the window id of an absent tab's leases: no load, and no other tab."""
    return f"{_tab(page)}/"


def _is_of(lease: Lease, page: str) -> bool:
    return bool(lease.page) and _tab(lease.page) == _tab(page)


def _is_adopted(lease: Lease, holding: Sequence[str]) -> bool:
    # A lease without a window went to a form, a client or a page that has not sent a call yet. Only
    # a window that names it has seen it.
    return not lease.page and str(lease.pk) in holding


def _loose(project: Project, page: str, live: Sequence[Lease]) -> list[Lease]:
    """Return the user's leases without a window, now the window's own: nothing else is left."""
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
    """Assign the leases to the window, and extend those with less than half of their time left."""
    half = clock.now() + timedelta(seconds=project.lease_seconds / 2)
    due = [lease for lease in leases if lease.expires_at < half or lease.page != page]
    if not due:
        return
    until = clock.now() + timedelta(seconds=project.lease_seconds)
    _run_until(due, until, page=page)


@transaction.atomic
def leave(project: Project, user: User, page: str, leases: Collection[str]) -> None:
    """Release what `page` holds in a moment, unless its tab comes back until then.

    It names the item on the screen first. Audits never shown are released at once, because the
    estimate waits for them. What a later load of the same tab took over stays with that load.
    """
    mine = [lease for lease in current_leases.active_leases(project, user) if lease.page == page]
    held = [lease for lease in mine if str(lease.pk) in leases]
    ordinary = [lease for lease in held if lease.strategy != withdraw.SPARE]
    unseen = _unseen_audits(ordinary, leases)
    # All at once and in one order, as elsewhere, to avoid deadlocks.
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
