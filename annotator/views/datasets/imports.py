"""Import page: upload, progress and rejected rows."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from annotator import tasks
from annotator.errors import FlowError
from annotator.flow.datasets import preview as upload_preview
from annotator.flow.datasets import upload
from annotator.models import Import, Role
from annotator.views import partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.datasets.import_form import ImportForm
from annotator.views.form_errors import add_refusal

SHOWN = 20


@require_http_methods(["GET", "POST"])
@signed_in
def imports(request: Request, project_id: int) -> HttpResponse:
    """Show the project's imports, and accept a file."""
    access = open_project(request, project_id, Role.ADMIN)
    if request.method == "POST":
        return _receive(request, access)
    context = imports_context(access, ImportForm(project=access.project))
    if partials.is_unchanged(request, context["state"]):
        return partials.not_modified()
    region = "import_rows" if request.htmx.target == "import_rows" else "imports"
    return partials.render_partial(request, "datasets/imports.html", region, context)


def _receive(request: Request, access: Access) -> HttpResponse:
    form = ImportForm(request.POST, request.FILES, project=access.project)
    if form.is_valid():
        given = form.wanted()
        try:
            made = upload.receive(access.project, request.user, given.pop("file"), **given)
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            tasks.run_import.delay_on_commit(made.pk)
            return _received(request, access)
    context = imports_context(access, form)
    return partials.render_partial(request, "datasets/imports.html", "imports", context, status=422)


def _received(request: Request, access: Access) -> HttpResponse:
    if not request.htmx:
        return redirect("imports", access.project.pk)
    context = imports_context(access, ImportForm(project=access.project))
    return partials.render_partial(request, "datasets/imports.html", "imports", context)


@require_POST
@signed_in
def preview(request: Request, project_id: int) -> HttpResponse:
    """Show how the beginning of a file would be read; nothing is stored."""
    access = open_project(request, project_id, Role.ADMIN)
    form = ImportForm(request.POST, request.FILES, project=access.project)
    return render(request, "datasets/_preview.html", _previewed(access, form))


def _previewed(access: Access, form: ImportForm) -> dict[str, Any]:
    """Return the context of a preview, empty where the file does not show one."""
    if not form.is_valid():
        return {}
    given = form.wanted()
    try:
        found = upload_preview.preview(access.project, given.pop("file"), **given)
    except FlowError as refusal:
        return {"problem": refusal.detail}
    if found is None:
        return {}
    columns = [(form[f"{use}_column"].label, column) for use, column in found.columns]
    return {"columns": columns, "rows": found.rows, "there": found.there}


def imports_context(access: Access, form: ImportForm) -> dict[str, Any]:
    """Return the form and the newest imports, with a digest of them."""
    rows = list(access.project.imports.all()[:SHOWN])
    seen = [
        (each.pk, each.state, each.total, each.done, each.rejected, each.error) for each in rows
    ]
    return {
        "access": access,
        "form": form,
        "rows": rows,
        "is_active": any(each.is_active for each in rows),
        "state": partials.state_of(seen),
        "max_upload_mb": settings.MAX_UPLOAD_MB,
        "failed": Import.State.FAILED,
    }
