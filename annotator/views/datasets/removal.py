"""Pages on which a person confirms what is removed for good: an import's items, or one item."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from annotator import tasks
from annotator.errors import FlowError
from annotator.flow.datasets import removal, undo_import, upload
from annotator.flow.items import details
from annotator.models import Role
from annotator.views.access import Request, open_project, signed_in
from annotator.views.snippets import excerpt, excerpts


@require_http_methods(["GET", "POST"])
@signed_in
def undo(request: Request, project_id: int, number: int) -> HttpResponse:
    """Say what undoing an import removes and what stays, and undo it."""
    access = open_project(request, project_id, Role.ADMIN)
    work = upload.find(access.project, number)
    if request.method == "GET":
        context = {"access": access, "work": work, "found": undo_import.foresee(work)}
        return render(request, "datasets/undo_import.html", context)
    try:
        asked = undo_import.request(work, request.user, everything="all" in request.POST)
    except FlowError as refusal:
        messages.warning(request, refusal.detail)
    else:
        if not undo_import.finish_quickly(asked):
            tasks.undo_import.delay_on_commit(asked.pk)
    return redirect("imports", project_id)


@require_http_methods(["GET", "POST"])
@signed_in
def delete_item(request: Request, project_id: int, item_id: int) -> HttpResponse:
    """Say what is deleted with an item, and delete it."""
    access = open_project(request, project_id, Role.LEAD)
    item = details.find(access.project, item_id)
    if request.method == "GET":
        context = {
            "access": access,
            "row": {"item": item, "text": excerpt(item.text), "parts": excerpts(item)},
            "annotations": item.annotations.filter(withdrawn_at=None).count(),
        }
        return render(request, "datasets/delete_item.html", context)
    removal.remove_item(access.project, item.pk)
    tasks.learn_if_due.delay_on_commit(project_id)
    messages.success(request, _("The item was deleted."))
    return redirect("items", project_id)
