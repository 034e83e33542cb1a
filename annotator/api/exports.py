"""Exports."""

import re

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request

from annotator.api import serializers
from annotator.api.request_context import person
from annotator.flow.datasets import export as exporting
from annotator.flow.projects import members
from annotator.models import Role


@extend_schema(
    parameters=[
        OpenApiParameter("format", str, enum=list(exporting.FORMATS), default="jsonl"),
        OpenApiParameter("include", str, description=", ".join(exporting.INCLUDES)),
    ],
    responses={
        (200, "application/x-ndjson"): serializers.Exported,
        **{(200, each): bytes for each in exporting.FORMATS.values() if "ndjson" not in each},
    },
)
@api_view(["GET"])
def export(request: Request, pk: int) -> HttpResponseBase:
    """Stream the annotations with how each came about.

    `include` names what else goes out after them, separated by commas: `withdrawn` answers,
    `skipped` and `unlabelled` items. From all of it, every count and the accuracy that the pages
    show can be calculated again.
    """
    found = members.load_project(person(request), pk, Role.LEAD)
    format = request.query_params.get("format", "jsonl")
    include = [name for name in request.query_params.get("include", "").split(",") if name]
    body = exporting.stream(found, format, include)
    slug = re.sub(r"[^A-Za-z0-9]+", "-", found.name).strip("-").lower() or "project"
    return StreamingHttpResponse(
        body,
        content_type=exporting.FORMATS[format],
        headers={"Content-Disposition": f'attachment; filename="{slug}.{format}"'},
    )
