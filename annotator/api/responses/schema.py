"""Parameters and error responses shared by all operations of the API description."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

PAGED = [
    OpenApiParameter("cursor", str, description="From `next` or `previous` of an answer."),
    OpenApiParameter("page_size", int, description="50 unless given, 500 at most."),
]


def described(words: str, **rest: Any) -> dict[str, Any]:
    """Return one component of the description."""
    return {"description": words, **rest}


TEXT = {"type": "string"}
FAULT = {
    "type": "object",
    "required": ["code", "detail"],
    "properties": {"field": TEXT, "row": {"type": "integer"}, "code": TEXT, "detail": TEXT},
}
FAULTS = described("Each fault with its field or row.", type="array", items=FAULT)
ERROR = described(
    "What went wrong. `code` is for programs, `detail` for people.",
    type="object",
    required=["type", "code", "detail", "errors"],
    properties={"type": TEXT, "code": TEXT, "detail": TEXT, "errors": FAULTS},
)
SECONDS = {"Retry-After": described("Seconds to wait.", schema={"type": "integer"})}
ANSWERS: dict[int, dict[str, Any]] = {
    400: described("The request could not be read: broken JSON, nested too deeply, or cut off."),
    401: described("The token or the session is missing or has ended."),
    403: described("Your role does not allow it."),
    404: described("It does not exist, or is not shared with you."),
    405: described("There is no such method here."),
    406: described("Answers are JSON, which `Accept` excludes."),
    409: described("Somebody or something else was first, or it cannot be done in this state."),
    413: described("The request is larger than is allowed."),
    414: described("The address is longer than is allowed."),
    415: described("The body has another type than this call takes."),
    422: described("Well-formed, but wrong: `errors` names each field."),
    429: described("Too many attempts.", headers=SECONDS),
    431: described("The headers are longer than is allowed."),
    503: described(
        "The database, the storage or a free turn is missing just now.", headers=SECONDS
    ),
}
ONLY_WITH_BODY = {413, 415}


def with_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the error responses to every operation, each described once."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Error"] = ERROR
    components["responses"] = {f"Error{status}": _answer(status) for status in ANSWERS}
    for method, operation in _operations(result):
        for status in ANSWERS:
            # Without a body, too, POST and DELETE answer 415 for a type that nothing parses.
            has_body = method in {"post", "delete"} or "requestBody" in operation
            if has_body or status not in ONLY_WITH_BODY:
                answer = {"$ref": f"#/components/responses/Error{status}"}
                operation["responses"].setdefault(str(status), answer)
    return result


def _answer(status: int) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {**ANSWERS[status], "content": content}


def _operations(result: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found = [each for methods in result["paths"].values() for each in methods.items()]
    return [(m, each) for m, each in found if isinstance(each, dict) and "responses" in each]
