"""Tags of tokens: BIO2 and BIOES out; these, IOB1, BILOU and BMES in; a column for each layer."""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from annotator.formats.base import GivenSpan

Border = tuple[int, int]
OUTSIDE = "O"
BEGINS, ENDS = frozenset("BSUW"), frozenset("ESULW")


def split_at(borders: Iterable[Border], marks: Sequence[Any]) -> list[Border]:
    """Return tokens that also end where a mark begins or ends."""
    cuts = sorted({place for start, end, _label in marks for place in (start, end)})
    found: list[Border] = []
    for start, end in borders:
        inner = [cut for cut in cuts if start < cut < end]
        edges = [start, *inner, end]
        found += pairwise(edges)
    return found


def encode(borders: Sequence[Border], marks: Sequence[Any], *, ends: bool) -> list[str]:
    """Return the tag of each token by marks that do not overlap; with `ends`, BIOES."""
    tags = [OUTSIDE] * len(borders)
    for start, end, label in marks:
        rows = [row for row, (a, b) in enumerate(borders) if a < end and b > start]
        for place, row in enumerate(rows):
            tags[row] = f"{_sign(place, len(rows), ends)}-{label}"
    return tags


def _sign(place: int, size: int, ends: bool) -> str:
    if ends and size == 1:
        return "S"
    if ends and place == size - 1:
        return "E"
    return "I" if place else "B"


def decode(tags: Sequence[str], borders: Sequence[Border]) -> list[GivenSpan]:
    """Return the spans of tags of any scheme.

    A span begins at B, S, U or W, and where an I, M, E or L has another label before it; in IOB1,
    an I begins one.
    """
    found: list[GivenSpan] = []
    open_from, label = -1, ""
    last = 0
    for tag, (start, end) in zip(tags, borders, strict=True):
        sign, _dash, name = tag.partition("-")
        is_inside = tag != OUTSIDE and bool(name)
        goes_on = is_inside and sign not in BEGINS and name == label and open_from >= 0
        if open_from >= 0 and not goes_on:
            found.append(GivenSpan(open_from, last, label))
            open_from, label = -1, ""
        if is_inside and not goes_on:
            open_from, label = start, name
        last = end
        if is_inside and sign in ENDS:
            found.append(GivenSpan(open_from, last, label))
            open_from, label = -1, ""
    if open_from >= 0:
        found.append(GivenSpan(open_from, last, label))
    return found


def placed(words: Sequence[str], text: str) -> list[Border] | None:
    """Return where each token stands in the text; None if they do not follow one another."""
    borders, at = [], 0
    for word in words:
        start = text.find(word, at)
        # Only white space, and what has no width, is between tokens.
        if start < 0 or any(map(_is_seen, text[at:start])):
            return None
        at = start + len(word)
        borders.append((start, at))
    return borders


def _is_seen(character: str) -> bool:
    """Return whether a character has a width of its own: no white space, mark or control does."""
    return unicodedata.category(character)[0] not in "ZCM"


def is_tag(cell: str) -> bool:
    """Return whether a cell is a tag of any scheme."""
    return cell == OUTSIDE or (len(cell) > 2 and cell[1] == "-" and cell[0] in "BIMESLUW")
