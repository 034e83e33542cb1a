"""Projects: their settings, what goes in, what comes out, and the numbers about them."""

import re
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
from annotator.api.requests import checked, page, person
from annotator.flow import export as exporting
from annotator.flow import ingest, measured, monitor, prediction, schedule, setup
from annotator.flow.refusals import Forbidden, NotThere
from annotator.models import Import, ModelVersion, Project, Role


@extend_schema(methods=["GET"], operation_id="projects_list", responses={200: dict})
@extend_schema(methods=["POST"], request=serializers.NewProject, responses={201: dict})
@api_view(["GET", "POST"])
def projects(request: Request) -> Response:
    """List one's projects, or create one."""
    user = person(request)
    if request.method == "GET":
        rows = Project.objects.for_user(user).prefetch_related("labels")
        return page(request, rows, "-id", _project)
    if not user.is_superuser:
        words = _("Only an admin of the installation may create projects.")
        raise Forbidden("forbidden", words)
    return Response(
        _project(setup.create_project(user, **checked(serializers.NewProject, request)), True), 201
    )


@extend_schema(request=serializers.Settings, responses={200: dict})
@api_view(["GET", "PATCH", "DELETE"])
def project(request: Request, pk: int) -> Response:
    """Show a project, change its settings, or delete it."""
    needed = {"GET": Role.ANNOTATOR, "PATCH": Role.LEAD, "DELETE": Role.ADMIN}
    found = setup.load_project(person(request), pk, needed[request.method or "GET"])
    if request.method == "DELETE":
        setup.delete_project(found)
        return Response(status=204)
    if request.method == "PATCH":
        given = checked(serializers.Settings, request)
        if "labels" in given:
            setup.load_project(person(request), pk, Role.ADMIN)
        setup.change_project(found, **given)
    leads = found.role in Role.at_least(Role.LEAD)
    return Response({**_project(found, leads), "counts": monitor.progress(found)})


def _project(found: Project, leads: bool = False) -> dict[str, Any]:
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
        "created_at": found.created_at,
    }


# In ----------------------------------------------------------------------------------------------


@extend_schema(methods=["GET"], operation_id="projects_imports_list", responses={200: dict})
@extend_schema(
    methods=["POST"],
    request={"multipart/form-data": serializers.NewImport},
    responses={202: dict},
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser])
def imports(request: Request, pk: int) -> Response:
    """List a project's imports, or take a file in."""
    found = setup.load_project(person(request), pk, Role.ADMIN)
    if request.method == "GET":
        return page(request, Import.objects.filter(project=found), "-id", _import)
    given = checked(serializers.NewImport, request)
    work = ingest.receive(found, person(request), given.pop("file"), **given)
    tasks.run_import.delay_on_commit(work.pk)
    return Response(_import(work), status=202)


@extend_schema(responses={200: dict})
@api_view(["GET"])
def import_state(request: Request, pk: int, number: int) -> Response:
    """Show how far an import is."""
    found = setup.load_project(person(request), pk, Role.ADMIN)
    return Response(_import(ingest.find(found, number)))


@extend_schema(responses={(200, "text/csv"): bytes})
@api_view(["GET"])
def import_report(request: Request, pk: int, number: int) -> FileResponse:
    """Return every rejected row with its reason, as CSV."""
    found = setup.load_project(person(request), pk, Role.ADMIN)
    path = ingest.report_path(ingest.find(found, number))
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
    return Response(monitor.progress(setup.load_project(person(request), pk)))


@extend_schema(request=None, responses={202: dict})
@api_view(["GET", "POST"])
def rounds(request: Request, pk: int) -> Response:
    """List the rounds, or start one now."""
    found = setup.load_project(person(request), pk, Role.LEAD)
    if request.method == "GET":
        rows = found.rounds.select_related("model")
        return page(request, rows, "-number", monitor.round_numbers)
    turn = schedule.start_round(found, "by hand")
    tasks.train.delay_on_commit(turn.pk)
    return Response(monitor.round_numbers(turn), status=202)


@extend_schema(responses={200: dict})
@api_view(["GET"])
def models(request: Request, pk: int) -> Response:
    """List the model versions."""
    found = setup.load_project(person(request), pk, Role.LEAD)
    return page(request, found.models.all(), "-number", _model)


def _model(version: ModelVersion) -> dict[str, Any]:
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
    return {name: getattr(version, name) for name in names}


@extend_schema(responses={200: dict})
@api_view(["GET"])
def curve(request: Request, pk: int) -> Response:
    """List the points of the learning curve, oldest first."""
    found = setup.load_project(person(request), pk, Role.LEAD)
    return Response({"next": None, "previous": None, "results": measured.curve(found)})


# Out ---------------------------------------------------------------------------------------------


@extend_schema(request=serializers.Predict, responses={200: dict})
@api_view(["POST"])
def predict(request: Request, pk: int) -> Response:
    """Say what the current model thinks of texts."""
    found = setup.load_project(person(request), pk)
    given = checked(serializers.Predict, request)
    version, predictions = prediction.predict(found, [item["text"] for item in given["items"]])
    return Response({"model": version.number, "predictions": predictions})


@extend_schema(
    parameters=[
        OpenApiParameter("format", enum=list(exporting.FORMATS), default="jsonl"),
        OpenApiParameter("include", description=", ".join(exporting.INCLUDES)),
    ],
    responses={(200, "application/x-ndjson"): serializers.Exported},
)
@api_view(["GET"])
def export(request: Request, pk: int) -> HttpResponseBase:
    """Stream the annotations with how each came about.

    `include` names what else goes out after them, separated by commas: `withdrawn` answers,
    `skipped` and `unlabelled` items. From all of it, every count and the accuracy that the pages
    show can be calculated again.
    """
    found = setup.load_project(person(request), pk, Role.LEAD)
    format = request.query_params.get("format", "jsonl")
    include = [name for name in request.query_params.get("include", "").split(",") if name]
    body = exporting.stream(found, format, include)
    slug = re.sub(r"[^A-Za-z0-9]+", "-", found.name).strip("-").lower() or "project"
    return StreamingHttpResponse(
        body,
        content_type=exporting.FORMATS[format],
        headers={"Content-Disposition": f'attachment; filename="{slug}.{format}"'},
    )
