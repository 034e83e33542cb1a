"""Members page: who has access, and in which role."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from annotator.errors import FlowError, NotFound
from annotator.flow.projects import edits, last_active
from annotator.flow.projects.versions import EditConflict
from annotator.models import Membership, Role
from annotator.views import partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.form_errors import add_refusal
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
    return _show(request, access, form=form, status=422) if form.errors else _done(request, access)


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
    return _done(request, access)


@require_POST
@signed_in
def remove(request: Request, project_id: int, user_id: int) -> HttpResponse:
    """Remove a member from the project."""
    access = open_project(request, project_id, Role.ADMIN)
    member = _member(access, user_id)
    if member is None:
        return _gone(request, access)
    form = RemovalForm(member, request.POST)
    form.full_clean()
    if form.is_kept:
        return _done(request, access)
    try:
        edits.remove_member(access.project, form.member.user, form.loaded)
    except FlowError as refusal:
        return _refused(request, access, form, refusal)
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
    problem: str = "",
    clashing: RoleForm | RemovalForm | None = None,
    status: int = 200,
) -> HttpResponse:
    found = list(access.project.memberships.select_related("user").order_by("user__username"))
    active = last_active.days([each.user_id for each in found])
    context = {
        "access": access,
        "form": form or MemberForm(),
        "rows": [
            {**_row(each, clashing), "last_active": active.get(each.user_id)} for each in found
        ],
        "problem": problem,
    }
    return partials.render_partial(
        request, "projects/members.html", "members", context, status=status
    )


def _row(member: Membership, clashing: RoleForm | RemovalForm | None) -> dict[str, object]:
    row: dict[str, object] = {
        "member": member,
        "role": RoleForm(member),
        "removal": RemovalForm(member),
    }
    if clashing is not None and clashing.member.pk == member.pk:
        # Show the stored role of this member.
        clashing.member.role = member.role
        row["role" if isinstance(clashing, RoleForm) else "removal"] = clashing
    return row
