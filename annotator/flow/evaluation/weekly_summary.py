"""Weekly summary of a project; read-only."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from annotator.flow.progress import estimate
from annotator.models import Project, Round, Tally

SUMS = ("labels", "finished", "audits", "skips", "seconds")
# Excludes users whose only row came with an import.
AT_WORK = Q(labels__gt=0) | Q(skips__gt=0) | Q(seconds__gt=0)


def done_in(project: Project, monday: date) -> dict[str, Any]:
    """Return work, rounds and accuracy of the seven days from `monday`.

    Days are UTC days, as in tallies. `accuracy_before` is the newest estimate before that week,
    `accuracy_after` the newest of the week; None without one from enough audits.
    """
    days = {"day__gte": monday, "day__lt": monday + timedelta(days=7)}
    sums = Tally.objects.filter(project=project, **days).aggregate(
        people=Count("user", distinct=True, filter=AT_WORK), **{name: Sum(name) for name in SUMS}
    )
    start = datetime.combine(monday, time(), UTC)
    end = start + timedelta(days=7)
    rounds = project.rounds.filter(
        state=Round.State.DONE, finished_at__gte=start, finished_at__lt=end
    )
    return {
        **{name: number or 0 for name, number in sums.items()},
        "rounds": rounds.count(),
        "accuracy_before": estimate.newest(project, created_at__lt=start),
        "accuracy_after": estimate.newest(project, created_at__gte=start, created_at__lt=end),
    }
