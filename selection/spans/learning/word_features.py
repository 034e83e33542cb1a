"""Features of a word: what the model knows of a token and of its neighbours."""

from __future__ import annotations

import re
from typing import NamedTuple

from selection.spans.learning.lexicon import Lexicon, normalise

START, STOP = "\x02", "\x03"  # stand before and after a text
LONGEST_AFFIX = 5
MAX_LENGTH = 40
_DIGIT = re.compile(r"\d")


class WordFeatures(NamedTuple):
    """Names of features of the token itself, and of those that its neighbours see."""

    own: list[str]
    context: list[str]


def word_features(word: str, lexicon: Lexicon) -> WordFeatures:
    """Return the features of `word` with its groups in `lexicon`."""
    if word in (START, STOP):
        return WordFeatures([], [f"l={word}"])
    cut = word[:MAX_LENGTH]
    normal = normalise(cut)
    shared = [f"l={normal}", f"s={shape(cut)}", *lexicon.groups(normal)]
    own = ["1", f"w={cut}", *shared, *_affixes(normal), *_trigrams(normal), *_flags(cut)]
    return WordFeatures(own, [*shared, f"-3={normal[-3:]}"])


def shape(word: str) -> str:
    """Return the pattern of a word: runs of upper, lower, digits and others.

    >>> shape("McDonald3-x"), shape("北")
    ('XxXx9-x', 'o')
    """
    # Most words of a pool take one of these ways, and a pool has many words.
    if word.isalpha() and word.islower():
        return "x"
    if word.isalpha() and word[1:].islower() and word[0].isupper():
        return "Xx"
    found: list[str] = []
    for letter in word:
        kind = _kind(letter)
        if not found or found[-1] != kind:
            found.append(kind)
    return "".join(found)


def _kind(letter: str) -> str:
    if letter.isupper():
        return "X"
    if letter.islower():
        return "x"
    if letter.isdigit():
        return "9"
    return "o" if letter.isalpha() else letter


def _affixes(word: str) -> list[str]:
    found = []
    for n in range(1, min(LONGEST_AFFIX, len(word) - 1) + 1):
        found += [f"+{n}={word[:n]}", f"-{n}={word[-n:]}"]
    return found


def _trigrams(word: str) -> list[str]:
    """Return the runs of three letters, borders included: parts of compounds and of terms."""
    whole = f"{START}{word}{STOP}"
    return sorted({f"g={whole[i : i + 3]}" for i in range(len(whole) - 2)})


def _flags(word: str) -> list[str]:
    found = [f"n={min(len(word), 12)}"]
    if _DIGIT.search(word):
        found.append("digit")
    if word[:1].isupper():
        found.append("title")
    if word.isupper():
        found.append("upper")
    return found
