"""Simulation page: strategies replayed on labelled data."""

import json
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator import projectsettings, tasks, tasktypes
from annotator.errors import FlowError
from annotator.flow.labels import naming
from annotator.flow.simulation import job
from annotator.messages import workers
from annotator.models import Role, Simulation
from annotator.server import reverse_proxy
from annotator.views import partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.charts import render
from annotator.views.form_errors import add_refusal
from annotator.views.simulations import chart, span_text, text
from annotator.views.simulations.form import SimulationForm

SHOWN = 5


@require_http_methods(["GET", "POST"])
@signed_in
def simulations(request: Request, project_id: int) -> HttpResponse:
    """Show the simulations and their results, and start another one."""
    access = open_project(request, project_id, Role.LEAD)
    tasktypes.require(access.project, "simulate")
    if request.method == "POST":
        return _start(request, access)
    if partials.is_unchanged(request, _state(_newest(access))):
        return partials.not_modified()
    context = simulations_context(access, SimulationForm(access.project))
    return partials.render_partial(request, "simulations/page.html", "simulations", context)


def _start(request: Request, access: Access) -> HttpResponse:
    form = SimulationForm(access.project, request.POST, request.FILES)
    if form.is_valid():
        try:
            made = job.start(access.project, request.user, **form.cleaned_data)
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            tasks.simulate.delay_on_commit(made.pk)
            return _started(request, access)
    context = simulations_context(access, form)
    return partials.render_partial(
        request, "simulations/page.html", "simulations", context, status=422
    )


def _started(request: Request, access: Access) -> HttpResponse:
    if not request.htmx:
        return redirect("simulations", access.project.pk)
    context = simulations_context(access, SimulationForm(access.project))
    return partials.render_partial(request, "simulations/page.html", "simulations", context)


@require_POST
@signed_in
def stop(request: Request, project_id: int, pk: int) -> HttpResponse:
    """Stop a running simulation."""
    access = open_project(request, project_id, Role.LEAD)
    job.stop(access.project, pk, request.user)
    return _started(request, access)


@require_safe
@signed_in
def file(request: Request, project_id: int, pk: int, name: str) -> HttpResponseBase:
    """Return a result of a simulation: a chart for the page, or a file to download."""
    access = open_project(request, project_id, Role.LEAD)
    work = job.find(access.project, pk)
    if work.summary is None:
        raise Http404
    if name == "picture.svg":
        theme, size = render.theme_and_size(request, "tall")
        metric = chart.metric_of(work.summary)
        spec = chart.curves_spec(work.summary, metric, theme, projectsettings.strategy_titles())
        return render.as_picture(spec, theme, size)
    if name == "curves.csv":
        return _csv(work)
    return _download(work, name)


def _csv(work: Simulation) -> HttpResponseBase:
    path = job.curves_path(work)
    if not path.exists():
        raise Http404
    return reverse_proxy.send(path, "text/csv", f"simulation-{work.pk}.csv")


def _download(work: Simulation, name: str) -> HttpResponse:
    if name == "summary.json":
        content = json.dumps(work.summary, ensure_ascii=False, indent=1)
        answer = HttpResponse(content, content_type="application/json")
    elif name == "curves.svg":
        answer = HttpResponse(
            chart.file_svg(work.summary or {}),
            content_type="image/svg+xml",
            headers=render.HEADERS,
        )
    else:
        raise Http404
    ending = name.rpartition(".")[2]
    answer["Content-Disposition"] = f'attachment; filename="simulation-{work.pk}.{ending}"'
    return answer


def simulations_context(access: Access, form: SimulationForm) -> dict[str, Any]:
    """Return the form with what may be tried, and the newest simulations."""
    rows, titles = _newest(access), projectsettings.strategy_titles()
    own = job.own_labels(access.project)
    return {
        "access": access,
        "form": form,
        "rows": [_row(each, titles) for each in rows],
        "is_active": any(each.is_active for each in rows),
        "state": _state(rows),
        "worker": workers.workers(),
        "max_upload_mb": settings.MAX_UPLOAD_MB,
        "own": own,
        "of_spans": job.marks(access.project),
        "own_is_enough": own >= job.FEWEST_OWN,
        "fewest_own": job.FEWEST_OWN,
    }


def _newest(access: Access) -> list[Simulation]:
    return list(access.project.simulations.all()[:SHOWN])


def _state(rows: list[Simulation]) -> str:
    """Return a digest of what is shown."""
    seen = [
        (each.pk, each.state, each.stage, each.done, each.error, each.facts.get("encoding"))
        for each in rows
    ]
    is_active = any(each.is_active for each in rows)
    return partials.state_of(seen, is_active and workers.workers()["alive"])


def _row(work: Simulation, titles: dict[str, str]) -> dict[str, Any]:
    shown = {"work": work, "name": work.name or _("the project's own labels")}
    if work.summary is None:
        return shown
    if span_text.is_of_spans(work.summary):
        return {**shown, **_of_spans(work.summary, titles)}
    return {
        **shown,
        "rare_label": _rare_label(work),
        "sentence": text.sentence(work.summary, titles),
        # Of the others; the first one's sentence is above the chart.
        "captions": [
            each
            for each in text.captions(work.summary, titles)
            if each != text.sentence(work.summary, titles)
        ],
        "goal": text.goal(work.summary, titles),
        "lines": text.lines(work.summary, titles),
        "picture": text.picture(work.summary, titles),
    }


def _of_spans(summary: dict[str, Any], titles: dict[str, str]) -> dict[str, Any]:
    first, *others = span_text.captions(summary, titles)
    return {
        "of_spans": True,
        "sentence": first,
        "captions": others,
        "goal": span_text.goal(summary, titles),
        "lines": span_text.lines(summary, titles),
        "picture": span_text.picture(summary, titles),
    }


def _rare_label(work: Simulation) -> str:
    """Return the rare label's name; for the project's own label, the current one."""
    name = str((work.summary or {})["rare"]["label"])
    label = None if work.name else naming.by_name(work.project).get(name)
    return label.name if label else name
