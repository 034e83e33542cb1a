"""Spans go out and come in again as they were, in every format, whatever the text."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from annotator.formats import Columns, Outgoing, Row
from annotator.formats.registry import READERS, WRITERS, for_content
from annotator.tasktypes.answers.spans import SPANS
from selection.spans.text.spans import in_layers
from selection.spans.text.tokens import tokens

DATA = Path(os.environ.get("WINNOW_DATA_SETS", Path(__file__).parents[3] / "shared" / "data"))
AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
LABELS = ("person", "creative work", "Ort", "a|b", "=1")
# What readers and writers of offsets get wrong.
PIECES = [
    *("Ana", "Jose\u0301", "Zürich", "\u0645\u062d\u0645\u062f", "\u5317\u4eac", "\U00020bb7"),
    *("\U0001f469\U0001f3fd\u200d\U0001f692", "\U0001f1eb\U0001f1f7", "&amp;", "<b>", "O'Neil"),
    *("\r\n", "\n", "\t", "  ", "\u00a0", "\u200b", "\u2028", '"', ",", ";", "T1", "3.5", "\ufeff"),
]
WHOLE = ["jsonl", "csv", "xlsx", "parquet", "doccano", "label-studio", "prodigy", "argilla", "brat"]
# Without a quote, spans within words may be taken for offsets of another unit.
WITHOUT_QUOTES = ("doccano", "prodigy", "argilla")
needs_spacy = pytest.mark.skipif(find_spec("spacy") is None, reason="spaCy is not installed")
Marks = list[tuple[int, int, str]]


@some.composite
def marked_texts(draw: some.DrawFn) -> tuple[str, Marks]:
    pieces = draw(some.lists(some.sampled_from(PIECES), min_size=1, max_size=14))
    glue = draw(some.sampled_from(["", " "]))
    # A cell of a workbook, and a line of brat's notes, end otherwise.
    text = f"x{glue.join(pieces)}x"
    places = sorted({0, *(place for place in range(1, len(text)))} | {len(text)})
    marks = draw(
        some.lists(
            some.tuples(
                some.sampled_from(places), some.sampled_from(places), some.sampled_from(LABELS)
            ),
            max_size=4,
        )
    )
    found = {(min(a, b), max(a, b), label) for a, b, label in marks if a != b}
    return text, sorted(found, key=lambda each: (each[0], -each[1], each[2]))


def record(number: int, text: str, marks: Marks) -> dict[str, Any]:
    """Return what one person said of a text, as an export has it."""
    answer = {
        "id": number,
        "labels": marks,
        "annotator": "ana",
        "source": "uncertainty",
        "created_at": AT,
        "withdrawn_at": None,
        "updated_at": AT,
        "seconds": 1.5,
        "note": "",
        "unsure": False,
    }
    of_item = {"item": number, "key": f"k{number:06}", "text": text, "meta": {}, "audit_key": 1}
    about = {"resolved_by": "single", "suggestion": None, "answers": [answer], "skips": []}
    return {**of_item, "labels": marks, **about}


def again(kind: str, records: Sequence[dict[str, Any]], path: Path, **about: Any) -> list[Row]:
    """Write the records, and return the rows that the reader finds in the file."""
    writer = WRITERS[kind]
    told: Iterator[dict[str, Any]] = iter(records)
    if not writer.is_tool:
        told = map(SPANS.told, records)
    columns = tuple(records[0]) if writer.is_tool else tuple(SPANS.told(dict(records[0])))
    names = {*LABELS, *(mark[2] for each in records for mark in each["labels"])}
    outgoing = Outgoing(columns, labels=tuple(names), takes_several=True, spans=True, **about)
    path.write_bytes(b"".join(writer.write(told, outgoing)))
    wanted = Columns(label_names=frozenset(names), spans=True, guarded=kind == "csv")
    allowed = ("csv", "jsonl", "xlsx", "parquet", "conll", "brat", "spacy", "archive")
    reader = for_content(path, path.name, allowed=allowed) or READERS["jsonl"]
    rows = list(reader.read(path, wanted, reader.look(path, wanted), names))
    assert all(isinstance(row, Row) for row in rows), rows
    return [row for row in rows if isinstance(row, Row)]


def marks_of(row: Row) -> Marks:
    (answer,) = row.answers
    assert answer.problem is None, answer.problem
    for span in answer.spans or ():
        assert span.quote in (None, str(row.content)[span.start : span.end])
    return sorted(
        ((each.start, each.end, each.label) for each in answer.spans or ()),
        key=lambda each: (each[0], -each[1], each[2]),
    )


def path_of(kind: str, folder: Path) -> Path:
    return folder / f"out.{WRITERS[kind].suffix}"


@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=25, deadline=None)
@given(found=some.lists(marked_texts(), min_size=1, max_size=4, unique_by=lambda each: each[0]))
def test_texts_and_spans_come_in_again_as_they_went_out(
    kind: str, found: list[tuple[str, Marks]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    if kind in WITHOUT_QUOTES:
        found = [(text, at_words(text, marks)) for text, marks in found]
    records = [record(number, *each) for number, each in enumerate(found, start=1)]
    rows = again(kind, records, path_of(kind, tmp_path_factory.mktemp("out")))
    assert [(row.content, marks_of(row)) for row in rows] == found
    assert [row.key for row in rows] == [each["key"] for each in records]


@pytest.mark.parametrize("kind", ["hf-tokens", pytest.param("spacy", marks=needs_spacy)])
@settings(max_examples=60, deadline=None)
@given(found=marked_texts())
@example(found=("xJose\u0301北京x", [(0, 7, "person")]))
def test_spans_of_whole_tokens_come_in_again(
    kind: str, found: tuple[str, Marks], tmp_path_factory: pytest.TempPathFactory
) -> None:
    text, marks = found
    cut = WRITERS[kind].tokeniser
    assert cut is not None
    starts, ends = zip(*cut()(text), strict=True)
    whole = [each for each in marks if each[0] in starts and each[1] in ends]
    whole = in_layers(whole)[0] if WRITERS[kind].is_flat and whole else whole
    folder = tmp_path_factory.mktemp("out")
    (row,) = again(kind, [record(1, text, marks)], path_of(kind, folder), unaligned="leave-out")
    assert row.content == text
    if not WRITERS[kind].is_flat:
        assert marks_of(row) == whole
    assert set(marks_of(row)) <= set(marks)


def at_words(text: str, marks: Marks) -> Marks:
    """Return the marks that neither begin nor end within a word."""

    def is_within(place: int) -> bool:
        return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()

    return [each for each in marks if not is_within(each[0]) and not is_within(each[1])]


def sentences(name: str) -> list[tuple[str, Marks]]:
    path = DATA / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"no data set {name}")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [
        (row["text"], [(each["start"], each["end"], each["label"]) for each in row["spans"]])
        for row in rows[::10]
    ]


@pytest.mark.parametrize("name", ["spans_ncbi_disease", "spans_german_legal", "spans_wnut17"])
@pytest.mark.parametrize(
    "kind", [*WHOLE, "conll", "conll-bioes", "hf-tokens", pytest.param("spacy", marks=needs_spacy)]
)
def test_data_set_comes_in_again_as_it_went_out(kind: str, name: str, tmp_path: Path) -> None:
    found = sentences(name)
    records = [record(number, *each) for number, each in enumerate(found, start=1)]
    # Where tokens of ours or of spaCy cut otherwise, a span goes out wider.
    expected = found if kind not in ("hf-tokens", "spacy") else [fitted(kind, *e) for e in found]
    rows = again(kind, records, path_of(kind, tmp_path))
    if kind.startswith("conll"):
        said = [[quote(row.content, each) for each in marks_of(row)] for row in rows]
        assert said == [[quote(text, each) for each in marks] for text, marks in expected]
    else:
        assert [(row.content, marks_of(row)) for row in rows] == expected


def fitted(kind: str, text: str, marks: Marks) -> tuple[str, Marks]:
    cut = WRITERS[kind].tokeniser
    assert cut is not None
    borders = CUTS.setdefault(kind, cut())(text)
    wide = []
    for start, end, label in marks:
        touched = [(a, b) for a, b in borders if a < end and b > start]
        wide.append((touched[0][0], touched[-1][1], label))
    return text, sorted(set(wide), key=lambda each: (each[0], -each[1], each[2]))


CUTS: dict[str, Any] = {}


def quote(text: Any, mark: tuple[int, int, str]) -> tuple[str, str]:
    words = [str(text)[a:b] for a, b in tokens(str(text)) if a >= mark[0] and b <= mark[1]]
    return "".join(words) or str(text)[mark[0] : mark[1]], mark[2]
