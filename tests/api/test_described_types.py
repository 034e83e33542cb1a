"""The API describes the content types of exports, and 405 for missing methods."""

import json
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from annotator.flow.datasets import export_job
from annotator.formats.registry import WRITERS
from annotator.models import User
from tests.api import described
from tests.api.calls import assert_refused, at
from tests.given import Api

pytestmark = pytest.mark.django_db


def types(path: str) -> set[str]:
    operation = SchemaGenerator().get_schema(public=True)["paths"][f"/api/v1{path}"]["get"]
    return set(operation["responses"]["200"]["content"])


OF_CLASSES = [name for name, each in WRITERS.items() if not each.of_spans]


@pytest.mark.parametrize("format", OF_CLASSES)
def test_type_of_an_export_is_described(api: Api, busy: Any, lea: User, format: str) -> None:
    answer = api(lea).get(at(busy, f"/export?format={format}"))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] in types("/projects/{id}/export")
    if answer.headers["Content-Type"] == "application/json":
        body = json.loads(answer.getvalue())
        assert body
        assert described.faults("GET", answer.resolver_match, 200, body) == []


@pytest.mark.parametrize("format", OF_CLASSES)
def test_type_of_an_exported_file_is_described(api: Api, busy: Any, lea: User, format: str) -> None:
    work = export_job.start(busy, lea, format, {})
    export_job.run(work.pk)
    answer = api(lea).get(at(busy, f"/exports/{work.pk}/file"))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] in types("/projects/{id}/exports/{number}/file")


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH"])
def test_missing_method_is_refused_whatever_the_parameters_are(
    api: Api, busy: Any, lea: User, method: str
) -> None:
    answer = api(lea).generic(method, at(busy, "/items?cursor=after-0"))
    assert_refused(answer, 405, "method_not_allowed")
