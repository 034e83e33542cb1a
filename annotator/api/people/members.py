"""Token and member endpoints."""

from django.contrib.auth import authenticate
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import (
    api_view,
    authentication_classes,
    permission_classes,
)
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api import responses, serializers
from annotator.api.request_context import KnownParameters, checked, person
from annotator.errors import NotFound, Unauthenticated
from annotator.flow.people import sign_ins
from annotator.flow.projects import members as project_members
from annotator.models import Membership, Role, User
from annotator.security import sessions


@extend_schema(summary="Get a token", request=serializers.Token, responses={200: responses.Token})
@api_view(["POST"])
@authentication_classes([])
@permission_classes([KnownParameters])
def token(request: Request) -> Response:
    """Exchange a username and a password for a token, which is shown this once."""
    given = checked(serializers.Token, request)
    user = authenticate(request=request._request, **given)
    if user is None:
        raise Unauthenticated("wrong_password")
    device = sessions.device_of(request._request)
    instance, plain = sign_ins.add_token(user, device, request.META.get("REMOTE_ADDR"))
    return Response({"token": plain, "expires_at": instance.expiry})


@extend_schema(
    methods=["GET"],
    summary="List the members of a project",
    description="For admins of the project.",
    responses={200: responses.page_of(responses.Member)},
)
@extend_schema(
    methods=["POST"],
    summary="Give a user a role in a project",
    description="For admins of the project. A member gets the new role.",
    request=serializers.Member,
    responses={201: responses.Member},
)
@extend_schema(
    methods=["DELETE"],
    summary="Remove a member from a project",
    description="For admins of the project. The member loses their leases.",
    request=serializers.Username,
    responses={204: None},
)
@api_view(["GET", "POST", "DELETE"])
def members(request: Request, pk: int) -> Response:
    """List the members of a project, give a user a role, or remove a member."""
    project = project_members.load_project(person(request), pk, Role.ADMIN)
    if request.method == "POST":
        member = project_members.add_member(project, **checked(serializers.Member, request))
        return Response(_member(member), status=201)
    if request.method == "DELETE":
        name = checked(serializers.Username, request)["username"]
        project_members.remove_member(project, _known_user(name))
        return Response(status=204)
    rows = Membership.objects.filter(project=project).select_related("user").order_by("pk")
    return Response({"next": None, "previous": None, "results": [_member(row) for row in rows]})


def _known_user(name: str) -> User:
    user = User.objects.filter(username=name).first()
    if user is None:
        raise NotFound("unknown_member")
    return user


def _member(member: Membership) -> dict[str, object]:
    return {"username": member.user.username, "role": member.role, "since": member.created_at}
