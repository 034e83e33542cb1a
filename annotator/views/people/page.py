"""The people of the installation: list, new accounts, links, deactivation."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.errors import FlowError, NotFound
from annotator.flow.people import accounts, deactivation, directory, invitations, sign_ins
from annotator.messages.people import invitation_mail
from annotator.messages.people.shared_address import shared_address
from annotator.models import User
from annotator.views import partials
from annotator.views.access import Request, only_installation_admins, signed_in
from annotator.views.form_errors import add_refusal
from annotator.views.people import text
from annotator.views.people.forms import SearchForm, UserForm


@require_http_methods(["GET", "POST"])
@signed_in
def people(request: Request) -> HttpResponse:
    """Show the people of the installation, and create one; a new link is shown this once."""
    only_installation_admins(request)
    form = UserForm(partials.post_data(request))
    made: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        try:
            made = _create(request, **form.cleaned_data)
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            form = UserForm()
    return _list(request, status=422 if form.errors else 200, form=form, **made)


def _create(request: Request, username: str, password: str, email: str) -> dict[str, Any]:
    if password:
        return {"made": accounts.create_user(username, password, email)}
    link = invitations.invite(username, request.user, email=email)
    return {"link": text.shown_link(request, link)}


def _list(request: Request, *, status: int = 200, **shown: Any) -> HttpResponse:
    search = SearchForm(request.GET)
    asked = search.cleaned_data if search.is_valid() else {"q": "", "state": ""}
    found = directory.people(asked["q"], asked["state"], request.GET.get("after", ""))
    context = {
        "form": UserForm(),
        "search": search,
        "asked": asked,
        "rows": [text.person_row(each) for each in found.people],
        "next": found.next,
        "address": shared_address(request),
        "has_mail": invitation_mail.is_configured(),
        **shown,
    }
    return partials.render_partial(request, "people/page.html", "users", context, status=status)


# One person --------------------------------------------------------------------------------------


@require_safe
@signed_in
def one(request: Request, user_id: int) -> HttpResponse:
    """Show one person: projects, sessions, tokens."""
    return _person(request, _find(request, user_id))


@require_POST
@signed_in
def link(request: Request, user_id: int) -> HttpResponse:
    """Show a new link for the user, with which they choose a password."""
    found = _find(request, user_id)
    try:
        made = invitations.renew(found, request.user)
    except FlowError as refusal:
        return _list(request, status=422, problem=refusal.detail)
    return _list(request, link=text.shown_link(request, made))


@require_POST
@signed_in
def withdraw(request: Request, user_id: int) -> HttpResponse:
    """End the user's link."""
    found = _find(request, user_id)
    invitations.withdraw(invitations.of_user(found))
    messages.success(request, _("The link of %(name)s no longer works.") % _named(found))
    return redirect("people")


@require_http_methods(["GET", "POST"])
@signed_in
def deactivate(request: Request, user_id: int) -> HttpResponse:
    """Say what ends with an account and what stays, and deactivate it."""
    found = _find(request, user_id)
    if request.method == "GET":
        effects = deactivation.effects_of_deactivation(found)
        return render(request, "people/deactivate.html", {"person": found, "effects": effects})
    try:
        deactivation.deactivate(found)
    except FlowError as refusal:
        messages.warning(request, refusal.detail)
    else:
        messages.success(request, _("%(name)s can no longer log in.") % _named(found))
    return redirect("people")


@require_POST
@signed_in
def activate(request: Request, user_id: int) -> HttpResponse:
    """Let the user sign in again."""
    found = _find(request, user_id)
    deactivation.activate(found)
    messages.success(request, _("%(name)s can log in again.") % _named(found))
    return redirect("people")


def _find(request: Request, user_id: int) -> User:
    only_installation_admins(request)
    found = User.objects.filter(pk=user_id).first()
    if found is None:
        raise NotFound("not_found", message="no_user")
    return found


def _named(user: User) -> dict[str, str]:
    return {"name": user.username}


def _person(request: Request, found: User) -> HttpResponse:
    (described,) = directory.described([found])
    current = request.session.session_key
    context = {
        "row": text.person_row(described),
        "person": found,
        "sessions": [text.place_row(each) for each in sign_ins.sessions(found, current)],
        "tokens": [text.place_row(each) for each in sign_ins.tokens(found)],
    }
    return render(request, "people/person.html", context)
