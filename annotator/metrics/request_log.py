"""Request log: an id shared by logs and error pages, a log line, and the duration."""

import logging
import re
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from annotator.logs import log_format

log = logging.getLogger(__name__)

# Set by a front server. A longer or different value may be an attempt at log injection.
PLAIN = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)


class RequestLogMiddleware:
    """Assigns the request id, logs one line per response, and records its duration."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = get_response
        self._measure = _measure()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle the request."""
        started = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        name = given if PLAIN.fullmatch(given) else secrets.token_hex(8)
        request.winnow_id = name  # type: ignore[attr-defined]
        with log_format.answering(request):
            response = self._answer(request)
            response.headers["X-Request-ID"] = name
            seconds = time.perf_counter() - started
            self._measure(request, response.status_code, seconds)
            _note(request, response.status_code, seconds)
        return response


def _measure() -> Callable[[HttpRequest, int, float], None]:
    if settings.METRICS == "off":
        return _ignore
    # Imported late: it takes memory that is only needed with metrics.
    from annotator.metrics import prometheus

    try:
        prometheus.begin()
    except OSError:
        # Labelling matters more than metrics.
        log.exception("requests are not measured")
        return _ignore
    return prometheus.observe


def _ignore(request: HttpRequest, status: int, seconds: float) -> None:
    pass


def _note(request: HttpRequest, status: int, seconds: float) -> None:
    if not log.isEnabledFor(logging.INFO):
        return
    route, ms = log_format.place(request), round(1000 * seconds, 1)
    facts = {"method": request.method, "route": route, "status": status, "ms": ms}
    log.info("%s %s %d %s ms", request.method, route, status, ms, extra={"facts": facts})
