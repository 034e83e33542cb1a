"""Exports of earlier versions of other tools, and class names that a file has for numbers."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from tests.formats.reading import labels_of, looked_at, read

LABELS = ("spam", "ham")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def lines(*records: Any) -> str:
    return "\n".join(map(json.dumps, records))


def said(row: Any) -> list[tuple[Any, ...]]:
    return [(each.kind, each.labels, each.annotator, each.confidence) for each in row.answers]


def test_annotation_and_prediction_of_argilla_1(path: Path) -> None:
    about = {"annotation_agent": "me", "prediction_agent": "m", "metadata": {"k": 1}}
    content = lines(
        {"text": "a", "id": "x1", "annotation": "spam", "status": "Validated", **about}
        | {"prediction": [["ham", 0.2], ["spam", 0.8]]},
        {"inputs": {"text": "b"}, "id": "x2", "annotation": None, "status": "Default", **about}
        | {"prediction": [{"label": "ham", "score": 0.7}]},
        {"text": "c", "id": "x3", "annotation": None, "status": "Discarded", **about},
    )
    first, second, third = read(path, content, "jsonl", LABELS)
    assert said(first) == [
        ("answer", ("spam",), "me", None),
        ("suggestion", ("spam",), "", 0.8),
    ]
    assert (first.key, first.meta) == ("x1", {"k": 1})
    assert (second.content, said(second)) == ("b", [("suggestion", ("ham",), "", 0.7)])
    assert said(third) == [("skip", (), "me", None)]


def test_lists_of_responses_of_argilla_1(path: Path) -> None:
    answer = {"user_id": "u", "values": {"label": {"value": "spam"}}, "status": "submitted"}
    skipped = {"user_id": "v", "values": {}, "status": "discarded"}
    suggestion = {"question_name": "label", "value": "ham", "score": 0.5}
    record = {
        "fields": {"text": "a"},
        "responses": [answer, skipped],
        "suggestions": [suggestion],
        "external_id": "e1",
    }
    (row,) = read(path, lines(record), "jsonl", LABELS)
    assert row.key == "e1"
    assert said(row) == [
        ("answer", ("spam",), "u", None),
        ("skip", (), "v", None),
        ("suggestion", ("ham",), "", 0.5),
    ]


def test_option_of_prodigy_is_found_by_its_text(path: Path) -> None:
    options = [{"id": 0, "text": "spam"}, {"id": 1, "text": "ham"}]
    record = {"text": "a", "options": options, "accept": [1], "answer": "accept"}
    assert labels_of(read(path, lines(record), "jsonl", LABELS)) == [["ham"]]
    assert labels_of(read(path, lines(record), "jsonl", ("0", "1"))) == [["1"]]


def parquet(path: Path, columns: dict[str, Any], features: Any = None) -> None:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table(columns)
    if features:
        about = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": about})
    pytest.importorskip("pyarrow.parquet").write_table(table, path)


def of_parquet(path: Path, labels: Any) -> Any:
    return read(path, path.read_bytes(), "parquet", labels, label_names=frozenset(labels))


def test_class_names_of_hugging_face_are_the_labels(path: Path) -> None:
    kinds = {"label": {"names": ["ham", "spam"], "_type": "ClassLabel"}}
    parquet(path, {"text": ["a", "b", "c"], "label": [1, 0, -1]}, kinds)
    assert labels_of(of_parquet(path, LABELS)) == [["spam"], ["ham"], None]
    looked = looked_at(path, path.read_bytes(), "parquet", label_names=frozenset(LABELS))
    assert [note.code for note in looked.notes] == ["class_names"]
    # Where the numbers themselves are labels, they stay.
    assert labels_of(of_parquet(path, ("0", "1")))[:2] == [["1"], ["0"]]


def test_sequence_of_classes_has_names(path: Path) -> None:
    inner = {"names": ["ham", "spam"], "_type": "ClassLabel"}
    parquet(
        path,
        {"text": ["a"], "labels": [[0, 1]]},
        {"labels": {"feature": inner, "_type": "Sequence"}},
    )
    assert labels_of(of_parquet(path, LABELS)) == [["ham", "spam"]]


def test_times_and_bytes_of_parquet_are_texts(path: Path) -> None:
    at = datetime.datetime(2024, 1, 2, 3, 4)
    parquet(path, {"text": ["a"], "at": [at], "raw": [b"plain"], "bits": [b"\xff\x00"]})
    (row,) = of_parquet(path, LABELS)
    assert row.meta == {"at": "2024-01-02T03:04:00", "raw": "plain", "bits": "/wA="}
