"""A project's settings, its labels, and its end."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from annotator.flow import setup
from annotator.flow.refusals import Refused
from annotator.forms import add_refusal
from annotator.forms.labels import NewLabelsForm, label_rows, label_specs
from annotator.forms.project_settings import DeleteForm, SettingsForm
from annotator.models import Role
from annotator.views import regions
from annotator.views.access import Access, Request, open_project, signed_in


@require_http_methods(["GET", "POST"])
@signed_in
def settings(request: Request, project_id: int) -> HttpResponse:
    """Show and change the project's settings."""
    access = open_project(request, project_id, Role.LEAD)
    form = SettingsForm(regions.posted(request), instance=access.project)
    if request.method == "POST" and form.is_valid():
        try:
            setup.change_settings(access.project, **form.changes())
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("The settings are saved; the next round uses them."))
            return redirect("settings", project_id)
    return _show(request, access, form=form, status=422 if form.errors else 200)


@require_POST
@signed_in
def labels(request: Request, project_id: int) -> HttpResponse:
    """Rename, describe, add and remove labels."""
    access = open_project(request, project_id, Role.ADMIN)
    rows, added = label_rows(access.project, request.POST), NewLabelsForm(request.POST)
    problem = ""
    if rows.is_valid() and added.is_valid():
        try:
            setup.change_labels(access.project, label_specs(rows, added))
        except Refused as refusal:
            problem = refusal.detail
        else:
            messages.success(request, _("The labels are saved."))
            return redirect("settings", project_id)
    context = {"rows": rows, "added": added, "labels_problem": problem}
    return _show(request, access, **context, status=422)


@require_POST
@signed_in
def delete(request: Request, project_id: int) -> HttpResponse:
    """Take the project out of sight, if its name was typed."""
    access = open_project(request, project_id, Role.ADMIN)
    form = DeleteForm(access.project, request.POST)
    if not form.is_valid():
        return _show(request, access, delete_form=form, status=422)
    setup.delete_project(access.project)
    messages.success(request, _("%(name)s is deleted.") % {"name": access.project.name})
    return redirect("projects")


def _show(request: Request, access: Access, *, status: int = 200, **given: Any) -> HttpResponse:
    context = {"access": access} | given
    context.setdefault("form", SettingsForm(instance=access.project))
    if access.administers:
        context.setdefault("rows", label_rows(access.project))
        context.setdefault("added", NewLabelsForm())
        context.setdefault("delete_form", DeleteForm(access.project))
    return render(request, "settings.html", context, status=status)
