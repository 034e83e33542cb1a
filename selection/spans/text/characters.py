"""Visible characters (extended grapheme clusters): a border of a span never falls inside one.

A rule of Unicode (UAX 29) in the part that texts meet: combining marks, emoji with modifiers and
joiners, flags, Hangul syllables of several letters, conjuncts of consonants, and CR LF.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# Neither white space to Python nor anything that a reader sees; each stands for itself.
INVISIBLE = (
    "\x00-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
)
JOINER = "\u200d"
# Letters by category that nevertheless belong to the character before them.
_MORE_MARKS = "\u0e33\u0eb3\uff9e\uff9f\u200c\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
# No marks lie elsewhere; looking through all code points takes a second.
_BLOCKS = (range(0x300, 0x1F000), range(0xE0100, 0xE01F0))
PREPENDED = "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
FLAG = "\U0001f1e6-\U0001f1ff"
_HANGUL = (
    "(?:[\u1100-\u115f\ua960-\ua97c]+[\uac00-\ud7a3\u1160-\u11a7\ud7b0-\ud7c6]?"
    "|[\uac00-\ud7a3\u1160-\u11a7\ud7b0-\ud7c6])[\u1160-\u11ff\ud7b0-\ud7fb]*"
)


# Consonants that a sign between them joins: of Devanagari, Bengali, Gujarati, Oriya, Telugu,
# Malayalam, Burmese and Khmer (GB9c).
_CONSONANT = (
    "[\u0915-\u0939\u0958-\u095f\u0978-\u097f\u0995-\u09a8\u09aa-\u09b0\u09b2\u09b6-\u09b9\u09dc\u09dd"
    "\u09df\u09f0\u09f1\u0a95-\u0aa8\u0aaa-\u0ab0\u0ab2\u0ab3\u0ab5-\u0ab9\u0af9\u0b15-\u0b28"
    "\u0b2a-\u0b30\u0b32\u0b33\u0b35-\u0b39\u0b5c\u0b5d\u0b5f\u0b71\u0c15-\u0c28\u0c2a-\u0c39"
    "\u0c58-\u0c5a\u0d15-\u0d3a\u1000-\u102a\u103f\u1050-\u1055\u105a-\u105d\u1061\u1065\u1066"
    "\u106e-\u1070\u1075-\u1081\u108e\u1780-\u17b3]"
)
_LINKER = "[\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d\u1039\u17d2]"
_NON_JOINER = "\u200c"


@cache
def mark_ranges() -> str:
    """Return the inside of a regex class of all marks that extend the character before them.

    >>> import re
    >>> bool(re.match(f"[{mark_ranges()}]", chr(0x301)))
    True
    """
    marks = [c for block in _BLOCKS for c in block if unicodedata.category(chr(c))[0] == "M"]
    runs: list[list[int]] = []
    for code in marks:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(f"{chr(a)}-{chr(b)}" if a < b else chr(a) for a, b in runs) + _MORE_MARKS


def character_ends(text: str) -> list[int]:
    """Return where each visible character of `text` ends, in code points.

    >>> character_ends("e" + chr(0x301) + "!")
    [2, 3]
    """
    if text.isascii() and "\r" not in text:
        return list(range(1, len(text) + 1))
    return [found.end() for found in _cluster().finditer(text)]


def whole_characters(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the stretch widened to visible characters: half an emoji becomes the whole.

    >>> whole_characters("e" + chr(0x301) + "!", 1, 3)
    (0, 3)
    """
    borders = [0, *character_ends(text)]
    return (
        max((border for border in borders if border <= start), default=0),
        min((border for border in borders if border >= end), default=len(text)),
    )


@cache
def pictures() -> str:
    """Return the pattern of signs and emoji, joined ones as one.

    A joiner glues what follows only between such, never between letters.
    """
    marks = mark_ranges()
    picture = f"[^\\w\\s{marks}{JOINER}{FLAG}{PREPENDED}{INVISIBLE}]"
    return f"{picture}(?:[{marks}]*{JOINER}{picture})*"


@cache
def conjuncts() -> str:
    """Return the pattern of consonants that are joined by a sign between them."""
    between = f"(?:(?!{_NON_JOINER})[{mark_ranges()}{JOINER}])"
    # Each sign is looked at twice at most, however many there are in a row.
    return f"{_CONSONANT}(?:(?={between}*{_LINKER}){between}++{_CONSONANT})+"


@cache
def _cluster() -> re.Pattern[str]:
    extend = f"[{mark_ranges()}{JOINER}]"
    core = f"(?:[{FLAG}]{{2}}|{_HANGUL}|{conjuncts()}|{pictures()}|[^\r\n])"
    return re.compile(f"\r\n|[\r\n]|[{PREPENDED}]*{core}{extend}*|[{PREPENDED}]")
