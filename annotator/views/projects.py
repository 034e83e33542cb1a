"""One's projects, and a new one."""

from typing import Any

from django.db.models import Max, Sum
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from annotator.flow import monitor, setup
from annotator.flow.refusals import Refused
from annotator.forms import add_refusal
from annotator.forms.projects import ProjectForm
from annotator.models import ModelVersion, Project, Role, Tally, User
from annotator.views import regions, words
from annotator.views.access import Request, only_installation_admins, signed_in


@require_safe
@signed_in
def projects(request: Request) -> HttpResponse:
    """Show the projects that are there for this person."""
    return render(request, "projects.html", {"rows": project_rows(request.user)})


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: Request) -> HttpResponse:
    """Create a project."""
    only_installation_admins(request)
    form = ProjectForm(regions.posted(request))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            project = setup.create_project(request.user, **given)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            return redirect("imports", project.pk)
    return render(request, "project_new.html", {"form": form}, status=422 if form.errors else 200)


def project_rows(user: User) -> list[dict[str, Any]]:
    """Return one's projects with how far each is, in as many queries for one as for many."""
    found = list(Project.objects.for_user(user))
    roles = dict(user.memberships.values_list("project", "role"))
    labelled = dict(
        Tally.objects.filter(project__in=found)
        .values_list("project")
        .annotate(finished=Sum("finished"))
    )
    accuracies = _newest_accuracies(found)
    return [
        {
            "project": each,
            "role": Role(roles.get(each.pk, Role.ADMIN)).label,
            "administers": roles.get(each.pk, Role.ADMIN) == Role.ADMIN,
            "labelled": labelled.get(each.pk, 0),
            "labelled_words": words.count(labelled.get(each.pk, 0)),
            "items_words": words.count(each.items),
            "accuracy": words.accuracy(accuracies.get(each.pk)),
        }
        for each in found
    ]


def _newest_accuracies(found: list[Project]) -> dict[int, dict[str, Any]]:
    """Return each project's newest estimate, where it rests on enough audit items."""
    newest = (
        ModelVersion.objects.filter(project__in=found, accuracy__isnull=False)
        .values("project")
        .annotate(newest=Max("pk"))
        .values("newest")
    )
    measured = ModelVersion.objects.filter(pk__in=newest).values_list("project", "accuracy")
    return {
        project: accuracy
        for project, accuracy in measured
        if accuracy and accuracy["n"] >= monitor.FIRST_ESTIMATE
    }
