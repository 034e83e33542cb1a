"""Labelling page: one item, its labels, and the prefetched items.

With a script the page calls `api.desk` and never reloads; without one, each decision is a plain
form and the next item comes with a new page.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotator import tasks
from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.annotation import history, payload, sync_decisions
from annotator.flow.annotation import submit as submission
from annotator.flow.annotation.sync_decisions import Outcome
from annotator.flow.labels.naming import Ref
from annotator.flow.queue import current_leases, leasing, prefetch
from annotator.messages import labelling
from annotator.models import Lease
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.chosen_labels import labels as labels_chosen
from annotator.views.labelling import context as desk_context
from annotator.views.labelling.form import AnswerForm, LeaseForm

TAB_COOKIE = "winnow_tab"


@require_safe
@signed_in
def desk(request: Request, project_id: int) -> HttpResponse:
    """Show the user's leased item, or lease the next one."""
    access = _open_desk(request, project_id)
    asked = _asked_for(request, access)
    tab = request.COOKIES.get(TAB_COOKIE, "")
    again = None if asked else prefetch.resume_tab(access.project, request.user, tab)
    if again is None:
        lease = asked or leasing.lease_next(access.project, request.user)
        answer = render(request, "labelling/page.html", desk_context.context(access, lease))
    else:
        answer = render(
            request, "labelling/page.html", desk_context.context_of_tab(access, again, tab)
        )
    # The cookie is for one load: a window opened now must not be taken for the same tab.
    if tab:
        answer.delete_cookie(TAB_COOKIE, path=request.path, samesite="Lax")
    return answer


@require_POST
@signed_in
def submit(request: Request, project_id: int) -> HttpResponse:
    """Save a decision and show the next item."""
    access = _open_desk(request, project_id)
    form = AnswerForm(request.POST)
    chosen = labels_chosen(request.POST)
    if not form.is_valid():
        return _again(request, access, _("The form was incomplete. Please choose again."), chosen)
    try:
        annotation, _created = submission.submit(
            access.project, request.user, labels=chosen, **_texts(form.cleaned_data)
        )
    except Invalid as refusal:
        return _again(request, access, _explained(refusal), chosen)
    except (Conflict, NotFound) as refusal:
        return _move_on(request, access, refusal.detail, messages.WARNING)
    tasks.learn_if_due.delay_on_commit(access.project.pk)
    words = labelling.saved_words(access.project, payload.annotation_payload(annotation))
    return _move_on(request, access, words, messages.SUCCESS)


@require_POST
@signed_in
def skip(request: Request, project_id: int) -> HttpResponse:
    """Skip the item and show the next one."""
    access = _open_desk(request, project_id)
    form = LeaseForm(request.POST)
    if not form.is_valid():
        return _again(request, access, _("The form was incomplete. Please choose again."))
    held = current_leases.get_lease(access.project, request.user, str(form.cleaned_data["lease"]))
    words = labelling.outcome_words(sync_decisions.skip(held, form.cleaned_data["reason"]))
    return _move_on(request, access, words, messages.INFO)


@require_POST
@signed_in
def undo(request: Request, project_id: int) -> HttpResponse:
    """Undo the last answer or skip and show its item again."""
    access = _open_desk(request, project_id)
    deed = history.last_action(access.project, request.user)
    if deed is None:
        return _move_on(request, access, labelling.outcome_words(Outcome.NOTHING), messages.INFO)
    lease = sync_decisions.take_back(deed, request.user)
    tasks.learn_if_due.delay_on_commit(access.project.pk)
    words = labelling.outcome_words(sync_decisions.undo_outcome(access.project, lease))
    return _move_on(request, access, words, messages.INFO, lease=lease)


def _open_desk(request: Request, project_id: int) -> Access:
    """Return the project with its labels loaded once, for flow and page."""
    access = open_project(request, project_id)
    prefetch_related_objects([access.project], "labels")
    return access


def _texts(cleaned: dict[str, Any]) -> dict[str, Any]:
    return {**cleaned, "lease": str(cleaned["lease"]), "client_id": str(cleaned["client_id"])}


def _explained(refusal: Invalid) -> str:
    if refusal.code == "client_id_reused":
        return _("Your first annotation of this item was already saved. Use “Undo” to change it.")
    return refusal.detail


def _asked_for(request: Request, access: Access) -> Lease | None:
    """Return the lease named by a redirect, if it is active and no window shows it."""
    form = LeaseForm(request.GET)
    if not form.is_valid():
        return None
    lease = current_leases.get_running_lease(
        access.project, request.user, str(form.cleaned_data["lease"])
    )
    return lease if lease is not None and not lease.page else None


def _again(
    request: Request, access: Access, problem: str, chosen: Sequence[Ref] = ()
) -> HttpResponse:
    """Show the same item with the error, or the next one if it is settled."""
    form = LeaseForm({"lease": request.POST.get("lease", "")})
    lease = None
    if form.is_valid():
        lease = current_leases.get_lease(
            access.project, request.user, str(form.cleaned_data["lease"])
        )
    if lease is None or lease.ended_at is not None:
        lease = leasing.lease_next(access.project, request.user)
    context = desk_context.context(access, lease, problem=problem, chosen=chosen)
    return render(request, "labelling/page.html", context, status=422)


def _move_on(
    request: Request, access: Access, said: str, level: int, *, lease: Lease | None = None
) -> HttpResponse:
    """Show the next item, or `lease`, by redirect, so that a reload is safe."""
    messages.add_message(request, level, said)
    query = f"?lease={lease.pk}" if lease else ""
    return redirect(reverse("label:desk", args=[access.project.pk]) + query)
