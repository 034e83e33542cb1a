"""Endpoints of resumable uploads."""

import uuid
from typing import Any

from django.utils.http import http_date
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api import responses
from annotator.api.request_context import person, takes
from annotator.api.uploads import tus
from annotator.errors import Invalid, PermissionDenied
from annotator.flow.datasets import resumable
from annotator.flow.datasets import upload as files
from annotator.flow.projects import members
from annotator.models import Project, Role, UnfinishedUpload, Upload


def _header(name: str, description: str, *, required: bool = False) -> OpenApiParameter:
    return OpenApiParameter(
        name, str, OpenApiParameter.HEADER, required=required, description=description
    )


TUS = _header("Tus-Resumable", "1.0.0", required=True)
LENGTH = _header("Upload-Length", "the size of the file in bytes.", required=True)
METADATA = _header(
    "Upload-Metadata",
    "pairs of a name and a value in Base64: `filename`, and `format`, with which a wrong type of "
    "file is refused before it is sent.",
)
OFFSET = _header("Upload-Offset", "where in the file the chunk begins.", required=True)
CHECKSUM = _header("Upload-Checksum", "`sha1` or `sha256`, a space, and Base64.")

ANOTHER_VERSION = {
    412: OpenApiResponse(description="`Tus-Resumable` names no version that is spoken here.")
}


@extend_schema(
    methods=["GET"],
    summary="List your unfinished uploads",
    responses={200: responses.UnfinishedUploads},
)
@extend_schema(
    methods=["POST"],
    summary="Start a resumable upload",
    description=(
        "This is the [tus protocol](https://tus.io/protocols/resumable-upload), version 1.0.0. "
        "`Location` names the upload: `PATCH` sends chunks of it, `HEAD` tells in `Upload-Offset` "
        "where to go on, `DELETE` removes it. Complete, its id imports it (`upload`). What is "
        "unfinished is kept for 24 hours. An archive, which becomes a project, is uploaded outside "
        "of any project."
    ),
    parameters=[TUS, LENGTH, METADATA],
    request=None,
    responses={201: None, **ANOTHER_VERSION},
)
@tus.speaks_tus
@takes()
@api_view(["OPTIONS", "GET", "POST"])
def uploads(request: Request, pk: int | None = None) -> Response:
    """Say what can be uploaded, list what is unfinished, or start an upload."""
    project = _destination(request, pk)
    if request.method == "OPTIONS":
        return Response(status=204, headers=tus.abilities())
    if request.method == "GET":
        rows = [_row(each) for each in resumable.unfinished(project, person(request))]
        return Response({"next": None, "previous": None, "results": rows})
    tus.check_version(request)
    length = tus.number(request, "Upload-Length", "upload_length")
    about = tus.metadata(request)
    name = about.get("filename", "")
    if "format" in about and project is not None:
        files.kind_of(project, name, about["format"])
    made = resumable.create(project, person(request), name, length)
    place = f"{request.path.rstrip('/')}/{made.pk}"
    return Response(status=201, headers={"Location": place, **_state(made)})


@extend_schema(
    methods=["PATCH"],
    summary="Send a chunk of an upload",
    description="At most 64 MB. A chunk that does not begin at the upload's offset answers 409.",
    parameters=[TUS, OFFSET, CHECKSUM],
    request={tus.CHUNK_TYPE: bytes},
    responses={204: None, **ANOTHER_VERSION},
)
@extend_schema(
    methods=["DELETE"],
    summary="Remove an upload",
    parameters=[TUS],
    responses={204: None, **ANOTHER_VERSION},
)
@tus.speaks_tus
@takes()
@api_view(["HEAD", "PATCH", "DELETE"])
@parser_classes([tus.ChunkParser])
def upload(request: Request, key: uuid.UUID, pk: int | None = None) -> Response:
    """Tell the offset of an upload, add a chunk to it, or remove it."""
    project = _destination(request, pk)
    tus.check_version(request)
    found = resumable.find(project, person(request), key)
    if request.method == "PATCH":
        found = _patched(request, found)
    if request.method == "DELETE":
        _remove(found)
        return Response(status=204)
    status = 200 if request.method == "HEAD" else 204
    return Response(status=status, headers=_state(found))


def _destination(request: Request, pk: int | None) -> Project | None:
    """Return the project that files are uploaded for; None for archives, which become one."""
    if pk is not None:
        return members.load_project(person(request), pk, Role.ADMIN)
    if not person(request).is_superuser:
        raise PermissionDenied("forbidden", message="archives_for_admins")
    return None


def _patched(request: Request, found: UnfinishedUpload | Upload) -> UnfinishedUpload | Upload:
    have = resumable.size_of(found)
    offset = tus.number(request, "Upload-Offset", "upload_offset", have=have)
    given = request.headers.get("Content-Length") or ""
    if not given.isdigit():
        raise Invalid("chunk_too_large", field="Content-Length", most=resumable.CHUNK_MB)
    body, matches = tus.blocks(request), tus.checksum(request)
    return resumable.append(found, offset, int(given), body, matches)


def _remove(found: UnfinishedUpload | Upload) -> None:
    if isinstance(found, Upload):
        files.discard(found)
    else:
        resumable.discard(found)


def _state(found: UnfinishedUpload | Upload) -> dict[str, str]:
    size = resumable.size_of(found)
    if isinstance(found, Upload):
        return {"Upload-Offset": str(size), "Upload-Length": str(size)}
    return {
        "Upload-Offset": str(size),
        "Upload-Length": str(found.length),
        "Upload-Expires": http_date(found.expires_at.timestamp()),
    }


def _row(found: UnfinishedUpload) -> dict[str, Any]:
    return {
        "upload": str(found.pk),
        "name": found.name,
        "length": found.length,
        "offset": resumable.size_of(found),
        "expires_at": found.expires_at,
    }
