"""Bulk edits: started from the list, watched, undone."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from annotator import tasks
from annotator.errors import FlowError
from annotator.flow.items import bulk, criteria
from annotator.models import BulkEdit
from annotator.views import number_format, partials
from annotator.views.access import Access, Request, signed_in
from annotator.views.chosen_labels import is_id
from annotator.views.items.bulk_form import BulkForm, end_of
from annotator.views.items.page import bulk_edits, opened


@require_http_methods(["GET", "POST"])
@signed_in
def edits(request: Request, project_id: int) -> HttpResponse:
    """Show how far bulk edits are, or start one."""
    access = opened(request, project_id)
    if request.method == "GET":
        context = {"access": access, "edits": bulk_edits(access), "here": request.GET.urlencode()}
        return partials.render_partial(request, "items/edits.html", "edits", context)
    form = BulkForm(access.project, request.POST)
    if not form.is_valid():
        words = next(iter(form.errors.values()))[0]
        return _back(request, access, problem=str(words))
    try:
        work = bulk.start(access.project, request.user, **_asked(request, form.cleaned_data))
    except FlowError as refusal:
        return _back(request, access, problem=refusal.detail)
    return _back(request, access, said=_done(work))


@require_POST
@signed_in
def undo(request: Request, project_id: int, number: int) -> HttpResponse:
    """Undo a bulk edit."""
    access = opened(request, project_id)
    try:
        work = bulk.request_undo(bulk.find(access.project, number), request.user)
    except FlowError as refusal:
        return _back(request, access, problem=refusal.detail)
    return _back(request, access, said=_done(work))


def _asked(request: Request, chosen: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of the edit; the list's filter chooses annotations, or the items."""
    given = {name: request.GET[name] for name in criteria.NAMES if request.GET.get(name)}
    items = [int(key) for key in request.POST.getlist("items") if is_id(key)]
    return {
        "action": chosen["action"],
        "items": [] if chosen["whole"] else items,
        "filter": given if chosen["whole"] or given else None,
        "labels": [chosen["label"]] if chosen["label"] else [],
        "by": chosen["by"],
        "comment": chosen["comment"],
        "people": chosen["people"],
        "until": end_of(chosen["until"]),
    }


def _done(work: BulkEdit) -> str:
    """Do what is small enough, leave the rest to a worker, and say so."""
    if not tasks.do_bulk_edit(work):
        return _("The bulk edit is running.")
    number = work.undone if work.is_undo else work.changed
    words = (
        ngettext("%(n)s change undone.", "%(n)s changes undone.", number)
        if work.is_undo
        else ngettext("%(n)s item changed.", "%(n)s items changed.", number)
    )
    return words % {"n": number_format.count(number)}


def _back(request: Request, access: Access, said: str = "", problem: str = "") -> HttpResponse:
    messages.add_message(
        request, messages.WARNING if problem else messages.SUCCESS, problem or said
    )
    page = reverse("items", args=[access.project.pk])
    query = request.GET.urlencode()
    return redirect(f"{page}?{query}" if query else page)
