"""Subword vectors fitted on the pool: words with common letters are close (refund, refunds)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from selection.core.arrays import AnyArray, Float32Array, normalise_rows
from selection.features.text.lsa import principal_directions
from selection.features.text.tokenize import is_blankless

DIMENSIONS = 256
LENGTHS = (2, 3, 4, 5)  # letters in a row, the word's two ends included
MAX_WORDS = 30_000
MAX_PIECES = 30_000
MAX_TEXTS = 5_000
NEEDED = 3  # texts that a piece must be in


@dataclass(frozen=True)
class Subwords:
    """A vector (W, d) for each of the W most frequent words, learnt from the pieces it is made of.

    Latent semantic analysis of the runs of 2 to 5 letters inside words (Deerwester et al. 1990 on
    character n-grams): each piece gets a vector, a word the weighed sum of its pieces. As a text is
    the sum of its words, one product gives its vector, at the price of a word vector.
    """

    vectors: Float32Array

    @classmethod
    def fit(cls, words: Sequence[str], counts: Any, *, seed: int) -> Subwords:
        """Return the vectors of `words`, from texts given as their `counts` (n, V), V >= W."""
        pieces = _pieces(words[:MAX_WORDS])
        texts = _of_words(counts[:MAX_TEXTS], len(words[:MAX_WORDS])) @ pieces
        found = np.bincount(texts.indices, minlength=pieces.shape[1])
        kept = np.flatnonzero(found >= min(NEEDED, texts.shape[0]))
        kept = np.sort(kept[np.argsort(-found[kept], kind="stable")][:MAX_PIECES])
        weight = np.log((1 + texts.shape[0]) / (1 + found[kept])) + 1
        directions = principal_directions(_weighed(texts[:, kept], weight), DIMENSIONS, seed=seed)
        vectors = pieces[:, kept] @ (directions * weight[:, None])
        return cls(np.asarray(vectors, dtype=np.float32))

    def project(self, counts: Any) -> Float32Array:
        """Return texts given as word `counts` (n, V) as rows of length 1 (n, d)."""
        return normalise_rows(_of_words(counts, len(self.vectors)) @ self.vectors)

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return the fitted state as arrays."""
        return {"subword_vectors": self.vectors}

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> Subwords:
        """Return what `to_arrays` described."""
        return cls(np.asarray(arrays["subword_vectors"]))


def _pieces(words: Sequence[str]) -> Any:
    index: dict[str, int] = {}
    columns: list[int] = []
    ends = np.zeros(len(words) + 1, dtype=np.int64)
    for i, word in enumerate(words):
        # In scripts without spaces, a "word" is a pair of characters already.
        if not is_blankless(word):
            framed = f" {word} "
            for length in LENGTHS:
                for start in range(len(framed) - length + 1):
                    piece = framed[start : start + length]
                    columns.append(index.setdefault(piece, len(index)))
        ends[i + 1] = len(columns)
    ones = np.ones(len(columns), dtype=np.float32)
    shape = (len(words), len(index))
    pieces = sparse.csr_array((ones, np.array(columns, dtype=np.int64), ends), shape=shape)
    pieces.sum_duplicates()
    return pieces


def _of_words(counts: Any, n_words: int) -> Any:
    words = sparse.csr_array(counts[:, :n_words])
    return sparse.csr_array(
        ((1 + np.log(words.data)).astype(np.float32), words.indices, words.indptr),
        shape=words.shape,
    )


def _weighed(texts: Any, weight: AnyArray) -> Any:
    data = (1 + np.log(np.maximum(texts.data, 1.0))) * weight[texts.indices]
    rows = np.repeat(np.arange(texts.shape[0]), np.diff(texts.indptr))
    lengths = np.sqrt(np.bincount(rows, weights=data**2, minlength=texts.shape[0]))
    data = (data / lengths[rows]).astype(np.float32)
    return sparse.csr_array((data, texts.indices, texts.indptr), shape=texts.shape)
