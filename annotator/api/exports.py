"""Export endpoints: streamed at once."""

from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request

from annotator.api import responses
from annotator.api.request_context import person, takes
from annotator.flow.datasets import export as exporting
from annotator.flow.datasets.outgoing import choices
from annotator.flow.projects import members
from annotator.formats.registry import WRITERS
from annotator.models import Role

DAY = "A day, such as 2026-01-31, or a moment, such as 2026-01-31T12:00Z."
PARAMETERS = [
    OpenApiParameter("format", str, enum=list(WRITERS), default="jsonl"),
    OpenApiParameter("annotator", str, many=True, description="Who answered; several if repeated."),
    OpenApiParameter("label", str, many=True, description="What was answered, or counts."),
    OpenApiParameter("state", str, description=", ".join(choices.STATES)),
    OpenApiParameter("source", str, description="Why the items were labelled."),
    OpenApiParameter("from", str, description=DAY),
    OpenApiParameter("to", str, description=f"{DAY} A day is included to its end."),
    OpenApiParameter(
        "agreed", str, enum=["1"], description="1: of complete items without an open disagreement."
    ),
    OpenApiParameter("unit", str, enum=list(choices.UNITS), default="annotation"),
    OpenApiParameter("include", str, description=", ".join(choices.INCLUDES)),
]
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
    responses={
        (200, "application/x-ndjson"): responses.Exported,
        **{
            (200, each.content_type): bytes
            for each in WRITERS.values()
            if "ndjson" not in each.content_type
        },
    },
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
