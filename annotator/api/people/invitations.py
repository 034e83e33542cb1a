"""Invitations to a project, for its admins."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api import responses, serializers
from annotator.api.people import links
from annotator.api.request_context import checked, person
from annotator.flow.people import invitations
from annotator.flow.projects.members import load_project
from annotator.models import Role


@extend_schema(
    methods=["GET"],
    summary="List the open invitations to a project",
    description="For admins of the project.",
    responses={200: responses.page_of(responses.Invitation)},
)
@extend_schema(
    methods=["POST"],
    summary="Invite a new user to a project",
    description="For admins of the project. The user becomes a member with their first password.",
    request=serializers.NewInvitation,
    responses={201: responses.NewLink},
)
@api_view(["GET", "POST"])
def of_project(request: Request, pk: int) -> Response:
    """List the open invitations to a project, or invite a new user to it."""
    project = load_project(person(request), pk, Role.ADMIN)
    if request.method == "GET":
        rows = [links.invitation(each) for each in invitations.unended(project)]
        return Response({"next": None, "previous": None, "results": rows})
    given = checked(serializers.NewInvitation, request)
    link = invitations.invite(by=person(request), project=project, **given)
    return Response(links.link_of_project(request, link), status=201)


@extend_schema(
    methods=["POST"],
    operation_id="projects_invitations_renew",
    summary="Create a new link for an invited user",
    description="For admins of the project. The earlier link ends.",
    request=serializers.Nothing,
    responses={201: responses.NewLink},
)
@extend_schema(
    methods=["DELETE"],
    summary="Withdraw an invitation",
    description="For admins of the project.",
    responses={204: None},
)
@api_view(["POST", "DELETE"])
def invitation(request: Request, pk: int, number: int) -> Response:
    """Renew or withdraw an invitation to a project."""
    project = load_project(person(request), pk, Role.ADMIN)
    found = invitations.of_project(project, number)
    if request.method == "DELETE":
        invitations.withdraw(found)
        return Response(status=204)
    checked(serializers.Nothing, request)
    return Response(
        links.link_of_project(request, invitations.renew(found.user, person(request))), status=201
    )
