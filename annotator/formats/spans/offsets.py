"""Offsets in code points, UTF-16 units or bytes of UTF-8: recognised, and converted.

Python counts code points, JavaScript UTF-16 units, and some programs bytes. The three differ after
the first character that one of them counts differently, so a file is recognised by all of it: one
row alone may fit by accident, and one that is wrong in itself fits no unit.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from annotator.formats.base import GivenSpan
from selection.core.scripts import BLANKLESS

CODE_POINTS, UTF_16, BYTES = "code points", "UTF-16 units", "bytes"
UNITS = (CODE_POINTS, UTF_16, BYTES)
# Spans of a text, in the unit of the file.
Sample = Iterable[tuple[str, Iterable[GivenSpan]]]
Convert = Callable[[int], int | None]
# As many times fewer spans have to be wrong in another unit than in code points.
FEWER = 3
# No letter of these tells where a word ends.
_BLANKLESS = re.compile(f"[{BLANKLESS}]")


def unit_of(sample: Sample) -> str:
    """Return the unit of the offsets; code points unless far more spans fit another one.

    A span fits if its quote is there, or, without one, if it neither begins nor ends within a word.
    """
    bad = dict.fromkeys(UNITS, 0)
    for text, spans in sample:
        if text.isascii():
            continue
        for span in spans:
            for unit in UNITS:
                bad[unit] += not _fits(text, span, unit)
    best = min(UNITS, key=lambda unit: bad[unit])
    return best if bad[best] * FEWER <= bad[CODE_POINTS] else CODE_POINTS


def seem_inclusive(sample: Sample) -> bool:
    """Return whether the ends seem to be the last character of a span, not the one after it.

    Most of them are within a word then, and nearly none would be one character later. Quotes need
    no such guess: they are compared.
    """
    n = inside = later = 0
    for text, spans in sample:
        for span in spans:
            if span.quote is None and 0 <= span.start <= span.end <= len(text):
                n += 1
                inside += _is_within_word(text, span.end)
                later += _is_within_word(text, span.end + 1)
    return inside * 2 > n and later * 10 <= n


def _fits(text: str, span: GivenSpan, unit: str) -> bool:
    start, end = (converter(text, unit)(offset) for offset in (span.start, span.end))
    if start is None or end is None or not 0 <= start < end <= len(text):
        return False
    if span.quote is not None:
        return text[start:end] == span.quote
    return not _is_within_word(text, start) and not _is_within_word(text, end)


def _is_within_word(text: str, place: int) -> bool:
    around = text[place - 1 : place + 1] if 0 < place < len(text) else ""
    return around.isalnum() and not _BLANKLESS.search(around)


@lru_cache(maxsize=64)
def converter(text: str, unit: str) -> Convert:
    """Return what makes code points of the unit's offsets; None for one within a character.

    Offsets beyond the text stay beyond it.
    """
    if unit == CODE_POINTS or text.isascii() or (unit == UTF_16 and max(text) <= "\uffff"):
        return lambda offset: offset
    places: dict[int, int] = {0: 0}
    total = 0
    for place, character in enumerate(text, start=1):
        total += _width(character, unit)
        places[total] = place

    def convert(offset: int) -> int | None:
        if offset > total:
            return len(text) + offset - total
        return places.get(offset, offset if offset < 0 else None)

    return convert


def _width(character: str, unit: str) -> int:
    if unit == UTF_16:
        return 2 if character > "\uffff" else 1
    return len(character.encode("utf-8", "surrogatepass"))
