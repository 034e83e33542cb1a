"""Archive endpoints: projects written to an archive, made of one, and cloned."""

from typing import Any

from django.http import FileResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import responses, serializers
from annotator.api.codecs import StrictJSONParser
from annotator.api.data import bodies
from annotator.api.request_context import checked, person
from annotator.errors import Invalid, PermissionDenied
from annotator.flow.archiving import jobs
from annotator.flow.projects import members
from annotator.messages.datasets.archives import file_name
from annotator.models import ArchiveJob, Role

KIND = "application/vnd.winnow.archive+zip"


@extend_schema(
    summary="Archive a project",
    description=(
        "A worker writes one file with everything of the project; `GET` on the job shows how far "
        "it is, and where the file is once it is whole. Another installation makes the project "
        "of it again."
    ),
    request=None,
    responses={202: responses.ArchiveJob},
)
@api_view(["POST"])
def archive(request: Request, pk: int) -> Response:
    """Start to write the archive of a project."""
    found = members.load_project(person(request), pk, Role.ADMIN)
    checked(serializers.Nothing, request)
    return _begun(jobs.archive(found, person(request)))


@extend_schema(
    summary="Clone a project",
    description=(
        "A worker copies it to a new project whose admin you are. Labels, settings and guidelines "
        "always go along. With `items`, its items do, and what was computed of them; with `labels` "
        "as well, also annotations, queue, rounds and models."
    ),
    request=bodies.Clone,
    responses={202: responses.ArchiveJob},
)
@api_view(["POST"])
def clone(request: Request, pk: int) -> Response:
    """Start to copy a project."""
    found = members.load_project(person(request), pk, Role.ADMIN)
    given = checked(bodies.Clone, request)
    return _begun(jobs.clone(found, person(request), **given))


@extend_schema(
    summary="Open an archive as a new project",
    description=(
        "For installation admins. Send the `file`, the id of an `upload` that is complete, or as "
        "`server_file` its path below the folder for imports (`WINNOW_IMPORT_FOLDER`), where it "
        "may be larger than an upload; a `name` replaces the archive's. A worker checks all of it, "
        "then stores it; the project appears once it is whole. People are found by their names, "
        "unknown ones become inactive accounts, and nobody but you gets a role."
    ),
    request={
        "multipart/form-data": bodies.OpenedArchive,
        "application/json": bodies.OpenedArchive,
    },
    responses={202: responses.ArchiveJob},
)
@api_view(["POST"])
@parser_classes([MultiPartParser, FormParser, StrictJSONParser])
def open_archive(request: Request) -> Response:
    """Start to make a project of an archive."""
    user = person(request)
    if not user.is_superuser:
        raise PermissionDenied("forbidden", message="archives_for_admins")
    given = checked(bodies.OpenedArchive, request)
    name = given.get("name", "")
    if "file" in given:
        return _begun(jobs.receive(user, given["file"], name))
    if "server_file" in given:
        return _begun(jobs.receive_server_file(user, given["server_file"], name))
    if "upload" not in given:
        raise Invalid("required", field="file")
    return _begun(jobs.receive_upload(user, given["upload"], name))


@extend_schema(
    operation_id="archives_retrieve",
    summary="Show an archive job",
    responses={200: responses.ArchiveJob},
)
@api_view(["GET"])
def job(request: Request, number: int) -> Response:
    """Show how far a job is, and what it made."""
    return Response(_job(jobs.find(person(request), number)))


@extend_schema(
    operation_id="archives_file_retrieve",
    summary="Download an archive",
    responses={(200, "application/octet-stream"): bytes},
)
@api_view(["GET"])
def file(request: Request, number: int) -> FileResponse:
    """Return the archive that a finished job has written."""
    work = jobs.find(person(request), number)
    path, name = jobs.file_of(work), file_name(work)
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=KIND)


def _begun(work: ArchiveJob) -> Response:
    tasks.run_archive_job.delay_on_commit(work.pk)
    return Response(_job(work), status=202)


def _job(work: ArchiveJob) -> dict[str, Any]:
    own = ("id", "kind", "scope", "state", "total", "done", "size", "missing", "error")
    is_there = work.kind == ArchiveJob.Kind.ARCHIVE and bool(work.path)
    return {
        **{name: getattr(work, name) for name in own},
        "source": work.source_id,
        # A project that is not complete is nobody's yet.
        "project": work.made_id if work.state == work.State.DONE else None,
        "people_created": len(work.people),
        "url": f"/api/v1/archives/{work.pk}/file" if is_there else None,
        "created_at": work.created_at,
        "ends_at": work.ends_at,
        "finished_at": work.finished_at,
        "file_goes_at": work.goes_at,
    }
