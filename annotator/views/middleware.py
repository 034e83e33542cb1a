"""Middleware: rejects requests that no view could answer, and renders refusals of views."""

import re
from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError

from annotator.errors import FlowError
from annotator.views import error_pages

# Above any row's id, and out of range for the databases.
LONG_NUMBER = re.compile(r"/[0-9]{19,}(/|$)")


class Refusing:
    """Rejects requests that no view could answer, and renders refusals of views."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle the request."""
        if LONG_NUMBER.search(request.path_info):
            return error_pages.not_found(request, Http404())
        if "\0" in request.path_info:
            return error_pages.bad_request(request, BadRequest())
        if "%00" in request.META.get("QUERY_STRING", ""):
            # No database accepts NUL in a text, so nothing could be found.
            request.META["QUERY_STRING"] = request.META["QUERY_STRING"].replace("%00", "")
        return self._answer(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        """Return the error page for a refusal that its view did not catch."""
        if isinstance(problem, UnreadablePostError):
            return error_pages.bad_request(request, problem)
        return error_pages.show(request, problem) if isinstance(problem, FlowError) else None
