"""Access control: every page checks the login and loads its project here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from annotator import tasktypes
from annotator.errors import FlowError, PermissionDenied
from annotator.flow.projects import members
from annotator.models import Project, Role, User
from annotator.views import error_pages

P = ParamSpec("P")

# A refused form is shown at the URL it was sent to, which accepts no GET.
FORM_PAGES = {
    "labels": "label_set",
    "confirm_guidelines": "guidelines",
    "add_guideline_picture": "guidelines",
    "merge_labels": "label_set",
    "split_label": "label_set",
    "undo_label_edit": "label_set",
    "delete_project": "settings",
    "archive": "settings",
    "clone": "settings",
    "add_member": "members",
    "invite_member": "members",
    "renew_invitation": "members",
    "withdraw_invitation": "members",
    "change_member": "members",
    "remove_member": "members",
    "start_round": "dashboard",
    "put_back": "dashboard",
    "prove": "dashboard",
    "settle": "disagreements",
    "unsettle": "disagreements",
    "finish_mode": "deliver",
    "freeze_delivery": "deliver",
    "settle_delivery": "deliver",
    "stop_simulation": "simulations",
    "find:seed": "items",
    "find:undo": "items",
    "answer_item": "items",
    "close_reply": "decisions",
    "correct_own": "own_labels",
    "reply_own": "own_labels",
    "undo_bulk_items": "items",
    "save_view": "items",
    "change_view": "items",
    "revoke_assignment": "assignments",
    "undo_item": "items",
    "correct_annotation": "items",
    "label:submit": "label:desk",
    "label:skip": "label:desk",
    "label:undo": "label:desk",
}


class Request(HttpRequest):
    """A request of a signed-in user, with the htmx details and the project that it opened."""

    user: User
    htmx: HtmxDetails
    access: "Access"


View = Callable[Concatenate[Request, P], HttpResponseBase]


def signed_in(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Require sign-in, prevent caching, and turn refusals of flow into messages."""

    @wraps(view)
    def asked(request: Request, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        answer = _answer(request, *args, **kwargs)
        if not answer.has_header("Cache-Control"):
            add_never_cache_headers(answer)
        return answer

    def _answer(request: Request, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_login(request)
        try:
            return view(request, *args, **kwargs)
        except FlowError as refusal:
            return error_pages.show(request, refusal)

    return asked  # type: ignore[return-value]


def _to_login(request: Request) -> HttpResponse:
    """Redirect to the sign-in page; a region's POST stays, as it may have unsaved input."""
    if not request.htmx:
        return redirect_to_login(form_page(request))
    if request.method == "POST":
        return HttpResponse(_("You are signed out."), status=401, content_type="text/plain")
    back = redirect_to_login(request.htmx.current_url_abs_path or "/")
    return HttpResponseClientRedirect(back.url)


def too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return the page for a form that was loaded before its user signed in or out."""
    return render(request, "errors/403_csrf.html", {"back": form_page(request)}, status=403)


def form_page(request: HttpRequest) -> str:
    """Return the URL of the page with the form, to return to."""
    path = request.get_full_path()
    if request.method != "POST":
        return path
    sent_from = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(sent_from, {request.get_host()}):
        path = iri_to_uri(urlsplit(sent_from)._replace(scheme="", netloc="").geturl())
    return _with_form(path)


def _with_form(path: str) -> str:
    """Return the page with the form, if `path` only accepts its POST."""
    try:
        match = resolve(urlsplit(path).path)
    except Resolver404:
        return reverse("projects")
    page = FORM_PAGES.get(match.view_name)
    return path if page is None else reverse(page, args=[match.kwargs["project_id"]])


@dataclass(frozen=True)
class Access:
    """A project as one user may see it."""

    project: Project
    user: User
    role: Role

    @property
    def leads(self) -> bool:
        """Return whether the user has the rights of a lead."""
        return self.role in Role.at_least(Role.LEAD)

    @property
    def administers(self) -> bool:
        """Return whether the user has the rights of the project's admins."""
        return self.role in Role.at_least(Role.ADMIN)

    @property
    def type(self) -> tasktypes.TaskType:
        """Return the project's task type."""
        return tasktypes.of(self.project)

    def page(self, name: str) -> str:
        """Return the URL of one of the project's pages."""
        return reverse(name, args=[self.project.pk])

    @property
    def api(self) -> str:
        """Return the project's URL in the API."""
        return f"/api/v1/projects/{self.project.pk}"


def open_project(request: Request, project_id: int, least: Role = Role.ANNOTATOR) -> Access:
    """Return the project with the user's role; refuse non-members and too low a role.

    The navigation shows what was opened.
    """
    project = members.load_project(request.user, project_id, least)
    request.access = Access(project, request.user, project.role)
    return request.access


def only_installation_admins(request: Request) -> None:
    """Refuse all other users."""
    if not request.user.is_superuser:
        raise PermissionDenied("forbidden", message="page_for_admins")
