"""Projects: their settings, what goes in, what comes out, and the numbers about them."""

import re
from functools import partial
from typing import Any

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import serializers
from annotator.api.request_context import checked, named_version, page, person
from annotator.api.schema import PAGED
from annotator.errors import Forbidden, NotThere
from annotator.flow.datasets import export as exporting
from annotator.flow.datasets import importing
from annotator.flow.evaluation import label_savings
from annotator.flow.labels import naming
from annotator.flow.operations import background_reports
from annotator.flow.progress import model_history, stopping, summary
from annotator.flow.projects import overview, versions
from annotator.flow.projects import settings as project_settings
from annotator.flow.projects.versions import Outdated
from annotator.flow.training import predict as training_predict
from annotator.flow.training import schedule
from annotator.formats.registry import WRITERS
from annotator.models import Import, ModelVersion, Project, Role


@extend_schema(
    methods=["GET"], operation_id="projects_list", parameters=PAGED, responses={200: dict}
)
@extend_schema(methods=["POST"], request=serializers.NewProject, responses={201: dict})
@api_view(["GET", "POST"])
def projects(request: Request) -> Response:
    """List one's projects, or create one."""
    user = person(request)
    if request.method == "GET":
        rows = Project.objects.for_user(user).prefetch_related("labels")
        pauses = overview.pauses(user)
        return page(request, rows, "-id", lambda row: _project(row, pauses.get(row.pk)))
    if not user.is_superuser:
        words = _("Only an admin of the installation may create projects.")
        raise Forbidden("forbidden", words)
    made = project_settings.create_project(user, **checked(serializers.NewProject, request))
    return Response(_project(made, leads=True), 201)


@extend_schema(
    methods=["PATCH"],
    request=serializers.ProjectChange,
    responses={200: dict},
    parameters=[
        OpenApiParameter(
            "If-Match",
            str,
            OpenApiParameter.HEADER,
            description="The version (or ETag) that the change is based on; else 409.",
        )
    ],
)
@extend_schema(methods=["GET"], responses={200: dict})
@extend_schema(methods=["DELETE"], responses={204: None})
@api_view(["GET", "PATCH", "DELETE"])
def project(request: Request, pk: int) -> Response:
    """Show a project, change its settings, or delete it."""
    needed = {"GET": Role.ANNOTATOR, "PATCH": Role.LEAD, "DELETE": Role.ADMIN}
    found = project_settings.load_project(person(request), pk, needed[request.method or "GET"])
    if request.method == "DELETE":
        project_settings.delete_project(found)
        return Response(status=204)
    if request.method == "PATCH":
        _change(request, found)
    leads = found.role in Role.at_least(Role.LEAD)
    shown = _project(found, summary.paused(found), leads=leads)
    headers = {"ETag": f'"{shown["version"]}"'}
    return Response({**shown, "counts": _progress(found)}, headers=headers)


def _progress(found: Project) -> dict[str, Any]:
    if found.role in Role.at_least(Role.LEAD):
        return summary.progress_for_leads(found)
    return summary.progress(found)


def _change(request: Request, found: Project) -> None:
    """Change what the body names; with a version, only if nobody changed the project since."""
    given = checked(serializers.ProjectChange, request)
    if "labels" in given:
        project_settings.load_project(person(request), found.pk, Role.ADMIN)
    named = named_version(request)
    if named is not None:
        given["version"] = named
    try:
        project_settings.change_project(found, **given)
    except Outdated as refusal:
        # Both versions at hand: the caller has its own, and need not ask for the current one.
        refusal.current = _project(found, summary.paused(found), leads=True)
        raise


@extend_schema(request=serializers.Reason, responses={200: dict})
@api_view(["POST"])
def pause(request: Request, pk: int) -> Response:
    """Hand out nothing from now on; the reason is shown to whoever labels. Saving goes on."""
    found = project_settings.load_project(person(request), pk, Role.LEAD)
    stopping.pause(found, person(request), checked(serializers.Reason, request)["reason"])
    return Response({"paused": _told(summary.paused(found))})


@extend_schema(request=None, responses={200: dict})
@api_view(["POST"])
def resume(request: Request, pk: int) -> Response:
    """Hand out items again; what `paused` says then is why the project stopped by itself."""
    found = project_settings.load_project(person(request), pk, Role.LEAD)
    checked(serializers.Nothing, request)
    stopping.resume(found)
    return Response({"paused": _told(summary.paused(found))})


def _told(pause: stopping.Pause | None) -> dict[str, Any] | None:
    return None if pause is None else pause.told()


def _project(
    found: Project, pause: stopping.Pause | None = None, *, leads: bool = False
) -> dict[str, Any]:
    labels = found.labels.all()
    settings = {name: getattr(found, name) for name in Project.SETTINGS}
    settings["rare_label"] = found.rare_label.name if found.rare_label else None
    if not leads:
        # With the seed, an annotator could work out which items are audits.
        del settings["seed"]
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
            }
            for each in labels
        ],
        **settings,
        "items": found.items,
        "paused": _told(pause),
        "created_at": found.created_at,
        "version": versions.version_of(found),
    }


# In ----------------------------------------------------------------------------------------------


@extend_schema(
    methods=["GET"], operation_id="projects_imports_list", parameters=PAGED, responses={200: dict}
)
@extend_schema(
    methods=["POST"],
    request={"multipart/form-data": serializers.NewImport},
    responses={202: dict},
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser])
def imports(request: Request, pk: int) -> Response:
    """List a project's imports, or take a file in."""
    found = project_settings.load_project(person(request), pk, Role.ADMIN)
    if request.method == "GET":
        return page(request, Import.objects.filter(project=found), "-id", _import)
    given = checked(serializers.NewImport, request)
    work = importing.receive(found, person(request), given.pop("file"), **given)
    tasks.run_import.delay_on_commit(work.pk)
    return Response(_import(work), status=202)


@extend_schema(responses={200: dict})
@api_view(["GET"])
def import_state(request: Request, pk: int, number: int) -> Response:
    """Show how far an import is."""
    found = project_settings.load_project(person(request), pk, Role.ADMIN)
    return Response(_import(importing.find(found, number)))


@extend_schema(responses={(200, "text/csv"): bytes})
@api_view(["GET"])
def import_report(request: Request, pk: int, number: int) -> FileResponse:
    """Return every rejected row with its reason, as CSV."""
    found = project_settings.load_project(person(request), pk, Role.ADMIN)
    path = importing.report_path(importing.find(found, number))
    if not path.exists():
        raise NotThere("no_report", _("No row of this import was rejected."))
    # From here, as it lies among uploads, which the front server may not read.
    name = f"import-{number}-rejected.csv"
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="text/csv")


def _import(work: Import) -> dict[str, Any]:
    names = [
        "id",
        "name",
        "state",
        "total",
        "done",
        "created",
        "duplicates",
        "rejected",
        "errors",
        "notes",
    ]
    base = f"/api/v1/projects/{work.project_id}/imports/{work.pk}"
    return {
        **{name: getattr(work, name) for name in names},
        "error": work.error,
        "report_url": f"{base}/report" if work.rejected else None,
        "created_at": work.created_at,
        "finished_at": work.finished_at,
    }


# Numbers -----------------------------------------------------------------------------------------


@extend_schema(responses={200: dict})
@api_view(["GET"])
def progress(request: Request, pk: int) -> Response:
    """Show how far and how good the project is."""
    return Response(_progress(project_settings.load_project(person(request), pk)))


@extend_schema(methods=["GET"], parameters=PAGED, responses={200: dict})
@extend_schema(methods=["POST"], request=None, responses={202: dict})
@api_view(["GET", "POST"])
def rounds(request: Request, pk: int) -> Response:
    """List the rounds, or start one now."""
    found = project_settings.load_project(person(request), pk, Role.LEAD)
    if request.method == "GET":
        rows = found.rounds.select_related("model")
        return page(request, rows, "-number", summary.round_numbers)
    turn = schedule.start_round(found, "by hand")
    tasks.train.delay_on_commit(turn.pk)
    return Response(summary.round_numbers(turn), status=202)


@extend_schema(parameters=PAGED, responses={200: dict})
@api_view(["GET"])
def models(request: Request, pk: int) -> Response:
    """List the model versions."""
    found = project_settings.load_project(person(request), pk, Role.LEAD)
    return page(request, found.models.all(), "-number", partial(_model, found))


def _model(found: Project, version: ModelVersion) -> dict[str, Any]:
    names = [
        "number",
        "trained_on",
        "seen",
        "accuracy",
        "macro_f1",
        "params",
        "snapshot",
        "sha256",
        "created_at",
    ]
    shown = {name: getattr(version, name) for name in names}
    # When its labels were read, which is somewhat before it was made.
    read_at = version.measured.get("spent", {}).get("at")
    return {**shown, "seen": naming.counted(found, version.seen), "read_at": read_at}


@extend_schema(responses={200: dict})
@api_view(["GET"])
def curve(request: Request, pk: int) -> Response:
    """List the points of the learning curve, oldest first, and what random labels would reach."""
    found = project_settings.load_project(person(request), pk, Role.LEAD)
    random = label_savings.baseline(background_reports.one(found, "worth"))
    points = model_history.curve(found)
    return Response({"next": None, "previous": None, "results": points, "baseline": random})


# Out ---------------------------------------------------------------------------------------------


@extend_schema(request=serializers.Predict, responses={200: dict})
@api_view(["POST"])
def predict(request: Request, pk: int) -> Response:
    """Say what the current model thinks of texts."""
    found = project_settings.load_project(person(request), pk)
    given = checked(serializers.Predict, request)
    version, predictions = training_predict.predict(
        found, [item["text"] for item in given["items"]]
    )
    return Response({"model": version.number, "predictions": predictions})


@extend_schema(
    parameters=[
        OpenApiParameter("format", str, enum=list(WRITERS), default="jsonl"),
        OpenApiParameter("include", str, description=", ".join(exporting.INCLUDES)),
    ],
    responses={
        (200, "application/x-ndjson"): serializers.Exported,
        **{
            (200, each.content_type): bytes
            for each in WRITERS.values()
            if "ndjson" not in each.content_type
        },
    },
)
@api_view(["GET"])
def export(request: Request, pk: int) -> HttpResponseBase:
    """Stream the annotations with how each came about.

    `include` names what else goes out after them, separated by commas: `withdrawn` answers,
    `skipped` and `unlabelled` items. From all of it, every count and the accuracy that the pages
    show can be calculated again.
    """
    found = project_settings.load_project(person(request), pk, Role.LEAD)
    format = request.query_params.get("format", "jsonl")
    include = [name for name in request.query_params.get("include", "").split(",") if name]
    body = exporting.stream(found, format, include)
    slug = re.sub(r"[^A-Za-z0-9]+", "-", found.name).strip("-").lower() or "project"
    return StreamingHttpResponse(
        body,
        content_type=WRITERS[format].content_type,
        headers={"Content-Disposition": f'attachment; filename="{slug}.{format}"'},
    )
