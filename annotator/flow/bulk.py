"""The bulk desk: a page of items for which the model is sure of one label, confirmed together.

A page is leased at once, so that nobody else labels its items meanwhile. Only its leases and its
labels say “bulk”; the queue entries behind them ask for single items, as everywhere.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator import pool
from annotator.flow import annotate, monitor, queue, refill, surest
from annotator.flow.refusals import Conflict, Invalid, NotThere
from annotator.models import (
    Annotation,
    Item,
    Label,
    Lease,
    Project,
    QueueEntry,
    Round,
    Source,
    User,
)

SIZES = {Project.Task.TEXT: 20, Project.Task.IMAGE: 24}
TRIES = 3
LATELY = 1000
WHY = "Among those that the model is surest of."
TAKEN_OUT = "Somebody took it out of a page that was confirmed in bulk."


@dataclass(frozen=True)
class Choice:
    """A label and how many items the model is still sure to give it."""

    label: str
    left: int


@dataclass(frozen=True)
class Confirmed:
    """What became of a page: labels saved, items given back, and those that others had settled."""

    saved: int
    given_back: int
    settled: int


# What there is -----------------------------------------------------------------------------------


def why_closed(project: Project) -> str:
    """Return in words why nothing may be confirmed in bulk; nothing while it may be."""
    if not project.bulk_desk:
        return _("The project's lead has turned the bulk desk off.")
    if not project.show_suggestions:
        return _(
            "The project's lead has turned suggestions off, and a page to confirm "
            "would be nothing else."
        )
    reasons = " ".join(monitor.reasons_to_pause(project))
    if reasons:
        return _("%(reasons)s The project is paused; its lead can go on.") % {"reasons": reasons}
    return ""


def choices(project: Project, user: User) -> list[Choice]:
    """Return the labels for which the model is sure of items, in the project's order.

    How many are left is counted by what was labelled lately, not by looking at every item: it may
    be one or two out until the next round, while a page itself never is.
    """
    turn = None if why_closed(project) else surest.newest_round(project)
    found = surest.of_round(turn) if turn else {}
    gone = _gone_lately(project, user) if found else set()
    counted = []
    for label in project.labels.all():
        sure = found.get(label.pk)
        left = sure.count - sum(item.position in gone for item in sure.items) if sure else 0
        if left > 0:
            counted.append(Choice(label.name, left))
    return counted


def _gone_lately(project: Project, user: User) -> set[int]:
    """Return the positions of items that were labelled lately or are in others' hands."""
    labelled = Annotation.objects.filter(project=project, withdrawn_at=None).order_by("-pk")
    held = QueueEntry.objects.filter(project=project).filter(
        Q(state=QueueEntry.State.LEASED) & ~Q(user=user)
        | Q(state=QueueEntry.State.OPEN, rank=refill.AHEAD)
    )
    return {
        *labelled.values_list("item__position", flat=True)[:LATELY],
        *held.values_list("item__position", flat=True),
    }


def why_empty(project: Project, others: Sequence[Choice], label: str) -> str:
    """Return in words why there is no page of the label, and what to do about it."""
    closed = why_closed(project)
    if closed:
        return closed
    turn = surest.newest_round(project)
    if turn is None or turn.model_id is None:
        return _(
            "Pages come after the first round with a model: label some items one by one until then."
        )
    if any(choice.label != label for choice in others):
        return _("No more of these are left that the model is sure of. Choose another label.")
    return _(
        "The model is at least %(least)d %% sure of none of the items that are left. "
        "Label some one by one: with every round it is surer of more."
    ) % {"least": round(100 * surest.LEAST)}


# Taking a page -----------------------------------------------------------------------------------


def take(project: Project, user: User, label: str) -> list[Lease]:
    """Return a page of items for `user`, the surest first; nothing when none are left.

    A page that they hold already comes again; one of another label is given back.
    """
    chosen = _own_label(project, label)
    if why_closed(project):
        return []
    held = [lease for lease in queue.live(project, user) if lease.source == Source.BULK]
    if held and all(label in _answer(lease) for lease in held):
        return _in_order(held)
    queue.release_pages(project, user)
    turn = surest.newest_round(project)
    sure = surest.of_round(turn).get(chosen.pk) if turn else None
    if turn is None or sure is None:
        return []
    for _try in range(TRIES):
        try:
            page = _lease_page(project, user, turn, sure.items)
        except IntegrityError:
            # The same person took another slot of one of these in a second window just now.
            continue
        if page is not None:
            return page
    return []


def _own_label(project: Project, name: str) -> Label:
    for label in project.labels.all():
        if label.name == name:
            return label
    raise NotThere("unknown_label", _("This project has no such label."))


def _answer(lease: Lease) -> list[str]:
    return list((lease.suggestion or {})["labels"])


def _in_order(leases: Iterable[Lease]) -> list[Lease]:
    return sorted(leases, key=lambda lease: (-(lease.score or 0.0), lease.item_id))


@transaction.atomic
def _lease_page(
    project: Project, user: User, turn: Round, sure: Sequence[surest.SureItem]
) -> list[Lease] | None:
    """Lease the surest items that are free; None when others took all of them just now."""
    ways = _ways(project, turn, sure)
    free = {item.position: item for item in _free(project, user, list(ways))}
    places = [position for position in ways if position in free][: SIZES[_task(project)]]
    items = [free[position] for position in places]
    if not items:
        return []
    fresh = [item for item in items if item.state == Item.State.POOL]
    asked = {"source": Source.ACTIVE, "why": WHY}
    refill.append(project, [(item, {**ways[item.position], **asked}) for item in fresh])
    leases = []
    for entry in _open_entries(items):
        item = free[entry.item.position]
        came = {**ways[item.position], "source": Source.BULK, "why": WHY}
        lease = queue.new_lease(project, item, user, pk=uuid.uuid4(), **came)
        if _claim(entry, lease):
            leases.append(lease)
    # A page is known by the moment in which it was taken.
    for lease in leases:
        lease.created_at = leases[0].created_at
    Lease.objects.bulk_create(leases)
    return _in_order(leases) or None


def _task(project: Project) -> Project.Task:
    return Project.Task(project.task)


def _ways(
    project: Project, turn: Round, sure: Sequence[surest.SureItem]
) -> dict[int, dict[str, Any]]:
    """Return by position, the surest first, how an item comes to be asked."""
    names = {label.pk: label.name for label in project.labels.all()}
    common = {"strategy": refill.BULK, "round_id": turn.pk, "model_id": turn.model_id}
    return {
        item.position: {
            **common,
            "score": item.confidence,
            "suggestion": {
                "labels": [names[pk] for pk in item.labels],
                "confidence": item.confidence,
            },
        }
        for item in sure
        # A label that is gone since makes it another answer than the model gave.
        if all(pk in names for pk in item.labels)
    }


def _free(project: Project, user: User, positions: list[int]) -> QuerySet[Item]:
    """Return which items at `positions` may be on a page of `user`.

    Neither audits nor hidden checks, nor what somebody took out of a page before.
    """
    of_item = {"item": OuterRef("pk")}
    items = Item.objects.filter(project=project, position__in=positions, gold__isnull=True)
    return items.filter(
        Q(state=Item.State.POOL) | Exists(_claimable().filter(**of_item)),
        ~Exists(QueueEntry.objects.filter(user=user, **of_item)),
        ~Exists(Annotation.objects.filter(user=user, withdrawn_at=None, **of_item)),
        ~Exists(Lease.objects.filter(user=user, outcome=Lease.Outcome.SKIPPED, **of_item)),
        audit_key__gte=pool.reserve(project),
    )


def _claimable() -> QuerySet[QueueEntry]:
    # Blind ones are audits, checks and their decoys, which must look the same as those.
    return QueueEntry.objects.filter(
        state=QueueEntry.State.OPEN, blind=False, rank__gt=refill.AHEAD
    )


def _open_entries(items: Sequence[Item]) -> list[QueueEntry]:
    """Return one open entry for each item, locked where the database can."""
    # In one order, so that two pages that are taken at once never wait for each other in a ring.
    rows = _claimable().filter(item__in=[item.pk for item in items]).select_related("item")
    locked = rows.select_for_update(skip_locked=True, of=("self",)).order_by("pk")
    return list({entry.item_id: entry for entry in reversed(list(locked))}.values())


def _claim(entry: QueueEntry, lease: Lease) -> bool:
    still = QueueEntry.objects.filter(pk=entry.pk, state=QueueEntry.State.OPEN)
    return bool(
        still.update(
            state=QueueEntry.State.LEASED,
            user=lease.user,
            lease_id=lease.pk,
            leased_until=lease.expires_at,
        )
    )


# Confirming it -----------------------------------------------------------------------------------


def confirm(
    project: Project,
    user: User,
    leases: Sequence[str],
    marked: Collection[str],
    seconds: float | None = None,
) -> Confirmed:
    """Save the answers of the `marked` leases; the others are given back to be asked one by one.

    Each label is committed by itself. The lease is the save's client id, so a page that is sent
    again changes nothing and is answered the same.
    """
    page = _page(project, user, _keys(leases))
    _refuse_changed_labels(project, page)
    each = None if seconds is None else seconds / max(len(page), 1)
    wanted = _keys(marked)
    chosen = [lease for lease in page if lease.pk in wanted]
    counted = [_save(project, user, lease, each) for lease in chosen]
    for lease in page:
        if lease.pk not in wanted:
            _give_back(lease)
    saved = sum(counted)
    return Confirmed(saved, len(page) - len(chosen), len(chosen) - saved)


def _keys(given: Collection[str]) -> set[uuid.UUID]:
    try:
        return {uuid.UUID(str(key)) for key in given}
    except ValueError:
        raise _not_held() from None


def _not_held() -> NotThere:
    return NotThere("unknown_lease", _("You do not hold this page."))


def _page(project: Project, user: User, keys: set[uuid.UUID]) -> list[Lease]:
    """Return the person's leases with these keys; NotThere when one is not theirs."""
    own = Lease.objects.filter(project=project, user=user, source=Source.BULK)
    page = _in_order(own.filter(pk__in=keys).select_related("user"))
    if not page or len(page) < len(keys):
        raise _not_held()
    return page


def _refuse_changed_labels(project: Project, page: Sequence[Lease]) -> None:
    try:
        for answer in {tuple(_answer(lease)) for lease in page}:
            annotate.chosen_labels(project, answer)
    except Invalid as refusal:
        for lease in page:
            queue.release(lease)
        raise Conflict(
            "labels_changed",
            _("The labels were changed meanwhile, so nothing was saved."),
        ) from refusal


def _save(project: Project, user: User, lease: Lease, seconds: float | None) -> bool:
    """Save the answer that the page showed, and tell whether it counts."""
    key, labels = str(lease.pk), _answer(lease)
    try:
        annotation, _is_new = annotate.submit(
            project, user, lease=key, labels=labels, client_id=key, seconds=seconds
        )
    except Conflict:
        return False
    return annotation.counted


@transaction.atomic
def _give_back(lease: Lease) -> None:
    """Let the item be asked by itself before all others: the model is wrong where it was sure."""
    # The page may have been sent before, with this item marked, and the answer never arrived.
    saved = Annotation.objects.filter(user=lease.user, client_id=lease.pk, withdrawn_at=None)
    for annotation in saved.select_related("project", "item", "user"):
        annotate.withdraw(annotation, lease.user)
    mine = Q(lease_id=lease.pk, state=QueueEntry.State.LEASED) | Q(state=QueueEntry.State.OPEN)
    anew = {**lease.by_itself(), "why": TAKEN_OUT, "suggestion": None}
    QueueEntry.objects.filter(mine, item=lease.item_id).update(rank=refill.AHEAD, **anew)
    queue.release(lease, TAKEN_OUT)


# Taking it back ----------------------------------------------------------------------------------


@transaction.atomic
def undo(project: Project, user: User) -> list[Lease]:
    """Take the labels of the person's last page back, and return the page; nothing without one."""
    own = Annotation.objects.filter(
        project=project, user=user, source=Source.BULK, withdrawn_at=None
    ).select_related("project", "item", "lease", "user")
    last = own.exclude(lease=None).order_by("-pk").first()
    if last is None or last.lease is None:
        return []
    queue.release_pages(project, user)
    page = own.filter(lease__created_at=last.lease.created_at).order_by("pk")
    leases = [annotate.retake(each, user, each.provenance()) for each in page]
    now = timezone.now()
    Lease.objects.filter(pk__in=[lease.pk for lease in leases]).update(created_at=now)
    return _in_order(leases)


def label_of(page: Sequence[Lease]) -> str:
    """Return the label that a page is about: the first one that all of its answers give."""
    shared = set.intersection(*(set(_answer(lease)) for lease in page))
    return next(name for name in _answer(page[0]) if name in shared)
