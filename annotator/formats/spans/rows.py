"""Tables with a row for each span: the text again in each, with start, end and label beside it.

A row without a span says nothing of its text.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from annotator.formats.base import Columns
from annotator.formats.spans.parsing import LABELS, answer_of
from annotator.formats.spans.plain import TEXTS
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import Record, Tool, share

STARTS, ENDS = ("start", "start_offset", "begin"), ("end", "end_offset", "stop")
QUOTE = "quote"
MOST_DIGITS = 12


def fits(sample: Sequence[Record]) -> bool:
    """Return whether most records are a text with one span."""
    return share(sample, _is_one) > 0.5


def _is_one(record: Record) -> bool:
    start, end, label = _columns(record)
    places = (_number(record.get(name)) for name in (start, end))
    return bool(_text(record) and label) and all(type(place) is int for place in places)


def reader(
    sample: Sequence[Record], wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of rows."""
    field = wanted.text or next(filter(None, map(_text, sample)), "text")

    def given(record: Record) -> Given:
        start, end, label = _columns(record)
        fields = {each: value for each, value in record.items() if each != QUOTE}
        place = {"start": _number(fields.pop(start, None)), "end": _number(fields.pop(end, None))}
        span = {**place, "label": fields.pop(label, None), QUOTE: record.get(QUOTE) or None}
        fields["text"] = fields.pop(field, None)
        is_open = all(each in (None, "") for each in span.values())
        return Given(fields, () if is_open else (answer_of([span]),), ())

    return given


def _columns(record: Record) -> tuple[str, str, str]:
    """Return the columns of start, end and label, empty where there is none."""
    found = (
        next((each for each in names if each in record), "") for names in (STARTS, ENDS, LABELS)
    )
    start, end, label = found
    return start, end, label


def _text(record: Record) -> str:
    return next((name for name in TEXTS if isinstance(record.get(name), str)), "")


def _number(value: Any) -> Any:
    """Return the whole number of a cell, which spreadsheets write as 1.0; else the value itself."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    text = value.strip().removesuffix(".0") if isinstance(value, str) else ""
    is_number = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if is_number else value


def _of_item(record: Record) -> Hashable:
    return record.get(_text(record) or "text")


TOOL = Tool("span-rows", "CSV (a span a row)", fits, reader, _of_item)
