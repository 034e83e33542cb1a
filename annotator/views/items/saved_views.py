"""Saved views of the item list, shown as tabs: save, share, order, delete."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotator.errors import FlowError
from annotator.flow.items import saved_views
from annotator.models import Role, SavedView
from annotator.views.access import Access, Request, open_project, signed_in

# What a tab's form may ask for.
DELETE, SHARE, UNSHARE, LEFT, RIGHT = WAYS = ("delete", "share", "unshare", "left", "right")


class SaveForm(forms.Form):
    """The name of a view, and whether others see it."""

    name = forms.CharField(max_length=saved_views.LONGEST_NAME)
    is_shared = forms.BooleanField(required=False)


@require_POST
@signed_in
def save(request: Request, project_id: int) -> HttpResponse:
    """Save the list as it is shown, with its filters, under a name."""
    access = open_project(request, project_id, Role.LEAD)
    query, form = request.GET.urlencode(), SaveForm(request.POST)
    try:
        name = form.cleaned_data["name"] if form.is_valid() else ""
        shared = bool(form.cleaned_data.get("is_shared"))
        made = saved_views.save(access.project, request.user, name, query, is_shared=shared)
    except FlowError as refusal:
        messages.warning(request, refusal.detail)
        return _to(access, query)
    messages.success(request, _("Saved as “%(name)s”.") % {"name": made.name})
    return _to(access, made.query)


@require_POST
@signed_in
def change(request: Request, project_id: int, number: int) -> HttpResponse:
    """Share, move or delete one of the user's views."""
    access = open_project(request, project_id, Role.LEAD)
    view = saved_views.find(access.project, request.user, number)
    way = next((each for each in WAYS if each in request.POST), "")
    if way == DELETE:
        saved_views.delete(view)
        messages.success(request, _("View “%(name)s” deleted.") % {"name": view.name})
        return _to(access, "")
    if way in (SHARE, UNSHARE):
        saved_views.share(view, way == SHARE)
        told = _("Shared with the project's leads.") if way == SHARE else _("Shared no longer.")
        messages.success(request, told)
    elif way in (LEFT, RIGHT):
        saved_views.move(view, 1 if way == RIGHT else -1)
    return _to(access, view.query)


def tabs(request: Request, access: Access) -> dict[str, Any]:
    """Return the context of the tabs: all items, and the views that the user sees."""
    here = saved_views.normal(request.GET.urlencode())
    found = saved_views.shown(access.project, access.user)
    rows = [_tab(access, each, here) for each in found]
    opened = next((row for row in rows if row["is_current"]), None)
    return {"tabs": rows, "opened_view": opened, "is_plain": not here}


def _tab(access: Access, view: SavedView, here: str) -> dict[str, Any]:
    return {
        "view": view,
        "is_current": view.query == here and bool(here),
        "is_own": view.user_id == access.user.pk,
        "url": _address(access, view.query),
    }


def _to(access: Access, query: str) -> HttpResponse:
    return redirect(_address(access, query))


def _address(access: Access, query: str) -> str:
    page = reverse("items", args=[access.project.pk])
    return f"{page}?{query}" if query else page
