"""Compares every response of the API tests with the API description."""

from functools import cache
from typing import Any

from django.urls import ResolverMatch
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

Schema = dict[str, Any]


@cache
def schema() -> Schema:
    """Return the API description as JSON Schema, in which `null` is a type."""
    return _with_null(SchemaGenerator().get_schema(request=None, public=True))


def _with_null(part: Any) -> Any:
    if isinstance(part, list):
        return [_with_null(each) for each in part]
    if not isinstance(part, dict):
        return part
    rest = {name: _with_null(each) for name, each in part.items() if name != "nullable"}
    return {"anyOf": [rest, {"type": "null"}]} if part.get("nullable") is True else rest


def faults(method: str, match: ResolverMatch, status: int, body: Any) -> list[str]:
    """Return the parts of a response that its description does not allow."""
    validator = _validator(method, _path(match.route), status)
    if validator is None:
        return [f"{method} {match.route} does not describe {status}"]
    found = validator.iter_errors(body)
    return [f"{method} {match.route} {status}: {each.json_path}: {each.message}" for each in found]


@cache
def _validator(method: str, path: str, status: int) -> Draft202012Validator | None:
    operation = schema()["paths"].get(path, {}).get(method.lower(), {})
    answer = operation.get("responses", {}).get(str(status))
    if answer is None:
        return None
    if "$ref" in answer:
        answer = schema()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    content = answer.get("content", {}).get("application/json", {}).get("schema", False)
    return Draft202012Validator({**content, "components": schema()["components"]})


def _path(route: str) -> str:
    """Return a path as in the description: `{id}` for `<int:pk>`."""
    parts = route.rstrip("/").split("/")
    names = [each.strip("<>").rpartition(":")[2] if each.startswith("<") else "" for each in parts]
    named = zip(parts, names, strict=True)
    return "/" + "/".join(f"{{{'id' if n == 'pk' else n}}}" if n else part for part, n in named)
