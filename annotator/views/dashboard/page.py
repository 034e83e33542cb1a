"""Dashboard of a project: a sentence first, then the chart, then the table."""

from dataclasses import asdict
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
from annotator.flow.items import attention
from annotator.flow.progress import summary
from annotator.flow.queue import skipped_items
from annotator.flow.training import schedule
from annotator.messages import progress as worded
from annotator.messages import under_way, workers
from annotator.models import Job, Project, Role, Round
from annotator.projectsettings.currency import CURRENCY
from annotator.views import number_format, partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.charts import registry
from annotator.views.charts.base import Page, Section
from annotator.views.charts.data import ChartData
from annotator.views.charts.date_range import DateRange
from annotator.views.dashboard import comparison, figures, first_steps, next_step, recall
from annotator.views.items.decisions import reasons
from annotator.views.projects.pause_form import PauseForm

TRIGGERS = {
    "first": gettext_lazy("first round"),
    "features": gettext_lazy("better features"),
    "labels": gettext_lazy("enough new labels"),
    "time": gettext_lazy("new labels were waiting"),
    "by hand": gettext_lazy("started manually"),
    "descriptions": gettext_lazy("edited label texts"),
}
KINDS = {Job.State.DONE: "good", Job.State.FAILED: "bad", Job.State.RUNNING: "busy"}
TIMINGS = ("train", "score", "select", "refill", "evaluate", "to_refill")


@require_safe
@signed_in
def dashboard(request: Request, project_id: int) -> HttpResponse:
    """Show the project's progress; the live region polls while the page is open."""
    access = open_project(request, project_id)
    context = dashboard_context(access, DateRange.of(request.GET))
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


def dashboard_context(access: Access, chosen: DateRange) -> dict[str, Any]:
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
        "counts": _counts(access.project, progress, mine) if access.leads else [],
        "key_figures": [] if access.leads else figures.of_annotator(progress, mine),
    }
    if access.leads:
        context |= {**_for_leads(access.project, progress, chosen), "pause_form": PauseForm()}
        context |= {
            "next": next_step.next_step(access, context),
            "first_steps": first_steps.first_steps(access, progress),
        }
        if progress["skipped"]:
            context["skip_reasons"] = reasons(attention.skip_reasons(access.project))
    return context | {"state": _state(context)}


def _counts(
    project: Project, progress: dict[str, Any], mine: dict[str, int]
) -> list[tuple[str, str]]:
    shown = [
        (_("annotations"), progress["answers"]),
        (_("audit items answered"), progress["audits_answered"]),
        (_("in the queue"), progress["queued"]),
        (_("leased now"), progress["leased"]),
        (_("skipped"), progress["skipped"]),
        (_("yours today (UTC)"), mine["today"]),
        (_("yours in total"), mine["total"]),
    ]
    counts = [(title, number_format.count(number)) for title, number in shown]
    if progress["cost"] is not None:
        spent = number_format.money(progress["cost"], CURRENCY.value(project))
        counts.append((_("cost so far"), spent))
    return counts


def _for_leads(project: Project, progress: dict[str, Any], chosen: DateRange) -> dict[str, Any]:
    activity, facts = under_way.told(project, progress), ChartData(project)
    ranged = ChartData(project, chosen.first, chosen.last) if chosen else facts
    shown = registry.figures_on(Page.DASHBOARD, ranged)
    return {
        "key_figures": figures.for_leads(project, progress, facts),
        "stop": progress["stop"],
        "is_enough": progress["target_proven"],
        "aside": _aside_in_words(progress["aside"]),
        "activity": activity,
        # Encoding takes long, and nobody waits for it.
        "is_busy": any(not each["failed"] and each["kind"] != "encoding" for each in activity),
        "worker": workers.workers(),
        "rounds": _rounds(ranged),
        "comparison": comparison.compare(facts, chosen.one, chosen.other),
        "screening": recall.card(facts),
        "sections": _sections(shown),
        "later": [figure for figure in shown if not figure["is_there"]],
        "chosen": chosen,
    }


def _sections(shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the figures by section; those without data are told at the end."""
    return [_section(each, [f for f in shown if f["section"] is each]) for each in Section]


def _section(section: Section, shown: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": section.value,
        "title": section.title,
        "figures": shown,
        "there": [figure for figure in shown if figure["is_there"]],
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
        "times": [
            (seconds, number_format.duration(seconds))
            for seconds in (each["timings"].get(name) for name in TIMINGS)
        ],
        "state_words": state.label,
        "state_kind": KINDS.get(each["state"], ""),
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
        [
            figure["version"]
            for section in context.get("sections", [])
            for figure in section["figures"]
        ],
        [asdict(figure) for figure in context["key_figures"]],
        {**(context.get("screening") or {}), "form": None},
        worker["alive"] or worker["words"],
    )
