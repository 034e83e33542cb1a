"""A lead answers an item in the list, corrects an annotation, or undoes that."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotator import tasks
from annotator.errors import Conflict, Invalid
from annotator.flow.annotation import revise
from annotator.flow.items import answering, details
from annotator.flow.labels import naming
from annotator.models import Item
from annotator.views.access import Access, Request, signed_in
from annotator.views.chosen_labels import labels as labels_chosen
from annotator.views.items.page import opened, render_detail


@require_POST
@signed_in
def answer(request: Request, project_id: int, item_id: int) -> HttpResponse:
    """Give the item an answer: a seed label, a decision or a correction."""
    access = opened(request, project_id)
    item = details.find(access.project, item_id)
    chosen = labels_chosen(request.POST)
    if not chosen and not access.type.answer.takes_several:
        return render_detail(request, access, item, problem=_("Choose a label first."), status=422)
    key = request.POST.get("client_id", "")
    try:
        _refuse_unseen(request, access, item)
        way = answering.answer(access.project, request.user, item, chosen, key)
    except (Conflict, Invalid) as refusal:
        return render_detail(request, access, item, problem=refusal.detail, status=refusal.status)
    tasks.learn_if_due.delay_on_commit(access.project.pk)
    words = {
        answering.SEEDED: _("Saved as a seed label: %(labels)s."),
        answering.DECIDED: _("Decided: %(labels)s."),
        answering.CORRECTED: _("Corrected: %(labels)s."),
        answering.SAME: _("It says so already: %(labels)s."),
    }[way]
    shown = ", ".join(naming.titles(access.project, chosen)) or _("none")
    return render_detail(request, access, item, said=words % {"labels": shown})


@require_POST
@signed_in
def undo(request: Request, project_id: int, item_id: int) -> HttpResponse:
    """Undo one's own answer to the item."""
    access = opened(request, project_id)
    item = details.find(access.project, item_id)
    try:
        way = answering.take_back(access.project, request.user, item)
    except Conflict as refusal:
        return render_detail(request, access, item, problem=refusal.detail, status=refusal.status)
    tasks.learn_if_due.delay_on_commit(access.project.pk)
    words = {
        answering.SEEDED: _("Seed label removed."),
        answering.DECIDED: _("Decision withdrawn. The disagreement is open again."),
        answering.CORRECTED: _("Correction undone."),
    }[way]
    return render_detail(request, access, item, said=words)


@require_POST
@signed_in
def correct(request: Request, project_id: int, item_id: int, number: int) -> HttpResponse:
    """Correct one annotation of the item."""
    access = opened(request, project_id)
    item = details.find(access.project, item_id)
    found = revise.find_annotation(access.project, request.user, number)
    chosen = labels_chosen(request.POST)
    try:
        _refuse_unseen(request, access, item)
        revise.correct(found, request.user, chosen)
    except (Conflict, Invalid) as refusal:
        return render_detail(request, access, item, problem=refusal.detail, status=refusal.status)
    tasks.learn_if_due.delay_on_commit(access.project.pk)
    shown = ", ".join(naming.titles(access.project, chosen)) or _("none")
    return render_detail(
        request, access, item, said=_("Corrected: %(labels)s.") % {"labels": shown}
    )


def _refuse_unseen(request: Request, access: Access, item: Item) -> None:
    """Raise Conflict if the answer is to what the item's annotations said before."""
    seen = request.POST.get("seen")
    if seen is not None:
        details.refuse_unseen(access.project, request.user, item, seen)
