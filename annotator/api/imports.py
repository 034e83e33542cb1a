"""Imports: upload a file, follow its state, read its report."""

from typing import Any

from django.http import FileResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import serializers
from annotator.api.request_context import checked, page, person
from annotator.api.schema import PAGED
from annotator.errors import NotThere
from annotator.flow.datasets import upload
from annotator.flow.projects import members
from annotator.models import Import, Role

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
    found = members.load_project(person(request), pk, Role.ADMIN)
    if request.method == "GET":
        return page(request, Import.objects.filter(project=found), "-id", _import)
    given = checked(serializers.NewImport, request)
    work = upload.receive(found, person(request), given.pop("file"), **given)
    tasks.run_import.delay_on_commit(work.pk)
    return Response(_import(work), status=202)


@extend_schema(responses={200: dict})
@api_view(["GET"])
def import_state(request: Request, pk: int, number: int) -> Response:
    """Show how far an import is."""
    found = members.load_project(person(request), pk, Role.ADMIN)
    return Response(_import(upload.find(found, number)))


@extend_schema(responses={(200, "text/csv"): bytes})
@api_view(["GET"])
def import_report(request: Request, pk: int, number: int) -> FileResponse:
    """Return every rejected row with its reason, as CSV."""
    found = members.load_project(person(request), pk, Role.ADMIN)
    path = upload.report_path(upload.find(found, number))
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
