"""Items skipped by every annotator: park them and let a lead requeue them.

“Every annotator” means the project's annotators plus any lead or admin who labels. While one of
them has neither skipped nor answered the item, it waits for that user.
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
# The reasons to choose from; another client may give one of its own.
OTHER = "other"
REASONS = ("unsure", "unclear", "broken", "language", OTHER)
MOST_CHARACTERS = 500


def joined(reason: str, note: str) -> str:
    """Return the reason of a skip with the note that was typed on its item."""
    told = f"{reason or OTHER}: {note.strip()}" if note.strip() else reason
    return told if len(told) <= MOST_CHARACTERS else f"{told[: MOST_CHARACTERS - 1]}…"


def split(reason: str) -> tuple[str, str]:
    """Return the reason of a skip that was chosen, if any, and what else was typed."""
    chosen, _colon, note = reason.partition(": ")
    return (chosen, note) if chosen in REASONS else ("", reason)


def set_aside(project: Project, item: int) -> bool:
    """Park the item if it was skipped and no annotator is left for it."""
    waiting = Item.objects.filter(pk=item, skips__gt=0, state__lt=Item.State.LABELLED)
    if not waiting.exists() or _left_for(project, item).exists():
        return False
    with transaction.atomic():
        entries = QueueEntry.objects.filter(item=item).order_by("pk")
        # Lock entries before items, as a save does. The item may be leased meanwhile.
        if any(entry.state == QueueEntry.State.LEASED for entry in entries.select_for_update()):
            return False
        entries.filter(state=QueueEntry.State.OPEN).delete()
        return bool(waiting.update(state=Item.State.ASIDE))


def reopen_skipped(project: Project) -> int:
    """Requeue all parked items, also for the users who skipped them; return their number."""
    put = 0
    while items := list(Item.objects.set_aside(project).values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            skipped = Lease.objects.filter(item__in=items, outcome=Lease.Outcome.SKIPPED)
            skipped.update(outcome=Lease.Outcome.AGAIN)
            put += requeue(items)
    return put


def reopen_for_new_member(project: Project) -> int:
    """Requeue parked items, because a new member has not seen them."""
    return requeue(list(Item.objects.set_aside(project).values_list("pk", flat=True)))


def _left_for(project: Project, item: int) -> QuerySet[Membership]:
    """Return who labels in the project and has not seen the item."""
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
    """Requeue those of the items that are parked, and return their number."""
    begun = Exists(QueueEntry.objects.filter(item=OuterRef("pk")))
    aside = Item.objects.filter(pk__in=items, state=Item.State.ASIDE)
    return aside.update(
        state=Case(
            When(begun, then=Value(Item.State.QUEUED)),
            default=Value(Item.State.POOL),
        )
    )
