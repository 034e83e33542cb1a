"""Weekly summary: one week of a project on one page."""

from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotator.flow.evaluation import weekly_summary as weeks
from annotator.flow.progress import daily_counts, estimate
from annotator.messages import forecast
from annotator.messages import progress as worded
from annotator.models import Project, Role
from annotator.projectsettings.currency import CURRENCY
from annotator.views import number_format
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.charts import registry
from annotator.views.charts.base import Page
from annotator.views.charts.data import ChartData


@require_safe
@signed_in
def week(request: Request, project_id: int) -> HttpResponse:
    """Show one week of the project on a printable page."""
    access = open_project(request, project_id, Role.LEAD)
    monday = _monday(request.GET.get("week", ""))
    return render(request, "dashboard/weekly_summary.html", _week_context(access, monday))


def _monday(asked: str) -> date:
    """Return the Monday of the requested week (2026-W48), else of this week."""
    if not asked:
        today = daily_counts.today()
        return today - timedelta(days=today.weekday())
    try:
        year, number = asked.split("-W")
        return date.fromisocalendar(int(year), int(number), 1)
    except ValueError as problem:
        raise Http404 from problem


def _week_context(access: Access, monday: date) -> dict[str, Any]:
    project, facts = access.project, ChartData(access.project)
    progress, done = worded.progress_for_leads(project), weeks.done_in(project, monday)
    return {
        "access": access,
        "span": _("%(first)s to %(last)s")
        % {
            "first": date_format(monday, "DATE_FORMAT"),
            "last": date_format(monday + timedelta(days=6), "DATE_FORMAT"),
        },
        "this": _iso(monday),
        "before": _iso(monday - timedelta(days=7)),
        "after": _iso(monday + timedelta(days=7)),
        "sentence": number_format.standing(progress, estimate.FIRST_ESTIMATE),
        "counts": _counts(project, done),
        "accuracy": _accuracy_in_words(done),
        "stop": progress["stop"],
        "is_enough": progress["target_proven"],
        "outlook": [
            *number_format.audited(progress),
            *forecast.in_words(project, progress["accuracy"], facts.reports),
        ],
        "figures": registry.figures_on(Page.WEEK, facts),
        "made": timezone.now(),
    }


def _iso(monday: date) -> str:
    year, number, _day = monday.isocalendar()
    return f"{year}-W{number:02d}"


def _counts(project: Project, done: dict[str, Any]) -> list[tuple[str, str]]:
    counts = [
        (_("annotations"), number_format.count(done["labels"])),
        (_("items labelled"), number_format.count(done["finished"])),
        (_("audit answers"), number_format.count(done["audits"])),
        (_("skipped"), number_format.count(done["skips"])),
        (_("active annotators"), number_format.count(done["people"])),
        (_("hours"), number_format.decimal(done["seconds"] / 3600)),
        (_("rounds"), number_format.count(done["rounds"])),
    ]
    if project.hourly_rate is not None:
        spent = float(project.hourly_rate) * done["seconds"] / 3600
        counts.append((_("cost"), number_format.money(spent, CURRENCY.value(project))))
    return counts


def _accuracy_in_words(done: dict[str, Any]) -> str:
    """Describe the accuracy before and at the end of the week, as far as measured."""
    first, last = done["accuracy_before"], done["accuracy_after"]
    if last is None:
        return _("Accuracy was not measured this week.")
    if first is None:
        return _("First measured this week: %(last)s.") % {"last": number_format.accuracy(last)}
    return _("Before: %(first)s. At the end: %(last)s.") % {
        "first": number_format.accuracy(first),
        "last": number_format.accuracy(last),
    }
