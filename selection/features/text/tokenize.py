"""Tokens of a text: words, or character pairs in scripts without spaces.

Chinese, Japanese, Thai, Lao, Khmer and Burmese write no spaces between words. A run of such
characters becomes its overlapping pairs ("大家好" -> "大家", "家好"), which stand in for words, and
the single characters on the side.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from selection.core.scripts import BLANKLESS

MAX_CHARACTERS = 20_000  # of one text: a pasted book must not stall a worker
MAX_SAMPLE = 4_000_000  # tokens that teach an encoder: 30,000 reports would fill a gigabyte
MAX_TOKEN = 40  # characters; longer ones are addresses or debris, their beginning says enough

# Lists the characters that end a word, because `\w` splits words of Indic scripts at every vowel
# sign.
_ENDS = (
    r"\s\x00-\x1f!-/:-@\[-`{-\xbf\u2000-\u200b\u200e-\u206f\u20a0-\u20cf"
    r"\u3000-\u303f\ufe30-\ufe4f\uff00-\uff0f"
)
_TOKEN = re.compile(f"[{BLANKLESS}]+|[^{_ENDS}{BLANKLESS}]+")
_WORD = re.compile(r"[^\s\x00-/:-@\[-`{-\x7f]+")
_MARK = re.compile("[!?$%£€¥#@]")
_RUN = re.compile(f"[{BLANKLESS}]")
_DIGIT = re.compile(r"\d")


class Tokens(NamedTuple):
    """The tokens of one text in order, and marks or characters that only count as a bag."""

    words: list[str]
    marks: list[str]


def tokenise(text: str) -> Tokens:
    """Return the tokens of `text`, lower-cased, digits shown as 0, at most 40 characters long.

    Digits lose their value because "0870 1234567" and "0870 7654321" teach the same.

    >>> tokenise("Win £500 now!")
    Tokens(words=['win', '000', 'now'], marks=['£', '!'])
    >>> tokenise("大家好")
    Tokens(words=['大家', '家好'], marks=['大', '家', '好'])
    """
    clean = text[:MAX_CHARACTERS].lower()
    marks = _MARK.findall(clean)
    if clean.isascii():
        return Tokens(_shaped(_WORD.findall(clean)), marks)
    clean = unicodedata.normalize("NFKC", clean)
    return _split_runs(_shaped(_TOKEN.findall(clean)), marks)


def within_budget(docs: Sequence[str]) -> Sequence[str]:
    """Return the first texts of `docs`, about 4 million tokens of them: all of an ordinary sample.

    >>> len(within_budget(["word"] * 10))
    10
    """
    budget = float(MAX_SAMPLE)
    for i, doc in enumerate(docs):
        characters = min(len(doc), MAX_CHARACTERS)
        # Three bytes per character: most likely a script without spaces, with two tokens each.
        dense = len(doc[:100].encode(errors="replace")) > 2.5 * min(len(doc), 100)
        budget -= characters * 2 if dense else characters / 5
        if budget < 0 and i:
            return docs[:i]
    return docs


def is_blankless(word: str) -> bool:
    """Return whether `word` comes from a script that writes no blanks between words.

    >>> is_blankless("大家"), is_blankless("all")
    (True, False)
    """
    return _RUN.match(word) is not None


def _shaped(words: list[str]) -> list[str]:
    return [
        (word if word.isalpha() else _DIGIT.sub("0", word))
        if len(word) <= MAX_TOKEN
        else word[:MAX_TOKEN]
        for word in words
    ]


def _split_runs(words: list[str], marks: list[str]) -> Tokens:
    split: list[str] = []
    for word in words:
        if len(word) > 1 and is_blankless(word):
            split.extend(word[i : i + 2] for i in range(len(word) - 1))
            marks.extend(word)
        else:
            split.append(word)
    return Tokens(split, marks)
