"""Daily counts, kept as labels are saved, so that pages need not count."""

from datetime import UTC, date, datetime

from django.db.models import Case, F, Value, When
from django.utils import timezone

from annotator.db.compiled_queries import CompiledUpdate
from annotator.models import Project, Tally, User

# A longer time was a break, not work on the item.
MOST_SECONDS = 600.0
# The same as a database expression; an unknown time adds nothing.
COUNTED_SECONDS = Case(
    When(seconds__gt=MOST_SECONDS, then=Value(MOST_SECONDS)), default=F("seconds")
)
WHOLE = ("labels", "finished", "audits", "skips", "changes")
ADD = CompiledUpdate(
    lambda project, user, day, seconds, *amounts: (
        Tally.objects.filter(project_id=project, user_id=user, day=day),
        {
            "seconds": F("seconds") + seconds,
            **{name: F(name) + amount for name, amount in zip(WHOLE, amounts, strict=True)},
        },
    ),
    int,
    int,
    date,
    float,
    *(int,) * len(WHOLE),
)


def counted_seconds(seconds: float | None) -> float | None:
    """Return how much of an answer's time counts, wherever time is counted."""
    return None if seconds is None else min(seconds, MOST_SECONDS)


def today() -> date:
    """Return today's date in UTC, the time zone of tallies."""
    return timezone.now().astimezone(UTC).date()


def add(
    project: Project,
    user: User,
    *,
    at: datetime | None = None,
    seconds: float = 0.0,
    **amounts: int,
) -> None:
    """Add to the user's counts on the day of `at`, in the transaction of the change.

    A withdrawal is subtracted from the day of the original answer, so no day falls below zero.
    """
    day = today() if at is None else at.astimezone(UTC).date()
    sums = [amounts.pop(name, 0) for name in WHOLE]
    if amounts:
        raise TypeError(f"nothing of that name is counted: {sorted(amounts)}")
    if not ADD(project.pk, user.pk, day, seconds, *sums):
        row = Tally(project=project, user=user, day=day)
        Tally.objects.bulk_create([row], ignore_conflicts=True)
        ADD(project.pk, user.pk, day, seconds, *sums)
