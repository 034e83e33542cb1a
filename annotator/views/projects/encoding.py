"""Pause and resume the encoder of a project, and measure what encoders cost."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from annotator import tasks
from annotator.flow.features import encoder_costs, vectors
from annotator.flow.progress import summary
from annotator.messages import encoder_choice, progress
from annotator.models import Role
from annotator.views import partials
from annotator.views.access import Request, open_project, signed_in


@require_safe
@signed_in
def encoders(request: Request, project_id: int) -> HttpResponse:
    """Show which encoders the project can use; the settings page loads it when it is shown."""
    access = open_project(request, project_id, Role.LEAD)
    project = access.project
    found = encoder_costs.choice(project)
    context = {
        "access": access,
        "encoder_rows": encoder_choice.rows(found, project.items),
        "encoder_notes": encoder_choice.notes(found),
        "encoding": progress.features_in_words(summary.features(project))["encoding"],
    }
    return partials.render_partial(request, "projects/encoders.html", "encoders", context)


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
    return redirect("project_encoders", project_id)


def _back(request: Request, project_id: int) -> HttpResponse:
    page = redirect("dashboard", project_id)
    return HttpResponseClientRedirect(page.url) if request.htmx else page
