"""Audits that are answered but not counted yet, and what the estimate waits for.

The audit set is a prefix of the permutation, so an item that still waits holds up those behind it.
Leads see how many audits are answered, and who holds the missing ones.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q

from annotator.db import clock
from annotator.models import Annotation, Assignment, Item, Lease, Project, QueueEntry, Source
from annotator.pool import audit_set

MOST_ITEMS = 1000


@dataclass(frozen=True)
class Beyond:
    """The audits answered behind the first waiting item: their number, and the last one's key."""

    answered: int
    last: int


def beyond(project: Project, frontier: int) -> Beyond:
    """Return the audits answered above the `frontier`: few, because audits are served in order."""
    labelled = Item.objects.filter(
        project=project,
        state=Item.State.LABELLED,
        audit_key__gt=frontier,
        audit_key__lt=audit_set.audit_threshold(project),
    )
    audits = Annotation.objects.filter(
        item=OuterRef("pk"), source=Source.AUDIT, counted=True, withdrawn_at=None
    )
    keys = list(labelled.filter(Exists(audits)).values_list("audit_key", flat=True))
    return Beyond(len(keys), max(keys, default=frontier))


def waiting(project: Project) -> dict[str, Any] | None:
    """Return which items the estimate waits for and who holds them; None if it waits for none.

    Not for annotators: it would reveal which of their items are audits.
    """
    frontier = audit_set.audit_frontier(project)
    found = beyond(project, frontier)
    items = _gaps(project, frontier, found.last) if found.answered else []
    if not items:
        return None
    held = _held(items)
    missing = len(items) - sum(each["items"] for each in held)
    assigned = _assigned(items) if project.has_assignments else {}
    return {
        "items": len(items),
        "held": held,
        "queued": max(missing, 0),
        **({"assigned": assigned} if assigned else {}),
    }


def _gaps(project: Project, frontier: int, last: int) -> list[int]:
    """Return the unanswered items before an answered one."""
    waiting = Item.objects.filter(
        project=project,
        state__in=[Item.State.POOL, Item.State.QUEUED],
        skips=0,
        audit_key__gt=frontier,
        audit_key__lt=last,
    )
    return list(waiting.values_list("pk", flat=True)[:MOST_ITEMS])


def _assigned(items: list[int]) -> dict[str, int]:
    """Return how many of the queued items wait for whom alone, by their people's names."""
    entries = QueueEntry.objects.filter(
        item__in=items, state=QueueEntry.State.OPEN, assignment__isnull=False
    )
    counted = entries.order_by().values_list("assignment").annotate(n=Count("item", distinct=True))
    people = Assignment.objects.prefetch_related("people").in_bulk([key for key, _n in counted])
    return {
        ", ".join(sorted(user.username for user in people[key].people.all())): n
        for key, n in counted
    }


def _held(items: list[int]) -> list[dict[str, Any]]:
    """Return the holders of these items, with count and duration; the longest first."""
    entries = QueueEntry.objects.filter(item__in=items, state=QueueEntry.State.LEASED)
    leases = Lease.objects.filter(pk__in=entries.values("lease_id"), ended_at=None)
    since: dict[str, list[datetime]] = defaultdict(list)
    # An item held by several users is counted once, for the one who has held it longest.
    told: set[int] = set()
    rows = leases.order_by("created_at").values_list("item", "user__username", "created_at")
    for item, name, at in rows:
        if item not in told:
            told.add(item)
            since[name].append(at)
    now = clock.now()
    return [
        {"user": name, "items": len(times), "seconds": round((now - min(times)).total_seconds())}
        for name, times in since.items()
    ]


def count_with_answered(project: Project, mark: Mapping[str, Any] | None = None) -> dict[str, int]:
    """Like `count_audits`, with all answered audits, those behind a waiting one included."""
    frontier = audit_set.audit_frontier(project)
    settled = _count_up_to(project, frontier, mark)
    behind = beyond(project, frontier).answered
    return {**settled, "audits_answered": settled["audited"] + behind}


def count_audits(project: Project, mark: Mapping[str, Any] | None = None) -> dict[str, int]:
    """Return how many items of the audit set are labelled, and how many were skipped.

    `mark` is a recent result of `counting_mark`: only newer changes are counted then.
    """
    return _count_up_to(project, audit_set.audit_frontier(project), mark)


def _count_up_to(project: Project, frontier: int, mark: Mapping[str, Any] | None) -> dict[str, int]:
    if frontier < 0:
        return {"audited": 0, "audits_skipped": 0}
    if not mark or _population(mark) != project.population or mark["frontier"] > frontier:
        # An item was added, removed or reopened among those counted before.
        return _count_between(project, -1, frontier)
    since = _count_between(project, mark["frontier"], frontier)
    skipped = _skipped_below(project, mark["frontier"])
    # Items that were skipped then and are not now have their label.
    return {
        "audited": mark["audited"] + mark["audits_skipped"] - skipped + since["audited"],
        "audits_skipped": skipped + since["audits_skipped"],
    }


def _population(mark: Mapping[str, Any]) -> int:
    # Marks from before items could be removed do not tell of removed ones.
    return int(mark["items"]) - int(mark.get("removed", 0))


def counting_mark(project: Project) -> dict[str, int]:
    """Return a full audit count to resume from; counting all of them is linear in the audits."""
    frontier = audit_set.audit_frontier(project)
    counted = _count_between(project, -1, frontier) if frontier >= 0 else count_audits(project)
    return {"items": project.items, "removed": project.removed, "frontier": frontier, **counted}


def _count_between(project: Project, above: int, frontier: int) -> dict[str, int]:
    # All states are listed because the index begins with the state.
    items = Item.objects.filter(
        project=project,
        state__in=Item.PRESENT,
        audit_key__gt=above,
        audit_key__lte=frontier,
    )
    in_bulk = Annotation.objects.filter(item=OuterRef("pk"), source=Source.BULK, withdrawn_at=None)
    settled = Q(state=Item.State.LABELLED)
    # Below it, only skipped items still wait.
    return items.aggregate(
        audited=Count("pk", filter=Q(~Exists(in_bulk), settled)),
        audits_skipped=Count("pk", filter=~settled),
    )


def _skipped_below(project: Project, frontier: int) -> int:
    waiting = [state for state in Item.PRESENT if state != Item.State.LABELLED]
    return Item.objects.filter(
        project=project, state__in=waiting, skips__gt=0, audit_key__lte=frontier
    ).count()
