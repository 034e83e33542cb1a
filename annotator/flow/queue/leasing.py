"""Lease the next item: the best open entry of the queue, or whatever can be served at once.

The sources, in order: the user's active lease, a review that is due, the queue, then, if it is
empty, a top-up, items buffered or left idle by others, and an open review.
"""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from django.db import IntegrityError, connection, transaction

from annotator.db import clock
from annotator.db.compiled_queries import CompiledSelect, CompiledSql
from annotator.errors import Conflict
from annotator.flow.queue import (
    admission,
    delivery_checks,
    offline_buffer,
    reassign_idle,
    refill,
)
from annotator.flow.queue.assigned import claims, ending
from annotator.flow.queue.current_leases import active_leases
from annotator.flow.queue.releasing import release_expired, release_pages
from annotator.flow.review import assignments
from annotator.models import Annotation, Item, Lease, Project, QueueEntry, Source, User

MOST_LEASES = 5
TRIES = 4
# The sources when nothing is open for the user, in this order.
FALLBACK_SOURCES = (
    delivery_checks.ask,
    refill.top_up,
    offline_buffer.reclaim_buffered,
    reassign_idle.reassign_idle,
)
FIND_ITEM = CompiledSelect(lambda pk: Item.objects.filter(pk=pk), int)

TABLES = {
    "entry": QueueEntry._meta.db_table,
    "lease": Lease._meta.db_table,
    "annotation": Annotation._meta.db_table,
    "fields": ", ".join(str(field.column) for field in QueueEntry._meta.concrete_fields),
}
# The best open entry of the project, of an item that the user neither holds nor labelled nor
# skipped. The state is checked again in the update, as another claim may have come in between.
CLAIM = """
    UPDATE {entry} SET state = 1, user_id = %s, lease_id = %s, leased_until = %s
    WHERE state = 0 AND id = (
        SELECT e.id FROM {entry} e
        WHERE {whose} AND e.state = 0
            AND (e.asked_id IS NULL OR e.asked_id = %s)
            AND (e.barred_id IS NULL OR e.barred_id <> %s)
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
    """Return what `user` labels next; None if nothing is left for them, or the project is paused.

    An item that they were given and have not settled comes first, so a reload shows it again.
    `holding` names the leases that the caller has already, when it prefetches. Leases of the user's
    other windows stay with those (`prefetch.sync_window`).
    """
    room = admission.room(project)
    if room.is_paused:
        return None
    waiting = _waiting(room, user, holding)
    if waiting is None and len(_one_by_one(project, user)) >= MOST_LEASES:
        raise Conflict("too_many_leases")
    return waiting or _refill_then_claim(room, user, page="")


def lease_waiting(project: Project, user: User, holding: Sequence[str] = ()) -> Lease | None:
    """Like `lease_next`, but never refills the queue."""
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
    # Bulk pages are held as well, but only on the bulk page.
    return [
        each
        for each in active_leases(project, user)
        if not each.page and each.source != Source.BULK
    ]


def claim(room: admission.Room, user: User, page: str = "") -> Lease | None:
    """Return a lease on the best free item, for the window `page` of the user."""
    return _lease_from_queue(room, user, page) or _refill_then_claim(room, user, page)


def claim_waiting(room: admission.Room, user: User, page: str = "") -> Lease | None:
    """Like `claim`, but never refills the queue."""
    return _lease_from_queue(room, user, page)


def _refill_then_claim(room: admission.Room, user: User, page: str) -> Lease | None:
    """Return a lease after refilling the queue at once: annotators never wait for a round."""
    project = room.project
    if room.is_paused:
        return None
    release_expired(project)
    ending.end_due(project)
    release_pages(project, user)
    if not room and not _reclaim_room(room, user):
        return None
    lease = None
    for _try in range(TRIES):
        with refill.alone(project):
            lease = _retry_claim(room, user, page)
            # Items buffered or left idle by others are used before reporting an empty queue.
            if lease is not None or not any(find(project, user) for find in FALLBACK_SOURCES):
                break
    return lease or _claim_review(room, user, page)


def _reclaim_room(room: admission.Room, user: User) -> bool:
    """Reclaim idle leases that use up the budget; return whether that made room."""
    with transaction.atomic():
        taken = offline_buffer.reclaim_buffered(room.project, user) or reassign_idle.reassign_idle(
            room.project, user
        )
    if taken:
        room.left = admission.room(room.project).left
    return bool(room)


def _claim_review(room: admission.Room, user: User, page: str) -> Lease | None:
    """Return a lease on a review for `user`, if there is one."""
    project = room.project
    if not room or not project.has_looks or not (project.second_share or project.confirms):
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
            # The same user has just taken another slot of this item in a second window.
            continue
    return None


def _claim_best(room: admission.Room, user: User, page: str) -> Lease | None:
    """Take the best open entry that `user` may have, in one statement, and return the lease."""
    key, now, project = uuid.uuid4(), clock.now(), room.project
    until = now + timedelta(seconds=project.lease_seconds)
    found: list[QueueEntry] = []
    for assignment in claims.of_person(project, user):
        found = found or TAKE_ASSIGNED(user.pk, key, until, assignment, *(user.pk,) * 5)
    found = found or TAKE_BEST(user.pk, key, until, project.pk, *(user.pk,) * 5)
    if not found:
        return None
    (entry,) = found
    (item,) = FIND_ITEM(entry.item_id)
    lease = room.new_lease(item, user, pk=key, page=page, why=entry.why, **entry.provenance())
    room.hand_out([lease])
    return lease


def _claim_statement(whose: str) -> str:
    # SQLite has a single writer, so no claim can come in between; it has no row locks.
    skipping = connection.features.has_select_for_update_skip_locked
    lock = "FOR UPDATE OF e SKIP LOCKED" if skipping else ""
    return CLAIM.format(lock=lock, whose=whose, **TABLES)


WITHOUT_ASSIGNMENT = "e.project_id = %s AND e.assignment_id IS NULL"
TAKE_BEST = CompiledSql(QueueEntry, lambda: _claim_statement(WITHOUT_ASSIGNMENT))
TAKE_ASSIGNED = CompiledSql(QueueEntry, lambda: _claim_statement("e.assignment_id = %s"))
