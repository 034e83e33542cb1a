"""Excerpts of a long text: around a search term, or around its marks."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

from annotator.i18n import folding
from annotator.models import Item
from annotator.tasktypes.marks import Mark

LENGTH = 200
LINE = 160

# A piece of text, and whether it matches.
Piece = tuple[str, bool]


def excerpt(text: str, sought: str = "", length: int = LENGTH) -> list[Piece]:
    """Return some `length` characters of the text around the first match, matches separate.

    Each word of `sought` and each phrase in quotes matches.

    >>> excerpt("Win a prize!", "PRIZE")
    [('Win a ', False), ('prize', True), ('!', False)]
    >>> excerpt("one two three", "three", length=8)
    [('…', False), ('o ', False), ('three', True)]
    """
    words = sorted(folding.words(sought), key=len, reverse=True)
    hits = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    first = hits.search(text) if words else None
    start, stop = 0, length
    if first is not None and first.end() > length:
        # A quarter of the excerpt precedes the match.
        start = max(first.start() - length // 4, 0)
        stop = max(start + length, first.end())
    pieces = [("…", False)] if start else []
    pieces += _pieces(text[start:stop], hits if words else None)
    return [*pieces, ("…", False)] if stop < len(text) else pieces


def excerpts(item: Item, sought: str = "") -> list[tuple[str, list[Piece]]]:
    """Return the same of each text of an item that has several, by their names."""
    parts: Any = item.content or {}
    return [(name.upper(), excerpt(text, sought)) for name, text in parts.items()]


def line(text: str, parts: Any) -> str:
    """Return an item's text, or its several texts by their names, as one line for a table."""
    if not parts:
        return text[:LINE]
    most = LINE // len(parts)
    return " · ".join(f"{name.upper()}: {shortened(each, most)}" for name, each in parts.items())


def shortened(text: str, most: int) -> str:
    """Return the beginning of a text.

    >>> shortened("one two three", 7)
    'one two…'
    """
    return text if len(text) <= most else f"{text[:most]}…"


def _pieces(text: str, hits: re.Pattern[str] | None) -> list[Piece]:
    pieces, end = [], 0
    for hit in hits.finditer(text) if hits else ():
        pieces += [(text[end : hit.start()], False), (hit.group(), True)]
        end = hit.end()
    pieces.append((text[end:], False))
    return [piece for piece in pieces if piece[0]]


# Texts with marks ---------------------------------------------------------------------------------

# A text is shown whole up to this length; of a longer one, what stands around its marks.
WHOLE = 600
AROUND = 60
TONES = 8


class ShownMark(NamedTuple):
    """A mark as pages show it: what it is called, its label's place, and how it differs."""

    mark: Mark
    name: str
    place: int
    how: str = ""
    words: str = ""


class MarkedPiece(NamedTuple):
    """A piece of a text: the marks over it, the innermost last, and those that end with it."""

    text: str
    marks: tuple[ShownMark, ...] = ()
    ended: tuple[ShownMark, ...] = ()

    @property
    def tone(self) -> int:
        """Return the colour: that of the innermost mark."""
        return self.marks[-1].place % TONES

    @property
    def how(self) -> str:
        """Return how the innermost mark differs; empty where nothing is compared."""
        return self.marks[-1].how


def marked(text: str, marks: Iterable[ShownMark]) -> list[MarkedPiece]:
    """Return the text in pieces, cut at the borders of its marks; none without marks.

    >>> shown = [ShownMark(Mark(4, 6, "person"), "person", 0)]
    >>> [(each.text, len(each.marks)) for each in marked("See Li.", shown)]
    [('See ', 0), ('Li', 1), ('.', 0)]
    """
    shown = sorted(marks, key=lambda each: (each.mark.start, -each.mark.end))
    if not shown:
        return []
    places = {place for each in shown for place in (each.mark.start, each.mark.end)}
    borders = sorted({0, len(text), *places})
    found = []
    for start, end in pairwise(borders):
        over = tuple(each for each in shown if each.mark.start <= start and end <= each.mark.end)
        ended = tuple(each for each in reversed(over) if each.mark.end == end)
        piece = text[start:end]
        if not over and len(text) > WHOLE:
            piece = _between_marks(piece, is_first=start == 0, is_last=end == len(text))
        found.append(MarkedPiece(piece, over, ended))
    return found


def _between_marks(text: str, *, is_first: bool, is_last: bool) -> str:
    """Return what a reader needs of a text without marks: what is next to them."""
    before, after = "" if is_first else text[:AROUND], "" if is_last else text[-AROUND:]
    return text if len(text) <= 2 * AROUND else f"{before} … {after}"
