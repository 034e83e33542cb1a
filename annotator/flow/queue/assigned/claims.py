"""Whose assignments a claim looks at, and which queue entries fall to a share."""

import random
from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from annotator.db.compiled_queries import CompiledSelect
from annotator.models import Assignment, Item, Project, QueueEntry, User

# Shares are added as fractions.
SLACK = 1e-9

FIND_OF_PERSON = CompiledSelect(
    lambda project, user: (
        Assignment.objects.filter(project_id=project, ended_at=None, people=user)
        .order_by("pk")
        .values_list("pk", flat=True)
    ),
    int,
    int,
)


def of_person(project: Project, user: User) -> Sequence[int]:
    """Return the keys of the active assignments of `user`, oldest first."""
    return FIND_OF_PERSON(project.pk, user.pk) if project.has_assignments else ()


def active(project: Project) -> QuerySet[Assignment]:
    """Return the project's active assignments, oldest first."""
    return Assignment.objects.filter(project=project, ended_at=None).order_by("pk")


def divide(project: Project, entries: Iterable[QueueEntry]) -> None:
    """Set the assignment of entries that fall to a share; all entries of an item fall together.

    Items that somebody has begun stay everybody's: those of a share may have answered already.
    """
    shares = _shares(project)
    for entry in entries if shares else ():
        if entry.item.state == Item.State.POOL:
            entry.assignment_id = _whose(project, entry.item_id, shares)


def divide_open(project: Project, entries: Iterable[QueueEntry]) -> None:
    """Like `divide`, for open entries of items that nobody has answered."""
    shares = _shares(project)
    for entry in entries if shares else ():
        entry.assignment_id = _whose(project, entry.item_id, shares)


def leaves_nothing(project: Project, user: User) -> bool:
    """Return whether the shares of others are the whole queue, so that more of it is no help."""
    mine = set(of_person(project, user))
    return sum(share for key, share in _shares(project) if key not in mine) > 1 - SLACK


def _shares(project: Project) -> list[tuple[int, float]]:
    if not project.has_assignments:
        return []
    rows = active(project).exclude(share=None).values_list("pk", "share")
    return [(key, share) for key, share in rows if share is not None]


def _whose(project: Project, item: int, shares: Sequence[tuple[int, float]]) -> int | None:
    place = random.Random(f"{project.seed}/assigned/{item}").random()
    for key, share in shares:
        if place < share:
            return key
        place -= share
    return None
