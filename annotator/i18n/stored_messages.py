"""Stored messages of workers, translated into the reader's language.

A worker speaks to nobody in particular, so the sentences that it stores (why an item was picked,
why a row was rejected, how a round failed) are English, whoever reads them later. They are
recognised here by the texts of the catalogue that they were made from, and said again with the same
names and numbers. What nobody translated, such as the words of a driver, stays as it is.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.utils.translation import get_language, gettext, trans_real

HOLE = re.compile(r"%\((\w+)\)[sd]|%(?:s|d)")
# A text with less to hold on to than this might be found where it does not belong.
FEWEST_LETTERS = 8


def translated(stored: str) -> str:
    """Return a stored sentence, or a few of them, in the language of the current request."""
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
    """A text of the catalogue with holes for names and numbers."""

    msgid: str
    # The longest of its fixed pieces: most texts can be ruled out by it alone.
    piece: str
    pattern: re.Pattern[str]

    def said(self, values: list[str]) -> str:
        """Return the text in the current language with these values in its holes."""
        words = HOLE.sub(lambda hole: f"%({hole[1]})s" if hole[1] else "%s", gettext(self.msgid))
        names = [hole[1] for hole in HOLE.finditer(self.msgid)]
        return words % (dict(zip(names, values, strict=True)) if all(names) else tuple(values))


@lru_cache(maxsize=8)
def _known(language: str) -> list[Known]:
    """Return the texts with holes, those first that have the most to be recognised by."""
    msgids = {
        msgid
        for msgid in trans_real.translation(language)._catalog.keys()  # type: ignore[attr-defined]  # noqa: SIM118
        # A text that depends on a number is kept together with the number, as a tuple.
        if isinstance(msgid, str) and HOLE.search(msgid) and is_recognisable(msgid)
    }
    return [_as_known(msgid) for msgid in sorted(msgids, key=lambda msgid: -len(_fixed(msgid)))]


def is_recognisable(msgid: str) -> bool:
    """Tell whether the text has enough of its own to be found again with its holes filled."""
    return sum(letter.isalpha() for letter in _fixed(msgid)) >= FEWEST_LETTERS


def _fixed(msgid: str) -> str:
    return HOLE.sub("", msgid)


def _as_known(msgid: str) -> Known:
    holes = [r"(-?\d+)" if hole[0].endswith("d") else "(.*?)" for hole in HOLE.finditer(msgid)]
    pieces = [piece.replace("%%", "%") for piece in HOLE.sub("\0", msgid).split("\0")]
    body = re.escape(pieces[0]) + "".join(
        hole + re.escape(piece) for hole, piece in zip(holes, pieces[1:], strict=True)
    )
    # Another sentence, or the name of a file, may come before it.
    pattern = re.compile(rf"(?:(.*?[.!?:]) )?{body}", re.DOTALL)
    return Known(msgid, max(pieces, key=len), pattern)
