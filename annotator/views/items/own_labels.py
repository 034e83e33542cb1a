"""An annotator's own labels: searched, corrected; what a lead sent back, and the reply to it."""

from typing import Any

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotator import tasks
from annotator.errors import Conflict, FlowError, Invalid, NotFound
from annotator.flow.annotation import revise, send_back
from annotator.flow.items import own
from annotator.flow.labels import naming
from annotator.messages import labelling
from annotator.models import Annotation, Item, SentBack
from annotator.views import partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.chosen_labels import is_id
from annotator.views.chosen_labels import labels as labels_chosen
from annotator.views.labelling.context import FILTER_FROM, choices
from annotator.views.snippets import excerpt, excerpts, line

SHOWN = 30
BACK_SHOWN = 20


@require_safe
@signed_in
def own_labels(request: Request, project_id: int) -> HttpResponse:
    """Show one's own labels, the newest first, and what came back."""
    access = _open(request, project_id)
    q, name, before = (request.GET.get(each, "") for each in ("q", "label", "before"))
    label = naming.by_name(access.project).get(name)
    rows = own.labels(access.project, access.user, q, label.pk if label else None)
    if is_id(before):
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: SHOWN + 1])
    back = send_back.to_person(access.project, access.user)[:BACK_SHOWN]
    context = _shared(access) | {
        "rows": [_row(access, each, q) for each in found[:SHOWN]],
        "more_before": found[SHOWN - 1].pk if len(found) > SHOWN else None,
        "q": q,
        "label": name,
        "here": request.GET.urlencode(),
        "back": [_came_back(access, each) for each in back] if not is_id(before) else [],
    }
    return render(request, "items/own_labels.html", context)


@require_POST
@signed_in
def correct(request: Request, project_id: int, number: int) -> HttpResponse:
    """Correct one of one's own labels."""
    access = _open(request, project_id)
    found = revise.find_annotation(access.project, request.user, number)
    if found.user_id != request.user.pk:
        raise NotFound("unknown_annotation")
    chosen, said, problem, status = labels_chosen(request.POST), "", "", 200
    try:
        revise.correct(found, request.user, chosen)
    except (Conflict, Invalid) as refusal:
        problem, status = refusal.detail, refusal.status
    else:
        tasks.learn_if_due.delay_on_commit(access.project.pk)
        titles = ", ".join(naming.titles(access.project, chosen)) or _("none")
        said = _("Corrected: %(labels)s.") % {"labels": titles}
    if not request.htmx:
        place = f"{reverse('own_labels', args=[project_id])}?{request.GET.urlencode()}"
        return partials.redirect_with_message(request, place, said=said, problem=problem)
    again = own.labels(access.project, access.user).get(pk=number)
    context = _shared(access) | {"row": _row(access, again, request.GET.get("q", ""))}
    context |= {"said": said, "problem": problem, "here": request.GET.urlencode()}
    return render(request, "items/_own_label.html", context, status=status)


@require_POST
@signed_in
def reply(request: Request, project_id: int, number: int) -> HttpResponse:
    """Answer a lead who sent a label back."""
    access = _open(request, project_id)
    try:
        send_back.reply(access.project, access.user, number, request.POST.get("reply", ""))
    except FlowError as refusal:
        messages.warning(request, refusal.detail)
    else:
        messages.success(request, _("Your reply was sent."))
    return redirect("own_labels", project_id)


def _open(request: Request, project_id: int) -> Access:
    access = open_project(request, project_id)
    prefetch_related_objects([access.project], "labels")
    return access


def _shared(access: Access) -> dict[str, Any]:
    labels = choices(access, None, [])
    return {"access": access, "choices": labels, "has_picker": len(labels) >= FILTER_FROM}


def _row(access: Access, annotation: Annotation, sought: str) -> dict[str, Any]:
    annotation.project = access.project
    given = sorted(annotation.given.all(), key=lambda one: (one.label.position, one.label_id))
    return {
        "annotation": annotation,
        "item": annotation.item,
        "text": excerpt(annotation.item.text, sought),
        "parts": excerpts(annotation.item, sought),
        "given": [each.label_id for each in given],
        "words": labelling.label_words(
            access.project, naming.called(access.project, [each.label for each in given])
        ),
    }


def _came_back(access: Access, each: SentBack) -> dict[str, Any]:
    is_open = each.item.state != Item.State.LABELLED
    return {
        "row": each,
        "text": line(each.item.text, each.item.content) or each.item.key,
        "is_yours": each.asked_id == access.user.pk and is_open and each.closed_at is None,
        "is_over": not is_open,
    }
