"""Winnow's own exports: items with their keys, and the answers of everybody."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.csv_guard import unguarded
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import (
    Record,
    Tool,
    as_number,
    as_time,
    list_of,
    mapping_of,
    share,
)

# Fields that only an export has together, and those of the item.
MARKS = ("item", "key", "annotator", "source", "skip_reason", "audit_key")
OLDER_MARKS = ("item", "key", "annotator", "source", "blind")
# One record an item.
ITEM_MARKS = ("item", "key", "answers", "resolved_by", "audit_key")
# Reviews of an answer, which count for nothing.
REVIEWS = {"second", "repeat"}
ALL_MARKS = (MARKS, OLDER_MARKS, ITEM_MARKS)
OF_ITEM = {"text", "a", "b", "image"}


def fits(sample: Sequence[Record]) -> bool:
    """Return whether all records are those of an export."""
    return share(sample, _is_record) == 1.0


def _is_record(record: Record) -> bool:
    return any(all(name in record for name in marks) for marks in ALL_MARKS)


def reader(
    _sample: Sequence[Record], wanted: Columns, parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of an export, as JSON or as a table whose formulas were made harmless."""

    def given(record: Record) -> Given:
        if wanted.guarded:
            record = {name: cell(value) for name, value in record.items()}
        fields = {name: record[name] for name in OF_ITEM & record.keys()}
        answers = _answers(record, parser)
        labels = next((each.labels for each in answers if each.kind == "answer"), ())
        return Given({**fields, "id": record.get("key")}, answers, labels, _meta(record))

    return given


def cell(value: Any) -> Any:
    """Return a cell as it was before it was made harmless."""
    return unguarded(value) if isinstance(value, str) else value


def _meta(record: Record) -> Mapping[str, Any]:
    value = parsed(record.get("meta"))
    return {"meta": value} if isinstance(value, str) and value else mapping_of(value)


def parsed(value: Any) -> Any:
    """Return what a cell holds as JSON; the text itself if it is none."""
    if isinstance(value, str) and value:
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _answers(record: Record, parser: LabelParser) -> tuple[GivenAnswer, ...]:
    if "answers" not in record:
        return tuple(_answer(record, parser))
    answers = list_of(parsed(record["answers"]))
    skips = [_as_skip(mapping_of(each)) for each in list_of(parsed(record.get("skips")))]
    return tuple(
        answer for each in (*answers, *skips) for answer in _answer(mapping_of(each), parser)
    )


def _as_skip(skip: Mapping[str, Any]) -> Record:
    told = {"annotator": skip.get("annotator"), "created_at": skip.get("at")}
    return {**told, "skip_reason": skip.get("reason")}


def _answer(record: Mapping[str, Any], parser: LabelParser) -> Iterator[GivenAnswer]:
    labels = tuple(parser.of(record.get("labels", record.get("choice"))))
    has_id = record.get("id") not in (None, "")
    # An answer may have no labels.
    is_skip = not labels and (not has_id or bool(record.get("skip_reason")))
    if record.get("withdrawn_at") or record.get("source") in REVIEWS:
        return
    if not labels and not record.get("annotator"):
        return
    note = record.get("skip_reason") if is_skip else record.get("note")
    yield GivenAnswer(
        labels,
        "skip" if is_skip else "answer",
        annotator=str(record.get("annotator") or ""),
        created_at=as_time(record.get("created_at")),
        seconds=as_number(record.get("seconds")),
        note=str(note or ""),
        unsure=record.get("unsure") in (True, "True", "true", "TRUE"),
    )


def item_of(record: Record) -> str:
    return str(record.get("item"))


TOOL = Tool("winnow", "Winnow", fits, reader, item_of)
