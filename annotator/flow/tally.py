"""Counting as the work is done, so that nothing has to be counted when people look."""

from django.db.models import F
from django.utils import timezone

from annotator.models import Project, Tally, User


def add(project: Project, user: User, **amounts: float) -> None:
    """Add to what `user` did in `project` today; to be called in the transaction of the deed."""
    today = {"project": project, "user": user, "day": timezone.now().date()}
    sums = {name: F(name) + amount for name, amount in amounts.items()}
    if not Tally.objects.filter(**today).update(**sums):
        Tally.objects.bulk_create([Tally(**today)], ignore_conflicts=True)
        Tally.objects.filter(**today).update(**sums)
