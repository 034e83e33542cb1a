"""Annotations and predictions are read through the API."""

import csv
import io
import json
from typing import Any

import pytest

from annotator.flow.projects import settings
from annotator.models import Project, User
from tests import loop
from tests.api.calls import assert_refused, at
from tests.given import Api

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("format", "kind"), [("jsonl", "application/x-ndjson"), ("csv", "text/csv; charset=utf-8")]
)
def test_export_is_streamed_as_a_download(
    api: Api, busy: Any, lea: User, format: str, kind: str
) -> None:
    Project.objects.update(name='Mail "x"\r\nSet-Cookie: a=b; 猫')
    answer = api(lea).get(at(busy, f"/export?format={format}"))
    assert answer.streaming
    assert answer.headers["Content-Type"] == kind
    disposition = answer.headers["Content-Disposition"]
    assert disposition == f'attachment; filename="mail-x-set-cookie-a-b.{format}"'
    assert "Set-Cookie" not in answer.headers
    body = answer.getvalue().decode("utf-8-sig")
    rows = body.splitlines() if format == "jsonl" else list(csv.DictReader(io.StringIO(body)))
    assert len(rows) == 15
    if format == "jsonl":
        assert json.loads(rows[0])["source"] == "seed"


def test_export_is_jsonl_unless_asked_otherwise(api: Api, busy: Any, lea: User) -> None:
    answer = api(lea).get(at(busy, "/export"))
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert_refused(
        api(lea).get(at(busy, "/export?format=nonsense")), 422, "unknown_format", "format"
    )
    assert_refused(api(lea).get(at(busy, "/export?format=%00")), 422, "unknown_format")


def test_spans_that_a_format_holds_otherwise_are_listed_before(api: Api, olga: User) -> None:
    found = settings.create_project(olga, name="S", task="text-spans", labels=["person", "x"])
    row = {"text": "Ana-Roth ran", "spans": [{"start": 1, "end": 8, "label": "person"}]}
    loop.bring_in(found, "in.jsonl", json.dumps(row))
    told = api(olga).get(at(found, "/export/unaligned?format=hf-tokens&unaligned=shrink")).json()
    assert (told["records"], told["is_all"], told["spans"]) == (1, True, 1)
    (span,) = told["results"]
    assert (span["text"], span["becomes"]["text"]) == ("na-Roth", "-Roth")
    told = api(olga).get(at(found, "/export/unaligned?format=hf-tokens&unaligned=leave-out"))
    assert told.json()["results"][0]["becomes"] is None
    assert api(olga).get(at(found, "/export/unaligned?format=jsonl")).json()["results"] == []
    refused = api(olga).get(at(found, "/export/unaligned?format=hf-tokens&unaligned=x"))
    assert_refused(refused, 422, "choice", "unaligned")


def test_predict_takes_a_vector_with_each_text(api: Api, busy: Any, ana: User) -> None:
    def answer(vector: Any) -> Any:
        return api(ana).post(at(busy, "/predict"), {"items": [{"text": "x", "vector": vector}]})

    assert answer(["one"]).status_code == 422
    assert answer([]).status_code == 422
    # The model of this project reads none.
    refused = answer([0.5, -1])
    assert (refused.status_code, refused.json()["code"]) == (422, "vectors_unused")


def test_predict_says_labels_and_probabilities(api: Api, busy: Any, ana: User) -> None:
    answer = api(ana).post(at(busy, "/predict"), {"items": [{"text": "prize money"}] * 2})
    assert answer.json()["model"] == 1
    first, second = answer.json()["predictions"]
    assert first == second
    assert set(first["proba"]) == {"spam", "ham"}
    assert first["labels"][0] in first["proba"]


@pytest.mark.parametrize(
    "items",
    [
        [],
        None,
        "x",
        [{}],
        [{"text": 5}],
        [{"text": ""}],
        ["x"],
        [{"text": "a", "id": 1}],
        [{"text": "a"}] * 1001,
    ],
)
def test_predict_refuses_what_is_no_list_of_texts(
    api: Api, stocked: Any, ana: User, items: Any
) -> None:
    assert_refused(api(ana).post(at(stocked, "/predict"), {"items": items}), 422)


def test_predict_without_a_model_says_so(api: Api, project: Project, ana: User) -> None:
    answer = api(ana).post(at(project, "/predict"), {"items": [{"text": "a"}]})
    assert_refused(answer, 409, "no_model")
