"""Prodigy: decisions about texts; only what was accepted is a label."""

from collections.abc import Callable, Sequence
from typing import Any

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import Record, Tool, as_time, list_of, mapping_of, share

OWN = {"answer", "accept", "options", "label", "_input_hash", "_task_hash", "_timestamp"}
OWN |= {"_session_id", "_annotator_id", "_view_id", "meta", "tokens", "config"}
ANSWERS = {"accept", "reject", "ignore"}


def fits(sample: Sequence[Record]) -> bool:
    """Return whether most records are decisions."""
    return share(sample, _is_decision) > 0.5


def _is_decision(record: Record) -> bool:
    return record.get("answer") in ANSWERS and ("_input_hash" in record or "_task_hash" in record)


def reader(
    _sample: Sequence[Record], _wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of decisions."""
    return _given


def _given(record: Record) -> Given:
    fields = {name: value for name, value in record.items() if name not in OWN}
    fields |= mapping_of(record.get("meta"))
    decision = record.get("answer")
    if decision == "reject":
        # A label that was rejected says nothing about the others.
        fields["rejected"] = record.get("label") or record.get("accept") or True
        return Given(fields, labels=())
    kind = "skip" if decision == "ignore" else "answer"
    labels = tuple(_accepted(record)) if kind == "answer" else ()
    answer = GivenAnswer(
        labels,
        kind,
        annotator=str(record.get("_annotator_id") or record.get("_session_id") or ""),
        created_at=as_time(record.get("_timestamp")),
    )
    told = (answer,) if labels or kind == "skip" else ()
    return Given(fields, told, labels)


def _accepted(record: Record) -> list[Any]:
    if "accept" in record or "options" in record:
        return list_of(record.get("accept"))
    label = record.get("label")
    return label if isinstance(label, list) else [] if label is None else [label]


def _input(record: Record) -> Any:
    return record.get("_input_hash")


TOOL = Tool("prodigy", "Prodigy", fits, reader, _input)
