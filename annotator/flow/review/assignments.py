"""Second looks are given out and answered: what is labelled is asked once more.

They wait in a table of their own, as an item has no more queue entries than it needs opinions.
What holds one is a lease like any other. Its answer is kept beside the others and never counted,
so neither a counter nor a model changes by it; where it differs, a lead decides.
"""

import random
import uuid
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from annotator.db.compiled_queries import CompiledSql
from annotator.models import (
    Annotation,
    Item,
    Lease,
    Project,
    QueueEntry,
    SecondLook,
    Source,
    User,
)

TABLES = {
    "look": SecondLook._meta.db_table,
    "item": Item._meta.db_table,
    "entry": QueueEntry._meta.db_table,
    "lease": Lease._meta.db_table,
    "annotation": Annotation._meta.db_table,
    "fields": ", ".join(str(field.column) for field in SecondLook._meta.concrete_fields),
}
UNANSWERED: dict[str, Any] = {"answer": None, "outcome": "", "done_at": None}
# The first open look that is for this person, at an answer that still says what was doubted. Who
# was asked may have given that answer; anybody else must not have answered the item, skipped it or
# hold it.
CLAIM = """
    UPDATE {look} SET state = 1, lease_id = %s
    WHERE state = 0 AND id = (
        SELECT s.id FROM {look} s
        JOIN {annotation} a ON a.id = s.about_id
        JOIN {item} i ON i.id = s.item_id
        WHERE s.project_id = %s AND s.state = 0 AND i.state = 2
            AND a.withdrawn_at IS NULL AND a.updated_at <= s.created_at
            AND (s.asked_id = %s OR (s.asked_id IS NULL
                AND NOT EXISTS (
                    SELECT 1 FROM {entry} m WHERE m.item_id = s.item_id AND m.user_id = %s)
                AND NOT EXISTS (
                    SELECT 1 FROM {lease} k
                    WHERE k.item_id = s.item_id AND k.user_id = %s AND k.outcome = 'skipped')
                AND NOT EXISTS (
                    SELECT 1 FROM {annotation} b
                    WHERE b.item_id = s.item_id AND b.user_id = %s AND b.withdrawn_at IS NULL)))
        ORDER BY s.rank, s.id LIMIT 1 {lock}
    )
    RETURNING {fields}
"""


def is_due(project: Project) -> bool:
    """Tell whether a second look comes next; a share of all that is served, where some wait."""
    return project.has_looks and random.random() < project.second_share


def claim(project: Project, user: User, key: uuid.UUID) -> SecondLook | None:
    """Take the first look that is for `user`, in one statement, for the lease with that key."""
    found = TAKE_FIRST(key, project.pk, *(user.pk,) * 4)
    return found[0] if found else None


def _claim_statement() -> str:
    skipping = connection.features.has_select_for_update_skip_locked
    return CLAIM.format(lock="FOR UPDATE OF s SKIP LOCKED" if skipping else "", **TABLES)


TAKE_FIRST = CompiledSql(SecondLook, _claim_statement)


def provenance(look: SecondLook) -> dict[str, object]:
    """Return how an answer to the look comes about; blind, so nothing tells it from others."""
    is_repeat = look.kind == SecondLook.Kind.REPEAT
    return {
        "source": Source.REPEAT if is_repeat else Source.SECOND,
        "blind": True,
        "strategy": look.kind,
        "score": None if is_repeat else look.score,
        "why": look.why,
    }


# What becomes of one; each in the transaction of the deed, under the lock of the item's entries ---


def holds(lease: Lease) -> bool:
    """Tell whether the look is still this lease's."""
    return _of(lease).filter(state=SecondLook.State.LEASED).exists()


def release(lease: Lease) -> None:
    """Let the look wait for the next one; it stays known whose it was, should they answer late."""
    _of(lease).filter(state=SecondLook.State.LEASED).update(state=SecondLook.State.OPEN)


def dismiss(lease: Lease) -> None:
    """Ask it no more: who was asked does not know either."""
    waiting = _of(lease).filter(state__lt=SecondLook.State.DONE)
    waiting.update(state=SecondLook.State.DROPPED, done_at=timezone.now())


def resume(lease: Lease, again: Lease) -> bool:
    """Let `again` hold what was dropped under `lease`; False where the item is asked otherwise."""
    dropped = _of(lease).filter(state=SecondLook.State.DROPPED)
    return not _waits(lease.item_id) and bool(_hold(dropped, again))


def rehold(lease: Lease, again: Lease) -> None:
    """Let `again` hold what was held under `lease`, and waits."""
    _hold(_of(lease).filter(state=SecondLook.State.OPEN), again)


def answer(annotation: Annotation, labels: list[int]) -> None:
    """Note what the answer says of the one that was doubted, if nobody else looked meanwhile."""
    held = SecondLook.objects.filter(lease=annotation.lease_id).select_related("about")
    look = held.filter(state__lt=SecondLook.State.DONE).first()
    if look is None:
        return
    outcome = _outcome(look, labels)
    SecondLook.objects.filter(pk=look.pk).update(
        state=SecondLook.State.DONE, outcome=outcome, answer=annotation, done_at=timezone.now()
    )


def correct(annotation: Annotation, labels: list[int]) -> None:
    """Note what the answer says now that it was corrected."""
    look = SecondLook.objects.filter(answer=annotation).select_related("about").first()
    if look is not None:
        SecondLook.objects.filter(pk=look.pk).update(outcome=_outcome(look, labels))


def reopen(annotation: Annotation) -> None:
    """Have the look that the answer was for asked once more."""
    answered = SecondLook.objects.filter(answer=annotation)
    if _waits(annotation.item_id):
        answered.update(state=SecondLook.State.DROPPED, **UNANSWERED)
    else:
        answered.update(state=SecondLook.State.OPEN, **UNANSWERED)


def release_expired(now: datetime, project: Project | None = None) -> None:
    """Let wait again what is held under leases that have run out."""
    held = SecondLook.objects.filter(state=SecondLook.State.LEASED)
    if project is not None:
        held = held.filter(project=project)
    late = Lease.objects.filter(pk__in=held.values("lease"), ended_at=None, expires_at__lte=now)
    late.update(ended_at=now, outcome=Lease.Outcome.EXPIRED)
    # Not by a join: while this waits for a row, it may be answered, and has to be asked for again.
    ended = Lease.objects.filter(pk=OuterRef("lease"), ended_at__isnull=False)
    held.filter(Exists(ended)).update(state=SecondLook.State.OPEN)


def _waits(item: int) -> bool:
    return SecondLook.objects.filter(item=item, state__lt=SecondLook.State.DONE).exists()


def _of(lease: Lease) -> QuerySet[SecondLook]:
    return SecondLook.objects.filter(lease=lease.pk)


def _hold(looks: QuerySet[SecondLook], lease: Lease) -> int:
    return looks.update(state=SecondLook.State.LEASED, lease=lease.pk, **UNANSWERED)


def _outcome(look: SecondLook, labels: list[int]) -> SecondLook.Outcome:
    before = set(look.about.given.values_list("label_id", flat=True))
    same = before == set(labels)
    return SecondLook.Outcome.CONFIRMED if same else SecondLook.Outcome.CHANGED
