"""Export page: choices, a preview, progress and the files that are there."""

from itertools import islice
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from annotator import tasks
from annotator.errors import FlowError
from annotator.flow.datasets import export, export_job
from annotator.formats.registry import WRITERS
from annotator.models import Export, Role
from annotator.views import drafts, partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.datasets.export_form import ExportForm
from annotator.views.form_errors import add_refusal

SHOWN = 20
ROWS = 5
LONGEST = 120


@require_http_methods(["GET", "POST"])
@signed_in
def exports(request: Request, project_id: int) -> HttpResponse:
    """Show the project's exports, and start one."""
    access = open_project(request, project_id, Role.LEAD)
    if request.method == "POST":
        return _start(request, access)
    context = exports_context(access, ExportForm(project=access.project))
    if partials.is_unchanged(request, context["state"]):
        return partials.not_modified()
    region = "export_rows" if request.htmx.target == "export_rows" else "exports"
    return partials.render_partial(request, "datasets/exports.html", region, context)


def _start(request: Request, access: Access) -> HttpResponse:
    form = ExportForm(request.POST, project=access.project)
    if form.is_valid():
        given = form.wanted()
        try:
            made = export_job.start(access.project, request.user, given.pop("format"), given)
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            tasks.run_export.delay_on_commit(made.pk)
            return redirect("exports", access.project.pk)
    context = exports_context(access, form)
    return partials.render_partial(request, "datasets/exports.html", "exports", context, status=422)


@require_POST
@signed_in
def preview(request: Request, project_id: int) -> HttpResponse:
    """Show the first rows, and how many there are."""
    access = open_project(request, project_id, Role.LEAD)
    form = ExportForm(request.POST, project=access.project)
    seen = _previewed(access, form)
    if request.htmx.target == "export-preview":
        return drafts.kept(render(request, "datasets/_export_preview.html", seen))
    context = {**exports_context(access, form), **seen}
    page = partials.render_partial(request, "datasets/exports.html", "exports", context)
    return drafts.kept(page)


def _previewed(access: Access, form: ExportForm) -> dict[str, Any]:
    if not form.is_valid():
        return {"problem": next(iter(form.errors.values()))[0]}
    given = form.wanted()
    try:
        writer, wanted = export.checked(access.project, given.pop("format"), given)
    except FlowError as refusal:
        return {"problem": refusal.detail}
    wanted = export.of_writer(writer, wanted)
    rows = list(islice(export.records(access.project, wanted), ROWS))
    return {
        "total": export.total(access.project, wanted),
        "unaligned": export.unaligned_spans(access.project, writer, wanted),
        "header": list(rows[0]) if rows else [],
        "rows": [[_shown(value) for value in row.values()] for row in rows],
        "is_seen": True,
    }


def _shown(value: Any) -> str:
    text = "" if value is None or value == [] else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def exports_context(access: Access, form: ExportForm) -> dict[str, Any]:
    """Return the form and the newest exports, with a digest of them."""
    rows = list(Export.objects.filter(project=access.project).select_related("user")[:SHOWN])
    titles = {kind: writer.title for kind, writer in WRITERS.items()}
    seen = [(each.pk, each.state, each.total, each.done, each.path, each.error) for each in rows]
    return {
        "access": access,
        "form": form,
        "exports": [(each, titles.get(each.format, each.format)) for each in rows],
        "is_active": any(each.is_active for each in rows),
        "state": partials.state_of(seen),
        "kept_days": Export.KEPT.days,
    }
