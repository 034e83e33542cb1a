"""Bulk labelling page: confident items, confirmed with one key."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotator import tasks, tasktypes
from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.annotation import bulk_confirm, bulk_pages
from annotator.flow.labels import naming
from annotator.flow.labels.naming import Ref
from annotator.flow.progress.stopping import find_pause
from annotator.flow.queue import payload, prefetch
from annotator.messages.bulk import empty_words
from annotator.messages.stopping import pause_words
from annotator.models import Label, Lease
from annotator.views import chosen_labels, number_format, partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.labelling.bulk_form import BulkForm, PageForm

LINE = 200
MOST_TEXT = 5000


@require_safe
@signed_in
def page(request: Request, project_id: int) -> HttpResponse:
    """Show a page of the requested label, or of the label with the most confident items."""
    access = _open_desk(request, project_id)
    context = bulk_context(access, chosen_labels.label(request.GET))
    if not context["cards"] and partials.is_unchanged(request, context["state"]):
        return partials.not_modified()
    return partials.render_partial(request, "labelling/bulk.html", "bulk", context)


@require_POST
@signed_in
def confirm(request: Request, project_id: int) -> HttpResponse:
    """Save the marked items, release the rest, and show the next page."""
    access = _open_desk(request, project_id)
    form = BulkForm(request.POST)
    if not form.is_valid():
        said = _("Nothing was saved: the form was incomplete. Please confirm again.")
        return _move_on(request, access, "", said, messages.WARNING, status=422)
    label = chosen_labels.label(request.POST)
    shown, marked = request.POST.getlist("lease"), request.POST.getlist("marked")
    try:
        done = bulk_confirm.confirm(
            access.project, request.user, shown, marked, form.cleaned_data["seconds"]
        )
    except (Conflict, NotFound) as refusal:
        return _move_on(request, access, "", refusal.detail, messages.WARNING, status=409)
    tasks.learn_if_due.delay_on_commit(access.project.pk)
    said = number_format.confirmed(_name(access, label), done)
    return _move_on(request, access, label, said, messages.SUCCESS)


@require_POST
@signed_in
def undo(request: Request, project_id: int) -> HttpResponse:
    """Withdraw the labels of the last page and show it again."""
    access = _open_desk(request, project_id)
    label = chosen_labels.label(request.POST)
    try:
        leases = bulk_confirm.undo(access.project, request.user)
    except Conflict as refusal:
        return _move_on(request, access, label, refusal.detail, messages.WARNING, status=409)
    if not leases:
        return _move_on(request, access, label, _("No page to undo."), messages.INFO)
    tasks.learn_if_due.delay_on_commit(access.project.pk)
    label = bulk_confirm.label_of(leases)
    return _move_on(request, access, label, number_format.unconfirmed(len(leases)), messages.INFO)


@require_POST
@signed_in
def keep(request: Request, project_id: int) -> HttpResponse:
    """Extend the leases of the page on the screen, and report whether the project is paused."""
    access = open_project(request, project_id)
    bulk_pages.keep(access.project, request.user, *_on_screen(request))
    pause = find_pause(access.project)
    held_for = {"Winnow-Held-For": str(access.project.lease_seconds)}
    if pause is None:
        return HttpResponse(status=204, headers=held_for)
    said = _("%(why)s You can still save the item on your screen.") % {"why": pause_words(pause)}
    return HttpResponse(said, content_type="text/plain", headers=held_for)


@require_POST
@signed_in
def leave(request: Request, project_id: int) -> HttpResponse:
    """Release, in a moment, the leases of a page that is being closed."""
    access = open_project(request, project_id)
    prefetch.leave(access.project, request.user, *_on_screen(request))
    return HttpResponse(status=204)


def _on_screen(request: Request) -> tuple[str, list[str]]:
    """Return the page on the screen and its leases."""
    form = PageForm(request.POST)
    if not form.is_valid():
        raise Invalid("page", message="form_incomplete")
    return form.cleaned_data["page"], request.POST.getlist("lease")


def _open_desk(request: Request, project_id: int) -> Access:
    """Return the project with its labels loaded once, because flow reads them often."""
    access = open_project(request, project_id)
    tasktypes.require(access.project, "bulk")
    prefetch_related_objects([access.project], "labels")
    return access


def _name(access: Access, label: Ref) -> str:
    try:
        return bulk_pages.own_label(access.project, label).name
    except NotFound:
        return str(label)


def bulk_context(access: Access, ref: Ref = "", *, said: str = "") -> dict[str, Any]:
    """Return the context of the bulk page: labels to choose from, and a page for one of them."""
    project, user = access.project, access.user
    choices = bulk_pages.choices(project, user)
    fullest = max(choices, key=lambda each: each.left, default=None)
    # A polling page may be about a label deleted since.
    is_there = bool(ref) and (isinstance(ref, str) or naming.stand(project, [ref]))
    label = bulk_pages.own_label(project, ref) if is_there else (fullest.label if fullest else None)
    leases = bulk_pages.take(project, user, label.pk) if label else []
    empty = "" if leases else bulk_pages.why_empty(project, choices, label)
    is_paused = empty == "paused"
    return {
        "access": access,
        "said": said,
        "label": label,
        "choices": [_choice(each, label) for each in choices],
        "cards": [_card(lease, label) for lease in leases],
        "page": leases[0].page if leases else "",
        "empty": empty_words(project, empty),
        "is_paused": is_paused,
        "state": partials.state_of(empty, str(label), [str(each.label) for each in choices]),
    }


def _choice(choice: bulk_pages.Choice, label: Label | None) -> dict[str, Any]:
    return {
        "name": choice.label.name,
        "query": _query(choice.label.pk),
        "left": number_format.count(choice.left),
        "is_current": choice.label == label,
    }


def _query(label: Ref) -> str:
    return urlencode({"label_id" if isinstance(label, int) else "label": label})


def _card(lease: Lease, label: Label | None) -> dict[str, Any]:
    """Return an item as a row or a thumbnail, with the model's confidence in words."""
    served = payload.lease_payload(lease)
    text = served["item"].get("text", "")
    return {
        "lease": served["lease"],
        "item": served["item"],
        "line": _line(text),
        "whole": text[:MOST_TEXT] if len(text) > LINE else "",
        "cut": number_format.count(len(text)) if len(text) > MOST_TEXT else "",
        "sure": "" if lease.score is None else number_format.percent(lease.score),
        "also": _others(served["suggestion"]["labels"], str(label)),
    }


def _line(text: str) -> str:
    line = " ".join(text[: 4 * LINE].split())
    return f"{line[:LINE].rstrip()}…" if len(line) > LINE else line


def _others(answer: Sequence[str], label: str) -> str:
    return ", ".join(name for name in answer if name != label)


def _move_on(
    request: Request, access: Access, label: Ref, said: str, level: int, *, status: int = 200
) -> HttpResponse:
    """Show the next page; without htmx by redirect, so that a reload is safe."""
    if request.htmx:
        context = bulk_context(access, label, said=said)
        return partials.render_partial(
            request, "labelling/bulk.html", "bulk", context, status=status
        )
    messages.add_message(request, level, said)
    query = f"?{_query(label)}" if label else ""
    return redirect(reverse("bulk:page", args=[access.project.pk]) + query)
