"""Middleware: turn away what no view could answer, and show in words what a view refused."""

import re
from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError

from annotator.errors import FlowError
from annotator.views import error_pages

# No row has such a number, and no database takes it.
LONG_NUMBER = re.compile(r"/[0-9]{19,}(/|$)")


class Refusing:
    """Turns away what no view could answer, and shows in words what a view refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        if LONG_NUMBER.search(request.path_info):
            return error_pages.not_found(request, Http404())
        if "\0" in request.path_info:
            return error_pages.bad_request(request, BadRequest())
        if "%00" in request.META.get("QUERY_STRING", ""):
            # No database takes NUL in a text, so nothing can be found by it.
            request.META["QUERY_STRING"] = request.META["QUERY_STRING"].replace("%00", "")
        return self._answer(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        """Return the page of a refusal that its view did not catch."""
        if isinstance(problem, UnreadablePostError):
            return error_pages.bad_request(request, problem)
        return error_pages.show(request, problem) if isinstance(problem, FlowError) else None
