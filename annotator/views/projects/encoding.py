"""Pause and resume the encoder of a project, and measure what encoders cost."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from annotator import tasks
from annotator.flow.features import vectors
from annotator.models import Role
from annotator.views.access import Request, open_project, signed_in


@require_POST
@signed_in
def pause(request: Request, project_id: int) -> HttpResponse:
    """Have the encoder wait until somebody resumes it."""
    access = open_project(request, project_id, Role.LEAD)
    vectors.pause(access.project)
    messages.success(request, _("The encoder is paused. Labelling goes on."))
    return _back(request, project_id)


@require_POST
@signed_in
def resume(request: Request, project_id: int) -> HttpResponse:
    """Let the encoder go on, also where it stopped at something."""
    access = open_project(request, project_id, Role.LEAD)
    vectors.resume(access.project)
    tasks.encode_vectors.delay_on_commit()
    messages.success(request, _("The encoder goes on."))
    return _back(request, project_id)


@require_POST
@signed_in
def measure(request: Request, project_id: int) -> HttpResponse:
    """Have the worker measure how long each encoder would take for the items."""
    access = open_project(request, project_id, Role.LEAD)
    tasks.measure_encoders.delay_on_commit(access.project.pk)
    messages.success(request, _("The encoders are being measured. Reload in a few seconds."))
    return redirect("settings", project_id)


def _back(request: Request, project_id: int) -> HttpResponse:
    page = redirect("dashboard", project_id)
    return HttpResponseClientRedirect(page.url) if request.htmx else page
