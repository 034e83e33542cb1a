"""Guidelines page: read and confirm them, edit them with pictures, and compare versions."""

from pathlib import PurePosixPath
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.errors import FlowError
from annotator.flow.projects import edits, guidelines
from annotator.flow.projects.versions import EditConflict
from annotator.formats import markdown
from annotator.models import GuidelinePicture, Project, Role
from annotator.projectsettings.general import LONGEST_GUIDELINES
from annotator.server import reverse_proxy
from annotator.views import partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.form_errors import add_refusal
from annotator.views.labelling.media import HEADERS, TYPES
from annotator.views.versioned_forms import SharedForm


class GuidelinesForm(SharedForm, forms.Form):
    """The guidelines in Markdown."""

    guidelines = forms.CharField(
        label=gettext_lazy("Guidelines in Markdown"),
        required=False,
        max_length=LONGEST_GUIDELINES,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "true"}),
    )

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        self._project = project
        kwargs.setdefault("initial", self.stored())
        super().__init__(*args, **kwargs)

    def stored(self) -> dict[str, str]:
        """Return the guidelines as they are."""
        return {"guidelines": self._project.guidelines}


@require_http_methods(["GET", "POST"])
@signed_in
def page(request: Request, project_id: int) -> HttpResponse:
    """Show the guidelines with what changed, and store what a lead typed."""
    least = Role.LEAD if request.method == "POST" else Role.ANNOTATOR
    access = open_project(request, project_id, least)
    form = GuidelinesForm(access.project, partials.post_data(request))
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST:
        try:
            edits.edit_settings(access.project, form.cleaned_data, form.loaded)
        except EditConflict as conflict:
            form.add_clashes(conflict.clashes)
            return _show(request, access, form=form, status=conflict.status)
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("Guidelines saved. Annotators are told what changed."))
            return redirect("guidelines", project_id)
    given = {"form": form} if form.is_bound else {}
    return _show(request, access, **given, status=422 if form.errors else 200)


@require_safe
@signed_in
def version(request: Request, project_id: int, number: int) -> HttpResponse:
    """Show one version, compared with the one before."""
    access = open_project(request, project_id)
    found = guidelines.version(access.project, number)
    before = guidelines.version(access.project, number - 1).text if number > 1 else ""
    lines = guidelines.compared(before, found.text)
    context = {"access": access, "version": found, "lines": lines}
    return render(request, "labels/guidelines_version.html", context)


@require_POST
@signed_in
def confirm(request: Request, project_id: int) -> HttpResponse:
    """Store that the user has read the guidelines."""
    access = open_project(request, project_id)
    number = request.POST.get("number", "")
    if number.isascii() and number.isdigit() and len(number) < 10:
        guidelines.confirm(access.project, request.user, int(number))
    if "X-CSRFToken" in request.headers:
        return HttpResponse(status=204)
    return redirect("label:desk", project_id)


@require_POST
@signed_in
def add_picture(request: Request, project_id: int) -> HttpResponse:
    """Store a picture for the guidelines."""
    access = open_project(request, project_id, Role.LEAD)
    file = request.FILES.get("picture")
    problem = _("Choose a picture.")
    if file is not None:
        try:
            guidelines.add_picture(access.project, request.user, file)
        except FlowError as refusal:
            problem = refusal.detail
        else:
            messages.success(request, _("Picture added. Copy its line into the guidelines."))
            return redirect("guidelines", project_id)
    return _show(request, access, picture_problem=problem, status=422)


@require_safe
@signed_in
def picture(request: Request, project_id: int, key: str) -> HttpResponseBase:
    """Return a picture of the guidelines, to members."""
    access = open_project(request, project_id)
    found = GuidelinePicture.objects.filter(project=access.project, key=key).first()
    if found is None or not default_storage.exists(found.image):
        raise Http404
    answer = reverse_proxy.send_stored(found.image, TYPES[PurePosixPath(found.image).suffix])
    for header, value in HEADERS.items():
        answer[header] = value
    return answer


def _show(request: Request, access: Access, *, status: int = 200, **given: Any) -> HttpResponse:
    project = access.project
    context: dict[str, Any] = {
        "access": access,
        "html": markdown.rendered(project.pk, project.guidelines),
        "news": guidelines.news(project),
        "is_unread": guidelines.is_unread(project),
    }
    if access.leads:
        members, confirmed = guidelines.readers(project)
        context |= {
            "form": GuidelinesForm(project, initial={"guidelines": _proposed(request, project)}),
            "versions": guidelines.versions_of(project),
            "pictures": guidelines.pictures(project),
            "members": members,
            "confirmed": confirmed,
        }
        if "preview" in request.POST:
            context["preview"] = markdown.rendered(project.pk, request.POST["guidelines"])
    context |= given if access.leads else {}
    return render(request, "labels/guidelines.html", context, status=status)


def _proposed(request: Request, project: Project) -> str:
    """Return the guidelines with the paragraph that another page proposes."""
    paragraph = request.GET.get("add", "").replace("\x00", "")[:LONGEST_GUIDELINES].strip()
    return "\n\n".join(filter(None, [project.guidelines.rstrip(), paragraph]))
