"""Addresses of a project in the API, and what a refusal looks like."""

from typing import Any

from annotator.models import Project

ERROR = {"type", "code", "detail", "errors"}


def at(project: Project, tail: str = "") -> str:
    return f"/api/v1/projects/{project.pk}{tail}"


def assert_refused(answer: Any, status: Any, code: Any = None, field: Any = None) -> Any:
    body = answer.json()
    assert answer.status_code == status, body
    assert set(body) == ERROR
    assert code is None or body["code"] == code
    assert field is None or field in {each.get("field") for each in body["errors"]}
    return body
