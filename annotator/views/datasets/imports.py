"""Import page: upload, progress and rejected rows."""

from contextlib import suppress
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator import tasks
from annotator.errors import Conflict, FlowError, NotFound
from annotator.flow.datasets import attaching, importing, server_files, upload
from annotator.flow.datasets import preview as upload_preview
from annotator.flow.datasets.options import Options
from annotator.flow.labels import naming
from annotator.messages.datasets import imports as messages
from annotator.models import Import, Role
from annotator.views import drafts, partials
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
    files, kept = _files(given), given.pop("upload")
    if files:
        return upload.receive(access.project, request.user, files, **given)
    beside = {name: given.pop(name, None) for name in BESIDE}
    if not kept:
        return attaching.receive(access.project, request.user, **beside)
    found = upload.find_upload(access.project, kept)
    return upload.start(found, request.user, Options(**given))


def _files(given: dict[str, Any]) -> Any:
    """Take the files that were sent, or the one that lies on the server; nothing without either."""
    files, named = given.pop("file"), given.pop("server_file")
    return files or (server_files.find(named) if named else None)


def _received(request: Request, access: Access) -> HttpResponse:
    if not request.htmx:
        return redirect("imports", access.project.pk)
    context = imports_context(access, ImportForm(project=access.project))
    return partials.render_partial(request, "datasets/imports.html", "imports", context)


@require_safe
@signed_in
def server_file_list(request: Request, project_id: int) -> HttpResponse:
    """Show what one of the folders on the server has."""
    access = open_project(request, project_id, Role.ADMIN)
    found = _on_server(request.GET.get("folder", ""))
    if request.htmx:
        return render(request, "datasets/_server_files.html", {"access": access, **found})
    context = {**imports_context(access, ImportForm(project=access.project)), **found}
    return partials.render_partial(request, "datasets/imports.html", "imports", context)


def _on_server(folder: str = "") -> dict[str, Any]:
    """Return what can be imported from the server, for the form."""
    if not server_files.is_on():
        return {}
    problem = ""
    try:
        listed = server_files.listed(folder)
    except FlowError as refusal:
        # Somebody removed it meanwhile; or the store of a bucket has something to say.
        problem = "" if isinstance(refusal, NotFound) else refusal.detail
        folder, listed = "", server_files.listed()
    above = server_files.above(folder)
    return {"on_server": {"folder": folder, "above": above, "files": listed, "problem": problem}}


@require_POST
@signed_in
def preview(request: Request, project_id: int) -> HttpResponse:
    """Show what an import of a file would do; nothing but the upload is stored."""
    access = open_project(request, project_id, Role.ADMIN)
    form = ImportForm(request.POST, request.FILES, project=access.project)
    seen = previewed(request, access, form)
    if request.htmx.target == "import-preview":
        context = {**seen, "form": form, "access": access}
        return drafts.kept(render(request, "datasets/_preview.html", context))
    context = {**imports_context(access, form), **seen}
    page = partials.render_partial(request, "datasets/imports.html", "imports", context)
    return drafts.kept(page)


def previewed(request: Request, access: Access, form: ImportForm) -> dict[str, Any]:
    """Return the context of a preview: what was found, or why the file cannot be used."""
    if not form.is_valid():
        return {"problem": next(iter(form.errors.values()))[0]}
    given = form.wanted()
    beside = {name: given.pop(name) for name in BESIDE if given.get(name)}
    given = {name: value for name, value in given.items() if name not in BESIDE}
    found = None
    try:
        files, kept = _files(given), given.pop("upload")
        if files and not isinstance(files, server_files.ServerFile):
            upload.kind_of(access.project, upload.name_of(files), given["format"])
        if files or (beside and not kept):
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
        # A template would take the method of a counter for one of its keys.
        "labels_found": seen.labels.most_common(),
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
        # Not asked for where only the imports are shown again.
        "unfinished": partial(import_text.unfinished, access.project, access.user),
        "failed": Import.State.FAILED,
        **_on_server(),
    }
