"""An export has the chosen annotations, and no others."""

import io
import json
import threading
from datetime import datetime
from typing import Any

import pyarrow.parquet
import pytest
import python_calamine
from django.db import connection

from annotator.errors import Invalid
from annotator.flow.annotation import adjudicate
from annotator.flow.datasets import export
from annotator.flow.datasets.outgoing import choices, records
from annotator.flow.projects import settings
from annotator.flow.queue import leasing, releasing
from annotator.flow.training import predict
from annotator.formats import long_cells
from annotator.formats.registry import WRITERS
from annotator.formats.writing import xlsx
from annotator.models import Annotation, Item, Project, User
from tests import loop
from tests.given import Fill, Learn

pytestmark = pytest.mark.django_db

ROWS = [
    {"id": "a", "text": "one", "label": "spam", "year": 1999},
    {"id": "b", "text": "two", "label": "ham"},
    {"id": "c", "text": "three"},
]


def body(project: Project, format: str = "jsonl", **given: Any) -> bytes:
    writer, wanted = export.checked(project, format, given)
    return b"".join(export.stream(project, writer.kind, wanted=wanted))


def found(project: Project, **given: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in body(project, **given).splitlines()]


@pytest.fixture
def small(project: Project, ana: User) -> Project:
    """Two items with a seed label of olga, and a third that ana labels."""
    loop.bring_in(project, "a.jsonl", "\n".join(map(json.dumps, ROWS)))
    loop.label(project, ana, 1)
    return project


def keys(records: list[dict[str, Any]]) -> list[str]:
    return [each["key"] for each in records]


def test_only_what_was_chosen_goes_out(small: Project) -> None:
    assert keys(found(small)) == ["a", "b", "c"]
    assert keys(found(small, annotator=["olga"])) == ["a", "b"]
    assert keys(found(small, annotator=["ana"])) == ["c"]
    assert keys(found(small, source=["seed"])) == ["a", "b"]
    assert "a" in keys(found(small, label=["spam"]))
    assert "b" not in keys(found(small, label=["spam"]))
    assert keys(found(small, state=["pool"])) == []
    assert keys(found(small, state=["labelled", "aside"])) == ["a", "b", "c"]
    assert keys(found(small, annotator=["ana"], source=["seed"])) == []


def test_days_and_moments_limit_when(small: Project) -> None:
    days = {"a": "2025-01-01T10:00Z", "b": "2025-01-02T10:00Z", "c": "2025-01-03T10:00Z"}
    for key, at in days.items():
        Annotation.objects.filter(item__key=key).update(created_at=at)
    assert keys(found(small, **{"from": "2025-01-02"})) == ["b", "c"]
    assert keys(found(small, to="2025-01-02")) == ["a", "b"]
    assert keys(found(small, to="2025-01-02T10:00Z")) == ["a"]
    assert keys(found(small, **{"from": "2025-01-02T12:00 02:00"})) == ["b", "c"]
    assert keys(found(small, **{"from": "2025-01-02", "to": "2025-01-02"})) == ["b"]


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"label": ["nonsense"]}, "label", "unknown_label"),
        ({"annotator": ["nobody"]}, "annotator", "unknown_annotator"),
        ({"state": ["lost"]}, "state", "choice"),
        ({"source": ["moon"]}, "source", "choice"),
        ({"unit": "line"}, "unit", "choice"),
        ({"agreed": "yes"}, "agreed", "choice"),
        ({"from": "yesterday"}, "from", "bad_moment"),
        ({"to": "2026-02-31"}, "to", "bad_moment"),
        ({"include": ["everything"]}, "include", "unknown_include"),
    ],
)
def test_what_is_unknown_is_refused(
    small: Project, given: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        choices.parsed(small, given)
    assert (refused.value.code, refused.value.errors[0]["field"]) == (code, field)


@pytest.fixture
def shared(project: Project, ana: User, ben: User, lea: User, filled: Fill) -> Project:
    """Items that two people answered: on one of them they differ."""
    settings.change_settings(project, overlap=2)
    project.refresh_from_db()
    filled(project, 3)
    loop.differ(project, ana, ben, 1)
    return project


def test_record_of_an_item_has_the_label_that_counts(shared: Project, lea: User) -> None:
    (one,) = found(shared, unit="item")
    assert len(one["answers"]) == 2
    assert {each["annotator"] for each in one["answers"]} == {"ana", "ben"}
    assert (one["resolved_by"], one["agreed"]) == ("consensus", False)
    assert one["labels"] in [each["labels"] for each in one["answers"]]
    assert found(shared, unit="item", agreed="1") == found(shared, agreed="1") == []
    adjudicate.decide(shared, lea, one["item"], ["ham"])
    (decided,) = found(shared, unit="item")
    assert (decided["resolved_by"], decided["labels"]) == ("adjudication", ["ham"])
    assert len(found(shared, agreed="1")) == 2
    assert found(shared, unit="item", label=["spam"]) == []
    assert len(found(shared, unit="item", label=["ham"])) == 1


def test_item_that_one_person_answered_is_single(small: Project) -> None:
    told = {each["key"]: each for each in found(small, unit="item")}
    assert (told["a"]["labels"], told["a"]["resolved_by"]) == (["spam"], "single")
    assert told["a"]["meta"] == {"year": 1999}


def test_items_without_an_answer_and_skips_go_out_by_item(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 3)
    lease = leasing.lease_next(project, ana)
    releasing.skip(lease, "too hard")
    assert found(project, unit="item") == []
    (skipped,) = found(project, unit="item", include=["skipped"])
    assert [(e["annotator"], e["reason"]) for e in skipped["skips"]] == [("ana", "too hard")]
    every = found(project, unit="item", include=["unlabelled"])
    assert [(each["labels"], each["resolved_by"]) for each in every] == [([], None)] * 3
    assert found(project, unit="item", include=["unlabelled"], annotator=["ana"]) == []


def test_predictions_are_those_of_the_newest_model(
    project: Project, filled: Fill, learnt: Learn, ana: User
) -> None:
    filled(project, 40)
    loop.label(project, ana, 8)
    learnt(project)
    assert all("prediction" not in each for each in found(project))
    loop.go_round(project)
    every = found(project, include=["unlabelled", "predictions"])
    assert len(every) == 40
    version, asked = predict.predict(project, [each["text"] for each in every])
    for record, wanted in zip(every, asked, strict=True):
        given = record["prediction"]
        assert (given["labels"], given["model"]) == (wanted["labels"], version.number)
        assert given["confidence"] == pytest.approx(max(wanted["proba"].values()), abs=1e-3)


def test_without_a_model_nothing_is_predicted(small: Project) -> None:
    assert [each["prediction"] for each in found(small, include=["predictions"])] == [None] * 3


# Formats ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["annotation", "item"])
@pytest.mark.parametrize("format", [name for name, each in WRITERS.items() if not each.of_spans])
def test_empty_export_has_its_columns(project: Project, format: str, unit: str) -> None:
    out = body(project, format, unit=unit, include=["predictions"])
    wanted = {"item", "key", "text", "labels", "prediction"}
    if format == "csv":
        assert wanted <= set(out.decode("utf-8-sig").strip().split(","))
    elif format == "xlsx":
        assert wanted <= set(sheet(out)[0])
    elif format == "parquet":
        assert wanted <= set(pyarrow.parquet.read_table(io.BytesIO(out)).column_names)
    elif format in ("label-studio", "argilla"):
        assert json.loads(out) == []
    else:
        assert out == b""


def sheet(out: bytes, name: int = 0) -> list[list[Any]]:
    with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(out)) as book:
        rows: list[list[Any]] = book.get_sheet_by_index(name).to_python()
    return rows


def test_workbook_opens_with_texts_dates_and_long_cells(project: Project) -> None:
    text = "=1+1 " + "😀" * 20_000 + "x" * 30_000
    rows = [{"id": "007", "text": text, "label": "spam"}]
    loop.bring_in(project, "a.jsonl", "\n".join(map(json.dumps, rows)))
    head, row = sheet(body(project, "xlsx"))
    told = dict(zip(head, row, strict=True))
    assert told["key"] == "007"
    assert isinstance(told["created_at"], datetime)
    assert told["audit_key"] == str(Annotation.objects.get().item.audit_key)
    assert told["text"].startswith("=1+1 ")
    assert told["text"].endswith(long_cells.MARK)
    parts = [each[4] for each in sheet(body(project, "xlsx"), 1)[1:]]
    assert told["text"].removesuffix(long_cells.MARK) + "".join(parts) == text
    assert all(len(part.encode("utf-16-le")) // 2 <= 32_767 for part in [told["text"], *parts])


def test_full_sheet_is_followed_by_another(small: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
    out = body(small, "xlsx")
    assert [len(sheet(out, number)) for number in (0, 1)] == [3, 2]
    assert sheet(out, 0)[0] == sheet(out, 1)[0]


def test_parquet_has_types(small: Project) -> None:
    table = pyarrow.parquet.read_table(io.BytesIO(body(small, "parquet")))
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds["id"] == "int64"
    assert kinds["created_at"] == "timestamp[us, tz=UTC]"
    assert kinds["labels"].startswith("list<")
    first = table.to_pylist()[0]
    assert (first["labels"], json.loads(first["meta"])) == (["spam"], {"year": 1999})


@pytest.mark.django_db(transaction=True)
def test_everything_is_of_one_moment(small: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "CHUNK", 1)
    blocks = export.stream(small, "jsonl", ["unlabelled"])
    first = next(blocks)

    def change() -> None:
        Item.objects.filter(project=small).update(meta={"changed": 1})
        connection.close()

    other = threading.Thread(target=change)
    other.start()
    other.join()
    rest = b"".join(blocks)
    assert len(first.splitlines()) + len(rest.splitlines()) == 3
    assert b"changed" not in first + rest
    assert b"changed" in body(small)
