"""Lease the next item: the best open entry of the queue, or what can be had at once.

The sources, in order: what the annotator holds already, a review that is due, the queue, and where
that is dry a top-up, then what others buffered or left idle, then an open review.
"""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from django.db import IntegrityError, connection, transaction

from annotator.db import clock
from annotator.db.compiled_queries import CompiledSelect, CompiledSql
from annotator.errors import Conflict
from annotator.flow.queue import admission, offline_buffer, reassign_idle, refill
from annotator.flow.queue.current_leases import active_leases
from annotator.flow.queue.releasing import release_expired, release_pages
from annotator.flow.review import assignments
from annotator.models import Annotation, Item, Lease, Project, QueueEntry, Source, User

MOST_LEASES = 5
TRIES = 4
# Where more comes from once nothing open is left for somebody, in this order.
FALLBACK_SOURCES = (refill.top_up, offline_buffer.reclaim_buffered, reassign_idle.reassign_idle)
FIND_ITEM = CompiledSelect(lambda pk: Item.objects.filter(pk=pk), int)

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
        raise Conflict("too_many_leases")
    return waiting or _refill_then_claim(room, user, page="")


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
    return _lease_from_queue(room, user, page="")


def _one_by_one(project: Project, user: User) -> list[Lease]:
    # Whole pages are in the person's hands, too, but on the bulk desk.
    return [
        each
        for each in active_leases(project, user)
        if not each.page and each.source != Source.BULK
    ]


def claim(room: admission.Room, user: User, page: str = "") -> Lease | None:
    """Return a lease on the best item that nobody holds, for the window `page` of the person."""
    return _lease_from_queue(room, user, page) or _refill_then_claim(room, user, page)


def claim_waiting(room: admission.Room, user: User, page: str = "") -> Lease | None:
    """Do the same as far as something waits in the queue as it is."""
    return _lease_from_queue(room, user, page)


def _refill_then_claim(room: admission.Room, user: User, page: str) -> Lease | None:
    """Return a lease after what can be done at once to have something: labelling never waits."""
    project = room.project
    if room.is_paused:
        return None
    release_expired(project)
    release_pages(project, user)
    if not room and not _reclaim_room(room, user):
        return None
    lease = None
    for _try in range(TRIES):
        with refill.alone(project):
            lease = _retry_claim(room, user, page)
            # What others put by for a lost connection, or let lie, comes before "nothing is left".
            if lease is not None or not any(find(project, user) for find in FALLBACK_SOURCES):
                break
    return lease or _claim_review(room, user, page)


def _reclaim_room(room: admission.Room, user: User) -> bool:
    """Take back what others hold of the last of a budget and do not look at; tell if that does."""
    with transaction.atomic():
        taken = offline_buffer.reclaim_buffered(room.project, user) or reassign_idle.reassign_idle(
            room.project, user
        )
    if taken:
        room.left = admission.room(room.project).left
    return bool(room)


def _claim_review(room: admission.Room, user: User, page: str) -> Lease | None:
    """Return a lease on what is labelled and doubtful, where something is for `user`."""
    project = room.project
    if not room or not project.has_looks or not project.second_share:
        return None
    with suppress(admission.NoRoom), transaction.atomic():
        return _claim_first_review(room, user, page)
    return None


def _claim_first_review(room: admission.Room, user: User, page: str) -> Lease | None:
    key = uuid.uuid4()
    look = assignments.claim(room.project, user, key)
    if look is None:
        return None
    (item,) = FIND_ITEM(look.item_id)
    lease = room.new_lease(item, user, pk=key, page=page, **assignments.provenance(look))
    room.hand_out([lease])
    return lease


def _lease_from_queue(room: admission.Room, user: User, page: str) -> Lease | None:
    if not room:
        return None
    lease = _claim_review(room, user, page) if assignments.is_due(room.project) else None
    return lease or _retry_claim(room, user, page)


def _retry_claim(room: admission.Room, user: User, page: str) -> Lease | None:
    for _try in range(TRIES):
        try:
            with transaction.atomic():
                return _claim_best(room, user, page)
        except admission.NoRoom:
            return None
        except IntegrityError:
            # The same person took another slot of this item in a second window just now.
            continue
    return None


def _claim_best(room: admission.Room, user: User, page: str) -> Lease | None:
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


TAKE_BEST = CompiledSql(QueueEntry, _claim_statement)
