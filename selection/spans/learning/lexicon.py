"""The lexicon of a pool: its frequent words, grouped by the words that stand around them.

Directional contexts: the word two before, one before, one after and two after are four contexts of
their own, so that groups hold words of one role rather than of one topic.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from selection.core.arrays import AnyArray, Float32Array, IntArray, normalise_rows
from selection.diversity.clusters import k_means
from selection.spans.learning.sealing import pack_names, sealed, unpack_names, unsealed
from selection.spans.text.tokens import tokens

MAX_WORDS = 20_000
MAX_CONTEXTS = 3_000
MAX_TOKENS = 3_000_000
FEWEST = 3
OFFSETS = (-2, -1, 1, 2)
DIMENSIONS = 64
GROUPS = (50, 200, 1000)
CONTEXT_POWER = 0.75
FREQUENCY_SCALE = 1e-3
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Lexicon:
    """Words of a pool: vectors (W, d), groups (W, g) of each fineness, weights (W,) in a text."""

    words: tuple[str, ...]
    vectors: Float32Array
    members: IntArray
    weights: Float32Array
    index: dict[str, int] = field(repr=False, compare=False)
    names: tuple[tuple[str, ...], ...] = field(repr=False, compare=False)

    @classmethod
    def fit(cls, texts: Sequence[str], *, seed: int) -> Lexicon:
        """Return the lexicon of `texts`, a sample of the pool in random order."""
        rows = _read(texts)
        counts = Counter(word for row in rows for word in row)
        kept = sorted((w for w, n in counts.items() if n >= FEWEST), key=lambda w: (-counts[w], w))
        words = tuple(kept[:MAX_WORDS])
        vectors = _vectors(rows, {word: i for i, word in enumerate(words)}, seed)
        members = [k_means(vectors, k, seed).of for k in GROUPS] if vectors.shape[1] else []
        table = np.stack(members, axis=1) if members else np.zeros((len(words), 0), np.int64)
        share = np.array([counts[word] for word in words]) / max(counts.total(), 1)
        weights = (FREQUENCY_SCALE / (FREQUENCY_SCALE + share)).astype(np.float32)
        return cls.of(words, vectors, table, weights)

    @classmethod
    def of(
        cls,
        words: tuple[str, ...],
        vectors: Float32Array,
        members: IntArray,
        weights: Float32Array,
    ) -> Lexicon:
        """Return the lexicon of `words`, ready for look-ups."""
        names = tuple(
            tuple(f"c{column}={group}" for column, group in enumerate(row))
            for row in members.tolist()
        )
        return cls(
            words, vectors, members, weights, {word: i for i, word in enumerate(words)}, names
        )

    @classmethod
    def empty(cls) -> Lexicon:
        """Return a lexicon without words: a model with it reads the words alone."""
        none = np.zeros((0, 0), dtype=np.float32)
        return cls.of((), none, none.astype(np.int64), none.ravel())

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return the lexicon as arrays, with their checksum."""
        return sealed(
            {
                **pack_names("words", self.words),
                "vectors": self.vectors.astype(np.float16),
                "members": self.members.astype(np.int32),
                "weights": self.weights,
            }
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> Lexicon:
        """Return the lexicon that `to_arrays` described; ValueError if it is damaged."""
        checked = unsealed(arrays)
        words = unpack_names("words", checked)
        members = np.asarray(checked["members"], dtype=np.int64)
        vectors = np.asarray(checked["vectors"], dtype=np.float32)
        weights = np.asarray(checked["weights"], dtype=np.float32)
        if not len(words) == len(members) == len(vectors) == len(weights):
            raise ValueError("the arrays of the lexicon do not fit together")
        return cls.of(tuple(words), vectors, members, weights)

    def groups(self, word: str) -> tuple[str, ...]:
        """Return the names of the groups of a normalised word, none for an unknown one."""
        row = self.index.get(word)
        return () if row is None else self.names[row]

    def text_vectors(self, texts: Sequence[str]) -> Float32Array:
        """Return the weighed sums of the known words of `texts`, as rows of length 1 (n, d).

        Frequent words weigh less: a / (a + frequency), a = 1e-3 (Arora, Liang and Ma 2017).
        """
        weighed = self.vectors * self.weights[:, None]
        table = np.zeros((len(texts), self.vectors.shape[1]), dtype=np.float32)
        for number, text in enumerate(texts):
            words = [self.index.get(normalise(text[a:b]), -1) for a, b in tokens(text)]
            table[number] = weighed[[row for row in words if row >= 0]].sum(axis=0)
        return normalise_rows(table)


def normalise(word: str) -> str:
    """Return `word` in lower case, each digit as 0.

    >>> normalise("Apr3")
    'apr0'
    """
    lower = word.lower()
    return lower if lower.isalpha() else _DIGIT.sub("0", lower)


def _read(texts: Sequence[str]) -> list[list[str]]:
    rows, read = [], 0
    for text in texts:
        rows.append([normalise(text[a:b]) for a, b in tokens(text)])
        read += len(rows[-1])
        if read > MAX_TOKENS:
            break
    return rows


def _vectors(rows: list[list[str]], index: dict[str, int], seed: int) -> Float32Array:
    from sklearn.utils.extmath import randomized_svd

    size = len(index)
    if size < 2:
        return np.zeros((size, 0), dtype=np.float32)
    numbers = np.array([index.get(word, -1) for row in rows for word in row], dtype=np.int64)
    text = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    blocks = [_context_counts(numbers, text, size, offset) for offset in OFFSETS]
    pmi = _positive_pmi(sparse.hstack(blocks, format="csr"))
    if not pmi.nnz:
        return np.zeros((size, 0), dtype=np.float32)
    left, strengths, _ = randomized_svd(
        pmi, min(DIMENSIONS, size), n_iter=2, random_state=seed, power_iteration_normalizer="QR"
    )
    return normalise_rows(left * np.sqrt(strengths)).astype(np.float16).astype(np.float32)


def _context_counts(numbers: IntArray, text: IntArray, size: int, offset: int) -> Any:
    width = min(MAX_CONTEXTS, size)
    step = abs(offset)
    left, right = numbers[:-step], numbers[step:]
    word, context = (right, left) if offset < 0 else (left, right)
    real = (text[:-step] == text[step:]) & (word >= 0) & (context >= 0) & (context < width)
    ones = np.ones(int(real.sum()), dtype=np.float32)
    return sparse.coo_array((ones, (word[real], context[real])), shape=(size, width)).tocsr()


def _positive_pmi(counts: Any) -> Any:
    rows = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    columns = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel() ** CONTEXT_POWER
    columns /= max(columns.sum(), 1.0)
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    expected = rows[row] * columns[counts.indices]
    data = np.maximum(np.log(counts.data / expected), 0).astype(np.float32)
    pmi = sparse.csr_array((data, counts.indices, counts.indptr), shape=counts.shape)
    pmi.eliminate_zeros()
    return pmi
