"""What every call begins with: who asks, for which project, with what."""

from typing import Any, cast

from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.models import User


def person(request: Request) -> User:
    """Return who asks."""
    return cast(User, request.user)


def checked(serializer: type[Any], request: Request) -> dict[str, Any]:
    """Return the body as the serializer wants it, else raise what is wrong with it."""
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def page(request: Request, rows: Any, ordering: str, show: Any, size: int = 50) -> Response:
    """Return one page of `rows` with links to the next and the one before."""
    paginator = CursorPagination()
    paginator.page_size = size
    paginator.page_size_query_param = "page_size"
    paginator.max_page_size = 500
    paginator.ordering = ordering
    found: list[Any] = paginator.paginate_queryset(rows, request) or []
    return paginator.get_paginated_response([show(row) for row in found])
