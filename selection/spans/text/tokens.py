"""Tokens of a text: what the model tags and what the page snaps to."""

from __future__ import annotations

import re
from functools import cache

from selection.core.scripts import BLANKLESS
from selection.spans.text.characters import (
    FLAG,
    INVISIBLE,
    JOINER,
    PREPENDED,
    conjuncts,
    mark_ranges,
    pictures,
)
from selection.spans.text.spans import Span

_SOFT_HYPHEN = "\u00ad"
_ASCII = re.compile(r"\w+|[^\w\s\x00-\x1f\x7f]")


def tokens(text: str) -> list[tuple[int, int]]:
    """Return start and end of each token of `text`, in code points.

    A word with its marks is a token; in scripts that write no blanks each visible character is one;
    so is each punctuation mark, symbol or emoji. White space, control and zero-width characters
    belong to none. No token begins or ends inside a visible character.

    >>> tokens("Ana (Lyon)")
    [(0, 3), (4, 5), (5, 9), (9, 10)]
    >>> tokens("北京 ok")
    [(0, 1), (1, 2), (3, 5)]
    """
    if text.isascii():
        return [found.span() for found in _ASCII.finditer(text)]
    return [found.span() for found in _pattern().finditer(text) if found.lastgroup]


def words(text: str) -> list[str]:
    """Return the tokens of `text` as strings: the same ones, in a third of the time.

    >>> words("Ana (Lyon)")
    ['Ana', '(', 'Lyon', ')']
    """
    if text.isascii():
        return _ASCII.findall(text)
    return [word for word in _pattern().findall(text) if word]


def snap(borders: list[tuple[int, int]], span: Span) -> Span | None:
    """Return `span` widened to the tokens that it touches, their `borders` in order; None for none.

    >>> snap([(0, 3), (4, 8)], (5, 6, "place"))
    (4, 8, 'place')
    """
    touched = [(a, b) for a, b in borders if a < span[1] and b > span[0]]
    return (touched[0][0], touched[-1][1], span[2]) if touched else None


@cache
def _pattern() -> re.Pattern[str]:
    marks, blankless = mark_ranges(), BLANKLESS
    letter = f"[{PREPENDED}]*[^\\W{blankless}{marks}]"
    word = f"{letter}(?:{letter}|[{marks}{JOINER}{_SOFT_HYPHEN}])*"
    extend = f"[{marks}{JOINER}]*"
    # A sign of its own last: a mark at the start of a text, or half of a flag.
    sign = f"[^\\w\\s{INVISIBLE}]"
    alone = f"(?:{conjuncts()}|[{blankless}]|[{FLAG}]{{2}}|{pictures()}|{sign}){extend}"
    # White space with a mark on it, or a sign before it, is one visible character and no token.
    return re.compile(
        f"[\\s{INVISIBLE}][{marks}{JOINER}]+|[{PREPENDED}]+(?=[\\s{INVISIBLE}])"
        f"|(?P<token>{word}|[{PREPENDED}]*{alone}|[{PREPENDED}]+)"
    )
