"""Project endpoints: settings, pausing, deletion, and the encoders that settings can name."""

from contextlib import nullcontext
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import responses, serializers
from annotator.api.numbers import progress_of
from annotator.api.request_context import (
    checked,
    named_version,
    page,
    person,
    takes,
)
from annotator.api.responses.schema import PAGED
from annotator.errors import PermissionDenied
from annotator.flow.features import vectors
from annotator.flow.labels import naming
from annotator.flow.operations import encoders as installed_encoders
from annotator.flow.progress import stopping, summary
from annotator.flow.projects import label_edits, members, overview, versions
from annotator.flow.projects import settings as project_settings
from annotator.flow.projects.versions import Outdated
from annotator.messages import encoders as encoder_messages
from annotator.messages import encoding
from annotator.messages.stopping import pause_payload
from annotator.models import Label, Project, Role
from annotator.projectsettings import SETTINGS


@extend_schema(
    methods=["GET"],
    operation_id="projects_list",
    summary="List your projects",
    description="Installation admins see all projects, others those in which they are members.",
    parameters=PAGED,
    responses={200: responses.page_of(responses.ProjectRow)},
)
@extend_schema(
    methods=["POST"],
    summary="Create a project",
    description="Only installation admins may do so. Settings that are left out have defaults.",
    request=serializers.NewProject,
    responses={201: responses.ProjectRow},
)
@takes("cursor", "page_size")
@api_view(["GET", "POST"])
def projects(request: Request) -> Response:
    """List the caller's projects, or create one."""
    user = person(request)
    if request.method == "GET":
        rows = Project.objects.for_user(user).prefetch_related("labels")
        pauses = overview.pauses(user)
        return page(request, rows, "-id", lambda row: _project(row, pauses.get(row.pk)))
    if not user.is_superuser:
        raise PermissionDenied("forbidden", message="projects_for_admins")
    made = project_settings.create_project(user, **checked(serializers.NewProject, request))
    return Response(_project(made, leads=True), 201)


@extend_schema(
    methods=["PATCH"],
    summary="Change settings of a project",
    description="For leads. With a stale version the answer is 409.",
    request=serializers.ProjectChange,
    responses={200: responses.Project},
    parameters=[
        OpenApiParameter(
            "If-Match",
            str,
            OpenApiParameter.HEADER,
            description="The version (or ETag) that the change is based on; else 409.",
        )
    ],
)
@extend_schema(
    methods=["GET"],
    summary="Show a project",
    description="Its settings, its labels, and how far and how good it is.",
    responses={200: responses.Project},
)
@extend_schema(
    methods=["DELETE"],
    summary="Delete a project",
    description="For admins. It disappears at once; its rows and files are removed a week later.",
    responses={204: None},
)
@api_view(["GET", "PATCH", "DELETE"])
def project(request: Request, pk: int) -> Response:
    """Show a project, change its settings, or delete it."""
    needed = {"GET": Role.ANNOTATOR, "PATCH": Role.LEAD, "DELETE": Role.ADMIN}
    found = members.load_project(person(request), pk, needed[request.method or "GET"])
    if request.method == "DELETE":
        project_settings.delete_project(found)
        return Response(status=204)
    if request.method == "PATCH":
        _change(request, found)
    leads = found.role in Role.at_least(Role.LEAD)
    shown = _project(found, stopping.find_pause(found), leads=leads)
    headers = {"ETag": f'"{shown["version"]}"'}
    return Response({**shown, "counts": progress_of(found)}, headers=headers)


def _change(request: Request, found: Project) -> None:
    """Change what the body names; with a version, only if nobody changed the project since."""
    given = checked(serializers.ProjectChange, request)
    named = named_version(request)
    if named is not None:
        given["version"] = named
    try:
        with label_edits.recorded(found, person(request)) if "labels" in given else nullcontext():
            project_settings.change_project(found, **given)
    except Outdated as refusal:
        # The caller has its own version, so both are at hand and the current one needs no second
        # request.
        refusal.current = _project(found, stopping.find_pause(found), leads=True)
        raise


@extend_schema(
    summary="Pause a project", request=serializers.Reason, responses={200: responses.Paused}
)
@api_view(["POST"])
def pause(request: Request, pk: int) -> Response:
    """Hand out no more items. Annotators see the reason, and can still save what they hold."""
    found = members.load_project(person(request), pk, Role.LEAD)
    stopping.pause(found, person(request), checked(serializers.Reason, request)["reason"])
    return Response({"paused": pause_payload(stopping.find_pause(found))})


@extend_schema(summary="Resume a project", request=None, responses={200: responses.Paused})
@api_view(["POST"])
def resume(request: Request, pk: int) -> Response:
    """Hand out items again. `paused` then says why the project stopped by itself, if it did."""
    found = members.load_project(person(request), pk, Role.LEAD)
    checked(serializers.Nothing, request)
    stopping.resume(found)
    return Response({"paused": pause_payload(stopping.find_pause(found))})


@extend_schema(
    summary="Pause the encoder of a project",
    request=None,
    responses={200: responses.EncodingState},
)
@api_view(["POST"])
def pause_encoding(request: Request, pk: int) -> Response:
    """Have the encoder wait. What it has read so far is kept, and labelling goes on."""
    found = members.load_project(person(request), pk, Role.LEAD)
    checked(serializers.Nothing, request)
    vectors.pause(found)
    return _encoding(found)


@extend_schema(
    summary="Resume the encoder of a project",
    request=None,
    responses={200: responses.EncodingState},
)
@api_view(["POST"])
def resume_encoding(request: Request, pk: int) -> Response:
    """Let the encoder go on, also where it stopped at an error."""
    found = members.load_project(person(request), pk, Role.LEAD)
    checked(serializers.Nothing, request)
    vectors.resume(found)
    tasks.encode_vectors.delay_on_commit()
    return _encoding(found)


def _encoding(found: Project) -> Response:
    found.refresh_from_db(fields=["encoding_paused_at"])
    return Response({"encoding": encoding.told(summary.features(found)["encoding"])})


def _project(
    found: Project, pause: stopping.Pause | None = None, *, leads: bool = False
) -> dict[str, Any]:
    labels = naming.labels_of(found)
    return {
        "id": found.pk,
        "name": found.name,
        "task": found.task,
        "multi_label": found.multi_label,
        "labels": [
            {
                "id": each.pk,
                "name": each.name,
                "hotkey": each.hotkey,
                "description": each.description,
                "examples": each.examples,
                "color": each.color,
                "parent": each.parent_id,
                "retired": each.retired_at is not None,
            }
            for each in labels
        ],
        **_settings(found, leads),
        "items": found.items,
        "paused": pause_payload(pause),
        "created_at": found.created_at,
        "version": versions.version_of(found),
    }


def _settings(found: Project, leads: bool) -> dict[str, Any]:
    shown = [each for each in SETTINGS.values() if leads or not each.leads_only]
    values = {each.name: each.spell(each.value(found)) for each in shown}
    # Programs know labels by their names.
    return {n: v.name if isinstance(v, Label) else v for n, v in values.items()}


@extend_schema(
    summary="List the pretrained encoders",
    description="Those that projects of this installation can use, ready or not.",
    responses={200: responses.page_of(responses.Encoder)},
)
@api_view(["GET"])
def encoders(_request: Request) -> Response:
    """List the pretrained encoders of this installation."""
    found = [encoder_messages.as_json(each) for each in installed_encoders.installed()]
    return Response({"next": None, "previous": None, "results": found})
