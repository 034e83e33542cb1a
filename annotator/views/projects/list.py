"""Project list, and the form for a new project."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator import demo, tasks
from annotator.errors import FlowError
from annotator.flow.projects import overview, settings
from annotator.messages import workers
from annotator.models import Project
from annotator.views import partials
from annotator.views.access import Request, only_installation_admins, signed_in
from annotator.views.form_errors import add_refusal
from annotator.views.projects.list_text import row_in_words
from annotator.views.projects.project_form import ProjectForm

# With more projects, a search field is shown.
FEW = 5
# The menu of projects stays short; the list of projects has a search.
SWITCHED = 12
# Time within which the first worker of a new installation should have started.
STARTING = timedelta(minutes=1)


@require_safe
@signed_in
def projects(request: Request) -> HttpResponse:
    """Show the user's projects; `q` filters by name."""
    wanted = request.GET.get("q", "")[:200]
    found = overview.rows(request.user, wanted)
    context = _context(found, wanted)
    if partials.is_unchanged(request, context["state"]):
        return partials.not_modified()
    return partials.render_partial(request, "projects/list.html", "project_rows", context)


@require_safe
@signed_in
def switch(request: Request) -> HttpResponse:
    """Show the projects to switch to; `now` is the open one."""
    now = request.GET.get("now", "")
    context = {
        "projects": overview.names(request.user, SWITCHED),
        "now": int(now) if now.isdecimal() else 0,
    }
    return render(request, "projects/_switch.html", context)


def _context(found: list[overview.ProjectRow], wanted: str) -> dict[str, Any]:
    rows = [row_in_words(row) for row in found]
    led = [row.project for row in found if row.leads]
    worker = workers.workers() if led else {"alive": True}
    is_starting = not worker["alive"] and _is_starting(worker, led)
    warning = "" if worker["alive"] or is_starting else worker["words"]
    return {
        "rows": rows,
        "wanted": wanted,
        "may_filter": bool(wanted) or len(rows) > FEW,
        "warning": warning,
        "is_busy": is_starting or any(row.importing for row in found),
        "state": partials.state_of(rows, warning),
    }


def _is_starting(worker: dict[str, Any], led: list[Project]) -> bool:
    """Return whether the installation is so new that its first worker may still be starting."""
    oldest = min(project.created_at for project in led)
    return worker["seconds"] is None and timezone.now() - oldest < STARTING


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: Request) -> HttpResponse:
    """Create a project."""
    only_installation_admins(request)
    form = ProjectForm(partials.post_data(request))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            project = settings.create_project(request.user, **given)
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("Project created. Import its items now."))
            return redirect("imports", project.pk)
    return render(request, "projects/new.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@signed_in
def sample(request: Request) -> HttpResponse:
    """Create the sample project with history, and lead to its dashboard."""
    only_installation_admins(request)
    project, work = demo.load_with_history(request.user)
    if work is not None:
        tasks.fill_sample.delay_on_commit(project.pk, work.pk)
    return redirect("dashboard", project.pk)
