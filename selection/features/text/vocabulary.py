"""Vocabulary and counts of words and bigrams, stored as arrays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from selection.core.arrays import BLOCK, AnyArray, IntArray
from selection.features.text.tokenize import tokenise

MAX_WORDS = 40_000
MAX_PAIRS = 60_000
SMALL_POOL = 200  # below this every word is kept: there are too few texts to demand repeats


class Stream(NamedTuple):
    """Word numbers of many texts in a row (-1 = unknown), and the text each belongs to."""

    words: IntArray
    word_docs: IntArray
    marks: IntArray
    mark_docs: IntArray


@dataclass(frozen=True)
class Vocabulary:
    """The words (most frequent first) and the pairs of neighbouring words that are counted.

    Columns are the words, then the pairs. A pair is stored as `first * len(words) + second`, so
    that looking up a million pairs is one binary search over an array instead of a million
    joined strings.
    """

    words: tuple[str, ...]
    pairs: IntArray
    index: dict[str, int] = field(repr=False, compare=False)

    @classmethod
    def fit(cls, docs: Sequence[str]) -> Vocabulary:
        """Return the vocabulary of `docs`: what at least two texts use, capped by frequency.

        >>> Vocabulary.fit(["a b", "a b"]).words
        ('a', 'b')
        """
        found: defaultdict[str, int] = defaultdict()
        found.default_factory = found.__len__
        stream = _read(docs, found)
        needed = 1 if len(docs) < SMALL_POOL else 2
        kept, renumbered = _frequent(stream, len(found), needed)
        tokens = list(found)
        words = tuple(tokens[i] for i in kept)
        return cls.of(words, _frequent_pairs(renumbered, len(words), needed))

    @classmethod
    def of(cls, words: tuple[str, ...], pairs: IntArray) -> Vocabulary:
        """Return the vocabulary over `words` and sorted `pairs`."""
        return cls(words, pairs, {word: i for i, word in enumerate(words)})

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.words) + len(self.pairs)

    def read(self, docs: Sequence[str]) -> Stream:
        """Return `docs` as word numbers, -1 for words that are not in the vocabulary."""
        return _read(docs, self.index)

    def count(self, docs: Sequence[str]) -> Any:
        """Return how often each text has each column: float32 CSR (n, width).

        >>> Vocabulary.fit(["a b", "a b"]).count(["a a b"]).toarray()
        array([[2., 1., 1.]], dtype=float32)
        """
        starts = range(0, len(docs), BLOCK)
        blocks = [self._count_block(docs[start : start + BLOCK]) for start in starts]
        if not blocks:
            return sparse.csr_array((0, self.width), dtype=np.float32)
        return sparse.csr_array(sparse.vstack(blocks, format="csr"))

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return the vocabulary as arrays: words as UTF-8 bytes and offsets."""
        encoded = [word.encode(errors="surrogatepass") for word in self.words]
        ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        letters = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        return {"word_bytes": letters, "word_ends": ends, "pairs": self.pairs}

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> Vocabulary:
        """Return the vocabulary that `to_arrays` described."""
        letters = np.asarray(arrays["word_bytes"]).tobytes()
        ends = np.asarray(arrays["word_ends"]).tolist()
        words = tuple(
            letters[start:end].decode(errors="surrogatepass") for start, end in pairwise(ends)
        )
        return cls.of(words, np.asarray(arrays["pairs"]))

    def _count_block(self, docs: Sequence[str]) -> Any:
        stream = self.read(docs)
        first, second, pair_docs = _neighbours(stream)
        codes = first * len(self.words) + second
        places = np.searchsorted(self.pairs, codes)
        hit = places < len(self.pairs)
        hit[hit] = self.pairs[places[hit]] == codes[hit]
        columns = np.concatenate([stream.words, stream.marks, places[hit] + len(self.words)])
        rows = np.concatenate([stream.word_docs, stream.mark_docs, pair_docs[hit]])
        return _tally(rows[columns >= 0], columns[columns >= 0], (len(docs), self.width))


def _read(docs: Sequence[str], index: Mapping[str, int]) -> Stream:
    words: list[int] = []
    marks: list[int] = []
    word_counts = np.zeros(len(docs), dtype=np.int64)
    mark_counts = np.zeros(len(docs), dtype=np.int64)
    # An index being fitted assigns new numbers; a fixed one returns -1.
    growing = isinstance(index, defaultdict)
    for i, doc in enumerate(docs):
        tokens = tokenise(doc)
        word_counts[i], mark_counts[i] = len(tokens.words), len(tokens.marks)
        if growing:
            words.extend(map(index.__getitem__, tokens.words))
            marks.extend(map(index.__getitem__, tokens.marks))
        else:
            words.extend([index.get(word, -1) for word in tokens.words])
            marks.extend([index.get(mark, -1) for mark in tokens.marks])
    numbers = np.arange(len(docs), dtype=np.int64)
    return Stream(
        np.array(words, dtype=np.int64),
        np.repeat(numbers, word_counts),
        np.array(marks, dtype=np.int64),
        np.repeat(numbers, mark_counts),
    )


def _tally(rows: IntArray, columns: IntArray, shape: tuple[int, int]) -> Any:
    codes, counts = np.unique(rows * shape[1] + columns, return_counts=True)
    per_row = np.bincount(codes // max(shape[1], 1), minlength=shape[0])
    indptr = np.concatenate([[0], np.cumsum(per_row)]).astype(np.int32)
    indices = (codes % max(shape[1], 1)).astype(np.int32)
    return sparse.csr_array((counts.astype(np.float32), indices, indptr), shape=shape)


def _neighbours(stream: Stream) -> tuple[IntArray, IntArray, IntArray]:
    first, second = stream.words[:-1], stream.words[1:]
    docs = stream.word_docs[:-1]
    real = (docs == stream.word_docs[1:]) & (first >= 0) & (second >= 0)
    return first[real], second[real], docs[real]


def _frequent(stream: Stream, size: int, needed: int) -> tuple[IntArray, Stream]:
    rows = np.concatenate([stream.word_docs, stream.mark_docs])
    columns = np.concatenate([stream.words, stream.marks])
    seen = np.unique(rows * max(size, 1) + columns) % max(size, 1)
    texts = np.bincount(seen, minlength=size)
    kept = np.flatnonzero(texts >= needed)
    # Stable: equally frequent words stay in the order in which they were met.
    kept = kept[np.argsort(-texts[kept], kind="stable")][:MAX_WORDS]
    number = np.full(size, -1, dtype=np.int64)
    number[kept] = np.arange(len(kept))
    renumbered = stream._replace(words=number[stream.words], marks=number[stream.marks])
    return kept, renumbered


def _frequent_pairs(stream: Stream, size: int, needed: int) -> IntArray:
    first, second, docs = _neighbours(stream)
    codes, numbers = np.unique(first * max(size, 1) + second, return_inverse=True)
    seen = np.unique(docs * max(len(codes), 1) + numbers) % max(len(codes), 1)
    texts = np.bincount(seen, minlength=len(codes))
    kept = np.flatnonzero(texts >= needed)
    best = np.argsort(-texts[kept], kind="stable")[:MAX_PAIRS]
    return np.sort(codes[kept[best]])
