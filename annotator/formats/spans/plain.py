"""Plain records: a text with a list of spans, under one of the names that people give it.

Without such a list, a text has no answer; with an empty one, there is nothing in it.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from annotator.formats.base import Columns
from annotator.formats.spans.parsing import NoSpan, answer_of, spans_of
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import Record, Tool, mapping_of
from annotator.formats.tools.winnow import parsed

NAMES = ("spans", "entities", "ents", "label", "labels", "annotations")
# Lists of these names can be nothing else, so an empty one is an answer in any file.
CERTAIN = NAMES[:3]
# Of a list as Python shows it, whose parsing takes a hundred times the memory.
LONGEST_LIST = 200_000
TEXTS = ("text", "content", "sentence", "data", "document", "body")


def fits(sample: Sequence[Record]) -> bool:
    """Return whether records have a list of spans."""
    return bool(_field(sample))


def _field(sample: Sequence[Record]) -> str:
    """Return the field with the spans: the first one with any, or with what are none.

    Spans that cannot be read are refused by row. Without their field, their texts would be open.
    """
    for is_one, names in ((_are_spans, NAMES), (_are_like_spans, NAMES), (_is_empty, CERTAIN)):
        for record in sample:
            name = next((each for each in names if is_one(_listed(record.get(each)))), "")
            if name:
                return name
    return ""


def _are_spans(value: Any) -> bool:
    try:
        return isinstance(value, list) and bool(value) and len(spans_of(value)) > 0
    except NoSpan:
        return False


def _are_like_spans(value: Any) -> bool:
    """Return whether a value is a list as of spans, whatever is in them; or begins like one."""
    if isinstance(value, str):
        return value.startswith(("[{", "[[", "[("))
    is_some = isinstance(value, list) and bool(value)
    return is_some and all(isinstance(each, (Mapping, list, tuple)) for each in value)


def _is_empty(value: Any) -> bool:
    return isinstance(value, list) and not value


def _listed(value: Any) -> Any:
    """Return a list that stands in the cell of a table, as JSON or as Python shows it."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text.startswith("["):
        return value or None
    found = parsed(text)
    if found is not text or len(text) > LONGEST_LIST:
        return found
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text


def reader(
    sample: Sequence[Record], wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader; the field is that of the first record with a span."""
    name = wanted.label or _field(sample) or NAMES[0]
    text = wanted.text or _text_field(sample)

    def given(record: Record) -> Given:
        fields = dict(record)
        entries = _listed(fields.pop(name, None))
        if text != "text" and isinstance(fields.get(text), str):
            fields["text"] = fields.pop(text)
        # How this program spells a flat metadata field.
        meta = mapping_of(fields.pop("meta", None)) if isinstance(fields.get("meta"), dict) else {}
        answers = () if entries is None else (answer_of(entries),)
        return Given(fields, answers, (), meta)

    return given


def _text_field(sample: Sequence[Record]) -> str:
    first = sample[0] if sample else {}
    return next((name for name in TEXTS if isinstance(first.get(name), str)), "text")


TOOL = Tool("spans", "JSON", fits, reader)
