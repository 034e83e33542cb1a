"""Request context of an endpoint: user, project, parameters."""

import re
import threading
from collections.abc import Callable
from typing import Any, cast

from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from annotator.errors import Invalid, NotFound
from annotator.models import User

PAGE, MOST = 50, 500
NUMBER = re.compile(r"[0-9]{1,18}")


def person(request: Request) -> User:
    """Return the user of the request."""
    return cast(User, request.user)


def checked(serializer: type[Any], request: Request) -> dict[str, Any]:
    """Return the validated body; raise its errors."""
    given = _emptied(serializer)
    given.initial_data = request.data
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def takes(*names: str, method: str = "GET") -> Callable[[Any], Any]:
    """Declare the query parameters of a view for a method; any other one is refused."""

    def declare(view: Any) -> Any:
        known = getattr(view.cls, "query_parameters", {})
        view.cls.query_parameters = {**known, method: names}
        return view

    return declare


class KnownParameters(BasePermission):
    """Refuses query parameters that a call does not take: a typing error would go unseen."""

    def has_permission(self, request: Request, view: Any) -> bool:
        method = "GET" if request.method == "HEAD" else request.method
        if request.method not in view.allowed_methods:
            # The answer is 405, whatever the parameters are.
            return True
        names = getattr(view, "query_parameters", {}).get(method, ())
        unknown = sorted(set(request.query_params) - set(names))
        if unknown:
            there = ", ".join(names) or "–"
            raise Invalid("unknown_parameter", field=unknown[0][:60], names=there)
        return True


class SignedIn(IsAuthenticated, KnownParameters):
    """Refuses strangers, and then query parameters that a call does not take."""

    def has_permission(self, request: Request, view: Any) -> bool:
        is_known = IsAuthenticated.has_permission(self, request, view)
        return is_known and KnownParameters.has_permission(self, request, view)


def _emptied(serializer: type[Any]) -> Any:
    """Return this thread's instance of that class: creating one takes a tenth of a call."""
    kept = vars(_own).setdefault("serializers", {})
    if serializer not in kept:
        kept[serializer] = serializer(data=None)
    for found in ("_validated_data", "_errors"):
        vars(kept[serializer]).pop(found, None)
    return kept[serializer]


_own = threading.local()


class Pages(CursorPagination):
    """Page-number pagination; an invalid cursor is refused."""

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the start of the page, None at the beginning."""
        found = super().decode_cursor(request)
        if found and found.position is not None and not NUMBER.fullmatch(str(found.position)):
            raise NotFound("not_found", message="cursor")
        return found


def named_version(request: Request) -> str | None:
    """Return the version in `If-Match`; None if it names none, or any."""
    sent = request.headers.get("If-Match", "").strip()
    if sent in ("", "*"):
        return None
    # A front server that compresses makes the tag weak; it still names the same version.
    return sent.removeprefix("W/").strip('"')


def flag(request: Request, name: str, *, default: bool = False) -> bool:
    """Return whether a query parameter is on; refuses what is neither 1 nor 0.

    "false" read as on would delete or store what somebody wanted to keep.
    """
    given = request.query_params.get(name, "")
    if given not in ("", "0", "1"):
        raise Invalid("choice", field=name, name=name, names="1, 0")
    return given == "1" if given else default


def page(request: Request, rows: Any, ordering: str, show: Any, size: int = PAGE) -> Response:
    """Return one page of `rows` with links to the next and the previous one."""
    paginator = Pages()
    paginator.page_size = page_size(request, size)
    paginator.ordering = ordering
    found: list[Any] = paginator.paginate_queryset(rows, request) or []
    return paginator.get_paginated_response([show(row) for row in found])


# Lists paged by position --------------------------------------------------------------------------


def page_size(request: Request, default: int = PAGE) -> int:
    """Return the page size, at most `MOST`; Invalid for what is no size."""
    asked = request.query_params.get("page_size", "")
    if not asked:
        return default
    # More than nine digits exceed the maximum, so they need not be parsed.
    size = int(asked[:9]) if asked.isascii() and asked.isdigit() else 0
    if not size:
        raise Invalid("page_size", field="page_size", most=MOST)
    return min(size, MOST)


def place(request: Request) -> tuple[str, int]:
    """Return the direction of the cursor ("after" or "before") and its position."""
    asked = request.query_params.get("cursor", "after-0")
    way, _dash, position = asked.partition("-")
    number = position.isascii() and position.isdigit() and len(position) < 19
    if way not in ("after", "before") or not number:
        raise NotFound("not_found", message="cursor")
    return way, int(position)


def cursor(request: Request, way: str, position: int | None) -> str | None:
    """Return the URL of the page in that direction from `position`, None if there is none."""
    if position is None:
        return None
    return str(replace_query_param(request.build_absolute_uri(), "cursor", f"{way}-{position}"))
