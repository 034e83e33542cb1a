"""Spans that begin or end within a token, for formats whose spans keep to the borders of tokens."""

from collections.abc import Iterable, Sequence
from typing import Any

from annotator.formats.base import LEAVE_OUT, SHRINK, WIDEN

Border = tuple[int, int]
WAYS = (WIDEN, SHRINK, LEAVE_OUT)


def unaligned(marks: Iterable[Any], borders: Sequence[Border]) -> list[Any]:
    """Return the marks that begin or end elsewhere."""
    starts, ends = {start for start, _ in borders}, {end for _, end in borders}
    return [mark for mark in marks if mark[0] not in starts or mark[1] not in ends]


def fitted(mark: Any, borders: Sequence[Border], way: str) -> tuple[int, int] | None:
    """Return where a mark begins and ends at borders of tokens; None where it is left out."""
    start, end = mark[0], mark[1]
    if way == SHRINK:
        inside = [(a, b) for a, b in borders if a >= start and b <= end]
    else:
        inside = [(a, b) for a, b in borders if a < end and b > start]
    if not inside:
        return None
    found = inside[0][0], inside[-1][1]
    return None if way == LEAVE_OUT and found != (start, end) else found


def all_fitted(marks: Iterable[Any], borders: Sequence[Border], way: str) -> list[Any]:
    """Return the marks at borders of tokens, each once, in order."""
    found: dict[Any, None] = {}
    for mark in marks:
        place = fitted(mark, borders, way)
        if place is not None:
            found[(*place, mark[2])] = None
    return sorted(found, key=lambda each: (each[0], -each[1], each[2]))


def outermost(marks: Iterable[Any]) -> list[Any]:
    """Return the marks that a single layer without overlap can hold, the longest of a start."""
    found: list[Any] = []
    for mark in sorted(marks, key=lambda each: (each[0], -each[1], each[2])):
        if not found or found[-1][1] <= mark[0]:
            found.append(mark)
    return found
