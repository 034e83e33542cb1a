"""Plain records: a text with a list of spans, under one of the names that people give it.

Without such a list, a text has no answer; with an empty one, there is nothing in it.
"""

from collections.abc import Callable, Sequence
from typing import Any

from annotator.formats.base import Columns
from annotator.formats.spans.parsing import NoSpan, answer_of, spans_of
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import Record, Tool, mapping_of, share
from annotator.formats.tools.winnow import parsed

NAMES = ("spans", "entities", "ents", "label", "labels", "annotations")
TEXTS = ("text", "content", "sentence", "data", "document", "body")


def fits(sample: Sequence[Record]) -> bool:
    """Return whether records have a list of spans."""
    return share(sample, lambda record: bool(_name(record))) > 0


def _name(record: Record) -> str:
    """Return the field with the spans; empty if no record has such."""
    return next((name for name in NAMES if _are_spans(record.get(name))), "")


def _are_spans(value: Any) -> bool:
    value = _listed(value)
    try:
        return isinstance(value, list) and bool(value) and len(spans_of(value)) > 0
    except NoSpan:
        return False


def _listed(value: Any) -> Any:
    """Return a list that stands as JSON in the cell of a table."""
    if not isinstance(value, str):
        return value
    return parsed(value.strip()) if value.strip().startswith("[") else value or None


def reader(
    sample: Sequence[Record], wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader; the field is that of the first record with a span."""
    name = wanted.label or next(filter(None, map(_name, sample)), NAMES[0])
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
