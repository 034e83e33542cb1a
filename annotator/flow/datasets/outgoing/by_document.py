"""One record a document whose paragraphs are items: spans count from the start of the document.

A document of which a paragraph was removed cannot be put together; its paragraphs go out one by
one. So do texts that are whole.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from annotator.flow.datasets.outgoing import by_item
from annotator.flow.datasets.outgoing.choices import Choices
from annotator.flow.datasets.outgoing.records import About
from annotator.models import Item
from annotator.tasktypes.marks import Mark
from annotator.tasktypes.paragraphs import PLACE, place_of

Record = dict[str, Any]


def records(about: About, wanted: Choices) -> Iterator[Record]:
    """Yield a record per document, of which no paragraph is open unless these go out as well."""
    with_open = "unlabelled" in wanted.include
    every = tuple(dict.fromkeys((*wanted.include, "unlabelled")))
    found = by_item.records(about, replace(wanted, unit="item", include=every))
    for _document, parts in groupby(found, key=_document_of):
        rows = list(parts)
        together = [_joined(rows)] if _is_whole(rows) else list(map(_alone, rows))
        yield from (each for each in together if with_open or not each["open"])


def record(about: About, item: Item) -> Record:
    """Return the record of an item that is whole."""
    return _alone(by_item.record(about, item))


def _document_of(row: Record) -> Any:
    place = place_of(row["meta"])
    return row["item"] if place is None else place["document"]


def _is_open(row: Record) -> bool:
    return row["resolved_by"] is None


def _alone(row: Record) -> Record:
    return {**row, "open": int(_is_open(row)), "parts": []}


def _is_whole(rows: list[Record]) -> bool:
    """Return whether these are all the parts of a document, in order."""
    at = 0
    for number, row in enumerate(rows, start=1):
        place = place_of(row["meta"])
        if place is None or (place["number"], place["of"]) != (number, len(rows)):
            return False
        if place["start"] != at:
            return False
        at += len(row["text"])
    return True


def _joined(rows: list[Record]) -> Record:
    first = rows[0]
    starts = [row["meta"][PLACE]["start"] for row in rows]
    by = {row["resolved_by"] for row in rows} - {None}
    return {
        **first,
        "item": None,
        "key": first["meta"][PLACE]["document"],
        "text": "".join(row["text"] for row in rows),
        "meta": {name: value for name, value in first["meta"].items() if name != PLACE},
        "gold": None,
        "labels": [
            mark
            for row, start in zip(rows, starts, strict=True)
            for mark in _moved(row["labels"], start)
        ],
        **({"groups": _groups(rows)} if "groups" in first else {}),
        **({"prediction": None} if "prediction" in first else {}),
        "agreed": _agree(row["agreed"] for row in rows),
        "resolved_by": None if any(map(_is_open, rows)) else ", ".join(sorted(by)),
        "answers": [
            {**answer, "labels": _moved(answer["labels"], start)}
            for row, start in zip(rows, starts, strict=True)
            for answer in row["answers"]
        ],
        "skips": [skip for row in rows for skip in row["skips"]],
        "suggestion": None,
        "judged": None,
        "open": sum(map(_is_open, rows)),
        "parts": [row["key"] for row in rows],
    }


def _groups(rows: list[Record]) -> list[str]:
    return list(dict.fromkeys(group for row in rows for group in row["groups"]))


def _agree(agreed: Iterable[bool | None]) -> bool | None:
    """Return whether all parts with an answer are agreed; None without one."""
    known = [each for each in agreed if each is not None]
    return all(known) if known else None


def _moved(marks: list[Any], by: int) -> list[Mark]:
    return [Mark(mark[0] + by, mark[1] + by, *mark[2:]) for mark in marks]
