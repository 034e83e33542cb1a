"""Errors in one shape: {"type", "code", "detail", "errors": [{"field" | "row", …}]}."""

import math
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.http import Http404, UnreadablePostError
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from annotator.errors import FlowError, TooLarge
from annotator.flow.annotation.payload import annotation_payload
from annotator.flow.annotation.submit import StoredAsExtra
from annotator.flow.projects.versions import Outdated
from annotator.jobs.outages import outage

TYPES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "too_large",
    415: "unsupported_type",
    422: "invalid",
    429: "too_many_requests",
    503: "away",
}


def answer(problem: Exception, context: dict[str, Any]) -> Response | None:
    """Return the response for `problem`; None leaves it a server error."""
    if isinstance(problem, FlowError):
        return _refusal(problem)
    if isinstance(problem, (RequestDataTooBig, TooManyFilesSent)):
        return _refusal(TooLarge("too_large"))
    if isinstance(problem, UnreadablePostError):
        return _response(400, "incomplete", _("The request was cut off. Send it again."))
    away = outage(problem)
    if away is not None:
        return _refusal(away)
    if isinstance(problem, Http404):
        return _response(404, "not_found", _("Not found."))
    response = exception_handler(problem, context)
    if response is None or not isinstance(problem, exceptions.APIException):
        return response
    if isinstance(problem, exceptions.ValidationError):
        errors = list(_flat(problem.get_full_details()))
        return _response(422, "invalid", errors[0]["detail"] if errors else _("Invalid."), errors)
    again = getattr(problem, "wait", None)
    headers = dict(response.headers) | ({"Retry-After": str(math.ceil(again))} if again else {})
    detail, code = str(problem.detail), str(problem.get_codes())
    return _response(response.status_code, code, detail, headers=headers)


def _refusal(problem: FlowError) -> Response:
    headers = {"Retry-After": str(problem.retry_after)} if problem.retry_after else None
    response = _response(problem.status, problem.code, problem.detail, problem.errors, headers)
    if isinstance(problem, StoredAsExtra):
        response.data["annotation"] = annotation_payload(problem.annotation)
    if isinstance(problem, Outdated):
        response.data["current"] = problem.current
    return response


def _response(
    status: int,
    code: str,
    detail: str,
    errors: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    kept = {
        k: v
        for k, v in (headers or {}).items()
        if k in {"Retry-After", "WWW-Authenticate", "Allow"}
    }
    body = {
        "type": TYPES.get(status, "error"),
        "code": code,
        "detail": detail,
        "errors": errors or [{"field": "", "code": code, "detail": detail}],
    }
    return Response(body, status=status, headers=kept)


def _flat(details: Any, field: str = "") -> Any:
    if isinstance(details, dict) and {"message", "code"} == set(details):
        yield {"field": field, "code": details["code"], "detail": str(details["message"])}
    elif isinstance(details, dict):
        for name, inner in details.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _flat(inner, ".".join(filter(None, [field, own])))
    elif isinstance(details, list):
        for inner in details:
            yield from _flat(inner, field)
