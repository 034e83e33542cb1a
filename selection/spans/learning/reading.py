"""Texts as numbers of words: what training and prediction read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from scipy import sparse

from selection.core.arrays import Float32Array, IntArray
from selection.spans.learning.lexicon import Lexicon
from selection.spans.learning.word_features import START, STOP, FeatureNumbers
from selection.spans.text.tokens import words

KEPT_BYTES = 180 << 20  # of remembered scores of words: 300,000 words with seven labels
FIRST_WORDS = 4_096


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
    features: FeatureNumbers
    weights: Sequence[tuple[Any, Any]]

    def __post_init__(self) -> None:
        bytes_of_word = sum(4 * (own.shape[1] + ctx.shape[1]) for own, ctx in self.weights)
        self.most = KEPT_BYTES // max(bytes_of_word, 1)
        self._forget()

    def read(self, texts: Sequence[str]) -> Texts:
        """Return `texts` as tokens, and have scores of all their words at hand."""
        if len(self.numbers) > self.most:
            self._forget()
        found = number_words(texts, self.numbers)
        self._add(list(self.numbers)[self.n_scored :])
        return found

    def scores(self, layer: int) -> tuple[Float32Array, Float32Array]:
        """Return the scores of all words that came up."""
        own, context = self.tables[layer]
        return own[: self.n_scored], context[: self.n_scored]

    def _forget(self) -> None:
        self.numbers = WordNumbers()
        self.n_scored = 0
        self.tables = [(_rows(own, 0), _rows(context, 0)) for own, context in self.weights]

    def _add(self, words: list[str]) -> None:
        numbers = [self.features.of(word, self.lexicon) for word in words]
        own = _table([each for each, _ in numbers], self.weights[0][0])
        context = _table([each for _, each in numbers], self.weights[0][1])
        stop = self.n_scored + len(words)
        for layer, (own_weights, context_weights) in enumerate(self.weights):
            own_table, context_table = (_grown(each, stop) for each in self.tables[layer])
            own_table[self.n_scored : stop] = own @ own_weights
            context_table[self.n_scored : stop] = context @ context_weights
            self.tables[layer] = own_table, context_table
        self.n_scored = stop


def _rows(weights: Float32Array, n: int) -> Float32Array:
    return np.empty((n, weights.shape[1]), dtype=np.float32)


def _grown(table: Float32Array, n: int) -> Float32Array:
    """Return a table of at least `n` rows that begins with those of `table`.

    It doubles: to add each slice's words to all the words before takes longer than their scores.
    """
    if n <= len(table):
        return table
    found = _rows(table, max(n, 2 * len(table), FIRST_WORDS))
    found[: len(table)] = table
    return found


def _table(rows: Sequence[Sequence[int]], weights: Float32Array) -> Any:
    return feature_table(rows, len(weights)).astype(np.float32)
