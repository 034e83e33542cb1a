"""Own-work page: an annotator's own figures."""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotator.flow.progress import daily_counts
from annotator.models import Project, Tally, User
from annotator.views.access import Request, open_project, signed_in
from annotator.views.charts.data import ChartData
from annotator.views.quality.people import PEOPLE, people_rows

DAYS_SHOWN, LEAST_DAYS = 28, 7


@require_safe
@signed_in
def own_work(request: Request, project_id: int) -> HttpResponse:
    """Show users their own figures only."""
    access = open_project(request, project_id)
    facts = ChartData(access.project)
    people = people_rows(facts, [request.user])
    days = _days(access.project, request.user)
    context = {
        "access": access,
        # Without the name, which the user knows.
        "counts": [(column.title, people[0][column.field]) for column in PEOPLE[1:]],
        "behind": facts.quality_behind,
        "days": days,
        "most": max((n for _day, n in days), default=0) or 1,
    }
    return render(request, "quality/own_work.html", context)


def _days(project: Project, user: User) -> list[tuple[Any, int]]:
    today = daily_counts.today()
    first = today - timedelta(days=DAYS_SHOWN - 1)
    given = dict(
        Tally.objects.filter(project=project, user=user, day__gte=first).values_list(
            "day", "labels"
        )
    )
    # Without the empty weeks before the user started.
    since = min([*given, today - timedelta(days=LEAST_DAYS - 1)])
    days = [since + timedelta(days=n) for n in range((today - since).days + 1)]
    return [(day, given.get(day, 0)) for day in days]
