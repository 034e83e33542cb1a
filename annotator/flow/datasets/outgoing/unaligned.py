"""Spans that a format cannot hold as they are, before it goes out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from annotator.formats import Writer
from annotator.formats.spans import alignment

# How many records are looked through, and how many spans are listed.
MOST_RECORDS = 5_000
MOST_LISTED = 100


@dataclass
class Unaligned:
    """What of a format's records it holds otherwise. `is_all` if every record was looked at.

    `listed` are the first spans that begin or end within a token, as they are and as they would
    go out; `overlapping` counts those that go, as only one layer does.
    """

    records: int = 0
    spans: int = 0
    overlapping: int = 0
    is_all: bool = True
    listed: list[dict[str, Any]] = field(default_factory=list)


def find(records: Iterator[dict[str, Any]], writer: Writer, way: str) -> Unaligned | None:
    """Return what of the records does not fit; None for a format that holds all spans."""
    if writer.tokeniser is None:
        return None
    cut, found = writer.tokeniser(), Unaligned()
    for record in islice(records, MOST_RECORDS):
        found.records += 1
        if record["resolved_by"] is None:
            continue
        borders = cut(record["text"])
        for mark in alignment.unaligned(record["labels"], borders):
            found.spans += 1
            if len(found.listed) < MOST_LISTED:
                found.listed.append(_told(record, mark, alignment.fitted(mark, borders, way)))
        if writer.is_flat:
            marks = alignment.all_fitted(record["labels"], borders, way)
            found.overlapping += len(marks) - len(alignment.outermost(marks))
    found.is_all = next(records, None) is None
    return found


def _told(record: dict[str, Any], mark: Any, place: tuple[int, int] | None) -> dict[str, Any]:
    text, (start, end, label) = record["text"], mark
    becomes = None if place is None else {"start": place[0], "end": place[1]}
    if becomes is not None and place is not None:
        becomes["text"] = text[place[0] : place[1]]
    return {
        "item": record["item"],
        "key": record["key"],
        "start": start,
        "end": end,
        "label": label,
        "text": text[start:end],
        "becomes": becomes,
    }
