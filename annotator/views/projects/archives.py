"""Archives: written and cloned on the settings page, opened on a page of its own."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator import tasks
from annotator.errors import FlowError
from annotator.flow.archiving import jobs
from annotator.flow.datasets import resumable
from annotator.messages.datasets import archives as archive_messages
from annotator.models import ArchiveJob, Role
from annotator.views import partials
from annotator.views.access import (
    Access,
    Request,
    only_installation_admins,
    open_project,
    signed_in,
)
from annotator.views.form_errors import add_refusal
from annotator.views.projects.archive_forms import CloneForm, OpenForm

SHOWN = 10


@require_safe
@signed_in
def archive_jobs(request: Request, project_id: int) -> HttpResponse:
    """Show how far the archives and clones of the project are."""
    access = open_project(request, project_id, Role.ADMIN)
    if not request.htmx:
        return redirect("settings", project_id)
    context = archives_context(access)
    if partials.is_unchanged(request, context["archives_state"]):
        return partials.not_modified()
    return partials.render_partial(request, "projects/settings.html", "archive_jobs", context)


@require_POST
@signed_in
def archive(request: Request, project_id: int) -> HttpResponse:
    """Start to write the archive of the project."""
    access = open_project(request, project_id, Role.ADMIN)
    work = jobs.archive(access.project, access.user)
    tasks.run_archive_job.delay_on_commit(work.pk)
    return redirect(f"{access.page('settings')}#archives")


@require_POST
@signed_in
def clone(request: Request, project_id: int) -> HttpResponse:
    """Start to copy the project."""
    access = open_project(request, project_id, Role.ADMIN)
    form = CloneForm(access.project, request.POST)
    if form.is_valid():
        try:
            work = jobs.clone(access.project, access.user, **form.wanted())
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            tasks.run_archive_job.delay_on_commit(work.pk)
            return redirect(f"{access.page('settings')}#archives")
    problem = " ".join(str(words) for field in form.errors.values() for words in field)
    messages.warning(request, problem)
    return redirect(f"{access.page('settings')}#archives")


def archives_context(access: Access) -> dict[str, Any]:
    """Return what the card on the settings page shows."""
    rows = jobs.of_project(access.project, SHOWN)
    return {"access": access, "clone_form": CloneForm(access.project), **_shown(rows)}


# Open ---------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@signed_in
def open_archive(request: Request) -> HttpResponse:
    """Receive an archive, and show how far those are that were received."""
    only_installation_admins(request)
    form = OpenForm(partials.post_data(request), request.FILES or None)
    if request.method == "POST" and form.is_valid() and _is_started(request, form):
        return redirect("open_archive")
    context = {"form": form, **_shown(jobs.opened_by(request.user, SHOWN))}
    if request.method == "GET" and partials.is_unchanged(request, context["archives_state"]):
        return partials.not_modified()
    context["unfinished"] = _unfinished(request)
    context["max_upload_mb"] = settings.MAX_UPLOAD_MB
    region = "archive_jobs" if request.htmx.target == "archive_jobs" else "open"
    status = 422 if form.errors else 200
    page = "projects/open.html"
    return partials.render_partial(request, page, region, context, status=status)


def _is_started(request: Request, form: OpenForm) -> bool:
    given = form.cleaned_data
    try:
        if given["file"]:
            work = jobs.receive(request.user, given["file"], given["name"])
        elif given["server_file"]:
            work = jobs.receive_server_file(request.user, given["server_file"], given["name"])
        else:
            work = jobs.receive_upload(request.user, given["upload"], given["name"])
    except FlowError as refusal:
        add_refusal(form, refusal)
        return False
    tasks.run_archive_job.delay_on_commit(work.pk)
    return True


def _unfinished(request: Request) -> list[dict[str, Any]]:
    return [
        {
            "upload": each,
            "url": f"/api/v1/uploads/{each.pk}",
            "percent": 100 * resumable.size_of(each) // max(each.length, 1),
        }
        for each in resumable.unfinished(None, request.user)
    ]


def _shown(rows: list[ArchiveJob]) -> dict[str, Any]:
    shown = [
        {
            "job": each,
            "title": archive_messages.title(each),
            "notes": archive_messages.notes(each),
            "what_next": _what_next(each),
        }
        for each in rows
    ]
    seen = [(each.pk, each.state, each.total, each.done, each.path, each.error) for each in rows]
    return {
        "archive_rows": shown,
        "archives_active": any(each.is_active for each in rows),
        "archives_state": partials.state_of(seen),
        "kept_days": ArchiveJob.KEPT.days,
    }


def _what_next(work: ArchiveJob) -> str:
    """Return what to do after a failure; the error says what happened."""
    if work.state != work.State.FAILED:
        return ""
    if work.kind == ArchiveJob.Kind.IMPORT:
        return _("Choose the archive again once the cause is gone.")
    return _("Start it again once the cause is gone.")
