"""Metrics endpoint, for token holders and this machine; others get 404."""

import ipaddress
import secrets

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

# With one of these, a front server forwarded the request, so the connection's address is not the
# client's.
PASSED_ON = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the figures for Prometheus; 404 for others, so that the endpoint stays hidden."""
    if not _may_read(request) or request.method != "GET":
        raise Http404
    # Imported late: it takes memory that is only needed with metrics.
    from annotator.metrics import prometheus

    body, content_type = prometheus.exposition(request.headers.get("Accept", ""))
    return HttpResponse(body, content_type=content_type)


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS == "token":
        given = request.headers.get("Authorization", "")
        wanted = f"Bearer {settings.METRICS_TOKEN}"
        return secrets.compare_digest(given.encode(), wanted.encode())
    return settings.METRICS == "loopback" and _is_local(request)


def _is_local(request: HttpRequest) -> bool:
    if any(name in request.headers for name in PASSED_ON):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
