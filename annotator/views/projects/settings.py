"""Settings page: settings, deletion."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from annotator import projectsettings
from annotator.errors import FlowError
from annotator.flow.projects import edits
from annotator.flow.projects import settings as project_settings
from annotator.flow.projects.versions import EditConflict
from annotator.flow.queue import overlap
from annotator.models import Project, Role
from annotator.projectsettings import When
from annotator.views import partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.form_errors import add_refusal
from annotator.views.labels.page import set_context
from annotator.views.projects.archives import archives_context
from annotator.views.projects.settings_form import DeleteForm, SettingsForm

WHEN = {
    When.AT_ONCE: gettext_lazy("Effective immediately: %(settings)s."),
    When.NEXT_ROUND: gettext_lazy("Effective from the next round: %(settings)s."),
    When.RELOAD: gettext_lazy(
        "Effective when the labelling page is opened or reloaded: %(settings)s."
    ),
}


@require_http_methods(["GET", "POST"])
@signed_in
def settings(request: Request, project_id: int) -> HttpResponse:
    """Show and change the project's settings."""
    access = open_project(request, project_id, Role.LEAD)
    form = SettingsForm(partials.post_data(request), instance=access.project)
    if request.method == "POST" and form.is_valid():
        before = projectsettings.values(access.project)
        try:
            edits.edit_settings(access.project, form.changes(), form.loaded)
        except EditConflict as conflict:
            form.add_clashes(conflict.clashes)
            return _show(request, access, form=form, status=conflict.status)
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _saved_words(access.project, before))
            return redirect("settings", project_id)
    return _show(request, access, form=form, status=422 if form.errors else 200)


@require_POST
@signed_in
def ask_missing(request: Request, project_id: int) -> HttpResponse:
    """Request the annotations that finished items lack under the current settings."""
    access = open_project(request, project_id, Role.LEAD)
    number = overlap.ask_missing(access.project)
    said = ngettext("%(n)d item requeued.", "%(n)d items requeued.", number)
    messages.success(request, said % {"n": number})
    return redirect("settings", project_id)


def _saved_words(project: Project, before: dict[str, Any]) -> str:
    """Return that the settings are saved, and when the changed ones take effect."""
    said = [_("Settings saved.")]
    changed = projectsettings.changed_since(project, before)
    for when, settings in projectsettings.by_when(changed).items():
        titles = ", ".join(str(each.title) for each in settings)
        said.append(WHEN[when] % {"settings": titles})
    return " ".join(said)


@require_POST
@signed_in
def delete(request: Request, project_id: int) -> HttpResponse:
    """Delete the project, if its name was typed."""
    access = open_project(request, project_id, Role.ADMIN)
    form = DeleteForm(access.project, request.POST)
    if not form.is_valid():
        return _show(request, access, delete_form=form, status=422)
    project_settings.delete_project(access.project)
    messages.success(request, _("%(name)s deleted.") % {"name": access.project.name})
    return redirect("projects")


def _missing_words(project: Project) -> str:
    number = overlap.count_missing(project)
    said = ngettext(
        "%(n)d labelled item has fewer than %(overlap)d annotations. It stays labelled unless you "
        "request the missing ones; until it has them, it does not count as labelled.",
        "%(n)d labelled items have fewer than %(overlap)d annotations. They stay labelled unless "
        "you request the missing ones; until they have them, they do not count as labelled.",
        number,
    )
    return said % {"n": number, "overlap": project.overlap} if number else ""


def _show(request: Request, access: Access, *, status: int = 200, **given: Any) -> HttpResponse:
    context = set_context(access) | given
    context.setdefault("form", SettingsForm(instance=access.project))
    context["missing"] = _missing_words(access.project)
    if access.administers:
        context |= archives_context(access)
        context.setdefault("delete_form", DeleteForm(access.project))
    return render(request, "projects/settings.html", context, status=status)
