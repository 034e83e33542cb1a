"""Winnow's own exports: items with their keys, and the answers of everybody."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.csv_guard import unguarded
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import Record, Tool, as_number, as_time, mapping_of, share

# Fields that only an export has together, and those of the item.
MARKS = ("item", "key", "annotator", "source", "skip_reason", "audit_key")
OLDER_MARKS = ("item", "key", "annotator", "source", "blind")
OF_ITEM = {"text", "a", "b", "image"}


def fits(sample: Sequence[Record]) -> bool:
    """Return whether all records are those of an export."""
    return share(sample, _is_record) == 1.0


def _is_record(record: Record) -> bool:
    return any(all(name in record for name in marks) for marks in (MARKS, OLDER_MARKS))


def reader(
    sample: Sequence[Record], _wanted: Columns, parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of an export, as JSON or as a table whose formulas were made harmless."""
    is_table = all(isinstance(each.get("labels"), str) for each in sample)

    def given(record: Record) -> Given:
        if is_table:
            record = {name: _cell(value) for name, value in record.items()}
        fields = {name: record[name] for name in OF_ITEM & record.keys()}
        fields |= _meta(record.get("meta"))
        answers = _answers(record, parser)
        labels = next((each.labels for each in answers if each.kind == "answer"), ())
        return Given({**fields, "id": record.get("key")}, answers, labels)

    return given


def _cell(value: Any) -> Any:
    return unguarded(value) if isinstance(value, str) else value


def _meta(value: Any) -> dict[str, Any]:
    if isinstance(value, str) and value:
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {"meta": value}
    return {name: each for name, each in mapping_of(value).items() if name not in OF_ITEM}


def _answers(record: Record, parser: LabelParser) -> tuple[GivenAnswer, ...]:
    labels = tuple(parser.of(record.get("labels")))
    is_skip = not labels and bool(record.get("skip_reason") or record.get("annotator"))
    if record.get("withdrawn_at") or not (labels or is_skip):
        return ()
    return (
        GivenAnswer(
            labels,
            "skip" if is_skip else "answer",
            annotator=str(record.get("annotator") or ""),
            created_at=as_time(record.get("created_at")),
            seconds=as_number(record.get("seconds")),
            note=str((record.get("skip_reason") if is_skip else record.get("note")) or ""),
            unsure=record.get("unsure") in (True, "True", "true"),
        ),
    )


def _item(record: Record) -> str:
    return str(record.get("item"))


TOOL = Tool("winnow", "Winnow", fits, reader, _item)
