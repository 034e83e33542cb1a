"""People of a project: members with their roles, and open invitations."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from annotator.errors import FlowError, NotFound
from annotator.flow.people import deactivation, directory, invitations
from annotator.flow.people.directory import Person
from annotator.flow.projects import edits
from annotator.flow.projects.versions import EditConflict
from annotator.messages.people import invitation_mail
from annotator.messages.people.shared_address import shared_address
from annotator.models import Membership, Role
from annotator.views import partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.form_errors import add_refusal
from annotator.views.people import text
from annotator.views.people.forms import InviteForm, SearchForm
from annotator.views.projects.member_forms import MemberForm, RemovalForm, RoleForm


@require_safe
@signed_in
def members(request: Request, project_id: int) -> HttpResponse:
    """Show the project's members."""
    return _show(request, open_project(request, project_id, Role.ADMIN))


@require_POST
@signed_in
def add(request: Request, project_id: int) -> HttpResponse:
    """Give a user a role in the project."""
    access = open_project(request, project_id, Role.ADMIN)
    form = MemberForm(request.POST)
    if form.is_valid():
        try:
            edits.add_member(access.project, **form.cleaned_data)
        except FlowError as refusal:
            add_refusal(form, refusal)
    if form.errors:
        return _show(request, access, form=form, status=422)
    name = form.cleaned_data["username"]
    messages.success(request, _("%(name)s is a member now.") % {"name": name})
    return _done(request, access)


@require_POST
@signed_in
def invite(request: Request, project_id: int) -> HttpResponse:
    """Invite a new user to the project; the link is shown in this response only."""
    access = open_project(request, project_id, Role.ADMIN)
    form = InviteForm(request.POST, auto_id="id_invite_%s")
    if form.is_valid():
        try:
            link = invitations.invite(by=request.user, project=access.project, **form.cleaned_data)
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            return _show(request, access, link=text.shown_link(request, link))
    return _show(request, access, invite_form=form, status=422)


@require_POST
@signed_in
def renew(request: Request, project_id: int, number: int) -> HttpResponse:
    """Show a new link of an invitation; the earlier one ends."""
    access = open_project(request, project_id, Role.ADMIN)
    try:
        found = invitations.of_project(access.project, number)
        link = invitations.renew(found.user, request.user)
    except FlowError as refusal:
        return _show(request, access, problem=refusal.detail, status=422)
    return _show(request, access, link=text.shown_link(request, link))


@require_POST
@signed_in
def withdraw(request: Request, project_id: int, number: int) -> HttpResponse:
    """Withdraw an invitation."""
    access = open_project(request, project_id, Role.ADMIN)
    try:
        invitations.withdraw(invitations.of_project(access.project, number))
    except FlowError as refusal:
        return _show(request, access, problem=refusal.detail, status=422)
    messages.success(request, _("Invitation withdrawn."))
    return _done(request, access)


@require_POST
@signed_in
def change(request: Request, project_id: int, user_id: int) -> HttpResponse:
    """Change a member's role."""
    access = open_project(request, project_id, Role.ADMIN)
    member = _member(access, user_id)
    if member is None:
        return _gone(request, access)
    form = RoleForm(member, request.POST)
    if not form.is_valid():
        return _show(request, access, problem=" ".join(map(str, form.errors["role"])), status=422)
    try:
        edits.change_role(access.project, form.member.user, form.cleaned_data["role"], form.loaded)
    except FlowError as refusal:
        return _refused(request, access, form, refusal)
    messages.success(request, _("Role of %(name)s changed.") % {"name": form.member.user.username})
    return _done(request, access)


@require_http_methods(["GET", "POST"])
@signed_in
def remove(request: Request, project_id: int, user_id: int) -> HttpResponse:
    """Say what happens to a member's leases and labels, and remove them from the project."""
    access = open_project(request, project_id, Role.ADMIN)
    member = _member(access, user_id)
    if member is None:
        return _gone(request, access)
    if request.method == "GET":
        effects = deactivation.effects_of_removal(access.project, member.user)
        context = {"access": access, "removal": RemovalForm(member), "effects": effects}
        return render(request, "projects/remove_member.html", context)
    form = RemovalForm(member, request.POST)
    form.full_clean()
    if form.is_kept:
        return _done(request, access)
    try:
        edits.remove_member(access.project, form.member.user, form.loaded)
    except FlowError as refusal:
        return _refused(request, access, form, refusal)
    told = _("%(name)s is no longer a member.") % {"name": member.user.username}
    messages.success(request, told)
    return _done(request, access)


def _member(access: Access, user_id: int) -> Membership | None:
    return access.project.memberships.select_related("user").filter(user_id=user_id).first()


# Respond ------------------------------------------------------------------------------------------


def _done(request: Request, access: Access) -> HttpResponse:
    # A redirect even for htmx: a user who gave up the admin role may not see the list any more.
    page = redirect("members", access.project.pk)
    return HttpResponseClientRedirect(page.url) if request.htmx else page


def _gone(request: Request, access: Access) -> HttpResponse:
    """Report that the user is no longer a member: in the list, or on a page of its own."""
    refusal = NotFound("unknown_member")
    if request.htmx:
        return _show(request, access, problem=refusal.detail, status=422)
    raise refusal


def _refused(
    request: Request, access: Access, form: RoleForm | RemovalForm, refusal: FlowError
) -> HttpResponse:
    """Show the current list; on an edit conflict, with both versions at the member's row."""
    if not isinstance(refusal, EditConflict):
        return _show(request, access, problem=refusal.detail, status=422)
    form.add_clashes(refusal.clashes)
    return _show(request, access, clashing=form, status=refusal.status)


def _show(
    request: Request,
    access: Access,
    *,
    form: MemberForm | None = None,
    invite_form: InviteForm | None = None,
    link: dict[str, Any] | None = None,
    problem: str = "",
    clashing: RoleForm | RemovalForm | None = None,
    status: int = 200,
) -> HttpResponse:
    # An edit conflict must be on the page that shows it.
    only = {"q": clashing.member.user.username} if clashing else request.GET
    search = SearchForm(only)
    asked = search.cleaned_data if search.is_valid() else {"q": "", "state": ""}
    found = directory.people(**asked, after=request.GET.get("after", ""), project=access.project)
    context = {
        "access": access,
        "form": form or MemberForm(),
        "invite_form": invite_form or InviteForm(auto_id="id_invite_%s"),
        "link": link,
        "search": search,
        "asked": asked,
        "rows": [_row(each, clashing) for each in found.people],
        "next": found.next,
        "waiting": list(invitations.unended(access.project)),
        "address": shared_address(request),
        "has_mail": invitation_mail.is_configured(),
        "problem": problem,
    }
    return partials.render_partial(
        request, "projects/members.html", "members", context, status=status
    )


def _row(found: Person, clashing: RoleForm | RemovalForm | None) -> dict[str, Any]:
    (member,) = found.memberships
    # Forms name their member.
    member.user = found.user
    row = {
        **text.person_row(found),
        "member": member,
        "role": RoleForm(member),
        "removal": RemovalForm(member),
    }
    if clashing is not None and clashing.member.pk == member.pk:
        # Show the stored role of this member.
        clashing.member.role = member.role
        row["role" if isinstance(clashing, RoleForm) else "removal"] = clashing
    return row
