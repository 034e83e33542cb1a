"""Reviews: leased, answered, dismissed. A review asks for one more annotation of a labelled item.

They have a table of their own, because an item has no more queue entries than it needs annotations.
A review is held by an ordinary lease. Its answer is stored beside the others and never counted, so
no counter and no model changes; if it differs, a lead decides.
"""

import random
import uuid
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from annotator.db.compiled_queries import CompiledSelect, CompiledSql
from annotator.flow.labels import naming
from annotator.models import (
    Annotation,
    Item,
    Lease,
    Project,
    QueueEntry,
    ReviewRequest,
    Source,
    User,
)

FIND_HELD = CompiledSelect(
    lambda: (
        ReviewRequest.objects.filter(state=ReviewRequest.State.LEASED)
        .order_by()
        .values_list("pk", flat=True)[:1]
    )
)
TABLES = {
    "review": ReviewRequest._meta.db_table,
    "item": Item._meta.db_table,
    "entry": QueueEntry._meta.db_table,
    "lease": Lease._meta.db_table,
    "annotation": Annotation._meta.db_table,
    "fields": ", ".join(str(field.column) for field in ReviewRequest._meta.concrete_fields),
}
# Of all served items, while a delivery waits for second opinions.
CONFIRM_SHARE = 0.25
UNANSWERED: dict[str, Any] = {"answer": None, "outcome": "", "done_at": None}
# The first open review for this user, of an annotation that has not changed since. A user named in
# the request may have given that annotation; any other user must not have answered, skipped or
# leased the item.
CLAIM = """
    UPDATE {review} SET state = 1, lease_id = %s
    WHERE state = 0 AND id = (
        SELECT s.id FROM {review} s
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
    """Return whether a review comes next: a share of all served items, while some are open."""
    share = max(project.second_share, CONFIRM_SHARE if project.confirms else 0.0)
    return project.has_looks and random.random() < share


def claim(project: Project, user: User, key: uuid.UUID) -> ReviewRequest | None:
    """Claim the first review for `user`, in one statement, for the lease with that key."""
    found = TAKE_FIRST(key, project.pk, *(user.pk,) * 4)
    return found[0] if found else None


def _claim_statement() -> str:
    skipping = connection.features.has_select_for_update_skip_locked
    return CLAIM.format(lock="FOR UPDATE OF s SKIP LOCKED" if skipping else "", **TABLES)


TAKE_FIRST = CompiledSql(ReviewRequest, _claim_statement)


def provenance(review: ReviewRequest) -> dict[str, object]:
    """Return the provenance of the review's annotation; blind, so nothing distinguishes it."""
    is_repeat = review.kind == ReviewRequest.Kind.REPEAT
    return {
        "source": Source.REPEAT if is_repeat else Source.SECOND,
        "blind": True,
        "strategy": review.kind,
        "score": None if is_repeat else review.score,
        "why": review.why,
    }


# Results of a review; each in the transaction of the change, under the lock of the item's entries


def holds(lease: Lease) -> bool:
    """Return whether this lease still holds the review."""
    return _of(lease).filter(state=ReviewRequest.State.LEASED).exists()


def release(lease: Lease) -> None:
    """Reopen the review; the lease stays recorded, in case its holder answers late."""
    _of(lease).filter(state=ReviewRequest.State.LEASED).update(state=ReviewRequest.State.OPEN)


def dismiss(lease: Lease) -> None:
    """Drop the review: the reviewer skipped it."""
    waiting = _of(lease).filter(state__lt=ReviewRequest.State.DONE)
    waiting.update(state=ReviewRequest.State.DROPPED, done_at=timezone.now())


def resume(lease: Lease, again: Lease) -> bool:
    """Let `again` hold the review dropped under `lease`; False if the item is asked otherwise."""
    dropped = _of(lease).filter(state=ReviewRequest.State.DROPPED)
    return not _waits(lease.item_id) and bool(_hold(dropped, again))


def rehold(lease: Lease, again: Lease) -> None:
    """Let `again` hold the open review that `lease` held before."""
    _hold(_of(lease).filter(state=ReviewRequest.State.OPEN), again)


def answer(annotation: Annotation, refs: list[Any]) -> None:
    """Record whether the annotation agrees with the doubted one, unless reviewed meanwhile."""
    held = ReviewRequest.objects.filter(lease=annotation.lease_id).select_related("about")
    review = held.filter(state__lt=ReviewRequest.State.DONE).first()
    if review is None:
        return
    outcome = _outcome(review, refs)
    ReviewRequest.objects.filter(pk=review.pk).update(
        state=ReviewRequest.State.DONE, outcome=outcome, answer=annotation, done_at=timezone.now()
    )


def correct(annotation: Annotation, refs: list[Any]) -> None:
    """Update the result after the annotation was corrected."""
    review = ReviewRequest.objects.filter(answer=annotation).select_related("about").first()
    if review is not None:
        ReviewRequest.objects.filter(pk=review.pk).update(outcome=_outcome(review, refs))


def reopen(annotation: Annotation) -> None:
    """Reopen the review whose annotation was withdrawn."""
    answered = ReviewRequest.objects.filter(answer=annotation)
    if _waits(annotation.item_id):
        answered.update(state=ReviewRequest.State.DROPPED, **UNANSWERED)
    else:
        answered.update(state=ReviewRequest.State.OPEN, **UNANSWERED)


def release_expired(now: datetime, project: Project | None = None) -> None:
    """Reopen the reviews held under expired leases."""
    if project is None and not is_any_held():
        return
    held = ReviewRequest.objects.filter(state=ReviewRequest.State.LEASED)
    if project is not None:
        held = held.filter(project=project)
    late = Lease.objects.filter(pk__in=held.values("lease"), ended_at=None, expires_at__lte=now)
    late.update(ended_at=now, outcome=Lease.Outcome.EXPIRED)
    # Not by a join: while this waits for a row, it may be answered, and must be checked again.
    ended = Lease.objects.filter(pk=OuterRef("lease"), ended_at__isnull=False)
    held.filter(Exists(ended)).update(state=ReviewRequest.State.OPEN)


def is_any_held() -> bool:
    """Return whether an annotator holds a review, in any project."""
    return bool(FIND_HELD())


def _waits(item: int) -> bool:
    return ReviewRequest.objects.filter(item=item, state__lt=ReviewRequest.State.DONE).exists()


def _of(lease: Lease) -> QuerySet[ReviewRequest]:
    return ReviewRequest.objects.filter(lease=lease.pk)


def _hold(reviews: QuerySet[ReviewRequest], lease: Lease) -> int:
    return reviews.update(state=ReviewRequest.State.LEASED, lease=lease.pk, **UNANSWERED)


def _outcome(review: ReviewRequest, refs: list[Any]) -> ReviewRequest.Outcome:
    project = review.about.project
    before: set[Any] = set(naming.current(project, review.about.value or ()))
    if review.about.value is None:
        before = set(review.about.given.values_list("label_id", flat=True))
    same = before == set(refs)
    return ReviewRequest.Outcome.CONFIRMED if same else ReviewRequest.Outcome.CHANGED
