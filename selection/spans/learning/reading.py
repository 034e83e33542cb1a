"""Texts as numbers of words: what training and prediction read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from scipy import sparse

from selection.core.arrays import Float32Array, IntArray
from selection.spans.learning.lexicon import Lexicon
from selection.spans.learning.word_features import START, STOP, WordFeatures, word_features
from selection.spans.text.tokens import words

MAX_KEPT = 300_000  # words whose scores are remembered: 170 MB with seven labels


class WordNumbers(dict[str, int]):
    """Numbers of words, given in the order in which they come up; 0 and 1 are the edges of texts.

    >>> numbers = WordNumbers()
    >>> numbers["a"], numbers["b"], numbers["a"]
    (2, 3, 2)
    """

    def __init__(self) -> None:
        super().__init__({START: 0, STOP: 1})

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number


@dataclass(frozen=True)
class Texts:
    """Texts as tokens: their `words` (N,) by number, and `lengths` (n,) in tokens."""

    texts: Sequence[str]
    words: IntArray
    lengths: IntArray


def number_words(texts: Sequence[str], numbers: WordNumbers) -> Texts:
    """Return `texts` as tokens; words that `numbers` does not hold are added to it.

    >>> number_words(["a b a"], WordNumbers()).words
    array([2, 3, 2])
    """
    found = [list(map(numbers.__getitem__, words(text))) for text in texts]
    lengths = np.array([len(each) for each in found], dtype=np.int64)
    flat = np.fromiter(chain.from_iterable(found), dtype=np.int64, count=int(lengths.sum()))
    return Texts(texts, flat, lengths)


def feature_table(rows: Sequence[Sequence[int]], width: int) -> Any:
    """Return rows of feature numbers as a CSR table of ones (n, width)."""
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.array([column for row in rows for column in row], dtype=np.int32)
    return sparse.csr_array((np.ones(len(columns)), columns, ends), shape=(len(rows), width))


@dataclass
class WordScores:
    """Scores of words as they come up: `own` (V, T) and `context` (V, 4 T) of one layer each.

    A word is the same wherever it stands, so its features are looked up once and not at each token.
    """

    lexicon: Lexicon
    own_index: Mapping[str, int]
    context_index: Mapping[str, int]
    weights: Sequence[tuple[Any, Any]]

    def __post_init__(self) -> None:
        self._forget()

    def read(self, texts: Sequence[str]) -> Texts:
        """Return `texts` as tokens, and have scores of all their words at hand."""
        if len(self.numbers) > MAX_KEPT:
            self._forget()
        found = number_words(texts, self.numbers)
        self._add(list(self.numbers)[self.n_scored :])
        return found

    def scores(self, layer: int) -> tuple[Float32Array, Float32Array]:
        """Return the scores of all words that came up."""
        own, context = self.parts[layer]
        if len(own) > 1:
            self.parts[layer] = [np.concatenate(own)], [np.concatenate(context)]
        return self.parts[layer][0][0], self.parts[layer][1][0]

    def _forget(self) -> None:
        self.numbers = WordNumbers()
        self.n_scored = 0
        self.parts: list[tuple[list[Float32Array], list[Float32Array]]] = [
            ([], []) for _ in self.weights
        ]

    def _add(self, words: list[str]) -> None:
        named = [word_features(word, self.lexicon) for word in words]
        own = _known(named, self.own_index, lambda each: each.own)
        context = _known(named, self.context_index, lambda each: each.context)
        for (own_parts, context_parts), (own_weights, context_weights) in zip(
            self.parts, self.weights, strict=True
        ):
            own_parts.append(np.asarray(own @ own_weights, dtype=np.float32))
            context_parts.append(np.asarray(context @ context_weights, dtype=np.float32))
        self.n_scored += len(words)


def _known(
    named: Sequence[WordFeatures],
    index: Mapping[str, int],
    part: Callable[[WordFeatures], list[str]],
) -> Any:
    find = index.get
    rows = [[number for name in part(each) if (number := find(name)) is not None] for each in named]
    table = feature_table(rows, len(index))
    return table.astype(np.float32)
