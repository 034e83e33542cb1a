"""Stored messages of workers, translated into the reader's language.

A worker has no reader, so the sentences that it stores (why an item was selected, why a row was
rejected, how a round failed) are English. They are matched here against the msgids of the
catalogue, and formatted again in the reader's language with the same names and numbers. Text
without a translation, such as a driver's error message, stays as it is.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.utils.translation import get_language, gettext, trans_real

HOLE = re.compile(r"%\((\w+)\)[sd]|%(?:s|d)")
# A msgid with less fixed text might match where it does not belong.
FEWEST_LETTERS = 8


def translated(stored: str) -> str:
    """Return one or several stored sentences in the language of the current request."""
    language = get_language()
    if not stored or language in (None, settings.LANGUAGE_CODE):
        return stored
    return _in(language, stored)


@lru_cache(maxsize=4096)
def _in(language: str | None, stored: str) -> str:
    whole = gettext(stored)
    if whole != stored:
        return whole
    for known in _known(language or ""):
        found = known.pattern.fullmatch(stored) if known.piece in stored else None
        if found is not None:
            before, *values = found.groups()
            said = known.said(values)
            return f"{_in(language, before)} {said}" if before else said
    return stored


@dataclass(frozen=True)
class Known:
    """A msgid with placeholders for names and numbers."""

    msgid: str
    # The longest fixed piece: most msgids can be ruled out by it alone.
    piece: str
    pattern: re.Pattern[str]

    def said(self, values: list[str]) -> str:
        """Return the text in the current language with these values filled in."""
        words = HOLE.sub(lambda hole: f"%({hole[1]})s" if hole[1] else "%s", gettext(self.msgid))
        names = [hole[1] for hole in HOLE.finditer(self.msgid)]
        return words % (dict(zip(names, values, strict=True)) if all(names) else tuple(values))


@lru_cache(maxsize=8)
def _known(language: str) -> list[Known]:
    """Return the msgids with placeholders, those with the most fixed text first."""
    msgids = {
        msgid
        for msgid in trans_real.translation(language)._catalog.keys()  # type: ignore[attr-defined]  # noqa: SIM118
        # The catalogue stores a plural form as a tuple of msgid and number.
        if isinstance(msgid, str) and HOLE.search(msgid) and is_recognisable(msgid)
    }
    # Of two with as much, the same one in every process; one that begins with a name goes first.
    ordered = sorted(msgids, key=lambda msgid: (-len(_fixed(msgid)), msgid))
    return [_as_known(msgid) for msgid in ordered]


def is_recognisable(msgid: str) -> bool:
    """Return whether the msgid has enough fixed text to be recognised in a sentence."""
    return sum(letter.isalpha() for letter in _fixed(msgid)) >= FEWEST_LETTERS


def _fixed(msgid: str) -> str:
    return HOLE.sub("", msgid)


def _as_known(msgid: str) -> Known:
    holes = [r"(-?\d+)" if hole[0].endswith("d") else "(.*?)" for hole in HOLE.finditer(msgid)]
    pieces = [piece.replace("%%", "%") for piece in HOLE.sub("\0", msgid).split("\0")]
    body = re.escape(pieces[0]) + "".join(
        hole + re.escape(piece) for hole, piece in zip(holes, pieces[1:], strict=True)
    )
    # Another sentence, or a file name, may precede it.
    pattern = re.compile(rf"(?:(.*?[.!?:]) )?{body}", re.DOTALL)
    return Known(msgid, max(pieces, key=len), pattern)
