"""The API description has a purpose and typed answers for each call."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from annotator.models import Project, User
from tests.api import described
from tests.given import Api


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return each operation by its method and address."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_operation_has_a_summary_and_a_description() -> None:
    found = dict(operations())
    assert len(found) > 30
    bare = [n for n, each in found.items() if not each.get("summary") or not each["description"]]
    assert bare == []


def test_summaries_are_short_and_tell_operations_apart() -> None:
    # Uploads are the same calls with and without a project.
    summaries = [
        operation["summary"]
        for name, operation in operations()
        if not name.partition(" ")[2].startswith("/api/v1/uploads")
    ]
    assert len(set(summaries)) == len(summaries)
    assert [each for each in summaries if len(each) > 50 or each.endswith(".")] == []


def test_every_response_names_its_fields() -> None:
    untyped = [
        f"{name} {status}"
        for name, operation in operations()
        for status, answer in operation["responses"].items()
        for kind, content in answer.get("content", {}).items()
        if kind.endswith("json") and content["schema"].get("format") != "binary"
        # The records of other tools are described by these.
        if not {"$ref", "description"} & set(content["schema"])
    ]
    assert untyped == []


def test_a_response_that_is_not_described_is_found(api: Api, ana: User, project: Project) -> None:
    response = api(ana).get(f"/api/v1/projects/{project.pk}/progress")
    match, body = response.resolver_match, response.json()
    assert described.faults("GET", match, 200, body) == []
    assert described.faults("GET", match, 200, {**body, "items": "many"}) != []
    del body["audited"]
    assert described.faults("GET", match, 200, body) != []
    assert described.faults("GET", match, 418, body) != []
