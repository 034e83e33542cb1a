"""One's projects, and a new one."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from annotator.flow import monitor, overview, setup
from annotator.flow.refusals import Refused
from annotator.forms import add_refusal
from annotator.forms.projects import ProjectForm
from annotator.views import regions
from annotator.views.access import Request, only_installation_admins, signed_in
from annotator.views.overview_words import row_in_words

# With more projects there is a field to find one.
FEW = 5


@require_safe
@signed_in
def projects(request: Request) -> HttpResponse:
    """Show the projects that are there for this person; `q` finds some by name."""
    wanted = request.GET.get("q", "")[:200]
    rows = [row_in_words(row) for row in overview.rows(request.user, wanted)]
    leads = any(row["leads"] for row in rows)
    context = {
        "rows": rows,
        "wanted": wanted,
        "may_filter": bool(wanted) or len(rows) > FEW,
        "worker": monitor.workers() if leads else None,
    }
    return render(request, "projects.html", context)


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
