"""Strategies tried on labelled data, before a budget is spent."""

import json
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator import front, tasks
from annotator.flow import monitor, naming, setup, simulating
from annotator.flow.refusals import Refused
from annotator.forms import add_refusal
from annotator.forms.simulations import SimulationForm
from annotator.models import Project, Role, Simulation
from annotator.views import drawing, regions, simulation_chart, simulation_words
from annotator.views.access import Access, Request, open_project, signed_in

SHOWN = 5


@require_http_methods(["GET", "POST"])
@signed_in
def simulations(request: Request, project_id: int) -> HttpResponse:
    """Show what was tried and what came of it, and start another one."""
    access = open_project(request, project_id, Role.LEAD)
    if request.method == "POST":
        return _start(request, access)
    if regions.is_unchanged(request, _state(_newest(access))):
        return regions.nothing_new()
    context = simulations_context(access, SimulationForm())
    return regions.show(request, "simulations.html", "simulations", context)


def _start(request: Request, access: Access) -> HttpResponse:
    form = SimulationForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            made = simulating.start(access.project, request.user, **form.cleaned_data)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            tasks.simulate.delay_on_commit(made.pk)
            return _started(request, access)
    context = simulations_context(access, form)
    return regions.show(request, "simulations.html", "simulations", context, status=422)


def _started(request: Request, access: Access) -> HttpResponse:
    if not request.htmx:
        return redirect("simulations", access.project.pk)
    context = simulations_context(access, SimulationForm())
    return regions.show(request, "simulations.html", "simulations", context)


@require_POST
@signed_in
def stop(request: Request, project_id: int, pk: int) -> HttpResponse:
    """End a simulation that is under way."""
    access = open_project(request, project_id, Role.LEAD)
    simulating.stop(access.project, pk, request.user)
    return _started(request, access)


@require_safe
@signed_in
def file(request: Request, project_id: int, pk: int, name: str) -> HttpResponseBase:
    """Return what came of a simulation: a picture for the page, or a file to keep."""
    access = open_project(request, project_id, Role.LEAD)
    work = simulating.find(access.project, pk)
    if work.summary is None:
        raise Http404
    if name == "picture.svg":
        theme, size = drawing.look(request, "tall")
        spec = simulation_chart.curves_spec(work.summary, "accuracy", theme, _titles())
        return drawing.as_picture(spec, theme, size)
    if name == "curves.csv":
        return _csv(work)
    return _download(work, name)


def _csv(work: Simulation) -> HttpResponseBase:
    path = simulating.curves_path(work)
    if not path.exists():
        raise Http404
    return front.send(path, "text/csv", f"simulation-{work.pk}.csv")


def _download(work: Simulation, name: str) -> HttpResponse:
    if name == "summary.json":
        content = json.dumps(work.summary, ensure_ascii=False, indent=1)
        answer = HttpResponse(content, content_type="application/json")
    elif name == "curves.svg":
        answer = HttpResponse(
            simulation_chart.file_svg(work.summary or {}),
            content_type="image/svg+xml",
            headers=drawing.HEADERS,
        )
    else:
        raise Http404
    ending = name.rpartition(".")[2]
    answer["Content-Disposition"] = f'attachment; filename="simulation-{work.pk}.{ending}"'
    return answer


def simulations_context(access: Access, form: SimulationForm) -> dict[str, Any]:
    """Return the form with what may be tried, and the newest simulations."""
    rows, titles = _newest(access), _titles()
    own = simulating.own_labels(access.project)
    return {
        "access": access,
        "form": form,
        "rows": [_row(each, titles) for each in rows],
        "is_active": any(each.is_active for each in rows),
        "state": _state(rows),
        "worker": monitor.workers(),
        "max_upload_mb": settings.MAX_UPLOAD_MB,
        "is_text": access.project.task == Project.Task.TEXT,
        "own": own,
        "own_is_enough": own >= simulating.FEWEST_OWN,
        "fewest_own": simulating.FEWEST_OWN,
    }


def _newest(access: Access) -> list[Simulation]:
    return list(access.project.simulations.all()[:SHOWN])


def _state(rows: list[Simulation]) -> str:
    """Return a digest of what is shown."""
    seen = [(each.pk, each.state, each.stage, each.done, each.error) for each in rows]
    is_active = any(each.is_active for each in rows)
    return regions.state_of(seen, is_active and monitor.workers()["alive"])


def _row(work: Simulation, titles: dict[str, str]) -> dict[str, Any]:
    shown = {"work": work, "name": work.name or _("the project's own labels")}
    if work.summary is None:
        return shown
    return {
        **shown,
        "rare_label": _rare_label(work),
        "sentence": simulation_words.sentence(work.summary, titles),
        # Of the others; the first one has its sentence above the picture.
        "captions": [
            each
            for each in simulation_words.captions(work.summary, titles)
            if each != simulation_words.sentence(work.summary, titles)
        ],
        "goal": simulation_words.goal(work.summary, titles),
        "lines": simulation_words.lines(work.summary, titles),
        "picture": simulation_words.picture(work.summary, titles),
    }


def _rare_label(work: Simulation) -> str:
    """Return which label was looked for: of the project's own, what it is called now."""
    name = str((work.summary or {})["rare"]["label"])
    label = None if work.name else naming.by_name(work.project).get(name)
    return label.name if label else name


def _titles() -> dict[str, str]:
    return {name: title for name, title, _words in setup.strategy_choices()}
