"""Bulk pages: items with one confidently predicted label, to confirm together.

The items of a page are leased together, so that nobody else labels them meanwhile. Only the leases
and the annotations have the source “bulk”; their queue entries request single items, as everywhere.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError
from django.db.models import Exists, OuterRef, Q, QuerySet, prefetch_related_objects

from annotator import tasktypes
from annotator.errors import NotFound
from annotator.flow.labels import naming
from annotator.flow.progress import stopping
from annotator.flow.queue import admission, current_leases, prefetch, refill, releasing, withdraw
from annotator.flow.training import confident_items
from annotator.i18n.stored_texts import WHY_CONFIDENT
from annotator.models import (
    ANSWERED,
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
from annotator.pool import audit_set

TRIES = 3
LATELY = 1000


@dataclass(frozen=True)
class Choice:
    """A label and the number of its confident items left."""

    label: Label
    left: int


# Labels to choose from ----------------------------------------------------------------------------


def why_closed(project: Project) -> str:
    """Return the code of the reason why bulk labelling is closed; empty while it is open."""
    if not project.bulk_desk:
        return "bulk_off"
    if not project.show_suggestions:
        return "suggestions_off"
    return "paused" if stopping.is_paused(project) else ""


def choices(project: Project, user: User) -> list[Choice]:
    """Return the labels with confident items, in the project's order.

    The number of items left is derived from recent labels, not from a look at every item: it may be
    one or two off until the next round, while a page itself never is.
    """
    round_ = None if why_closed(project) else confident_items.newest_round(project)
    found = confident_items.of_round(round_) if round_ else {}
    gone = _gone_lately(project, user) if found else set()
    counted = []
    for label in naming.offered(project):
        sure = found.get(label.pk)
        left = sure.count - sum(item.position in gone for item in sure.items) if sure else 0
        if left > 0:
            counted.append(Choice(label, left))
    return counted


def _gone_lately(project: Project, user: User) -> set[int]:
    """Return positions of items that were labelled lately or may only be labelled one by one."""
    labelled = Annotation.objects.filter(project=project, withdrawn_at=None).order_by("-pk")
    held = QueueEntry.objects.filter(project=project).filter(
        Q(state=QueueEntry.State.LEASED) & ~Q(user=user)
        | Q(state=QueueEntry.State.OPEN)
        & (Q(rank=withdraw.AHEAD) | Q(blind=True) | Q(assignment__isnull=False))
    )
    return {
        *labelled.values_list("item__position", flat=True)[:LATELY],
        *held.values_list("item__position", flat=True),
    }


def why_empty(project: Project, others: Sequence[Choice], label: Label | None) -> str:
    """Return the code of the reason why there is no page of the label."""
    closed = why_closed(project)
    if closed:
        return closed
    round_ = confident_items.newest_round(project)
    if round_ is None or round_.model_id is None:
        return "no_model"
    return "others_left" if any(choice.label != label for choice in others) else "none_left"


# Take a page --------------------------------------------------------------------------------------


def take(project: Project, user: User, label: naming.Ref) -> list[Lease]:
    """Return a page of items for `user`, the most confident first; empty if none are left.

    A page that they hold already is returned again; one of another label is released.
    """
    chosen, room = own_label(project, label), admission.room(project)
    if why_closed(project):
        return []
    held = _held(project, user)
    if held and all(chosen.pk in answer_of(lease) for lease in held):
        prefetch_related_objects(held, "item")
        _show_anew(project, held)
        return in_order(held)
    releasing.release_pages(project, user)
    round_ = confident_items.newest_round(project)
    sure = confident_items.of_round(round_).get(chosen.pk) if round_ else None
    return [] if round_ is None or sure is None else _taken(room, user, round_, sure.items)


def _taken(
    room: admission.Room, user: User, round_: Round, sure: Sequence[confident_items.SureItem]
) -> list[Lease]:
    """Lease a page; try again if others were faster."""
    for _try in range(TRIES):
        try:
            page = _lease_page(room, user, round_, sure)
        except admission.NoRoom:
            return []
        except IntegrityError:
            # The same user has just taken another slot of one of these items in a second window.
            continue
        if page is not None:
            return page
    return []


def _held(project: Project, user: User) -> list[Lease]:
    return [
        lease
        for lease in current_leases.active_leases(project, user)
        if lease.source == Source.BULK
    ]


def _show_anew(project: Project, page: Sequence[Lease]) -> None:
    """Give the page a new name, so that the leave request of the previous load does not end it."""
    name = _new_name()
    prefetch.extend_leases(project, name, page)
    for lease in page:
        lease.page = name


def _new_name() -> str:
    return f"bulk/{uuid.uuid4().hex}"


def keep(project: Project, user: User, page: str, leases: Collection[str]) -> None:
    """Extend the leases of the page on the screen: `leases`, shown by `page`."""
    held = [lease for lease in _held(project, user) if str(lease.pk) in leases]
    prefetch.extend_leases(project, page, held)


def own_label(project: Project, ref: naming.Ref) -> Label:
    """Return the project's label with this id or name; NotFound without one."""
    known: dict[naming.Ref, Label] = {label.pk: label for label in naming.labels_of(project)}
    found = known.get(naming.into(project, ref)) or naming.by_name(project).get(str(ref))
    if found is None:
        raise NotFound("unknown_label", message="label_not_there")
    return found


def answer_of(lease: Lease) -> list[int]:
    """Return the ids of the labels that a page gives the item of one of its leases."""
    refs = naming.current(lease.project, (lease.suggestion or {})["labels"])
    return [int(ref) for ref in refs]


def in_order(leases: Iterable[Lease]) -> list[Lease]:
    """Return the leases of a page in display order."""
    return sorted(leases, key=lambda lease: (-(lease.score or 0.0), lease.item_id))


def _lease_page(
    room: admission.Room, user: User, round_: Round, sure: Sequence[confident_items.SureItem]
) -> list[Lease] | None:
    """Lease the most confident free items; None if others have just taken all of them."""
    project = room.project
    size = min(tasktypes.of(project).media.limits.bulk, max(room.left, 0))
    ways = _ways(project, round_, sure)
    # One page at a time: all users want the same items, and a concurrent request would find none
    # while they are being leased.
    with refill.alone(project):
        free = {item.position: item for item in _free(project, user, list(ways))}
        places = [position for position in ways if position in free][:size]
        items = [free[position] for position in places]
        if not items:
            return []
        fresh = [item for item in items if item.state == Item.State.POOL]
        asked = {"source": Source.ACTIVE, "why": WHY_CONFIDENT}
        refill.append(project, [(item, {**ways[item.position], **asked}) for item in fresh])
        return _lease_items(room, user, {item.pk: ways[item.position] for item in items}) or None


def _lease_items(room: admission.Room, user: User, ways: dict[int, dict[str, Any]]) -> list[Lease]:
    """Lease those of the items (by id) that are still open."""
    leases, name = [], _new_name()
    for entry in _open_entries(ways):
        came = {**ways[entry.item_id], "source": Source.BULK, "why": WHY_CONFIDENT}
        lease = room.new_lease(entry.item, user, pk=uuid.uuid4(), page=name, **came)
        if _claim(entry, lease):
            leases.append(lease)
    # The leases of a page share one creation time.
    for lease in leases:
        lease.created_at = leases[0].created_at
    room.hand_out(leases)
    return in_order(leases)


def _ways(
    project: Project, round_: Round, sure: Sequence[confident_items.SureItem]
) -> dict[int, dict[str, Any]]:
    """Return the provenance by position, the most confident first."""
    common = {"strategy": withdraw.BULK, "round_id": round_.pk, "model_id": round_.model_id}
    return {
        item.position: {
            **common,
            "score": item.confidence,
            "suggestion": {
                "labels": list(item.labels),
                "confidence": item.confidence,
            },
        }
        for item in sure
        # With a label deleted since, the rest is another answer than the model gave.
        if naming.may_be_given(project, item.labels)
    }


def _free(project: Project, user: User, positions: list[int]) -> QuerySet[Item]:
    """Return which items at `positions` may be on a page of `user`.

    Excluded are audits, gold items, and items that an annotator unmarked on an earlier page.
    """
    of_item = {"item": OuterRef("pk")}
    items = Item.objects.filter(project=project, position__in=positions, gold__isnull=True)
    return items.filter(
        Q(state=Item.State.POOL) | Exists(_claimable().filter(**of_item)),
        ~Exists(QueueEntry.objects.filter(user=user, **of_item)),
        ~Exists(Annotation.objects.filter(ANSWERED, user=user, **of_item)),
        ~Exists(Lease.objects.filter(user=user, outcome=Lease.Outcome.SKIPPED, **of_item)),
        audit_key__gte=audit_set.audit_threshold(project),
    )


def _claimable() -> QuerySet[QueueEntry]:
    # Blind items are audits, gold items and their decoys, which must look the same.
    return QueueEntry.objects.filter(
        state=QueueEntry.State.OPEN, blind=False, rank__gt=withdraw.AHEAD, assignment=None
    )


def _open_entries(items: Collection[int]) -> list[QueueEntry]:
    """Return one open entry per item, locked where the database supports it."""
    # In one fixed order, as everywhere, to avoid deadlocks.
    rows = _claimable().filter(item__in=items).select_related("item")
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
