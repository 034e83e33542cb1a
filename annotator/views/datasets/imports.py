"""Import page: upload, progress and rejected rows."""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from annotator import tasks
from annotator.errors import Conflict, FlowError
from annotator.flow.datasets import attaching, importing, upload
from annotator.flow.datasets import preview as upload_preview
from annotator.flow.datasets.options import Options
from annotator.flow.labels import naming
from annotator.messages.datasets import imports as messages
from annotator.models import Import, Role
from annotator.views import partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.datasets import import_text
from annotator.views.datasets.import_form import CREATE, LEAVE_OUT, MAPPED, ImportForm
from annotator.views.form_errors import add_refusal

SHOWN = 20
UNKNOWN_SHOWN = 50
BESIDE = ("vectors", "vector_ids")


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
        try:
            made = _started(request, access, form.wanted())
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            tasks.run_import.delay_on_commit(made.pk)
            return _received(request, access)
    context = imports_context(access, form)
    return partials.render_partial(request, "datasets/imports.html", "imports", context, status=422)


def _started(request: Request, access: Access, given: dict[str, Any]) -> Import:
    files, kept = given.pop("file"), given.pop("upload")
    if files:
        return upload.receive(access.project, request.user, files, **given)
    beside = {name: given.pop(name, None) for name in BESIDE}
    if not kept:
        return attaching.receive(access.project, request.user, **beside)
    found = upload.find_upload(access.project, kept)
    return upload.start(found, request.user, Options(**given))


def _received(request: Request, access: Access) -> HttpResponse:
    if not request.htmx:
        return redirect("imports", access.project.pk)
    context = imports_context(access, ImportForm(project=access.project))
    return partials.render_partial(request, "datasets/imports.html", "imports", context)


@require_POST
@signed_in
def preview(request: Request, project_id: int) -> HttpResponse:
    """Show what an import of a file would do; nothing but the upload is stored."""
    access = open_project(request, project_id, Role.ADMIN)
    form = ImportForm(request.POST, request.FILES, project=access.project)
    seen = _previewed(request, access, form)
    if request.htmx.target == "import-preview":
        return render(request, "datasets/_preview.html", {**seen, "form": form, "access": access})
    context = {**imports_context(access, form), **seen}
    return partials.render_partial(request, "datasets/imports.html", "imports", context)


def _previewed(request: Request, access: Access, form: ImportForm) -> dict[str, Any]:
    """Return the context of a preview: what was found, or why the file cannot be used."""
    if not form.is_valid():
        return {"problem": next(iter(form.errors.values()))[0]}
    given = form.wanted()
    files, kept = given.pop("file"), given.pop("upload")
    beside = {name: given.pop(name) for name in BESIDE if given.get(name)}
    given = {name: value for name, value in given.items() if name not in BESIDE}
    found = None
    try:
        if files:
            upload.kind_of(access.project, upload.name_of(files), given["format"])
            found = upload.keep(access.project, request.user, files, **beside)
        else:
            found = upload.find_upload(access.project, kept)
        seen = upload_preview.preview(found, Options(**given))
    except FlowError as refusal:
        return {"problem": refusal.detail, "upload": found and found.pk}
    chosen = form.data
    return {
        "upload": found.pk,
        "seen": seen,
        "counts": import_text.counts(seen),
        "notes": [messages.note(each) for each in seen.notes],
        "columns": import_text.columns(form, seen),
        "unknown": [
            {"label": each, "chosen": chosen.get(f"{MAPPED}{each.name}", "")}
            for each in _unknown(seen, given["label_map"])[:UNKNOWN_SHOWN]
        ],
        "project_labels": [label.name for label in naming.labels_of(access.project)],
        "leave_out": LEAVE_OUT,
        "create": CREATE,
        "there": seen.looked.header,
    }


def _unknown(seen: upload_preview.Preview, chosen: dict[str, str]) -> list[Any]:
    """Return the unknown labels, first those for which something was chosen already."""
    there = {each.name: each for each in seen.unknown}
    mapped = [
        there.get(name) or upload_preview.UnknownLabel(name, seen.labels[name], "")
        for name in chosen
    ]
    return [*mapped, *(each for each in seen.unknown if each.name not in chosen)]


@require_POST
@signed_in
def cancel(request: Request, project_id: int, number: int) -> HttpResponse:
    """Cancel an import that waits or runs."""
    access = open_project(request, project_id, Role.ADMIN)
    with suppress(Conflict):
        # If it ended a moment ago, the rows say so.
        importing.cancel(upload.find(access.project, number), request.user)
    if not request.htmx:
        return redirect("imports", access.project.pk)
    context = imports_context(access, ImportForm(project=access.project))
    return partials.render_partial(request, "datasets/imports.html", "import_rows", context)


def imports_context(access: Access, form: ImportForm) -> dict[str, Any]:
    """Return the form and the newest imports, with a digest of them."""
    rows = list(access.project.imports.select_related("removal")[:SHOWN])
    shown = [import_text.shown(each) for each in rows]
    seen = [
        (each.pk, each.state, each.total, each.done, each.report_lines, each.error) for each in rows
    ]
    undos = [row["undo"] for row in shown if row["undo"]]
    return {
        "access": access,
        "form": form,
        "rows": shown,
        "is_active": any(each.is_active for each in [*rows, *undos]),
        "state": partials.state_of([*seen, *((undo.state, undo.done) for undo in undos)]),
        "max_upload_mb": settings.MAX_UPLOAD_MB,
        "failed": Import.State.FAILED,
    }
