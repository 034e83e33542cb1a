"""Bulk edits of items: started, watched, undone."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import responses, serializers
from annotator.api.data.undoable import told, undo_schema, undone_by
from annotator.api.request_context import checked, person
from annotator.flow.items import bulk
from annotator.flow.projects import members
from annotator.models import BulkEdit, Role


@extend_schema(
    summary="Edit many items",
    description=(
        "`redo` takes annotations back: those that the filter chooses, or all of the items; `by` "
        "is `others` (default), `author` or a member. `label` gives each item an answer, "
        "as a seed label, a decision or a correction. `requeue` asks skipped items again, and "
        "`delete` removes items for good. Name `items`, or a `filter` with the parameters of the "
        "list. A worker does it in the background; a few items are done at once."
    ),
    request=serializers.BulkEdit,
    responses={202: responses.BulkEdit},
)
@api_view(["POST"])
def edits(request: Request, pk: int) -> Response:
    """Start a bulk edit."""
    user = person(request)
    project = members.load_project(user, pk, Role.LEAD)
    work = bulk.start(project, user, **checked(serializers.BulkEdit, request))
    return Response(_done(work), status=202)


@extend_schema(summary="Show a bulk edit", responses={200: responses.BulkEdit})
@api_view(["GET"])
def edit(request: Request, pk: int, number: int) -> Response:
    """Show how far a bulk edit is."""
    project = members.load_project(person(request), pk, Role.LEAD)
    return Response(_told(bulk.find(project, number)))


@undo_schema("bulk edit", responses.BulkEdit)
@api_view(["POST"])
def undo(request: Request, pk: int, number: int) -> Response:
    """Undo a bulk edit."""
    project, user = undone_by(request, pk)
    work = bulk.request_undo(bulk.find(project, number), user)
    return Response(_done(work), status=202)


def _done(work: BulkEdit) -> dict[str, Any]:
    tasks.do_bulk_edit(work)
    return _told(work)


def _told(work: BulkEdit) -> dict[str, Any]:
    return {**told(work), "changed": work.changed}
