"""Confirm a bulk page in one step, and undo it."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.annotation import bulk_pages, revise, submit
from annotator.flow.progress import daily_counts
from annotator.flow.queue import current_leases, releasing, withdraw
from annotator.i18n.stored_texts import TAKEN_OUT_OF_PAGE
from annotator.models import Annotation, Lease, Project, QueueEntry, Source, User


@dataclass(frozen=True)
class Confirmed:
    """Result of a bulk page: labels saved, items released, and items settled by others."""

    saved: int
    given_back: int
    settled: int


# Save ---------------------------------------------------------------------------------------------


def confirm(
    project: Project,
    user: User,
    leases: Sequence[str],
    marked: Collection[str],
    seconds: float | None = None,
) -> Confirmed:
    """Save the answers of the `marked` leases; release the others, to be labelled one by one.

    The lease is the save's client id, so sending a page twice changes nothing and returns the same
    result.
    """
    page, wanted = _page(project, user, _keys(leases)), _keys(marked)
    _refuse_changed_labels(project, page)
    # A page left open counts as long as one item would, whatever its size.
    spent = daily_counts.counted_seconds(seconds)
    each = None if spent is None else spent / len(page)
    chosen = [lease for lease in page if lease.pk in wanted]
    # All or nothing, and one commit instead of twenty, which would take most of the time.
    with transaction.atomic():
        current_leases.lock_entries([lease.item_id for lease in page])
        saved = sum([_save(project, user, lease, each) for lease in chosen])
        for lease in page:
            if lease.pk not in wanted:
                _give_back(lease)
    return Confirmed(saved, len(page) - len(chosen), len(chosen) - saved)


def _keys(given: Collection[str]) -> set[uuid.UUID]:
    try:
        return {uuid.UUID(str(key)) for key in given}
    except ValueError:
        raise _not_held() from None


def _not_held() -> NotFound:
    return NotFound("unknown_lease", message="unknown_page")


def _page(project: Project, user: User, keys: set[uuid.UUID]) -> list[Lease]:
    """Return the user's leases with these keys; NotFound if one belongs to another user."""
    own = Lease.objects.filter(project=project, user=user, source=Source.BULK)
    page = bulk_pages.in_order(own.filter(pk__in=keys).select_related("user"))
    if not page or len(page) < len(keys):
        raise _not_held()
    return page


def _refuse_changed_labels(project: Project, page: Sequence[Lease]) -> None:
    try:
        for answer in {tuple(bulk_pages.answer_of(lease)) for lease in page}:
            submit.parse_labels(project, answer)
    except Invalid as refusal:
        for lease in page:
            releasing.release(lease)
        raise Conflict("labels_changed") from refusal


def _save(project: Project, user: User, lease: Lease, seconds: float | None) -> bool:
    """Save the answer that the page showed, and return whether it counts."""
    key, labels = str(lease.pk), bulk_pages.answer_of(lease)
    try:
        annotation, _is_new = submit.submit(
            project, user, lease=key, labels=labels, client_id=key, seconds=seconds
        )
    except Conflict:
        return False
    return annotation.counted


def _give_back(lease: Lease) -> None:
    """Queue the item before all others: the model was confident and wrong."""
    # The page may have been sent before with this item marked, and its response lost.
    saved = Annotation.objects.filter(user=lease.user, client_id=lease.pk, withdrawn_at=None)
    for annotation in saved.select_related("project", "item", "user"):
        revise.withdraw(annotation, lease.user)
    mine = Q(lease_id=lease.pk, state=QueueEntry.State.LEASED) | Q(state=QueueEntry.State.OPEN)
    anew = {**lease.by_itself(), "why": TAKEN_OUT_OF_PAGE, "suggestion": None}
    QueueEntry.objects.filter(mine, item=lease.item_id).update(rank=withdraw.AHEAD, **anew)
    releasing.release(lease, TAKEN_OUT_OF_PAGE)


# Undo ---------------------------------------------------------------------------------------------


def undo(project: Project, user: User) -> list[Lease]:
    """Withdraw the labels of the user's last page, and return the page; None without one.

    Conflict if the project is paused and the page could not be shown again: the labels stay then.
    """
    own = Annotation.objects.filter(
        project=project, user=user, source=Source.BULK, withdrawn_at=None
    ).select_related("project", "item", "lease", "user")
    last = own.exclude(lease=None).order_by("-pk").first()
    if last is None or last.lease is None:
        return []
    releasing.release_pages(project, user)
    return _retake(user, own.filter(lease__created_at=last.lease.created_at).order_by("pk"))


@transaction.atomic
def _retake(user: User, page: Iterable[Annotation]) -> list[Lease]:
    answers = list(page)
    current_leases.lock_entries([each.item_id for each in answers])
    again = [revise.reopen_as_lease(each, user, each.provenance()) for each in answers]
    leases = [lease for lease in again if lease is not None]
    if len(leases) < len(again):
        raise Conflict("paused", message="page_not_undone")
    now = timezone.now()
    Lease.objects.filter(pk__in=[lease.pk for lease in leases]).update(created_at=now)
    return bulk_pages.in_order(leases)


def label_of(page: Sequence[Lease]) -> int:
    """Return the id of the page's label: the first one that all of its answers contain."""
    shared = set.intersection(*(set(bulk_pages.answer_of(lease)) for lease in page))
    return next(label for label in bulk_pages.answer_of(page[0]) if label in shared)
