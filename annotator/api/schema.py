"""What every call may answer besides what it is for: said once, for the whole description."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

PAGED = [
    OpenApiParameter("cursor", str, description="From `next` or `previous` of an answer."),
    OpenApiParameter("page_size", int, description="50 unless given, 500 at most."),
]

TEXT = {"type": "string"}
ERROR = {
    "type": "object",
    "description": "What went wrong. `code` is for programs, `detail` for people.",
    "required": ["type", "code", "detail", "errors"],
    "properties": {
        "type": TEXT,
        "code": TEXT,
        "detail": TEXT,
        "errors": {
            "type": "array",
            "description": "Each fault with the field or the row that it is in.",
            "items": {
                "type": "object",
                "required": ["code", "detail"],
                "properties": {
                    "field": TEXT,
                    "row": {"type": "integer"},
                    "code": TEXT,
                    "detail": TEXT,
                },
            },
        },
    },
}
SECONDS = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
ANSWERS: dict[int, tuple[str, dict[str, Any]]] = {
    400: ("The request could not be read: broken JSON, nested too deeply, or cut off.", {}),
    401: ("The token or the session is missing or has ended.", {}),
    403: ("Your role does not allow it.", {}),
    404: ("It does not exist, or is not shared with you.", {}),
    405: ("There is no such method here.", {}),
    406: ("Answers are JSON, which `Accept` excludes.", {}),
    409: ("Somebody or something else was first, or it cannot be done in this state.", {}),
    413: ("The request is larger than is allowed.", {}),
    414: ("The address is longer than is allowed.", {}),
    415: ("The body has another type than this call takes.", {}),
    422: ("Well-formed, but wrong: `errors` names each field.", {}),
    429: ("Too many attempts.", SECONDS),
    431: ("The headers are longer than is allowed.", {}),
    503: ("The database, the storage or a free turn is missing just now.", SECONDS),
}
ONLY_WITH_BODY = {413, 415}


def with_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the error answers to every call of the description, each described once."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Error"] = ERROR
    components["responses"] = {f"Error{status}": _described(status) for status in ANSWERS}
    for operation in _operations(result):
        for status in ANSWERS:
            if "requestBody" in operation or status not in ONLY_WITH_BODY:
                answer = {"$ref": f"#/components/responses/Error{status}"}
                operation["responses"].setdefault(str(status), answer)
    return result


def _described(status: int) -> dict[str, Any]:
    words, headers = ANSWERS[status]
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {"description": words, "content": content, **({"headers": headers} if headers else {})}


def _operations(result: dict[str, Any]) -> list[dict[str, Any]]:
    found = [each for methods in result["paths"].values() for each in methods.values()]
    return [each for each in found if isinstance(each, dict) and "responses" in each]
