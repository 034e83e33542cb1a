"""How far the active assignments of a project are."""

from dataclasses import dataclass

from django.db.models import Count, Q

from annotator.flow.queue.assigned import claims
from annotator.models import Assignment, Project, QueueEntry


@dataclass(frozen=True)
class Standing:
    """An assignment with its people's names, and how many of its annotations are done."""

    assignment: Assignment
    people: list[str]
    total: int
    done: int


def of_project(project: Project) -> list[Standing]:
    """Return the active assignments, oldest first."""
    if not project.has_assignments:
        return []
    rows = claims.active(project).select_related("created_by").prefetch_related("people")
    found = list(rows)
    counts = _counts([each.pk for each in found])
    return [
        Standing(
            each, sorted(user.username for user in each.people.all()), *counts.get(each.pk, (0, 0))
        )
        for each in found
    ]


def of_one(assignment: Assignment) -> Standing:
    """Return how far one assignment is, also if it has ended."""
    names = assignment.people.order_by("username").values_list("username", flat=True)
    return Standing(assignment, list(names), *_counts([assignment.pk]).get(assignment.pk, (0, 0)))


def _counts(keys: list[int]) -> dict[int, tuple[int, int]]:
    rows = QueueEntry.objects.filter(assignment__in=keys).order_by().values("assignment")
    done = Count("pk", filter=Q(state=QueueEntry.State.DONE))
    return {
        each["assignment"]: (each["total"], each["done"])
        for each in rows.annotate(total=Count("pk"), done=done)
    }
