"""Sessions and API tokens, for the user and installation admins."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api import responses
from annotator.api.people.access import user_for_self
from annotator.flow.people import sign_ins
from annotator.flow.people.sign_ins import Place

PLACES = responses.page_of(responses.SignInPlace)


@extend_schema(
    summary="List the sessions of a user",
    description="For the user and installation admins.",
    responses={200: PLACES},
)
@api_view(["GET"])
def sessions(request: Request, user: int) -> Response:
    """List where a user is signed in."""
    current = request._request.session.session_key
    return _places(sign_ins.sessions(user_for_self(request, user), current))


@extend_schema(
    summary="End a session",
    description="For the user and installation admins.",
    responses={204: None},
)
@api_view(["DELETE"])
def session(request: Request, user: int, session: int) -> Response:
    """End a session of a user."""
    sign_ins.end_session(user_for_self(request, user), session)
    return Response(status=204)


@extend_schema(
    summary="List the API tokens of a user",
    description="For the user and installation admins. `id` is how a token begins; no list has "
    "the rest.",
    responses={200: PLACES},
)
@api_view(["GET"])
def tokens(request: Request, user: int) -> Response:
    """List the API tokens of a user."""
    return _places(sign_ins.tokens(user_for_self(request, user)))


@extend_schema(
    summary="Revoke an API token",
    description="For the user and installation admins.",
    responses={204: None},
)
@api_view(["DELETE"])
def token(request: Request, user: int, token: str) -> Response:
    """Revoke an API token of a user."""
    sign_ins.end_token(user_for_self(request, user), token)
    return Response(status=204)


def _places(found: list[Place]) -> Response:
    rows = [
        {
            "id": each.key,
            "device": each.device,
            "address": each.address,
            "created_at": each.created_at,
            "last_used_at": each.last_used_at,
            "expires_at": each.expires_at,
            "is_current": each.is_current,
        }
        for each in found
    ]
    return Response({"next": None, "previous": None, "results": rows})
