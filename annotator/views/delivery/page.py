"""Deliver page: what could be handed out, the proof under way, and what was frozen."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator import tasks, tasktypes
from annotator.errors import FlowError
from annotator.flow.delivery import freezing, outlook, promises, proof
from annotator.flow.projects import settings
from annotator.messages import workers
from annotator.models import Delivery, Role
from annotator.views import partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.charts import render as charts
from annotator.views.delivery import chart, text
from annotator.views.delivery.form import StartForm, asked

PAGE = "delivery/page.html"


@require_http_methods(["GET", "POST"])
@signed_in
def deliver(request: Request, project_id: int) -> HttpResponse:
    """Show what can be delivered and what was; start a delivery."""
    access = open_project(request, project_id, Role.LEAD)
    if request.method == "POST":
        return _start(request, access)
    work = promises.under_way(access.project)
    if partials.is_unchanged(request, _state(work)):
        return partials.not_modified()
    return partials.render_partial(request, PAGE, "deliver", _context(request, access, work))


def _context(request: Request, access: Access, work: Delivery | None) -> dict[str, Any]:
    context = {
        "access": access,
        "ended": text.ended(access.project),
        "state": _state(work),
        "worker": workers.workers(),
    }
    if work is not None:
        return {**context, "proof": text.proof_context(work), "seconds": _seconds(work)}
    return {**context, "outlook": text.outlook_context(access.project, *asked(request.GET))}


def _seconds(work: Delivery) -> int:
    """Return how soon the page looks again: a worker is quick, people are not."""
    return 10 if work.stage == Delivery.Stage.PROVE else 2


def _state(work: Delivery | None) -> str:
    """Return a digest of what is shown of a delivery under way."""
    if work is None:
        return partials.state_of()
    alive = work.stage == Delivery.Stage.PROVE or workers.workers()["alive"]
    return partials.state_of(
        work.pk, work.stage, work.state, work.error, work.standing, work.revision, alive
    )


def _start(request: Request, access: Access) -> HttpResponse:
    form, problem = StartForm(request.POST, access.project), ""
    if form.is_valid():
        try:
            work = promises.start(access.project, request.user, **form.wanted())
        except FlowError as refusal:
            problem = refusal.detail
        else:
            tasks.plan_delivery.delay_on_commit(work.pk)
    else:
        problem = str(next(iter(form.errors.values()))[0])
    if problem:
        messages.warning(request, problem)
    return redirect("deliver", access.project.pk)


@require_POST
@signed_in
def finish(request: Request, project_id: int) -> HttpResponse:
    """Turn finish mode on for a promise, or off."""
    access = open_project(request, project_id, Role.LEAD)
    tasktypes.require(access.project, "deliver")
    max_error, _confidence = asked(request.POST)
    allowed = float(max_error) if "on" in request.POST else None
    settings.change_project(access.project, finish_error=allowed)
    said = _("Finish mode is off.") if allowed is None else _("Finish mode is on.")
    messages.success(request, said + " " + _("It holds from the next round on."))
    return redirect(f"{reverse('deliver', args=[project_id])}?max_error={max_error.normalize():f}")


@require_POST
@signed_in
def freeze(request: Request, project_id: int, number: int) -> HttpResponse:
    """Freeze a proven delivery."""
    access = open_project(request, project_id, Role.LEAD)
    work = promises.find(access.project, number)
    try:
        freezing.start(work)
    except FlowError as refusal:
        messages.warning(request, refusal.detail)
    else:
        tasks.freeze_delivery.delay_on_commit(work.pk)
    return redirect("deliver", project_id)


@require_POST
@signed_in
def settle(request: Request, project_id: int, number: int) -> HttpResponse:
    """End a proof with what is proven so far."""
    access = open_project(request, project_id, Role.LEAD)
    try:
        proof.settle(promises.find(access.project, number))
    except FlowError as refusal:
        messages.warning(request, refusal.detail)
    return redirect("deliver", project_id)


@require_http_methods(["GET", "POST"])
@signed_in
def remove(request: Request, project_id: int, number: int) -> HttpResponse:
    """Say what giving a delivery up or deleting it means, and do it."""
    access = open_project(request, project_id, Role.LEAD)
    work = promises.find(access.project, number)
    is_under_way = work.stage in Delivery.UNDER_WAY
    if request.method == "GET":
        context = {"access": access, "delivery": work, "is_under_way": is_under_way}
        return render(request, "delivery/remove.html", context)
    try:
        promises.remove(work, force="force" in request.POST)
    except FlowError as refusal:
        messages.warning(request, refusal.detail)
    else:
        said = _("The delivery was given up.") if is_under_way else _("The delivery was deleted.")
        messages.success(request, said)
    return redirect("deliver", project_id)


@require_safe
@signed_in
def difference(request: Request, project_id: int, number: int) -> HttpResponse:
    """Show which labels of a delivery differ from those of the one before."""
    access = open_project(request, project_id, Role.LEAD)
    work = freezing.frozen(access.project, number)
    context = {"access": access, "delivery": work, "changes": text.changes(work)}
    return render(request, "delivery/difference.html", context)


@require_safe
@signed_in
def curve(request: Request, project_id: int) -> HttpResponse:
    """Return the drawing of what could be delivered."""
    access = open_project(request, project_id, Role.LEAD)
    theme, size = charts.theme_and_size(request, "wide")
    max_error, confidence = asked(request.GET)
    told = outlook.estimate(access.project, max_error, confidence)
    if not told["curve"]:
        raise Http404
    return charts.as_picture(chart.spec(told["curve"], float(max_error), theme), theme, size)
