"""The desk: one item, its labels, and the next one with every save."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Q, Sum, prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotator import tasks
from annotator.flow import annotate, monitor, queue
from annotator.flow.refusals import Conflict, Invalid, NotThere
from annotator.forms import AnswerForm, LeaseForm
from annotator.models import Label, Lease, Project, Tally, User
from annotator.views import regions, words
from annotator.views.access import Access, Request, open_project, signed_in

FILTER_FROM = 11
DIGITS = "1234567890"


@require_safe
@signed_in
def desk(request: Request, project_id: int) -> HttpResponse:
    """Show the item that the person holds, or give them the next one."""
    access = _open_desk(request, project_id)
    lease = _asked_for(request, access) or queue.lease_next(access.project, request.user)
    context = desk_context(access, lease)
    if lease is None and regions.is_unchanged(request, context["state"]):
        return regions.nothing_new()
    return regions.show(request, "label.html", "desk", context)


@require_POST
@signed_in
def submit(request: Request, project_id: int) -> HttpResponse:
    """Save a decision and show the next item."""
    access = _open_desk(request, project_id)
    form = AnswerForm(request.POST)
    chosen = request.POST.getlist("labels")
    if not form.is_valid():
        return _again(request, access, _("The form came in incomplete; choose once more."), chosen)
    try:
        annotation, _created = annotate.submit(
            access.project, request.user, labels=chosen, **_texts(form.cleaned_data)
        )
    except Invalid as refusal:
        return _again(request, access, _explained(refusal), chosen)
    except (Conflict, NotThere) as refusal:
        return _move_on(request, access, refusal.detail, messages.WARNING, status=409)
    tasks.learn_if_due.delay_on_commit(access.project.pk)
    return _move_on(request, access, words.saved(annotate.told(annotation)), messages.SUCCESS)


@require_POST
@signed_in
def skip(request: Request, project_id: int) -> HttpResponse:
    """Pass the item on to somebody else and show the next one."""
    access = _open_desk(request, project_id)
    form = LeaseForm(request.POST)
    if not form.is_valid():
        return _again(request, access, _("The form came in incomplete; choose once more."))
    held = queue.held(access.project, request.user, str(form.cleaned_data["lease"]))
    queue.skip(held, form.cleaned_data["reason"])
    return _move_on(request, access, _("Skipped: somebody else will see it."), messages.INFO)


@require_POST
@signed_in
def undo(request: Request, project_id: int) -> HttpResponse:
    """Take the last answer back and show its item again."""
    access = _open_desk(request, project_id)
    annotation = annotate.last(access.project, request.user)
    if annotation is None:
        return _move_on(request, access, _("There is nothing to undo."), messages.INFO)
    lease = annotate.undo(annotation, request.user)
    tasks.learn_if_due.delay_on_commit(access.project.pk)
    return _move_on(
        request, access, _("Undone: here is the item again."), messages.INFO, lease=lease
    )


def _open_desk(request: Request, project_id: int) -> Access:
    """Return the project with its labels read once: flow checks them, and the page shows them."""
    access = open_project(request, project_id)
    prefetch_related_objects([access.project], "labels")
    return access


def desk_context(
    access: Access,
    lease: Lease | None,
    *,
    said: str = "",
    problem: str = "",
    chosen: list[str] | None = None,
) -> dict[str, Any]:
    """Return what the desk shows: the item with its labels, or why there is none."""
    project, user = access.project, access.user
    context = {"access": access, "said": said, "problem": problem, **_progress(project, user)}
    if lease is None:
        empty = monitor.why_empty(project, user)
        return context | {"empty": empty, "state": regions.state_of(empty)}
    served = queue.served(lease)
    suggestion = served["suggestion"]
    return context | {
        "served": served,
        "sure": words.percent(suggestion["confidence"]) if suggestion else "",
        "choices": choices(project, suggestion, chosen or []),
        "client_id": uuid.uuid4(),
        "filter_from": FILTER_FROM,
    }


def _progress(project: Project, user: User) -> dict[str, Any]:
    """Return the counts of the desk in one query: the page is made anew for every label."""
    own_today = Q(user=user, day=timezone.now().date())
    sums = Tally.objects.filter(project=project).aggregate(
        labelled=Sum("finished", default=0), mine=Sum("labels", filter=own_today, default=0)
    )
    return {
        "labelled": sums["labelled"],
        "labelled_words": words.count(sums["labelled"]),
        "items_words": words.count(project.items),
        "mine_today": sums["mine"],
    }


def choices(
    project: Project, suggestion: dict[str, Any] | None, chosen: list[str]
) -> list[dict[str, Any]]:
    """Return the labels as buttons, each with the key that chooses it."""
    labels = list(project.labels.all())
    suggested = suggestion["labels"] if suggestion else []
    return [
        {
            "name": label.name,
            "description": label.description,
            "key": key,
            "is_chosen": label.name in chosen,
            "is_suggested": label.name in suggested,
        }
        for label, key in zip(labels, _keys(labels), strict=True)
    ]


def _keys(labels: list[Label]) -> list[str]:
    """Return each label's own key, else its digit as long as nobody else has that one."""
    own = {label.hotkey for label in labels}
    digits = ["" if digit in own else digit for digit in DIGITS] + [""] * len(labels)
    return [label.hotkey or digit for label, digit in zip(labels, digits, strict=False)]


def _texts(cleaned: dict[str, Any]) -> dict[str, Any]:
    return {**cleaned, "lease": str(cleaned["lease"]), "client_id": str(cleaned["client_id"])}


def _explained(refusal: Invalid) -> str:
    if refusal.code == "client_id_reused":
        return _("Your first answer to this item had arrived already; Z takes it back.")
    return refusal.detail


def _asked_for(request: Request, access: Access) -> Lease | None:
    """Return the lease that a redirect names, if it still runs."""
    form = LeaseForm(request.GET)
    if not form.is_valid():
        return None
    lease = queue.held(access.project, request.user, str(form.cleaned_data["lease"]))
    return lease if lease.ended_at is None and lease.expires_at > timezone.now() else None


def _again(
    request: Request, access: Access, problem: str, chosen: list[str] | None = None
) -> HttpResponse:
    """Show the same item with what was wrong, or the next one where it is settled."""
    form = LeaseForm({"lease": request.POST.get("lease", "")})
    lease = None
    if form.is_valid():
        lease = queue.held(access.project, request.user, str(form.cleaned_data["lease"]))
    if lease is None or lease.ended_at is not None:
        lease = queue.lease_next(access.project, request.user)
    context = desk_context(access, lease, problem=problem, chosen=chosen)
    return regions.show(request, "label.html", "desk", context, status=422)


def _move_on(
    request: Request,
    access: Access,
    said: str,
    level: int,
    *,
    lease: Lease | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the next item, or `lease`; without htmx by way of a redirect, so a reload is safe."""
    if request.htmx:
        lease = lease or queue.lease_next(access.project, request.user)
        context = desk_context(access, lease, said=said)
        return regions.show(request, "label.html", "desk", context, status=status)
    messages.add_message(request, level, said)
    query = f"?lease={lease.pk}" if lease else ""
    return redirect(reverse("label:desk", args=[access.project.pk]) + query)
