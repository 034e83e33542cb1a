"""Counting as the work is done, so that nothing has to be counted when people look."""

from datetime import date

from django.db.models import F
from django.utils import timezone

from annotator.models import Project, Tally, User
from annotator.once import Update

WHOLE = ("labels", "finished", "audits", "skips", "changes")
ADD = Update(
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


def add(project: Project, user: User, *, seconds: float = 0.0, **amounts: int) -> None:
    """Add to what `user` did in `project` today; to be called in the transaction of the deed."""
    today = timezone.now().date()
    sums = [amounts.pop(name, 0) for name in WHOLE]
    if amounts:
        raise TypeError(f"nothing of that name is counted: {sorted(amounts)}")
    if not ADD(project.pk, user.pk, today, seconds, *sums):
        row = Tally(project=project, user=user, day=today)
        Tally.objects.bulk_create([row], ignore_conflicts=True)
        ADD(project.pk, user.pk, today, seconds, *sums)
