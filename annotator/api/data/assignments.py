"""Assignments: items, or a share of the queue, that only some people get."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import responses, serializers
from annotator.api.request_context import checked, page, person, takes
from annotator.api.responses.schema import PAGED
from annotator.errors import Invalid
from annotator.flow.items import bulk
from annotator.flow.projects import members
from annotator.flow.queue.assigned import assigning, claims, ending, standing
from annotator.models import Assignment, BulkEdit, Project, Role, User


@extend_schema(
    methods=["GET"],
    operation_id="projects_assignments_list",
    summary="List assignments",
    description="The active ones, the oldest first.",
    parameters=PAGED,
    responses={200: responses.page_of(responses.Assignment)},
)
@extend_schema(
    methods=["POST"],
    summary="Assign items or a share of the queue",
    description=(
        "`people` get these items before all others, and nobody else gets them until the "
        "assignment ends: when it is revoked, at `until`, or when the items are done. Name `items`,"
        " a `filter` with the parameters of the item list, or a `share` of the queue in (0, 1]. "
        "Items that somebody holds, or that another assignment has, stay where they are."
    ),
    request=serializers.Assignment,
    responses={201: responses.Assignment},
)
@takes("cursor", "page_size")
@api_view(["GET", "POST"])
def assignments(request: Request, pk: int) -> Response:
    """List the active assignments, or assign."""
    user = person(request)
    project = members.load_project(user, pk, Role.LEAD)
    if request.method == "POST":
        given = checked(serializers.Assignment, request)
        return Response(_told(standing.of_one(_assigned(project, user, given))), status=201)
    return page(request, claims.active(project), "id", lambda each: _told(standing.of_one(each)))


@extend_schema(methods=["GET"], summary="Show an assignment", responses={200: responses.Assignment})
@extend_schema(
    methods=["DELETE"],
    summary="Revoke an assignment",
    description="What is open of it goes to everybody; what somebody holds stays theirs.",
    responses={200: responses.Assignment},
)
@api_view(["GET", "DELETE"])
def assignment(request: Request, pk: int, number: int) -> Response:
    """Show or revoke an assignment."""
    project = members.load_project(person(request), pk, Role.LEAD)
    found = ending.find(project, number)
    if request.method == "DELETE":
        ending.end(found)
    return Response(_told(standing.of_one(found)))


def _assigned(project: Project, user: User, given: dict[str, Any]) -> Assignment:
    people, until, share = given["people"], given.get("until"), given.get("share")
    if share is not None:
        if "items" in given or "filter" in given:
            raise Invalid("bulk_which", field="share")
        return assigning.begin(project, user, people, share=share, until=until)
    work = bulk.start(
        project,
        user,
        BulkEdit.Action.ASSIGN,
        items=given.get("items", ()),
        filter=given.get("filter"),
        people=people,
        until=until,
    )
    if not bulk.finish_quickly(work):
        tasks.edit_items.delay_on_commit(work.pk)
    return ending.find(project, work.options["assignment"])


def _told(found: standing.Standing) -> dict[str, Any]:
    assignment = found.assignment
    return {
        "id": assignment.pk,
        "people": found.people,
        "share": assignment.share,
        "until": assignment.until,
        "created_at": assignment.created_at,
        "ended_at": assignment.ended_at,
        "total": found.total,
        "done": found.done,
    }
