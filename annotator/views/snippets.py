"""Excerpt of a long text around a search term."""

import re
from typing import Any

from annotator.i18n import folding
from annotator.models import Item

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
