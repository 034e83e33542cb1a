"""Prodigy: decisions about texts; only what was accepted is a label."""

from collections.abc import Callable, Sequence
from typing import Any

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import Record, Tool, as_time, list_of, mapping_of, share

OWN = {"answer", "accept", "options", "label", "_input_hash", "_task_hash", "_timestamp"}
OWN |= {"_session_id", "_annotator_id", "_view_id", "meta", "tokens", "config"}
PARTS = ("text", "a", "b", "image", "html")
ANSWERS = {"accept", "reject", "ignore"}
MARKS = frozenset(("_input_hash", "_task_hash", "accept", "options", "label"))


def fits(sample: Sequence[Record]) -> bool:
    """Return whether most records are decisions."""
    return share(sample, _is_decision) > 0.5


def _is_decision(record: Record) -> bool:
    # Some exports have no hashes; a rejected label is none all the same.
    return record.get("answer") in ANSWERS and not MARKS.isdisjoint(record)


def reader(
    _sample: Sequence[Record], _wanted: Columns, parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of decisions."""
    return lambda record: _given(record, parser)


def _given(record: Record, parser: LabelParser) -> Given:
    fields = {name: value for name, value in record.items() if name not in OWN}
    meta = mapping_of(record.get("meta"))
    # With an id of its own, a record has all that an item is outside of its metadata.
    apart = meta if "id" in record else {}
    fields = fields if apart else {**meta, **fields}
    decision = record.get("answer")
    if decision == "reject":
        # A label that was rejected says nothing about the others.
        fields["rejected"] = record.get("label") or record.get("accept") or True
        return Given(fields, labels=(), meta=apart)
    kind = "skip" if decision == "ignore" else "answer"
    labels = tuple(_accepted(record, parser)) if kind == "answer" else ()
    answer = GivenAnswer(
        labels,
        kind,
        annotator=str(record.get("_annotator_id") or record.get("_session_id") or ""),
        created_at=as_time(record.get("_timestamp")),
    )
    told = (answer,) if labels or kind == "skip" else ()
    return Given(fields, told, labels, apart)


def _accepted(record: Record, parser: LabelParser) -> list[Any]:
    if "accept" in record or "options" in record:
        accepted = list_of(record.get("accept"))
        return [_option(record, each, parser) for each in accepted]
    label = record.get("label")
    return label if isinstance(label, list) else [] if label is None else [label]


def _option(record: Record, accepted: Any, parser: LabelParser) -> Any:
    """Return the id of an option, or its text if only that is a label of the project."""
    if str(accepted) in parser:
        return accepted
    options = map(mapping_of, list_of(record.get("options")))
    texts = (each.get("text") for each in options if each.get("id") == accepted)
    return next((text for text in texts if isinstance(text, str) and text in parser), accepted)


def _input(record: Record) -> Any:
    # Hashes have 31 bits: of a million texts, hundreds share one.
    return record.get("_input_hash"), *(str(record.get(part)) for part in PARTS)


TOOL = Tool("prodigy", "Prodigy", fits, reader, _input)
