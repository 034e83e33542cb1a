"""Import page: upload, progress and rejected rows."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from annotator import tasks
from annotator.errors import FlowError
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
    context = imports_context(access, ImportForm())
    if partials.is_unchanged(request, context["state"]):
        return partials.not_modified()
    region = "import_rows" if request.htmx.target == "import_rows" else "imports"
    return partials.render_partial(request, "datasets/imports.html", region, context)


def _receive(request: Request, access: Access) -> HttpResponse:
    form = ImportForm(request.POST, request.FILES)
    if form.is_valid():
        given = dict(form.cleaned_data)
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
    return partials.render_partial(
        request, "datasets/imports.html", "imports", imports_context(access, ImportForm())
    )


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
