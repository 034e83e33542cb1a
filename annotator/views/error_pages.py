"""Error pages: what happened, why, and what to do next."""

import logging
import sys

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from annotator.errors import FlowError
from annotator.jobs.outages import RETRY_SECONDS, Away, outage
from annotator.logs import log_format

log = logging.getLogger(__name__)

PAGES = {400, 403, 404, 410, 413, 429, 503}


def show(request: HttpRequest, refusal: FlowError) -> HttpResponse:
    """Return the error page for the refusal's status, by default that of a bad request."""
    name = f"errors/{refusal.status}.html" if refusal.status in PAGES else "errors/400.html"
    context = {"detail": refusal.detail, "code": refusal.code, **_name()}
    answer = render(request, name, context, status=refusal.status)
    if refusal.retry_after:
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the page for a malformed or too large request."""
    return _page(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the page for what the role does not allow."""
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the page for what does not exist, or not for this user."""
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the page for a server error, or for an unavailable database or disk."""
    problem = sys.exc_info()[1]
    away = outage(problem)
    if away is None:
        return _page(request, 500)
    log.warning("%s %s: %s", request.method, request.path, problem)
    answer = _away(request, away)
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    # Not a bug, so one log line is enough; Django would add a traceback.
    answer._has_been_logged = True  # type: ignore[attr-defined]
    return answer


def _away(request: HttpRequest, away: Away) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = {"type": "away", "code": away.code, "detail": away.detail, "errors": away.errors}
        return JsonResponse(body, status=away.status)
    # Without the request, because every other page queries the user.
    return render(None, "errors/503.html", {"detail": away.detail}, status=away.status)


CODES = {400: "bad_request", 403: "forbidden", 404: "not_found", 413: "too_large", 500: "error"}


def _page(request: HttpRequest, status: int) -> HttpResponse:
    if request.path.startswith("/api/"):
        error = {"code": CODES[status], "detail": CODES[status].replace("_", " ")}
        body = {"type": CODES[status], **error, "errors": [{"field": "", **error}]}
        return JsonResponse(body | (_name() if status == 500 else {}), status=status)
    if status == 500:
        # Without the request, because the failure may be in what every other page reads.
        return render(None, "errors/500.html", _name(), status=500)
    return render(request, f"errors/{status}.html", _name(), status=status)


def _name() -> dict[str, str]:
    """Return the request id, which finds its log lines."""
    return {"request_id": log_format.request_id()}
