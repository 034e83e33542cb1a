"""Pause and resume a project."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from annotator.errors import FlowError
from annotator.flow.progress import stopping
from annotator.messages.stopping import pause_words
from annotator.models import Role
from annotator.views.access import Request, open_project, signed_in
from annotator.views.projects.pause_form import PauseForm


@require_POST
@signed_in
def pause(request: Request, project_id: int) -> HttpResponse:
    """Pause the project, and show the reason to all members."""
    access = open_project(request, project_id, Role.LEAD)
    form = PauseForm(request.POST)
    if not form.is_valid():
        messages.warning(request, " ".join(map(str, form.errors["reason"])))
        return _back(request, project_id)
    try:
        stopping.pause(access.project, access.user, form.cleaned_data["reason"])
    except FlowError as refusal:
        messages.warning(request, refusal.detail)
    else:
        said = _("Paused. No new items are served; items on screen can still be saved.")
        messages.success(request, said)
    return _back(request, project_id)


@require_POST
@signed_in
def resume(request: Request, project_id: int) -> HttpResponse:
    """Resume the project."""
    access = open_project(request, project_id, Role.LEAD)
    stopping.resume(access.project)
    still = stopping.find_pause(access.project)
    if still is None:
        messages.success(request, _("Resumed. Open labelling pages continue within seconds."))
    else:
        messages.warning(request, pause_words(still))
    return _back(request, project_id)


def _back(request: Request, project_id: int) -> HttpResponse:
    page = redirect("dashboard", project_id)
    return HttpResponseClientRedirect(page.url) if request.htmx else page
