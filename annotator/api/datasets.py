"""Data endpoints: imports, predictions."""

from typing import Any

from django.http import FileResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks, tasktypes
from annotator.api import responses, serializers
from annotator.api.answers import told
from annotator.api.codecs import StrictJSONParser
from annotator.api.request_context import checked, flag, page, person, takes
from annotator.api.responses.schema import PAGED
from annotator.errors import Invalid, NotFound
from annotator.flow.datasets import attaching, importing, server_files, undo_import, upload
from annotator.flow.datasets import preview as upload_preview
from annotator.flow.datasets.options import Options
from annotator.flow.projects import members
from annotator.flow.training import predict as training_predict
from annotator.messages.datasets import imports as messages
from annotator.models import Import, Project, Role, User

DRY_RUN = OpenApiParameter(
    "dry_run", str, enum=["1"], description="1: tell what an import would do, and keep the upload."
)
EVERYTHING = OpenApiParameter(
    "all", str, enum=["1"], description="1: items with a person's label go as well."
)


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
    description=(
        "A worker reads it in the background; `GET` on the import shows how far it is. With "
        "`dry_run=1`, only the upload is stored, for 24 hours; the response says what would become "
        "of its rows, and a second call with the id of the `upload` imports it. `vectors` with "
        "`vector_ids` and without a file are attached to the items that have these ids. "
        "`server_file` names a file, or a folder of pictures or texts, that lies on the server "
        "already, or in a bucket: `s3://scans/2026`."
    ),
    parameters=[DRY_RUN],
    request={
        "multipart/form-data": serializers.NewImport,
        "application/json": serializers.NewImport,
    },
    responses={202: responses.Import, 200: responses.ImportPreview},
)
@takes("cursor", "page_size")
@takes("dry_run", method="POST")
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser, FormParser, StrictJSONParser])
def imports(request: Request, pk: int) -> Response:
    """List a project's imports, or receive a file."""
    found = members.load_project(person(request), pk, Role.ADMIN)
    if request.method == "GET":
        return page(request, Import.objects.filter(project=found), "-id", _import)
    given = checked(serializers.NewImport, request)
    files = request.FILES.getlist("file") if "file" in given else []
    if "server_file" in given:
        files = server_files.find(given.pop("server_file"))
    if flag(request, "dry_run"):
        return Response(_dry_run(found, person(request), files, given))
    work = _started(found, person(request), files, given)
    tasks.run_import.delay_on_commit(work.pk)
    return Response(_import(work), status=202)


def _started(project: Project, user: User, files: Any, given: dict[str, Any]) -> Import:
    given.pop("file", None)
    if files:
        return upload.receive(project, user, files, **given)
    if "upload" not in given:
        beside = {name: given.get(name) for name in ("vectors", "vector_ids")}
        return attaching.receive(project, user, **beside)
    kept = upload.find_upload(project, given.pop("upload"))
    return upload.start(kept, user, Options(**{**kept.options, **given}))


def _dry_run(project: Project, user: User, files: Any, given: dict[str, Any]) -> dict[str, Any]:
    given.pop("file", None)
    beside = {name: given.pop(name) for name in ("vectors", "vector_ids") if name in given}
    if files or (beside and "upload" not in given):
        kept = upload.keep(project, user, files, **beside)
    else:
        kept = upload.find_upload(project, given.pop("upload", ""))
    return messages.preview(upload_preview.preview(kept, Options(**{**kept.options, **given})))


@extend_schema(
    summary="List the files on the server",
    description=(
        "What an installation admin put into the folder for imports (`WINNOW_IMPORT_FOLDER`), or "
        "into `folder` below it: folders first, at most 1,000. `path` is the `server_file` of an "
        "import. Buckets (`WINNOW_IMPORT_BUCKETS`) are folders such as `s3://scans`."
    ),
    parameters=[OpenApiParameter("folder", str, description="The path of a folder there.")],
    responses={200: responses.ServerFiles},
)
@takes("folder")
@api_view(["GET"])
def server_file_list(request: Request, pk: int) -> Response:
    """List what can be imported without an upload."""
    members.load_project(person(request), pk, Role.ADMIN)
    found = server_files.listed(request.query_params.get("folder", ""))
    names = ("path", "name", "is_folder", "size", "changed_at")
    rows = [{name: getattr(each, name) for name in names} for each in found]
    return Response({"next": None, "previous": None, "results": rows})


@extend_schema(methods=["GET"], summary="Show an import", responses={200: responses.Import})
@extend_schema(
    methods=["DELETE"],
    summary="Undo an import",
    description=(
        "Its items are removed for good, and what it changed of others is as before. Items that "
        "somebody labelled stay, unless `all=1`. `undo` in the response says how far that is."
    ),
    parameters=[EVERYTHING],
    request=None,
    responses={202: responses.Import},
)
@takes("all", method="DELETE")
@api_view(["GET", "DELETE"])
def import_state(request: Request, pk: int, number: int) -> Response:
    """Show how far an import is, and the first 100 rows that did not become items as they stood."""
    user = person(request)
    work = upload.find(members.load_project(user, pk, Role.ADMIN), number)
    if request.method == "GET":
        return Response(_import(work))
    everything = flag(request, "all")
    asked = undo_import.request(work, user, everything=everything)
    if not undo_import.finish_quickly(asked):
        tasks.undo_import.delay_on_commit(asked.pk)
    work.refresh_from_db()
    return Response(_import(work), status=202)


@extend_schema(
    summary="Cancel an import",
    description="What it has stored so far stays. One that has ended answers 409.",
    request=serializers.Nothing,
    responses={200: responses.Import},
)
@api_view(["POST"])
def import_cancel(request: Request, pk: int, number: int) -> Response:
    """End an import that waits or runs."""
    found = members.load_project(person(request), pk, Role.ADMIN)
    checked(serializers.Nothing, request)
    work = upload.find(found, number)
    importing.cancel(work, person(request))
    return Response(_import(work))


@extend_schema(summary="Download the report of an import", responses={(200, "text/csv"): bytes})
@api_view(["GET"])
def import_report(request: Request, pk: int, number: int) -> FileResponse:
    """Return a line for each row or file that did not become an item as it stood, as CSV."""
    found = members.load_project(person(request), pk, Role.ADMIN)
    path = upload.report_path(upload.find(found, number))
    if not path.exists():
        raise NotFound("no_report")
    # From here, as it lies among uploads, which the front server may not read.
    name, kind = f"import-{number}-report.csv", "text/csv; charset=utf-8"
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=kind)


COUNTERS = [
    "id",
    "name",
    "state",
    "total",
    "done",
    "created",
    "duplicates",
    "conflicts",
    "rejected",
    "labels_added",
    "labels_changed",
    "updated",
    "unlabelled",
    "skipped_files",
    "encoding",
    "delimiter",
    "errors",
]


def _import(work: Import) -> dict[str, Any]:
    base = f"/api/v1/projects/{work.project_id}/imports/{work.pk}"
    return {
        **{name: getattr(work, name) for name in COUNTERS},
        "notes": messages.notes(work.notes),
        "error": work.error,
        "report_url": f"{base}/report" if work.report_lines or work.rejected else None,
        "created_at": work.created_at,
        "ends_at": work.ends_at,
        "finished_at": work.finished_at,
        "cancelled_at": work.cancelled_at,
        "undo": undo_import.standing(work),
    }


@extend_schema(
    summary="Predict the labels of texts",
    description=(
        "Where the vectors of a project came with its items, each text needs a `vector`. Items of "
        'the project are named by their ids: `{"item": 17}`. Pictures are sent as files of a form, '
        "in `items`, 100 at most."
    ),
    request={
        "application/json": serializers.Predict,
        "multipart/form-data": serializers.PredictFiles,
    },
    responses={200: responses.Predictions},
)
@api_view(["POST"])
@parser_classes([StrictJSONParser, MultiPartParser])
def predict(request: Request, pk: int) -> Response:
    """Return what the current model predicts for items that are sent, or are of the project."""
    found = members.load_project(person(request), pk)
    given = _to_predict(request, found)
    vectors = [each.pop("vector", None) for each in given]
    there = training_predict.items_by_id(found, [each["item"] for each in given if "item" in each])
    document = tasktypes.of(found).media.document
    documents = [there[each["item"]] if "item" in each else document(each) for each in given]
    version, predictions = training_predict.predict(found, documents, vectors)
    return Response(told(found, {"model": version.number, "predictions": predictions}))


def _to_predict(request: Request, project: Project) -> list[dict[str, Any]]:
    fields = tasktypes.of(project).media.fields
    if request.FILES:
        if fields:
            raise Invalid("predict_json", field="items")
        files = checked(serializers.PredictFiles, request)["items"]
        return [{"picture": each.read()} for each in files]
    serializer = serializers.Predict if fields == ("text",) else serializers.PredictAny
    found: list[dict[str, Any]] = checked(serializer, request)["items"]
    return found
