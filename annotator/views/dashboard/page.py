"""Dashboard of a project: a sentence first, then the chart, then the table."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from annotator import projectsettings, tasks
from annotator.errors import Conflict
from annotator.flow.progress import estimate, summary
from annotator.flow.progress import recall_standing as searched
from annotator.flow.queue import skipped_items
from annotator.flow.training import schedule
from annotator.messages import forecast, reliance, under_way, workers
from annotator.messages import progress as worded
from annotator.messages.recall import outlook as recall_outlook
from annotator.models import Job, Project, Role, Round
from annotator.views import number_format, partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.charts import registry
from annotator.views.charts.base import Page
from annotator.views.charts.data import ChartData
from annotator.views.dashboard import recall
from annotator.views.projects.pause_form import PauseForm

TRIGGERS = {
    "first": gettext_lazy("first round"),
    "features": gettext_lazy("better features"),
    "labels": gettext_lazy("enough new labels"),
    "time": gettext_lazy("new labels were waiting"),
    "by hand": gettext_lazy("started manually"),
    "descriptions": gettext_lazy("edited label texts"),
}
TIMINGS = ("train", "score", "select", "refill", "evaluate", "to_refill")


@require_safe
@signed_in
def dashboard(request: Request, project_id: int) -> HttpResponse:
    """Show the project's progress; the live region polls while the page is open."""
    access = open_project(request, project_id)
    context = dashboard_context(access)
    if partials.is_unchanged(request, context["state"]):
        return partials.not_modified()
    return partials.render_partial(request, "dashboard/page.html", "live", context)


@require_POST
@signed_in
def start_round(request: Request, project_id: int) -> HttpResponse:
    """Start a round now."""
    access = open_project(request, project_id, Role.LEAD)
    try:
        made = schedule.start_round(access.project, "by hand")
    except Conflict as refusal:
        messages.warning(request, refusal.detail)
    else:
        tasks.train.delay_on_commit(made.pk)
        messages.success(request, _("Round %(number)s started.") % {"number": made.number})
    page = redirect("dashboard", project_id)
    return HttpResponseClientRedirect(page.url) if request.htmx else page


@require_POST
@signed_in
def put_back(request: Request, project_id: int) -> HttpResponse:
    """Requeue the items that every annotator skipped."""
    access = open_project(request, project_id, Role.LEAD)
    number = skipped_items.reopen_skipped(access.project)
    words = ngettext("%(n)d item requeued.", "%(n)d items requeued.", number)
    messages.success(request, words % {"n": number})
    page = redirect("dashboard", project_id)
    return HttpResponseClientRedirect(page.url) if request.htmx else page


def dashboard_context(access: Access) -> dict[str, Any]:
    """Return the context of the dashboard; annotators get their own part of it."""
    progress = (
        worded.progress_for_leads(access.project)
        if access.leads
        else worded.progress(access.project)
    )
    mine = summary.mine(access.project, access.user)
    context = {
        "access": access,
        "progress": progress,
        "counts": _counts(progress, mine, all_of_them=access.leads),
    }
    if access.leads:
        context |= {**_for_leads(access.project, progress), "pause_form": PauseForm()}
    return context | {"state": _state(context)}


def _counts(
    progress: dict[str, Any], mine: dict[str, int], *, all_of_them: bool
) -> list[tuple[str, str]]:
    shown = [
        (_("items"), progress["items"]),
        (_("labelled"), progress["labelled"]),
        (_("yours today (UTC)"), mine["today"]),
        (_("yours in total"), mine["total"]),
    ]
    if all_of_them:
        shown[2:2] = [
            (_("annotations"), progress["answers"]),
            (_("audit items answered"), progress["audits_answered"]),
            (_("in the queue"), progress["queued"]),
            (_("leased now"), progress["leased"]),
            (_("skipped"), progress["skipped"]),
        ]
    counts = [(title, number_format.count(number)) for title, number in shown]
    if all_of_them and progress["cost"] is not None:
        counts.append((_("cost so far"), number_format.money(progress["cost"])))
    return counts


def _for_leads(project: Project, progress: dict[str, Any]) -> dict[str, Any]:
    activity, facts = under_way.told(project, progress), ChartData(project)
    return {
        "sentence": number_format.standing(progress, estimate.FIRST_ESTIMATE),
        "leaning": reliance.in_words(progress["model"], project.task),
        "stop": progress["stop"],
        "is_enough": progress["target_proven"],
        "outlook": [
            *number_format.audited(progress),
            *forecast.in_words(project, progress["accuracy"], facts.reports),
            *recall_outlook(project, facts.reports.get(searched.KIND)),
        ],
        "aside": _aside_in_words(progress["aside"]),
        "activity": activity,
        # Encoding takes long, and nobody waits for it.
        "is_busy": any(not each["failed"] and each["kind"] != "encoding" for each in activity),
        "worker": workers.workers(),
        "rounds": _rounds(facts),
        "screening": recall.card(facts),
        "figures": registry.figures_on(Page.DASHBOARD, facts),
    }


def _aside_in_words(number: int) -> str:
    words = ngettext(
        "%(n)d item was skipped by every annotator and is parked.",
        "%(n)d items were skipped by every annotator and are parked.",
        number,
    )
    return words % {"n": number} if number else ""


def _rounds(facts: ChartData) -> list[dict[str, Any]]:
    titles = projectsettings.strategy_titles()
    return [_round_in_words(each, titles) for each in facts.rounds]


def _round_in_words(each: dict[str, Any], titles: dict[str, str]) -> dict[str, Any]:
    is_running = each["state"] == Job.State.RUNNING
    state = Round.Stage(each["stage"]) if is_running else Job.State(each["state"])
    return {
        **each,
        "times": [number_format.duration(each["timings"].get(name)) for name in TIMINGS],
        "state_words": state.label,
        "trigger_words": TRIGGERS.get(each["trigger"], each["trigger"]),
        "strategy_words": titles.get(each["phase"] or each["strategy"], each["strategy"]),
    }


def _state(context: dict[str, Any]) -> str:
    """Return a digest of what is shown, without ages that grow with time."""
    progress = {**context["progress"], "model": None}
    worker = context.get("worker", {"alive": True})
    return partials.state_of(
        progress,
        context["counts"],
        context.get("activity"),
        context.get("rounds"),
        [figure["version"] for figure in context.get("figures", [])],
        context.get("outlook"),
        {**(context.get("screening") or {}), "form": None},
        worker["alive"] or worker["words"],
    )
