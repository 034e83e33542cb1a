"""Users and their links, for installation admins."""

from typing import Any
from urllib.parse import urlencode

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api import responses, serializers
from annotator.api.people import links
from annotator.api.people.access import only_installation_admins, user_for_admin
from annotator.api.request_context import MOST, checked, person, takes
from annotator.flow.people import accounts, deactivation, directory, invitations
from annotator.flow.people.directory import Person

LISTED = [
    OpenApiParameter("q", str, description="Parts of the username or e-mail address."),
    OpenApiParameter("state", str, enum=directory.STATES),
    OpenApiParameter("cursor", str, description="From `next` of an answer."),
]


@extend_schema(
    methods=["GET"],
    summary="List the users",
    description="For installation admins. 500 at most; `next` continues the list.",
    parameters=LISTED,
    responses={200: responses.page_of(responses.User)},
)
@extend_schema(
    methods=["POST"],
    summary="Create a user",
    description="For installation admins. Without a password, an invitation link comes back.",
    request=serializers.NewUser,
    responses={201: responses.NewUser},
)
@takes("q", "state", "cursor")
@api_view(["GET", "POST"])
def users(request: Request) -> Response:
    """List the users of this installation, or create one."""
    only_installation_admins(request)
    if request.method == "GET":
        return _listed(request)
    given = checked(serializers.NewUser, request)
    if given.get("password") is not None:
        user = accounts.create_user(**given)
        return Response({"id": user.pk, "username": user.username}, status=201)
    link = invitations.invite(given["username"], person(request), email=given.get("email", ""))
    return Response(links.link_of_user(request, link), status=201)


def _listed(request: Request) -> Response:
    asked = {name: request.query_params.get(name, "") for name in ("q", "state", "cursor")}
    found = directory.people(*asked.values(), at_once=MOST)
    next_page = None
    if found.next:
        next_page = request.build_absolute_uri(f"?{_query({**asked, 'cursor': found.next})}")
    rows = [_user(each) for each in found.people]
    return Response({"next": next_page, "previous": None, "results": rows})


def _query(values: dict[str, str]) -> str:
    return urlencode({name: value for name, value in values.items() if value})


@extend_schema(
    summary="Deactivate or activate a user",
    description="For installation admins. Sessions, tokens and links end at once, leases are "
    "released, labels stay.",
    request=serializers.UserChange,
    responses={200: responses.User},
)
@api_view(["PATCH"])
def user(request: Request, user: int) -> Response:
    """Deactivate or activate a user."""
    found = user_for_admin(request, user)
    change = checked(serializers.UserChange, request)
    (deactivation.activate if change["active"] else deactivation.deactivate)(found)
    found.refresh_from_db()
    (told,) = directory.described([found])
    return Response(_user(told))


@extend_schema(
    methods=["POST"],
    summary="Create a new link for a user",
    description="For installation admins. With it, the user chooses a password, the first or a "
    "new one. Earlier links end; sessions and tokens end when the link is used.",
    request=serializers.Nothing,
    responses={201: responses.Link},
)
@extend_schema(
    methods=["DELETE"],
    summary="Withdraw the link of a user",
    description="For installation admins.",
    responses={204: None},
)
@api_view(["POST", "DELETE"])
def user_invitation(request: Request, user: int) -> Response:
    """Create a new link for a user, or withdraw it."""
    found = user_for_admin(request, user)
    if request.method == "DELETE":
        invitations.withdraw(invitations.of_user(found))
        return Response(status=204)
    checked(serializers.Nothing, request)
    return Response(
        links.link_of_user(request, invitations.renew(found, person(request))), status=201
    )


def _user(row: Person) -> dict[str, Any]:
    return {
        "id": row.user.pk,
        "username": row.user.username,
        "is_active": row.user.is_active,
        "is_superuser": row.user.is_superuser,
        "email": row.user.email,
        "state": row.state,
        "labels": row.labels,
        "last_active": row.last_active,
    }
