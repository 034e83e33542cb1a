"""What other tools write: their labels, people, skips and suggestions."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from annotator.formats.base import Outgoing
from annotator.formats.csv import write
from annotator.tasktypes.media.text_pairs import TextPairs
from tests.formats.reading import labels_of, looked_at, read

NAMES = ("spam", "ham")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def lines(*records: Any) -> str:
    return "\n".join(map(json.dumps, records))


def said(row: Any) -> list[Any]:
    return [(each.kind, each.labels, each.annotator) for each in row.answers]


def choice(*labels: str, **more: Any) -> dict[str, Any]:
    value = {"choices": list(labels)}
    result = [{"from_name": "c", "to_name": "t", "type": "choices", "value": value}]
    return {"completed_by": 2, "result": result, **more}


# Label Studio ------------------------------------------------------------------------------------

TASKS = [
    {"id": 11, "data": {"text": "where is it", "source": "mail"}, "annotations": [choice("spam")]},
    {
        "id": 12,
        "data": {"text": "thanks"},
        "annotations": [
            choice(was_cancelled=True),
            choice("ham", "spam", completed_by={"email": "ana"}, lead_time=4.5),
        ],
        "predictions": [choice("spam", score=0.9)],
    },
    {"id": 13, "data": {"text": "none"}, "annotations": [], "predictions": []},
]


@pytest.mark.parametrize("annotations", ["annotations", "completions"])
def test_label_studio_tasks_are_read(path: Path, annotations: str) -> None:
    tasks = json.dumps(TASKS).replace('"annotations"', f'"{annotations}"')
    rows = read(path, tasks, "jsonl", labels=NAMES)
    assert [(row.key, row.content) for row in rows] == [
        ("11", "where is it"),
        ("12", "thanks"),
        ("13", "none"),
    ]
    assert labels_of(rows) == [["spam"], ["ham", "spam"], None]
    assert rows[0].meta == {"source": "mail"}
    assert said(rows[1]) == [
        ("skip", (), "2"),
        ("answer", ("ham", "spam"), "ana"),
        ("suggestion", ("spam",), ""),
    ]
    assert (rows[1].answers[1].seconds, rows[1].answers[2].confidence) == (4.5, 0.9)
    assert looked_at(path, tasks, "jsonl").notes[0].values == {"tool": "Label Studio"}


def test_label_studio_pairs_are_read(path: Path) -> None:
    task = {"id": 1, "data": {"a": "one", "b": "two"}, "annotations": [choice("a")]}
    (row,) = read(path, json.dumps([task]), "jsonl", labels=["a", "b"], parts=TextPairs.parts)
    assert (row.content, row.labels) == ({"a": "one", "b": "two"}, ["a"])


FLAT = [
    {"annotation_id": 1, "annotator": 7, "id": 11, "text": "where", "sentiment": "spam"},
    {
        "annotation_id": 2,
        "annotator": 7,
        "id": 12,
        "text": "thanks",
        "sentiment": {"choices": ["ham", "spam"]},
    },
    {"annotation_id": 3, "annotator": 8, "id": 11, "text": "where", "sentiment": "ham"},
]


@pytest.mark.parametrize("control", ["", "sentiment"])
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_flat_label_studio_exports_are_read(path: Path, kind: str, control: str) -> None:
    content = json.dumps(FLAT) if kind == "jsonl" else as_csv(FLAT)
    rows = read(path, content, kind, labels=NAMES, label=control)
    assert [(row.key, row.content, row.labels) for row in rows] == [
        ("11", "where", ["spam"]),
        ("12", "thanks", ["ham", "spam"]),
    ]
    assert said(rows[0]) == [("answer", ("spam",), "7"), ("answer", ("ham",), "8")]


def as_csv(records: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]))
    writer.writeheader()
    for record in records:
        cells = {n: json.dumps(v) if isinstance(v, dict) else v for n, v in record.items()}
        writer.writerow(cells)
    return out.getvalue()


# doccano -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [
        {"text": "a", "label": ["spam", "ham"]},
        {"text": "a", "labels": ["spam", "ham"]},
        {"id": 3, "text": "a", "label": ["spam", "ham"], "Comments": []},
        {"text": "a", "annotations": [{"label": "spam", "user": 1}, {"label": "ham", "user": 1}]},
    ],
)
def test_doccano_labels_are_read(path: Path, record: Any) -> None:
    assert labels_of(read(path, lines(record), "jsonl", labels=NAMES)) == [["spam", "ham"]]


def test_doccano_people_stay_apart(path: Path) -> None:
    notes = [{"label": "spam", "user": 1}, {"label": "ham", "user": 2}]
    (row,) = read(path, lines({"text": "a", "annotations": notes}), "jsonl", labels=NAMES)
    assert said(row) == [("answer", ("spam",), "1"), ("answer", ("ham",), "2")]


# Prodigy -----------------------------------------------------------------------------------------


def decision(number: int, answer: str, **more: Any) -> dict[str, Any]:
    hashes = {"_input_hash": number, "_task_hash": hash(str(more)), "_session_id": "d-ana"}
    return {"text": f"text {number}", "answer": answer, **hashes, **more}


def test_prodigy_choices_are_labels_only_when_accepted(path: Path) -> None:
    options = [{"id": "spam", "text": "Spam"}, {"id": "ham"}]
    rows = read(
        path,
        lines(
            decision(1, "accept", options=options, accept=["spam"]),
            decision(2, "ignore", options=options, accept=["ham"]),
            decision(3, "reject", options=options, accept=["ham"]),
        ),
        "jsonl",
        labels=NAMES,
    )
    assert labels_of(rows) == [["spam"], None, None]
    assert [said(row) for row in rows] == [
        [("answer", ("spam",), "d-ana")],
        [("skip", (), "d-ana")],
        [],
    ]


def test_prodigy_decisions_about_one_text_become_one_item(path: Path) -> None:
    rows = read(
        path,
        lines(
            decision(1, "accept", label="spam"),
            decision(2, "reject", label="spam"),
            decision(1, "accept", label="ham"),
            decision(2, "accept", label="ham"),
            decision(1, "reject", label="other"),
        ),
        "jsonl",
        labels=NAMES,
    )
    assert [(row.number, row.content, row.labels) for row in rows] == [
        (1, "text 1", ["spam", "ham"]),
        (2, "text 2", ["ham"]),
    ]


@pytest.mark.parametrize("answer", ["reject", "ignore"])
def test_prodigy_decisions_without_hashes_give_no_label_unless_accepted(
    path: Path, answer: str
) -> None:
    records = [{"text": "a", "label": "spam", "answer": "accept"}]
    records += [{"text": "b", "label": "spam", "answer": answer}]
    first, second = read(path, lines(*records), "jsonl", labels=NAMES)
    assert (first.labels, second.labels) == (["spam"], None)
    assert not any(each.labels for each in second.answers)


# Argilla -----------------------------------------------------------------------------------------


def test_argilla_records_are_read(path: Path) -> None:
    record = {
        "id": "r1",
        "fields": {"text": "hello"},
        "metadata": {"from": "mail"},
        "suggestions": {"label": {"value": "ham", "score": 0.8, "agent": "m"}},
        "responses": {
            "label": [
                {"value": "spam", "user_id": "u1", "status": "submitted"},
                {"value": "ham", "user_id": "u2", "status": "draft"},
                {"value": None, "user_id": "u3", "status": "discarded"},
            ]
        },
    }
    (row,) = read(path, json.dumps([record]), "jsonl", labels=NAMES)
    assert (row.key, row.content, row.labels, row.meta) == (
        "r1",
        "hello",
        ["spam"],
        {"from": "mail"},
    )
    assert said(row) == [
        ("answer", ("spam",), "u1"),
        ("skip", (), "u3"),
        ("suggestion", ("ham",), ""),
    ]


def test_argilla_records_exported_as_a_table_are_read(path: Path) -> None:
    record = {
        "id": "r1",
        "status": "completed",
        "_server_id": "9",
        "text": "hello",
        "label.responses": ["spam", "ham", None],
        "label.responses.users": ["u1", "u2", "u3"],
        "label.responses.status": ["submitted", "draft", "discarded"],
        "label.suggestion": "ham",
        "label.suggestion.score": 0.8,
        "label.suggestion.agent": "m",
        "metadata": {"from": "mail"},
    }
    (row,) = read(path, json.dumps([record]), "jsonl", labels=NAMES)
    assert (row.key, row.content, row.labels, row.meta) == (
        "r1",
        "hello",
        ["spam"],
        {"from": "mail"},
    )
    assert said(row) == [
        ("answer", ("spam",), "u1"),
        ("skip", (), "u3"),
        ("suggestion", ("ham",), ""),
    ]


# Winnow ------------------------------------------------------------------------------------------


def exported(item: int, labels: list[str], annotator: str | None, **more: Any) -> dict[str, Any]:
    return {
        "id": item * 10,
        "item": item,
        "key": f"doc-{item}",
        "text": f"=text {item}",
        "meta": {"channel": "mail"},
        "audit_key": 1,
        "labels": labels,
        "annotator": annotator,
        "source": "random",
        "seconds": 1.5,
        "unsure": False,
        "note": "",
        "created_at": "2026-11-29T15:30:49Z",
        "skip_reason": None,
        **more,
    }


EXPORT = [
    exported(1, ["spam"], "ana", unsure=True, note="-hm"),
    exported(2, ["ham"], "ana"),
    exported(1, ["ham"], "ben"),
    exported(2, [], "ben", skip_reason="unclear", seconds=None),
    exported(3, [], None),
]


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_own_export_brings_everybody_back(path: Path, kind: str) -> None:
    content = (
        lines(*EXPORT).encode()
        if kind == "jsonl"
        else b"".join(write(iter(EXPORT), Outgoing(columns=tuple(EXPORT[0]))))
    )
    rows = read(path, content, kind, labels=NAMES)
    assert [(row.key, row.content, row.meta) for row in rows] == [
        (f"doc-{n}", f"=text {n}", {"channel": "mail"}) for n in (1, 2, 3)
    ]
    assert [said(row) for row in rows] == [
        [("answer", ("spam",), "ana"), ("answer", ("ham",), "ben")],
        [("answer", ("ham",), "ana"), ("skip", (), "ben")],
        [],
    ]
    first = rows[0].answers[0]
    assert (first.unsure, first.note, first.seconds) == (True, "-hm", 1.5)
    assert first.created_at.year == 2026


def test_records_can_be_read_as_they_stand(path: Path) -> None:
    (row,) = read(path, json.dumps([TASKS[0]]), "jsonl", plain=True, text="data.text")
    assert (row.content, row.labels) == ("where is it", None)
