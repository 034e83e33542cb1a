"""Lock-out: too many failed attempts lock a name at one address, or the address.

A lock expires by itself and further attempts do not extend it. For a user who signed in before in
the same browser, only attempts from that browser count, so others cannot lock them out.
"""

import math
from datetime import timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from annotator.i18n import error_messages
from annotator.security import known_devices
from annotator.security.rate_limits import SIGN_INS_OF_ADDRESS, SIGN_INS_OF_DEVICE, network


class Lockout(AxesDatabaseHandler):
    """Called before every password check, on a page, in the API or in the admin."""

    def is_allowed(self, request: Any, credentials: dict[str, Any] | None = None) -> bool:
        """Return whether the attempt may proceed; TooMany if address or browser had too many.

        The address comes first, because that check needs no query.
        """
        if device := known_devices.known(request, _username(credentials)):
            SIGN_INS_OF_DEVICE.check(device)
            return True
        SIGN_INS_OF_ADDRESS.check(network(request.axes_ip_address))
        return bool(super().is_allowed(request, credentials))

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        """Count a failed attempt."""
        if request is None:
            return
        if device := known_devices.known(request, _username(credentials)):
            SIGN_INS_OF_DEVICE.count(device)
            return
        SIGN_INS_OF_ADDRESS.count(network(request.axes_ip_address))
        super().user_login_failed(sender, credentials, request, **kwargs)


def _username(credentials: dict[str, Any] | None) -> str:
    return str((credentials or {}).get("username") or "")


def locked_out(request: HttpRequest, _answer: Any, credentials: Any) -> HttpResponse:
    """Answer an attempt for a name that is locked at this address, in JSON or as a page."""
    seconds = _seconds_left(request, credentials)
    detail = error_messages.text("locked_out", values={"seconds": seconds})
    if request.path.startswith("/api/"):
        error = {"code": "locked_out", "detail": detail}
        body = {"type": "too_many_requests", **error, "errors": [{"field": "", **error}]}
        return JsonResponse(body, status=429, headers={"Retry-After": str(seconds)})
    answer = render(request, "errors/429.html", {"detail": detail}, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _seconds_left(request: Any, credentials: Any) -> int:
    failed = AccessAttempt.objects.filter(
        username=_username(credentials), ip_address=request.axes_ip_address
    )
    last = failed.aggregate(last=Max("attempt_time"))["last"]
    left = settings.AXES_COOLOFF_TIME - (timezone.now() - last if last else timedelta())
    return max(1, math.ceil(left.total_seconds()))
