"""Features of a word: what the model knows of a token and of its neighbours."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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
    own = ["1", f"w={cut}", *shared, *_affixes(normal), *_trigrams(normal)]
    own += [f"n={_length(cut)}", *_flags(cut)]
    return WordFeatures(own, [*shared, f"-3={normal[-3:]}"])


class FeatureNumbers:
    """The numbers of those features of a word that a model knows, in the order of their names.

    A pool has far more words than a model has features, so the names are not put together first:
    `names` are kept by their kinds, what stands before the "=".

    >>> FeatureNumbers(("l=an", "s=x"), ()).of("An", Lexicon.empty())
    ([0], [])
    """

    def __init__(self, own: Sequence[str], context: Sequence[str]) -> None:
        self._own, self._context = (_Finders.of(names) for names in (own, context))

    def of(self, word: str, lexicon: Lexicon) -> tuple[list[int], list[int]]:
        """Return the numbers of the known features of `word`: its own, its neighbours'."""
        own, context = self._own, self._context
        if word in (START, STOP):
            return [], _known([context.lower(word)])
        cut = word[:MAX_LENGTH]
        normal, form = normalise(cut), shape(cut)
        groups = lexicon.groups(normal)
        found = [own.name("1"), own.word(cut), own.lower(normal), own.shape(form)]
        found += map(own.name, groups)
        for n in range(min(LONGEST_AFFIX, len(normal) - 1)):
            found += (own.starts[n](normal[: n + 1]), own.ends[n](normal[-n - 1 :]))
        found += map(own.three, _runs_of_three(normal))
        found.append(own.length(_length(cut)))
        found += map(own.name, _flags(cut))
        seen = [context.lower(normal), context.shape(form), *map(context.name, groups)]
        return _known(found), _known([*seen, context.ends[2](normal[-3:])])


_Find = Callable[[str], int | None]


class _Finders(NamedTuple):
    """What finds the number of a feature: by its whole name, or by its value for each kind."""

    name: _Find
    word: _Find
    lower: _Find
    shape: _Find
    three: _Find
    length: _Find
    starts: list[_Find]
    ends: list[_Find]

    @classmethod
    def of(cls, names: Sequence[str]) -> _Finders:
        kinds: dict[str, dict[str, int]] = {}
        for number, name in enumerate(names):
            # What a feature is of may have "=" itself, its kind has not.
            kind, _equals, value = name.partition("=")
            kinds.setdefault(kind, {})[value] = number
        word, lower, form, three, length = (kinds.get(kind, {}).get for kind in "wlsgn")
        affixes = range(1, LONGEST_AFFIX + 1)
        starts: list[_Find] = [kinds.get(f"+{n}", {}).get for n in affixes]
        ends: list[_Find] = [kinds.get(f"-{n}", {}).get for n in affixes]
        whole = {name: number for number, name in enumerate(names)}
        return cls(whole.get, word, lower, form, three, length, starts, ends)


def _known(numbers: list[int | None]) -> list[int]:
    return [number for number in numbers if number is not None]


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
    return [f"g={letters}" for letters in _runs_of_three(word)]


def _runs_of_three(word: str) -> list[str]:
    whole = f"{START}{word}{STOP}"
    return sorted({whole[i : i + 3] for i in range(len(whole) - 2)})


def _length(word: str) -> str:
    return str(min(len(word), 12))


def _flags(word: str) -> list[str]:
    found = []
    if _DIGIT.search(word):
        found.append("digit")
    if word[:1].isupper():
        found.append("title")
    if word.isupper():
        found.append("upper")
    return found
