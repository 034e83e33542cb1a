"""Prodigy: spans by code points, and the decision about them."""

from collections.abc import Callable, Sequence
from typing import Any

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.spans.parsing import answer_of
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import Record, Tool, as_time, mapping_of, share
from annotator.formats.tools.prodigy import ANSWERS, OWN
from annotator.formats.tools.prodigy import TOOL as CHOICES

MARKS = frozenset(("_input_hash", "_task_hash", "spans", "tokens"))


def fits(sample: Sequence[Record]) -> bool:
    """Return whether most records are decisions about texts."""
    return share(sample, _is_decision) > 0.5


def _is_decision(record: Record) -> bool:
    return record.get("answer") in ANSWERS and not MARKS.isdisjoint(record)


def reader(
    _sample: Sequence[Record], _wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of decisions."""
    return _given


def _given(record: Record) -> Given:
    fields = {name: value for name, value in record.items() if name not in OWN | {"spans"}}
    meta = mapping_of(record.get("meta"))
    apart = meta if "id" in record else {}
    fields = fields if apart else {**meta, **fields}
    about: dict[str, Any] = {
        "annotator": str(record.get("_annotator_id") or record.get("_session_id") or ""),
        "created_at": as_time(record.get("_timestamp")),
    }
    if record.get("answer") == "reject":
        # A proposal that was rejected says nothing of what is there.
        return Given({**fields, "rejected": True}, (), (), apart)
    if record.get("answer") == "ignore":
        return Given(fields, (GivenAnswer(kind="skip", **about),), (), apart)
    return Given(fields, (answer_of(record.get("spans") or [], **about),), (), apart)


TOOL = Tool("prodigy", "Prodigy", fits, reader, CHOICES.group)
