"""Who labels what next: leases on queue entries."""

import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator import tasktypes
from annotator.db import clock
from annotator.db.compiled_queries import Raw, Rows
from annotator.errors import Conflict, NotThere
from annotator.flow.labels import naming
from annotator.flow.progress import daily_counts, version_numbers
from annotator.flow.queue import admission, offline_buffer, reassign_idle, refill, skipped_items
from annotator.flow.review import assignments
from annotator.models import ANSWERED, Annotation, Item, Lease, Project, QueueEntry, Source, User

MOST_LEASES = 5
TRIES = 4
# Where more comes from once nothing open is left for somebody, in this order.
MORE = (refill.top_up, offline_buffer.take_back, reassign_idle.pass_on)

FIND_LEASE = Rows(
    lambda pk, project, user: Lease.objects.filter(pk=pk, project_id=project, user_id=user),
    uuid.UUID,
    int,
    int,
)
# Usually there are none, and asking for keys alone costs half as much.
FIND_LIVE = Rows(
    lambda project, user, now: (
        Lease.objects.filter(project_id=project, user_id=user, ended_at=None, expires_at__gt=now)
        .order_by("created_at", "pk")
        .values_list("pk", flat=True)
    ),
    int,
    int,
    datetime,
)
FIND_ITEM = Rows(lambda pk: Item.objects.filter(pk=pk), int)

TABLES = {
    "entry": QueueEntry._meta.db_table,
    "lease": Lease._meta.db_table,
    "annotation": Annotation._meta.db_table,
    "fields": ", ".join(str(field.column) for field in QueueEntry._meta.concrete_fields),
}
# The best open entry of the project, of an item that the person neither holds, nor labelled, nor
# skipped. The state is asked for again outside, as another claim may have come in between.
CLAIM = """
    UPDATE {entry} SET state = 1, user_id = %s, lease_id = %s, leased_until = %s
    WHERE state = 0 AND id = (
        SELECT e.id FROM {entry} e
        WHERE e.project_id = %s AND e.state = 0
            AND NOT EXISTS (
                SELECT 1 FROM {entry} m WHERE m.item_id = e.item_id AND m.user_id = %s)
            AND NOT EXISTS (
                SELECT 1 FROM {annotation} a
                WHERE a.item_id = e.item_id AND a.user_id = %s
                    AND a.withdrawn_at IS NULL AND NOT (a.source IN ('second', 'repeat')))
            AND NOT EXISTS (
                SELECT 1 FROM {lease} l
                WHERE l.item_id = e.item_id AND l.user_id = %s AND l.outcome = 'skipped')
        ORDER BY e.rank, e.id LIMIT 1 {lock}
    )
    RETURNING {fields}
"""


def lease_next(project: Project, user: User, holding: Sequence[str] = ()) -> Lease | None:
    """Return what `user` labels next; None when nothing is left for them, or the project is paused.

    An item that they were given and have not settled comes first, so a reload shows it again.
    `holding` names the leases that the caller has already, for one that fetches ahead. What other
    windows of the same person have before them is left to those (`ahead.hold`).
    """
    room = admission.room(project)
    if room.is_paused:
        return None
    waiting = _waiting(room, user, holding)
    if waiting is None and len(_one_by_one(project, user)) >= MOST_LEASES:
        raise Conflict("too_many_leases", _("Label the items that you have before taking more."))
    return waiting or _claim_refilled(room, user, page="")


def lease_waiting(project: Project, user: User, holding: Sequence[str] = ()) -> Lease | None:
    """Do the same as far as it takes no more than what waits in the queue as it is."""
    return _waiting(admission.room(project), user, holding)


def _waiting(room: admission.Room, user: User, holding: Sequence[str]) -> Lease | None:
    if room.is_paused:
        return None
    held = _one_by_one(room.project, user)
    ahead = [lease for lease in held if str(lease.pk) not in set(holding)]
    if ahead:
        return ahead[0]
    if len(held) >= MOST_LEASES:
        return None
    return _claim(room, user, page="")


def _one_by_one(project: Project, user: User) -> list[Lease]:
    # Whole pages are in the person's hands, too, but on the bulk desk.
    return [each for each in live(project, user) if not each.page and each.source != Source.BULK]


def live(project: Project, user: User) -> list[Lease]:
    """Return what the person holds in all windows, oldest first; the items are not read yet."""
    keys = FIND_LIVE(project.pk, user.pk, clock.now())
    found = Lease.objects.in_bulk(keys) if keys else {}
    return [_known(found[key], project, user) for key in keys]


def claim(room: admission.Room, user: User, page: str = "") -> Lease | None:
    """Return a lease on the best item that nobody holds, for the window `page` of the person."""
    return _claim(room, user, page) or _claim_refilled(room, user, page)


def _claim_refilled(room: admission.Room, user: User, page: str) -> Lease | None:
    """Return a lease after what can be done at once to have something: labelling never waits."""
    project = room.project
    if room.is_paused:
        return None
    release_expired(project)
    release_pages(project, user)
    if not room and not _make_room(room, user):
        return None
    lease = None
    for _try in range(TRIES):
        with refill.alone(project):
            lease = _claim_new(room, user, page)
            # What others put by for a lost connection, or let lie, comes before "nothing is left".
            if lease is not None or not any(find(project, user) for find in MORE):
                break
    return lease or _look_again(room, user, page)


def _make_room(room: admission.Room, user: User) -> bool:
    """Take back what others hold of the last of a budget and do not look at; tell if that does."""
    with transaction.atomic():
        taken = offline_buffer.take_back(room.project, user) or reassign_idle.pass_on(
            room.project, user
        )
    if taken:
        room.left = admission.room(room.project).left
    return bool(room)


def _look_again(room: admission.Room, user: User, page: str) -> Lease | None:
    """Return a lease on what is labelled and doubtful, where something is for `user`."""
    project = room.project
    if not room or not project.has_looks or not project.second_share:
        return None
    with suppress(admission.NoRoom), transaction.atomic():
        return _look_once(room, user, page)
    return None


def _look_once(room: admission.Room, user: User, page: str) -> Lease | None:
    key = uuid.uuid4()
    look = assignments.take(room.project, user, key)
    if look is None:
        return None
    (item,) = FIND_ITEM(look.item_id)
    lease = room.new_lease(item, user, pk=key, page=page, **assignments.provenance(look))
    room.hand_out([lease])
    return lease


def _claim(room: admission.Room, user: User, page: str) -> Lease | None:
    if not room:
        return None
    lease = _look_again(room, user, page) if assignments.is_turn(room.project) else None
    return lease or _claim_new(room, user, page)


def _claim_new(room: admission.Room, user: User, page: str) -> Lease | None:
    for _try in range(TRIES):
        try:
            with transaction.atomic():
                return _claim_once(room, user, page)
        except admission.NoRoom:
            return None
        except IntegrityError:
            # The same person took another slot of this item in a second window just now.
            continue
    return None


def _claim_once(room: admission.Room, user: User, page: str) -> Lease | None:
    """Take the best open entry that `user` may have, in one statement, and return the lease."""
    key, now, project = uuid.uuid4(), clock.now(), room.project
    until = now + timedelta(seconds=project.lease_seconds)
    found = TAKE_BEST(user.pk, key, until, project.pk, *(user.pk,) * 3)
    if not found:
        return None
    (entry,) = found
    (item,) = FIND_ITEM(entry.item_id)
    lease = room.new_lease(item, user, pk=key, page=page, why=entry.why, **entry.provenance())
    room.hand_out([lease])
    return lease


def _claim_statement() -> str:
    # SQLite has one writer at a time, so nothing can come between; it knows no row locks.
    skipping = connection.features.has_select_for_update_skip_locked
    return CLAIM.format(lock="FOR UPDATE OF e SKIP LOCKED" if skipping else "", **TABLES)


TAKE_BEST = Raw(QueueEntry, _claim_statement)


def held(project: Project, user: User, lease_id: str) -> Lease:
    """Return the person's lease, live or not; NotThere when they never had it."""
    unknown = NotThere("unknown_lease", _("You do not hold this item."))
    try:
        key = uuid.UUID(str(lease_id))
    except ValueError:
        raise unknown from None
    found = FIND_LEASE(key, project.pk, user.pk)
    if not found:
        raise unknown
    return _known(found[0], project, user)


def shown_again(project: Project, user: User, lease_id: str) -> Lease | None:
    """Return the person's lease if it still runs; None in a paused project."""
    lease = held(project, user, lease_id)
    runs = lease.ended_at is None and lease.expires_at > clock.now()
    return lease if runs and not admission.room(project).is_paused else None


def _known(lease: Lease, project: Project, user: User) -> Lease:
    # They are at hand; Django would fetch them again.
    lease.project, lease.user = project, user
    return lease


# Giving back -------------------------------------------------------------------------------------


def lock_entries(items: Collection[int]) -> None:
    """Lock the queue entries of the items until the transaction ends.

    Whatever changes several rows of an item begins with its entries, in the order of their keys:
    what comes after them (leases, answers, the item, tallies) is nobody else's then, so that no
    two ever wait for each other. A save begins with its own entry alone, which does as well.
    """
    list(QueueEntry.objects.filter(item__in=items).select_for_update().order_by("pk"))


@transaction.atomic
def skip(lease: Lease, reason: str = "") -> bool:
    """Pass the item on to somebody else, and tell whether there is anybody left.

    The same person is not asked again.
    """
    if assignments.is_look(lease):
        _end(lease, Lease.Outcome.DROPPED, reason)
        return True
    # All of its entries at once, in one order: when nobody is left, the others go, too.
    list(QueueEntry.objects.filter(item=lease.item_id).select_for_update().order_by("pk"))
    if not _end(lease, Lease.Outcome.SKIPPED, reason):
        return True
    Item.objects.filter(pk=lease.item_id).update(skips=F("skips") + 1)
    daily_counts.add(lease.project, lease.user, at=lease.ended_at, skips=1)
    return not skipped_items.set_aside(lease.project, lease.item_id)


@transaction.atomic
def unskip(lease: Lease, page: str = "") -> Lease | None:
    """Take a skip back, and return a lease to the same person; None where nobody is needed."""
    lock_entries([lease.item_id])
    if assignments.is_look(lease):
        return _undrop(lease, page)
    skipped = Lease.objects.filter(pk=lease.pk, outcome=Lease.Outcome.SKIPPED)
    if not skipped.update(outcome=Lease.Outcome.RELEASED):
        raise _taken_back_already()
    Item.objects.filter(pk=lease.item_id).update(skips=F("skips") - 1)
    daily_counts.add(lease.project, lease.user, at=lease.ended_at, skips=-1)
    if _is_theirs(lease):
        return None
    again = _lease_again(lease, page)
    if again is None:
        skipped_items.let_in([lease.item_id])
    return again


def _undrop(lease: Lease, page: str) -> Lease | None:
    dropped = Lease.objects.filter(pk=lease.pk, outcome=Lease.Outcome.DROPPED)
    if not dropped.update(outcome=Lease.Outcome.RELEASED):
        raise _taken_back_already()
    room = admission.room(lease.project)
    came = {**lease.provenance(), "page": page, "why": lease.why}
    again = room.new_lease(lease.item, lease.user, **came)
    return again if _hand_back(room, again, lambda: assignments.pick_up(lease, again)) else None


def _taken_back_already() -> Conflict:
    return Conflict("not_skipped", _("This skip was taken back already."))


def _is_theirs(lease: Lease) -> bool:
    """Tell whether the person holds the item in another window, or labelled it meanwhile."""
    own = Annotation.objects.filter(ANSWERED, item=lease.item_id, user=lease.user_id)
    return (
        QueueEntry.objects.filter(item=lease.item_id, user=lease.user_id).exists() or own.exists()
    )


def _lease_again(lease: Lease, page: str) -> Lease | None:
    room = admission.room(lease.project)
    came = {**lease.by_itself(), "page": page, "why": lease.why}
    again = room.new_lease(lease.item, lease.user, **came)
    return again if _hand_back(room, again, lambda: _take_again(again)) else None


def _take_again(again: Lease) -> bool:
    if not take_place(again, QueueEntry.State.LEASED):
        return False
    # A refill may have taken it out of the queue in between, or it was set aside.
    left = Item.objects.filter(pk=again.item_id, state__in=[Item.State.POOL, Item.State.ASIDE])
    left.update(state=Item.State.QUEUED)
    return True


def _hand_back(room: admission.Room, again: Lease, take: Callable[[], bool]) -> bool:
    """Store the lease if `take` gets its place; without room the item waits for others, too."""
    with suppress(admission.NoRoom), transaction.atomic():
        if not room or not take():
            return False
        room.hand_out([again])
        return True
    return False


def take_place(lease: Lease, state: QueueEntry.State) -> bool:
    """Give the person an open place of the item, or one nobody asked for; False without either."""
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
    """Give the item back unjudged; the same person may get it again."""
    _end(lease, Lease.Outcome.RELEASED, reason)


def release_all(project: Project, user: User) -> None:
    """Give back all that `user` holds."""
    for lease in live(project, user):
        release(lease)


def release_pages(project: Project, user: User) -> None:
    """Give back what `user` left on the bulk desk."""
    page = [lease for lease in live(project, user) if lease.source == Source.BULK]
    for lease in page:
        release(lease)
    if page:
        refill.withdraw_page([lease.item_id for lease in page])


@transaction.atomic
def extend(lease: Lease) -> Lease:
    """Let the lease run anew from now; Conflict when it is over and the item is elsewhere."""
    until = clock.now() + timedelta(seconds=lease.project.lease_seconds)
    entries = QueueEntry.objects.filter(item=lease.item_id, lease_id=lease.pk)
    if assignments.is_look(lease):
        running = int(assignments.holds(lease))
    else:
        running = entries.filter(state=QueueEntry.State.LEASED).update(leased_until=until)
    if not running or lease.ended_at is not None:
        raise Conflict("lease_lost", _("You no longer hold this item."))
    Lease.objects.filter(pk=lease.pk).update(expires_at=until)
    lease.expires_at = until
    return lease


def _end(lease: Lease, outcome: str, reason: str = "") -> bool:
    lock_entries([lease.item_id])
    entries = QueueEntry.objects.filter(item=lease.item_id, lease_id=lease.pk)
    # A lease that was lost unnoticed can still be answered with a skip.
    open_or_late = Q(ended_at=None) | Q(outcome__in=Lease.LOST)
    now = clock.now()
    ended = Lease.objects.filter(open_or_late, pk=lease.pk).update(
        ended_at=now, outcome=outcome, reason=reason[:500]
    )
    lease.ended_at = now if ended else lease.ended_at
    if ended and assignments.is_look(lease):
        settle = assignments.drop if outcome == Lease.Outcome.DROPPED else assignments.give_back
        settle(lease)
    elif ended:
        refill.reopen(entries)
    return bool(ended)


def release_expired(project: Project | None = None, now: datetime | None = None) -> int:
    """Give back what was leased and not settled in time, and return how many entries that were."""
    now = now or clock.now()
    late = QueueEntry.objects.filter(state=QueueEntry.State.LEASED, leased_until__lte=now)
    if project is not None:
        late = late.filter(project=project)
    if project is None or project.has_looks:
        assignments.release_expired(now, project)
    leases = [key for key in late.values_list("lease_id", flat=True) if key is not None]
    if not leases:
        return 0
    with transaction.atomic():
        # Entries first, as in a save. Asked again inside: somebody may have extended in between.
        list(late.filter(lease_id__in=leases).select_for_update().order_by("pk"))
        Lease.objects.filter(pk__in=leases, expires_at__lte=now, ended_at=None).update(
            ended_at=now, outcome=Lease.Outcome.EXPIRED
        )
        return refill.reopen(late.filter(lease_id__in=leases))


# Showing -----------------------------------------------------------------------------------------


def served(lease: Lease) -> dict[str, Any]:
    """Return what the annotator is shown; nothing in it tells blind items from one another."""
    return {
        "lease": str(lease.pk),
        "expires_at": lease.expires_at,
        "item": shown_item(lease.project, lease.item),
        "suggestion": naming.named(lease.project, shown_suggestion(lease)),
        "why": _why(lease) if lease.project.show_suggestions and not lease.blind else None,
    }


def served_to_desk(lease: Lease) -> dict[str, Any]:
    """Return the same for a window of the desk, which knows labels by their ids."""
    suggestion = shown_suggestion(lease)
    shown = served(lease)
    if suggestion is None:
        return shown
    return {**shown, "suggestion": {**shown["suggestion"], "label_ids": suggestion["labels"]}}


def shown_suggestion(lease: Lease) -> dict[str, Any] | None:
    """Return the suggestion that goes with the item by ids; None where there is none to show.

    Without one of its labels, which may be removed since, it would be another one.
    """
    # Who confirmed a page saw what they confirmed, whatever the lead has said since.
    shows = lease.project.show_suggestions or lease.source == Source.BULK
    if lease.suggestion is None or lease.blind or not shows:
        return None
    stands = naming.stand(lease.project, lease.suggestion["labels"])
    return lease.suggestion if stands else None


def shown_item(project: Project, item: Item) -> dict[str, Any]:
    """Return what is shown of the item itself."""
    content = tasktypes.of(project).media.payload(item)
    return {"id": item.pk, "key": item.key, **content, "meta": item.meta}


def _why(lease: Lease) -> dict[str, Any]:
    model = lease.model_id
    age = None if model is None else timezone.now() - version_numbers.model_born(model)
    return {
        "strategy": lease.strategy,
        "score": lease.score,
        "words": naming.words(lease.project, lease.why),
        "model": version_numbers.model_number(model),
        "model_age_seconds": None if age is None else round(age.total_seconds()),
    }
