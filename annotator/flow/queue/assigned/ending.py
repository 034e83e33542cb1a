"""End assignments: revoked, over, done; what is open of them goes to everybody."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from annotator.db import clock
from annotator.db.compiled_queries import CompiledSelect
from annotator.errors import NotFound
from annotator.flow.queue import withdraw
from annotator.flow.queue.assigned import claims
from annotator.models import ANSWERED, Annotation, Assignment, Lease, Project, QueueEntry, User

AT_ONCE = 500
# A worker may be about to assign the first item.
STARTING = timedelta(hours=1)

FIND_ACTIVE = CompiledSelect(
    lambda: Assignment.objects.filter(ended_at=None).order_by().values_list("pk", flat=True)
)


def find(project: Project, pk: int) -> Assignment:
    """Return one of the project's assignments."""
    found = Assignment.objects.filter(project=project, pk=pk).first()
    if found is None:
        raise NotFound("unknown_assignment")
    found.project = project
    return found


@transaction.atomic
def end(assignment: Assignment) -> bool:
    """End the assignment; False if it had ended before."""
    now = clock.now()
    if not Assignment.objects.filter(pk=assignment.pk, ended_at=None).update(ended_at=now):
        return False
    assignment.ended_at = now
    free(QueueEntry.objects.filter(assignment=assignment, state__lt=QueueEntry.State.DONE))
    project = assignment.project
    project.has_assignments = claims.active(project).exists()
    Project.objects.filter(pk=project.pk).update(has_assignments=project.has_assignments)
    return True


@transaction.atomic
def free(entries: QuerySet[QueueEntry]) -> None:
    """Let everybody have these entries; items that nobody has begun go back to the pool."""
    found = list(entries.values_list("pk", "item", "rank").order_by("pk"))
    behind = sorted({item for _pk, item, rank in found if rank >= withdraw.BEHIND})
    keys = [pk for pk, _item, _rank in found]
    for start in range(0, len(keys), AT_ONCE):
        rows = QueueEntry.objects.filter(pk__in=keys[start : start + AT_ONCE])
        rows.update(assignment=None)
    for start in range(0, len(behind), AT_ONCE):
        withdraw.withdraw_items(behind[start : start + AT_ONCE])


def end_due(project: Project | None = None) -> int:
    """End the assignments whose time is over or whose items are done; return their number."""
    if project is not None and not project.has_assignments:
        return 0
    keys = FIND_ACTIVE()
    if not keys:
        return 0
    found = Assignment.objects.filter(pk__in=keys).select_related("project")
    if project is not None:
        found = found.filter(project=project)
    now = clock.now()
    return sum(end(each) for each in found if _is_over(each, now))


def _is_over(assignment: Assignment, now: datetime) -> bool:
    if assignment.until is not None and assignment.until <= now:
        return True
    if assignment.share is not None:
        return False
    if assignment.entries.filter(state__lt=QueueEntry.State.DONE).exists():
        return False
    return assignment.entries.exists() or assignment.created_at < now - STARTING


def remove_person(user: User, project: Project | None = None) -> None:
    """Take the user out of assignments; those that are nobody's then end."""
    found = Assignment.objects.filter(ended_at=None, people=user).select_related("project")
    for each in list(found if project is None else found.filter(project=project)):
        each.people.remove(user)
        if not each.people.exists():
            end(each)


# Entries that nobody may take ---------------------------------------------------------------------


def free_stuck(project: Project, item: int) -> None:
    """Free the open entries of an item that no person of its assignment can take any more."""
    if not project.has_assignments:
        return
    entries = QueueEntry.objects.filter(
        item=item, assignment__isnull=False, state=QueueEntry.State.OPEN
    )
    found = list(entries.order_by("-slot"))
    if not found:
        return
    able = _able(found[0].assignment_id, item)
    stuck = [entry.pk for entry in found[: max(len(found) - able, 0)]]
    # Others wait for it no longer than for the missing annotation of any other item.
    begun = QueueEntry.objects.filter(item=item, state__gt=QueueEntry.State.OPEN).exists()
    if stuck and (begun or able == 0):
        entries.filter(pk__in=stuck).update(assignment=None, rank=withdraw.AHEAD)


def _able(assignment: int | None, item: int) -> int:
    """Return how many people of the assignment may still label the item."""
    theirs = {"item": item, "user": OuterRef("pk")}
    people = Assignment.people.through.objects.filter(assignment=assignment).values("user")
    able = User.objects.filter(
        ~Exists(QueueEntry.objects.filter(**theirs)),
        ~Exists(Annotation.objects.filter(ANSWERED, **theirs)),
        ~Exists(Lease.objects.filter(outcome=Lease.Outcome.SKIPPED, **theirs)),
        pk__in=people,
        is_active=True,
    )
    return len(able.values_list("pk", flat=True))
