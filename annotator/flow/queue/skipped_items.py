"""What everybody skipped is set aside, where the lead sees it and can have it asked again.

Everybody are the annotators of the project, and those leads and admins who label in it. As long as
one of them has neither skipped nor answered the item, it waits for that person.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When

from annotator.models import (
    ANSWERED,
    Annotation,
    Item,
    Lease,
    Membership,
    Project,
    QueueEntry,
    Role,
    Tally,
)

AT_ONCE = 500


def set_aside(project: Project, item: int) -> bool:
    """Take the item out of the queue if it was skipped and nobody is left to be given it."""
    waiting = Item.objects.filter(pk=item, skips__gt=0, state__lt=Item.State.LABELLED)
    if not waiting.exists() or _left_for(project, item).exists():
        return False
    with transaction.atomic():
        entries = QueueEntry.objects.filter(item=item).order_by("pk")
        # Entries before items, as in a save. Somebody may have taken it meanwhile.
        if any(entry.state == QueueEntry.State.LEASED for entry in entries.select_for_update()):
            return False
        entries.filter(state=QueueEntry.State.OPEN).delete()
        return bool(waiting.update(state=Item.State.ASIDE))


def reopen_skipped(project: Project) -> int:
    """Have all that is set aside asked again, also of those who skipped it; return how many."""
    put = 0
    while items := list(Item.objects.set_aside(project).values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            skipped = Lease.objects.filter(item__in=items, outcome=Lease.Outcome.SKIPPED)
            skipped.update(outcome=Lease.Outcome.AGAIN)
            put += requeue(items)
    return put


def reopen_for_new_member(project: Project) -> int:
    """Put back what is set aside because there is somebody new, who has not seen it."""
    return requeue(list(Item.objects.set_aside(project).values_list("pk", flat=True)))


def _left_for(project: Project, item: int) -> QuerySet[Membership]:
    """Return who labels in the project and has not yet seen the item."""
    theirs = {"item": item, "user": OuterRef("user")}
    at_work = Tally.objects.filter(Q(labels__gt=0) | Q(skips__gt=0), user=OuterRef("user"))
    return Membership.objects.filter(
        Q(role=Role.ANNOTATOR) | Exists(at_work.filter(project=project)),
        ~Exists(Lease.objects.filter(outcome=Lease.Outcome.SKIPPED, **theirs)),
        ~Exists(Annotation.objects.filter(ANSWERED, **theirs)),
        project=project,
        user__is_active=True,
    )


def requeue(items: Iterable[int]) -> int:
    """Have those of the items that are set aside wait again, and return how many they were."""
    begun = Exists(QueueEntry.objects.filter(item=OuterRef("pk")))
    aside = Item.objects.filter(pk__in=items, state=Item.State.ASIDE)
    return aside.update(
        state=Case(
            When(begun, then=Value(Item.State.QUEUED)),
            default=Value(Item.State.POOL),
        )
    )
