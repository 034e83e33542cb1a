"""Setup of a new project: data, items, labels, people, start.

Each step stores what it was given before the next one is shown, so that a closed browser loses
nothing: the project, its upload and its labels tell where to go on.
"""

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from annotator import tasks
from annotator.errors import FlowError
from annotator.flow.datasets import new_project, preview
from annotator.flow.datasets.options import Options
from annotator.flow.people import invitations
from annotator.flow.projects import edits
from annotator.messages.people import invitation_mail
from annotator.messages.people.shared_address import shared_address
from annotator.models import Role, Upload, User
from annotator.views import drafts
from annotator.views.access import (
    Access,
    Request,
    only_installation_admins,
    open_project,
    signed_in,
)
from annotator.views.datasets import imports
from annotator.views.datasets.import_form import ImportForm
from annotator.views.form_errors import add_refusal
from annotator.views.people import text
from annotator.views.setup.forms import DataForm, LabelsForm, PeopleForm

DATA, ITEMS, LABELS, PEOPLE, START = STEPS = ("data", "items", "labels", "people", "start")
TITLES = {
    DATA: gettext_lazy("Data"),
    ITEMS: gettext_lazy("Items"),
    LABELS: gettext_lazy("Labels"),
    PEOPLE: gettext_lazy("People"),
    START: gettext_lazy("Start"),
}


@require_http_methods(["GET", "POST"])
@signed_in
def data(request: Request) -> HttpResponse:
    """Create a project from a file."""
    only_installation_admins(request)
    is_sent = request.method == "POST"
    form = DataForm(request.POST, request.FILES) if is_sent else DataForm()
    if is_sent and form.is_valid():
        given = form.cleaned_data
        try:
            made = new_project.create(request.user, given.pop("file"), **given)
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            return redirect("setup_items", made.destination.pk)
    context = {**_steps(None, DATA), "form": form}
    return render(request, "setup/data.html", context, status=422 if form.errors else 200)


@require_safe
@signed_in
def setup(request: Request, project_id: int) -> HttpResponse:
    """Lead to the first step that is not finished."""
    access = open_project(request, project_id, Role.ADMIN)
    return redirect(f"setup_{_next_step(access)}", access.project.pk)


@require_http_methods(["GET", "POST"])
@signed_in
def items(request: Request, project_id: int) -> HttpResponse:
    """Show the file's items, and take which columns they are in."""
    access = open_project(request, project_id, Role.ADMIN)
    found = new_project.pending(access.project)
    if found is None:
        return render(request, "setup/items.html", _steps(access, ITEMS))
    form = ImportForm({**_stored(found), **request.POST.dict()}, project=access.project)
    seen = imports.previewed(request, access, form)
    if "next" in request.POST and "problem" not in seen:
        return redirect("setup_labels", access.project.pk)
    # Labels are chosen in the next step.
    seen.pop("unknown", None)
    context = {**_steps(access, ITEMS), **seen, "form": form, "file": found}
    return drafts.kept(render(request, "setup/items.html", context))


def _stored(found: Upload) -> dict[str, Any]:
    """Return the form data of what was chosen for the upload, or of the defaults."""
    options = Options(**found.options).checked()
    plain = {name: value for name, value in options.stored().items() if isinstance(value, str)}
    parts = {f"{name}_column": column for name, column in options.part_columns.items()}
    ids = {"ignore_ids": "on"} if options.ignore_ids else {}
    return {**plain, **parts, **ids, "upload": str(found.pk)}


@require_http_methods(["GET", "POST"])
@signed_in
def labels(request: Request, project_id: int) -> HttpResponse:
    """Take the labels, those of the file to begin with, and start the import."""
    access = open_project(request, project_id, Role.ADMIN)
    found = new_project.pending(access.project)
    if request.method == "POST":
        return _take_labels(request, access, found)
    seen = _seen(found)
    rows = new_project.proposed(access.project, seen)
    lines = "\n".join(f"{name} | {key}" if key else name for name, key in rows)
    initial = {"labels": lines, "labels_are": _default_use(found)}
    return _show_labels(request, access, LabelsForm(initial=initial), seen)


def _take_labels(request: Request, access: Access, found: Upload | None) -> HttpResponse:
    form = LabelsForm(request.POST)
    is_fixed = "labels" not in access.type.can
    if is_fixed or form.is_valid():
        try:
            with transaction.atomic():
                if not is_fixed:
                    new_project.set_labels(access.project, form.cleaned_data["labels"])
            use = "" if is_fixed else form.cleaned_data["labels_are"]
            _import(request, found, use)
        except FlowError as refusal:
            if is_fixed:
                raise
            add_refusal(form, refusal)
        else:
            return redirect("setup_people", access.project.pk)
    return _show_labels(request, access, form, _seen(found), status=422)


def _import(request: Request, found: Upload | None, labels_are: str = "") -> None:
    if found is not None:
        made = new_project.start_import(found, request.user, labels_are)
        tasks.run_import.delay_on_commit(made.pk)


def _seen(found: Upload | None) -> preview.Preview | None:
    if found is None:
        return None
    try:
        return preview.preview(found, Options(**found.options))
    except FlowError:
        # The file is gone, or its columns are chosen wrongly: its step says so.
        return None


def _default_use(found: Upload | None) -> str:
    return str(found.options.get("labels_are", "")) if found else ""


def _show_labels(
    request: Request,
    access: Access,
    form: LabelsForm,
    seen: preview.Preview | None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        **_steps(access, LABELS),
        "form": form,
        "is_fixed": "labels" not in access.type.can,
        "own": list(access.project.labels.all()),
        "in_file": seen.labels.most_common(new_project.MOST_PROPOSED) if seen else [],
        "is_waiting": seen is not None,
    }
    return render(request, "setup/labels.html", context, status=status)


@require_http_methods(["GET", "POST"])
@signed_in
def people(request: Request, project_id: int) -> HttpResponse:
    """Add or invite people; the links are shown in this response only."""
    access = open_project(request, project_id, Role.ADMIN)
    is_sent = request.method == "POST"
    form = PeopleForm(request.POST) if is_sent else PeopleForm()
    links: list[invitations.Link] = []
    if is_sent and form.is_valid():
        try:
            links = _add_people(request, access, **form.cleaned_data)
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            form = PeopleForm()
    context = {
        **_steps(access, PEOPLE),
        "form": form,
        "links": [text.shown_link(request, link) for link in links],
        "members": access.project.memberships.select_related("user").order_by("pk")[:100],
        "waiting": list(invitations.unended(access.project)[:100]),
        "address": shared_address(request),
        "has_mail": invitation_mail.is_configured(),
    }
    return render(request, "setup/people.html", context, status=422 if form.errors else 200)


@transaction.atomic
def _add_people(
    request: Request, access: Access, *, names: list[str], role: str
) -> list[invitations.Link]:
    """Add those with an account, and invite the others: all of them, or nobody."""
    there = User.objects.filter(username__in=names, is_active=True)
    known = {user.username: user for user in there}
    links = []
    for name in names:
        user = known.get(name)
        if user is None:
            links.append(invitations.invite(name, request.user, project=access.project, role=role))
        else:
            edits.add_member(access.project, name, role)
            if invitations.is_unused(user):
                links.append(invitations.renew(user, request.user))
    return links


@require_http_methods(["GET", "POST"])
@signed_in
def start(request: Request, project_id: int) -> HttpResponse:
    """Show what is there, import what still waits, and lead to the labelling page."""
    access = open_project(request, project_id, Role.ADMIN)
    found = new_project.pending(access.project)
    if request.method == "POST":
        if not access.project.labels.exists():
            return redirect("setup_labels", access.project.pk)
        _import(request, found)
        return redirect("label:desk", access.project.pk)
    context = {
        **_steps(access, START),
        "file": found,
        "imports": list(access.project.imports.all()[:5]),
        "labels": list(access.project.labels.all()),
        "members": access.project.memberships.count(),
        "waiting": invitations.unended(access.project).count(),
    }
    return render(request, "setup/start.html", context)


# Steps --------------------------------------------------------------------------------------------


def _next_step(access: Access) -> str:
    project = access.project
    has_labels, is_waiting = project.labels.exists(), new_project.pending(project) is not None
    if is_waiting or not project.imports.exists():
        return LABELS if is_waiting and has_labels else ITEMS
    if not has_labels:
        return LABELS
    return PEOPLE if project.memberships.count() == 1 else START


def _steps(access: Access | None, current: str) -> dict[str, Any]:
    place = STEPS.index(current)
    steps = [
        {
            "name": name,
            "title": title,
            "url": access.page(f"setup_{name}") if access and name != DATA else "",
            "is_current": name == current,
            "is_before": STEPS.index(name) < place,
        }
        for name, title in TITLES.items()
    ]
    after = STEPS[place + 1] if place + 1 < len(STEPS) else ""
    before = STEPS[place - 1] if place > 1 else ""
    return {
        "access": access,
        "steps": steps,
        "step": place + 1,
        "of": len(STEPS),
        "skip_to": access.page(f"setup_{after}") if access and after else "",
        "back_to": access.page(f"setup_{before}") if access and before else "",
    }
