"""Export endpoints: streamed at once, or written to a file in the background."""

from functools import partial
from typing import Any

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import responses
from annotator.api.data import bodies
from annotator.api.request_context import checked, page, person, takes
from annotator.api.responses.schema import PAGED, described
from annotator.flow.datasets import export as exporting
from annotator.flow.datasets import export_job
from annotator.flow.datasets.outgoing import choices
from annotator.flow.datasets.outgoing.unaligned import Unaligned
from annotator.flow.projects import members
from annotator.formats.base import WIDEN, Writer
from annotator.formats.registry import WRITERS
from annotator.formats.spans.alignment import WAYS
from annotator.models import Export, Project, Role


def _content(writer: Writer) -> Any:
    """Return the schema of a file of this format; the JSON of other tools is a list."""
    if writer.content_type == "application/json":
        records = {"type": "array", "items": {"type": "object"}}
        return described(f"Records as {writer.title} writes them.", **records)
    return bytes


PARAMETERS = [
    OpenApiParameter("format", str, enum=list(WRITERS), default="jsonl"),
    OpenApiParameter("annotator", str, many=True, description="Who answered; several if repeated."),
    OpenApiParameter("label", str, many=True, description="What was answered, or counts."),
    OpenApiParameter("state", str, description=", ".join(choices.STATES)),
    OpenApiParameter("source", str, description="Why the items were labelled."),
    OpenApiParameter("from", str, description="A day such as 2026-01-31, or a moment."),
    OpenApiParameter("to", str, description="As from; a day is included to its end."),
    OpenApiParameter(
        "agreed", str, enum=["1"], description="1: of complete items without an open disagreement."
    ),
    OpenApiParameter("unit", str, enum=list(choices.UNITS), default="annotation"),
    OpenApiParameter("include", str, description=", ".join(choices.INCLUDES)),
    OpenApiParameter(
        "unaligned",
        str,
        enum=list(WAYS),
        default=WIDEN,
        description="Spans that begin or end within a token, in formats of whole tokens.",
    ),
]
FILES = {(200, each.content_type): _content(each) for each in WRITERS.values()}
# Between commas, as no value has one.
WITH_COMMAS = ("state", "source", "include")
REPEATED = ("annotator", "label")


def given_in(request: Request) -> dict[str, Any]:
    """Return the choices of a query by their names."""
    query: Any = request.query_params
    given = {name: query.get(name, "") for name in choices.NAMES}
    given |= {name: query.get(name, "").split(",") for name in WITH_COMMAS}
    return given | {name: query.getlist(name) for name in REPEATED}


@extend_schema(
    summary="Export the annotations",
    parameters=PARAMETERS,
    responses=FILES | {(200, WRITERS["jsonl"].content_type): responses.Exported},
)
@takes("format", *choices.NAMES)
@api_view(["GET"])
def export(request: Request, pk: int) -> HttpResponseBase:
    """Stream the annotations, each with how its item was selected.

    `include` adds, separated by commas: `withdrawn` annotations, `skipped` and `unlabelled` items,
    and the `predictions` of the newest model. With the first three, every count and the accuracy on
    the pages can be calculated again. With `unit=item`, there is one record an item, with the label
    that counts.
    """
    found = members.load_project(person(request), pk, Role.LEAD)
    format = request.query_params.get("format", "jsonl")
    writer, wanted = exporting.checked(found, format, given_in(request))
    return StreamingHttpResponse(
        exporting.stream(found, format, wanted=wanted),
        content_type=writer.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{exporting.file_name(found, writer)}"'
        },
    )


@extend_schema(
    summary="List the spans that a format holds otherwise",
    parameters=PARAMETERS,
    responses={200: responses.UnalignedSpans},
)
@takes("format", *choices.NAMES)
@api_view(["GET"])
def unaligned(request: Request, pk: int) -> Response:
    """Return, before an export, its spans that begin or end within a token.

    `becomes` is where each would begin and end; null where it is left out. `overlapping` counts the
    spans that go because the format holds one layer. Formats of spans as they are have none of
    both. At most 5,000 items are looked at; `is_all` tells whether these were all.
    """
    found = members.load_project(person(request), pk, Role.LEAD)
    format = request.query_params.get("format", "jsonl")
    writer, wanted = exporting.checked(found, format, given_in(request))
    told = exporting.unaligned_spans(found, writer, wanted) or Unaligned()
    counts = {each: getattr(told, each) for each in ("records", "is_all", "spans", "overlapping")}
    return Response({**counts, "results": told.listed})


@extend_schema(
    methods=["GET"],
    operation_id="projects_exports_list",
    summary="List the exports of a project",
    description="The newest come first.",
    parameters=PAGED,
    responses={200: responses.page_of(responses.Export)},
)
@extend_schema(
    methods=["POST"],
    summary="Export to a file",
    description=(
        "A worker writes it in the background; `GET` on the export shows how far it is, and "
        "where the file is once it is whole. The fields are the parameters of `GET …/export`."
    ),
    request=bodies.NewExport,
    responses={202: responses.Export},
)
@takes("cursor", "page_size")
@api_view(["GET", "POST"])
def exports(request: Request, pk: int) -> Response:
    """List a project's exports, or start one."""
    found = members.load_project(person(request), pk, Role.LEAD)
    if request.method == "GET":
        return page(request, Export.objects.filter(project=found), "-id", partial(_export, found))
    given = checked(bodies.NewExport, request)
    work = export_job.start(found, person(request), given.pop("format", "jsonl"), given)
    tasks.run_export.delay_on_commit(work.pk)
    return Response(_export(found, work), status=202)


@extend_schema(summary="Show an export", responses={200: responses.Export})
@api_view(["GET"])
def export_state(request: Request, pk: int, number: int) -> Response:
    """Show how far an export is, and where its file is."""
    found = members.load_project(person(request), pk, Role.LEAD)
    return Response(_export(found, export_job.find(found, number)))


@extend_schema(summary="Download an export", responses=FILES)
@api_view(["GET"])
def export_file(request: Request, pk: int, number: int) -> FileResponse:
    """Return the file of an export that is finished."""
    found = members.load_project(person(request), pk, Role.LEAD)
    work = export_job.find(found, number)
    path, writer = export_job.file_of(work), WRITERS[work.format]
    name = exporting.file_name(found, writer)
    kind = writer.content_type
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=kind)


def _export(found: Project, work: Export) -> dict[str, Any]:
    own = ("id", "format", "state", "total", "done", "size", "error")
    url = f"/api/v1/projects/{work.project_id}/exports/{work.pk}/file"
    return {
        **{name: getattr(work, name) for name in own},
        "choices": choices.named(found, work.options),
        "url": url if work.path else None,
        "created_at": work.created_at,
        "ends_at": work.ends_at,
        "finished_at": work.finished_at,
        "file_goes_at": work.goes_at,
    }
