"""What goes out comes in again as it was, in every format."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from annotator.formats import Columns, Outgoing, Row
from annotator.formats.registry import READERS, WRITERS
from annotator.formats.tables.labels import tidy

LABELS = ("spam", "ham", "a", "b", "a|b", '["x"]', "=1+1", "nan", "caf\u00e9", "\U0001f600 q")
READ_BY = {"csv": "csv", "xlsx": "xlsx", "parquet": "parquet"}
AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
ODD = ["'=1", "''x", "-5 degrees", "=cmd|' /C calc'!A0", "\U0001f600" * 9, "e\u0301", 'a"b', "a\nb"]

letters = some.characters(exclude_categories=("Cs", "Cc")) | some.sampled_from("|\"'=,;\n\t")
texts = some.sampled_from(ODD) | some.text(letters, min_size=1, max_size=60)
texts = texts.filter(lambda text: tidy(text) and text.lower() not in ("nan", "null", "<na>"))
ids = some.text(some.sampled_from("abc0123456789-_ \u00e9|=\U0001f600"), min_size=1, max_size=200)
ids = ids.map(str.strip).filter(bool)
names = some.sampled_from(["year", "id", "label", "key", "meta", "source", "a col"])
values = some.integers(-(2**40), 2**40) | some.text(letters, min_size=1, max_size=20)
people = some.sampled_from(["ana", "ben", "zo\u00eb = x"])
items = some.lists(
    some.fixed_dictionaries(
        {
            "key": ids,
            "text": texts,
            "labels": some.lists(some.sampled_from(LABELS), min_size=1, max_size=3, unique=True),
            "meta": some.dictionaries(names, values, max_size=3),
            "annotator": people,
        }
    ),
    min_size=1,
    max_size=6,
    unique_by=(lambda item: str(item["key"]), lambda item: str(item["text"])),
)


def as_answer(number: int, item: dict[str, Any]) -> dict[str, Any]:
    """Return the record of an annotation."""
    nothing = dict.fromkeys(("skip_reason", "source", "withdrawn_at"))
    whole = {"id": number, "item": number, **item, "audit_key": 2**62 + number, **nothing}
    return {**whole, "seconds": 1.5, "created_at": AT, "note": "", "unsure": False}


def as_item(number: int, item: dict[str, Any]) -> dict[str, Any]:
    """Return the record of an item that one person answered."""
    answer = {**as_answer(number, item), "updated_at": AT}
    of_item = {name: item[name] for name in ("key", "text", "meta", "labels")}
    about = {"item": number, "audit_key": 1, "resolved_by": "single", "suggestion": None}
    return {**of_item, **about, "answers": [answer], "skips": []}


def read_again(kind: str, records: list[dict[str, Any]], path: Path) -> list[Row]:
    about = Outgoing(tuple(records[0]), labels=LABELS, takes_several=True)
    path.write_bytes(b"".join(WRITERS[kind].write(iter(records), about)))
    reader = READERS[READ_BY.get(kind, "jsonl")]
    wanted = Columns(label_names=frozenset(LABELS))
    found = list(reader.read(path, wanted, reader.look(path, wanted), set(LABELS)))
    assert all(isinstance(row, Row) for row in found), found
    return [row for row in found if isinstance(row, Row)]


KINDS = [
    (kind, as_item if writer.by_item else as_answer)
    for kind, writer in WRITERS.items()
    if not writer.of_spans
]
KINDS += [(kind, as_item) for kind in ("jsonl", "csv", "xlsx", "parquet")]


@pytest.mark.parametrize(("kind", "record"), KINDS)
@settings(max_examples=60, deadline=None)
@given(given_items=items)
def test_items_come_in_again_as_they_went_out(
    kind: str,
    record: Callable[[int, dict[str, Any]], dict[str, Any]],
    given_items: list[dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("out") / f"x.{WRITERS[kind].suffix}"
    records = [record(number, item) for number, item in enumerate(given_items, start=1)]
    for row, item in zip(read_again(kind, records, path), given_items, strict=True):
        assert (row.key, row.content) == (item["key"], item["text"])
        assert row.meta == item["meta"]
        (answer,) = row.answers
        assert (answer.labels, answer.annotator) == (tuple(item["labels"]), item["annotator"])
        if kind not in ("doccano", "argilla"):
            assert answer.created_at == AT


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl", "parquet"])
def test_answers_of_two_people_and_a_review_come_in_again(kind: str, tmp_path: Path) -> None:
    item = {"key": "k", "text": "t", "labels": ["spam"], "meta": {}, "annotator": "ana"}
    first = as_answer(1, item)
    second = {**first, "id": 2, "annotator": "ben", "labels": ["ham"], "note": "=odd"}
    review = {**first, "id": 3, "labels": ["ham"], "source": "second"}
    (row,) = read_again(kind, [first, second, review], tmp_path / f"x.{kind}")
    told = [(each.annotator, each.labels, each.note) for each in row.answers]
    assert told == [("ana", ("spam",), ""), ("ben", ("ham",), "=odd")]


def test_long_cells_of_a_workbook_come_in_again(tmp_path: Path) -> None:
    text = "\U0001f600" * 40_000 + "x" * 50_000
    item = {"key": "k", "text": text, "labels": ["spam"], "meta": {}, "annotator": "ana"}
    (row,) = read_again("xlsx", [as_answer(1, item)], tmp_path / "x.xlsx")
    assert row.content == text


def test_people_in_an_argilla_file_have_uuids() -> None:
    record = as_item(1, {"key": "k", "text": "t", "labels": ["a"], "meta": {}, "annotator": "ana"})
    about = Outgoing(tuple(record), labels=LABELS)
    (told,) = json.loads(b"".join(WRITERS["argilla"].write(iter([record]), about)))
    (response,) = told["responses"]["label"]
    assert str(UUID(response["user_id"])) == response["user_id"]
    assert told["metadata"] == {"winnow_annotators": ["ana"]}
