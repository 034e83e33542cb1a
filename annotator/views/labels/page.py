"""Labels page: change, merge and split labels, with previews, and undo what was done."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from annotator import tasks
from annotator.errors import FlowError
from annotator.flow.items import label_split
from annotator.flow.labels import naming, usage
from annotator.flow.projects import edits as saves
from annotator.flow.projects import label_edits, label_merge
from annotator.flow.projects.versions import EditConflict
from annotator.flow.training import label_preview as described
from annotator.models import LabelEdit, Project, Role
from annotator.views import number_format
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.labels.forms import MergeForm, SplitForm
from annotator.views.labels.text import changes_in_words, touched_in_words
from annotator.views.projects.label_forms import (
    NewLabelsForm,
    add_label_clashes,
    label_rows,
    order_of,
)
from annotator.views.snippets import excerpt, excerpts


@require_safe
@signed_in
def label_set(request: Request, project_id: int) -> HttpResponse:
    """Show the labels, and what was changed of them lately."""
    return _show(request, open_project(request, project_id, Role.LEAD))


@require_POST
@signed_in
def labels(request: Request, project_id: int) -> HttpResponse:
    """Store changed and added labels, or show what that would touch."""
    access = open_project(request, project_id, Role.LEAD)
    rows, added = label_rows(access.project, request.POST), NewLabelsForm(request.POST)
    context: dict[str, Any] = {}
    status = 422
    if rows.is_valid() and added.is_valid():
        try:
            told = _save(request, access, rows, added)
        except EditConflict as conflict:
            # The current labels are shown beside the submitted ones.
            rows = label_rows(access.project, request.POST)
            rows.is_valid()
            add_label_clashes(rows, conflict.clashes)
            status = conflict.status
        except FlowError as refusal:
            context["labels_problem"] = refusal.detail
        else:
            if told is None:
                messages.success(request, _("Labels saved."))
                return redirect("label_set", project_id)
            context["planned"], status = told, 200
    return _show(request, access, rows=rows, added=added, **context, status=status)


def _save(request: Request, access: Access, rows: Any, added: Any) -> list[str] | None:
    """Store the labels; where only a preview is wanted, return the changes in words instead."""
    project = access.project
    with transaction.atomic():
        before = label_edits.snapshot(project)
        with label_edits.recorded(project, request.user):
            typed = [row.edit() for row in rows]
            saves.edit_labels(project, typed, added.cleaned_data["labels"], order_of(rows))
        if "preview" not in request.POST:
            return None
        after = label_edits.snapshot(project)
        transaction.set_rollback(True)
    naming.forget(project)
    return changes_in_words(project, before, after)


# Merge and split ----------------------------------------------------------------------------------


@require_POST
@signed_in
def merge(request: Request, project_id: int) -> HttpResponse:
    """Show what a merge would touch, or merge two labels."""
    access = open_project(request, project_id, Role.LEAD)
    if "preview" in request.POST:
        return _preview(request, access, "merge", MergeForm, _merge_touches)
    form = MergeForm(access.project, request.POST)
    return _start(request, access, "merge", form, _merge, _("Choose two labels."))


def _merge(access: Access, form: MergeForm) -> str:
    return _merged(label_merge.start(access.project, access.user, **form.pair()))


def _merge_touches(access: Access, form: MergeForm) -> dict[str, Any]:
    if not form.is_valid():
        return {}
    told = label_merge.preview(access.project, **form.pair())
    return {"merge_touches": touched_in_words(told), "merge_pair": told}


def _merged(work: LabelEdit) -> str:
    """Do what is small enough, leave the rest to a worker, and say so."""
    if tasks.do_merge(work):
        return _("Labels merged.") if not work.is_undo else _("The merge is undone.")
    return _("The merge is running.") if not work.is_undo else _("The merge is being undone.")


@require_POST
@signed_in
def split(request: Request, project_id: int) -> HttpResponse:
    """Show how many items a split would ask again, or split a label."""
    access = open_project(request, project_id, Role.LEAD)
    if "preview" in request.POST:
        return _preview(request, access, "split", SplitForm, _split_touches)
    form = SplitForm(access.project, request.POST)
    lacking = _("Choose a label, and name the new ones.")
    return _start(request, access, "split", form, _split, lacking)


def _split(access: Access, form: SplitForm) -> str:
    work = label_split.start(access.project, access.user, **form.asked())
    tasks.ask_again(work)
    return " ".join([_("Label split."), _asked_again(work.total)])


def _split_touches(access: Access, form: SplitForm) -> dict[str, Any]:
    form.is_valid()
    label = form.cleaned_data.get("label")
    if not label:
        return {}
    told = label_split.preview(access.project, access.user, label, form.filter())
    return {"split_touches": _asked_again(told["items"], is_exact=told["is_exact"])}


def _asked_again(number: int, *, is_exact: bool = True) -> str:
    words = ngettext("%(n)s item is asked again.", "%(n)s items are asked again.", number)
    return words % {"n": number_format.count(number) + ("" if is_exact else "+")}


def _preview(
    request: Request,
    access: Access,
    name: str,
    form: Callable[..., Any],
    touches: Callable[[Access, Any], dict[str, Any]],
) -> HttpResponse:
    """Show what a change would touch."""
    try:
        context = touches(access, form(access.project, request.POST))
    except FlowError as refusal:
        context = {f"{name}_problem": refusal.detail}
    # Half of it is chosen at first, which is no error yet.
    chosen = form(access.project, chosen=request.POST)
    return _part(request, access, name, {name: chosen, **context})


def _start(
    request: Request,
    access: Access,
    name: str,
    form: Any,
    change: Callable[[Access, Any], str],
    problem: str,
) -> HttpResponse:
    """Make a change and say so, or show the form with what is wrong; `problem` if it lacks some."""
    if form.is_valid():
        try:
            messages.success(request, change(access, form))
        except FlowError as refusal:
            problem = refusal.detail
        else:
            return redirect("label_set", access.project.pk)
    return _show(request, access, **{name: form, f"{name}_problem": problem}, status=422)


# Undo ---------------------------------------------------------------------------------------------


@require_safe
@signed_in
def edits(request: Request, project_id: int) -> HttpResponse:
    """Show how far the changes of the labels are."""
    access = open_project(request, project_id, Role.LEAD)
    return _part(request, access, "label_edits", {"edits": _listed(access.project)})


@require_POST
@signed_in
def undo(request: Request, project_id: int, number: int) -> HttpResponse:
    """Undo a change of the labels."""
    access = open_project(request, project_id, Role.LEAD)
    work = label_edits.find(access.project, number)
    work.project = access.project
    try:
        said = _undone(work, request)
    except FlowError as refusal:
        messages.warning(request, refusal.detail)
    else:
        messages.success(request, said)
    return redirect("label_set", project_id)


def _undone(work: LabelEdit, request: Request) -> str:
    if work.action == LabelEdit.Action.MERGE:
        return _merged(label_merge.request_undo(work, request.user))
    if work.action == LabelEdit.Action.SPLIT:
        work = label_split.undo(work, request.user)
        tasks.ask_again(work)
        return _("The split is undone.")
    label_edits.undo_change(work, request.user)
    return _("The change is undone.")


# What descriptions say ----------------------------------------------------------------------------


@require_safe
@signed_in
def label_preview(request: Request, project_id: int) -> HttpResponse:
    """Show what the descriptions of the labels say of five items."""
    access = open_project(request, project_id, Role.LEAD)
    context: dict[str, Any]
    try:
        context = {"preview": [_previewed(each) for each in described.preview(access.project)]}
    except FlowError as refusal:
        context = {"preview_problem": refusal.detail}
    if request.htmx.target == "label_preview":
        return render(request, "projects/_label_preview.html", {"access": access, **context})
    return _show(request, access, **context)


def _previewed(said: described.Said) -> dict[str, Any]:
    item = said.item
    share = _("%(share)s confidence") % {"share": number_format.percent(said.confidence)}
    texts = {"text": excerpt(item.text), "parts": excerpts(item)}
    return {"item": item, "label": said.label.name, "share": share, **texts}


# The page -----------------------------------------------------------------------------------------


def _part(request: Request, access: Access, name: str, context: dict[str, Any]) -> HttpResponse:
    if request.htmx.target == name:
        return render(request, f"labels/_{name}.html", {"access": access, **context})
    return _show(request, access, **context)


def set_context(access: Access, **given: Any) -> dict[str, Any]:
    """Return what the form of the labels shows; it stands on the page of settings as well."""
    project = access.project
    context: dict[str, Any] = {"access": access} | given
    context["label_clashes"] = [each for row in given.get("rows", ()) for each in row.clashes]
    context["reads_labels"] = access.type.media.pretrained == "text"
    context["can_change"] = "labels" in access.type.can
    context.setdefault("rows", label_rows(project))
    context.setdefault("added", NewLabelsForm())
    counts = usage.annotations_by_label(project)
    for row in context["rows"]:
        row.used = number_format.count(counts.get(row.label_id or row.initial.get("id"), 0))
    return context


def _show(request: Request, access: Access, *, status: int = 200, **given: Any) -> HttpResponse:
    project = access.project
    context = set_context(access, **given)
    context.setdefault("merge", MergeForm(project))
    context.setdefault("split", SplitForm(project, chosen=request.GET))
    context.setdefault("edits", _listed(project))
    return render(request, "labels/page.html", context, status=status)


def _listed(project: Project) -> list[dict[str, Any]]:
    return [{"row": each, "words": _edit_words(each)} for each in label_edits.listed(project)]


def _edit_words(work: LabelEdit) -> str:
    names = work.options.get("names", [])
    if work.action == LabelEdit.Action.MERGE:
        return _("“%(name)s” merged into “%(into)s”") % {"name": names[0], "into": names[1]}
    if work.action == LabelEdit.Action.SPLIT:
        told = {"name": names[0], "names": ", ".join(names[1:])}
        return _("“%(name)s” split into %(names)s") % told
    return "; ".join(changes_in_words(work.project, work.before, work.after, count=False))
