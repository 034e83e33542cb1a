"""Who is in a project, and as what."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from annotator.flow import last_active, setup
from annotator.flow.refusals import Refused
from annotator.forms import add_refusal
from annotator.forms.members import MemberForm
from annotator.models import Role, User
from annotator.views import regions
from annotator.views.access import Access, Request, open_project, signed_in


@require_safe
@signed_in
def members(request: Request, project_id: int) -> HttpResponse:
    """Show who is in the project."""
    return _show(request, open_project(request, project_id, Role.ADMIN), MemberForm())


@require_POST
@signed_in
def add(request: Request, project_id: int) -> HttpResponse:
    """Give a person a role in the project."""
    access = open_project(request, project_id, Role.ADMIN)
    form = MemberForm(request.POST)
    if form.is_valid():
        try:
            setup.add_member(access.project, **form.cleaned_data)
        except Refused as refusal:
            add_refusal(form, refusal)
    return _answer(request, access, form)


@require_POST
@signed_in
def change(request: Request, project_id: int, user_id: int) -> HttpResponse:
    """Give a member another role."""
    access = open_project(request, project_id, Role.ADMIN)
    member = _member(access, user_id)
    try:
        setup.add_member(access.project, member.username, request.POST.get("role", ""))
    except Refused as refusal:
        return _show(request, access, MemberForm(), refusal.detail, status=422)
    return _answer(request, access, MemberForm())


@require_POST
@signed_in
def remove(request: Request, project_id: int, user_id: int) -> HttpResponse:
    """Take a member out of the project."""
    access = open_project(request, project_id, Role.ADMIN)
    try:
        setup.remove_member(access.project, _member(access, user_id))
    except Refused as refusal:
        return _show(request, access, MemberForm(), refusal.detail, status=422)
    return _answer(request, access, MemberForm())


def _member(access: Access, user_id: int) -> User:
    return get_object_or_404(User, pk=user_id, memberships__project=access.project)


def _answer(request: Request, access: Access, form: MemberForm) -> HttpResponse:
    if form.errors:
        return _show(request, access, form, status=422)
    # A redirect even for htmx: who gave up the admin's role may not see the list any more.
    page = redirect("members", access.project.pk)
    return HttpResponseClientRedirect(page.url) if request.htmx else page


def _show(
    request: Request, access: Access, form: MemberForm, problem: str = "", status: int = 200
) -> HttpResponse:
    members = list(access.project.memberships.select_related("user").order_by("user__username"))
    active = last_active.days([each.user_id for each in members])
    context = {
        "access": access,
        "form": form,
        "rows": [(each, active.get(each.user_id)) for each in members],
        "roles": Role.choices,
        "problem": problem,
    }
    return regions.show(request, "members.html", "members", context, status=status)
