"""Data endpoints: imports, exports, predictions."""

import re
from typing import Any

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks, tasktypes
from annotator.api import responses, serializers
from annotator.api.answers import told
from annotator.api.request_context import checked, page, person
from annotator.api.responses.schema import PAGED
from annotator.errors import NotFound
from annotator.flow.datasets import export as exporting
from annotator.flow.datasets import upload
from annotator.flow.projects import members
from annotator.flow.training import predict as training_predict
from annotator.formats.registry import WRITERS
from annotator.models import Import, Role


@extend_schema(
    methods=["GET"],
    operation_id="projects_imports_list",
    summary="List the imports of a project",
    description="The newest come first.",
    parameters=PAGED,
    responses={200: responses.page_of(responses.Import)},
)
@extend_schema(
    methods=["POST"],
    summary="Import a file",
    description="A worker reads it in the background; `GET` on the import shows how far it is.",
    request={"multipart/form-data": serializers.NewImport},
    responses={202: responses.Import},
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser])
def imports(request: Request, pk: int) -> Response:
    """List a project's imports, or receive a file."""
    found = members.load_project(person(request), pk, Role.ADMIN)
    if request.method == "GET":
        return page(request, Import.objects.filter(project=found), "-id", _import)
    given = checked(serializers.NewImport, request)
    work = upload.receive(found, person(request), given.pop("file"), **given)
    tasks.run_import.delay_on_commit(work.pk)
    return Response(_import(work), status=202)


@extend_schema(summary="Show an import", responses={200: responses.Import})
@api_view(["GET"])
def import_state(request: Request, pk: int, number: int) -> Response:
    """Show how far an import is, and the first 100 rejected rows."""
    found = members.load_project(person(request), pk, Role.ADMIN)
    return Response(_import(upload.find(found, number)))


@extend_schema(summary="Download the rejected rows", responses={(200, "text/csv"): bytes})
@api_view(["GET"])
def import_report(request: Request, pk: int, number: int) -> FileResponse:
    """Return every rejected row with its reason, as CSV."""
    found = members.load_project(person(request), pk, Role.ADMIN)
    path = upload.report_path(upload.find(found, number))
    if not path.exists():
        raise NotFound("no_report")
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


@extend_schema(
    summary="Predict the labels of texts",
    description="Where the vectors of a project came with its items, each text needs a `vector`.",
    request=serializers.Predict,
    responses={200: responses.Predictions},
)
@api_view(["POST"])
def predict(request: Request, pk: int) -> Response:
    """Return what the current model predicts for texts that are not stored."""
    found = members.load_project(person(request), pk)
    media = tasktypes.of(found).media
    has_text = media.fields == ("text",)
    given = checked(serializers.Predict if has_text else serializers.PredictAny, request)
    vectors = [item.pop("vector", None) for item in given["items"]]
    documents = [media.document(item) for item in given["items"]]
    version, predictions = training_predict.predict(found, documents, vectors)
    return Response(told(found, {"model": version.number, "predictions": predictions}))


@extend_schema(
    summary="Export the annotations",
    parameters=[
        OpenApiParameter("format", str, enum=list(WRITERS), default="jsonl"),
        OpenApiParameter("include", str, description=", ".join(exporting.INCLUDES)),
    ],
    responses={
        (200, "application/x-ndjson"): responses.Exported,
        **{
            (200, each.content_type): bytes
            for each in WRITERS.values()
            if "ndjson" not in each.content_type
        },
    },
)
@api_view(["GET"])
def export(request: Request, pk: int) -> HttpResponseBase:
    """Stream the annotations, each with how its item was selected.

    `include` adds, separated by commas: `withdrawn` annotations, `skipped` and `unlabelled` items.
    With all three, every count and the accuracy on the pages can be calculated again.
    """
    found = members.load_project(person(request), pk, Role.LEAD)
    format = request.query_params.get("format", "jsonl")
    include = [name for name in request.query_params.get("include", "").split(",") if name]
    body = exporting.stream(found, format, include)
    slug = re.sub(r"[^A-Za-z0-9]+", "-", found.name).strip("-").lower() or "project"
    return StreamingHttpResponse(
        body,
        content_type=WRITERS[format].content_type,
        headers={"Content-Disposition": f'attachment; filename="{slug}.{format}"'},
    )
