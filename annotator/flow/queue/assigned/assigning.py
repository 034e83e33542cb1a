"""Assign items, or a share of the queue, to people."""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Sum

from annotator.db import clock
from annotator.errors import Invalid
from annotator.flow.queue import audit_stream, withdraw
from annotator.flow.queue.assigned import claims, ending
from annotator.flow.queue.current_leases import lock_entries
from annotator.i18n.stored_texts import WHY_ASSIGNED
from annotator.models import Assignment, Item, Membership, Project, QueueEntry, Source, User
from annotator.pool import audit_set

AT_ONCE = 500


@transaction.atomic
def begin(
    project: Project,
    lead: User,
    people: Sequence[str],
    *,
    share: float | None = None,
    until: datetime | None = None,
) -> Assignment:
    """Store an assignment to these members; with a `share`, of that part of the queue.

    Items are assigned one by one (`assign`).
    """
    members = _members(project, people)
    _check(project, share, until)
    made = Assignment.objects.create(project=project, created_by=lead, share=share, until=until)
    made.people.set(members)
    project.has_assignments = True
    Project.objects.filter(pk=project.pk).update(has_assignments=True)
    if share is not None:
        _divide_open(project)
    return made


def _members(project: Project, names: Sequence[str]) -> list[User]:
    rows = Membership.objects.filter(project=project, user__is_active=True).select_related("user")
    found = {each.user.username: each.user for each in rows.filter(user__username__in=names)}
    unknown = [name for name in names if name not in found]
    if unknown:
        raise Invalid("by_unknown", field="people", name=unknown[0][:60])
    if not found:
        raise Invalid("assigned_to_nobody", field="people")
    return list(found.values())


def _check(project: Project, share: float | None, until: datetime | None) -> None:
    if until is not None and until <= clock.now():
        raise Invalid("assigned_until", field="until")
    if share is None:
        return
    # Of two at once, only one goes first.
    Project.objects.select_for_update().get(pk=project.pk)
    taken = claims.active(project).aggregate(n=Sum("share"))["n"] or 0.0
    if not 0 < share <= 1 or taken + share > 1 + claims.SLACK:
        left = round(100 * (1 - taken))
        raise Invalid("assigned_share", field="share", left=left)


def _divide_open(project: Project) -> None:
    """Let the shares have their part of what is queued already."""
    entries = QueueEntry.objects.filter(
        project=project,
        state=QueueEntry.State.OPEN,
        assignment=None,
        asked=None,
        rank__gt=withdraw.AHEAD,
    )
    untouched = entries.filter(item__answers=0).select_related("item")
    found = list(untouched.select_for_update(of=("self",)).order_by("pk"))
    claims.divide_open(project, found)
    QueueEntry.objects.bulk_update(
        [each for each in found if each.assignment_id], ["assignment"], batch_size=AT_ONCE
    )


# One item -----------------------------------------------------------------------------------------


def assign(assignment: Assignment, item: Item) -> bool:
    """Assign what is open of an item, within a transaction; False if nothing is.

    What somebody holds stays theirs, and so does what another assignment has.
    """
    project = assignment.project
    lock_entries([item.pk])
    if Item.objects.filter(pk=item.pk, state=Item.State.POOL).update(state=Item.State.QUEUED):
        QueueEntry.objects.bulk_create(
            [
                QueueEntry(project=project, item=item, slot=slot, rank=0, **_provenance(item))
                for slot in range(project.overlap)
            ],
            ignore_conflicts=True,
        )
    waiting = QueueEntry.objects.filter(
        item=item, state=QueueEntry.State.OPEN, assignment=None, asked=None
    )
    if not waiting.update(assignment=assignment, rank=withdraw.BEHIND + item.position):
        return False
    ending.free_stuck(project, item.pk)
    return assignment.entries.filter(item=item).exists()


def _provenance(item: Item) -> dict[str, Any]:
    """Return how the item comes: items of the audit reserve blind, and as many others."""
    project = item.project
    if item.audit_key >= audit_set.audit_threshold(project) and item.gold is not None:
        return audit_stream.gold_request(project, item)
    came = {"source": Source.ASSIGNED, "why": WHY_ASSIGNED, "suggestion": item.suggested}
    return {**came, "blind": _is_blind(project, item)}


def _is_blind(project: Project, item: Item) -> bool:
    if item.audit_key < audit_set.audit_threshold(project):
        return True
    decoys = project.audit_share / (1 - project.audit_share)
    return random.Random(f"{project.seed}/decoy/{item.pk}").random() < decoys


def unassign(assignment: Assignment, item: int) -> bool:
    """Take an item out of the assignment; False if it is not in it or somebody has begun it."""
    entries = assignment.entries.filter(item=item, state=QueueEntry.State.OPEN)
    is_there = entries.exists()
    ending.free(entries)
    return is_there
