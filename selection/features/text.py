"""Text encoders: one that is ready at once, and a richer one that takes over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from selection.arrays import BLOCK, AnyArray, Float32Array, normalise_rows
from selection.features.latent import Latent
from selection.features.matrix import Features
from selection.features.tfidf import Tfidf
from selection.features.tokens import within_budget
from selection.features.wordvectors import WordVectors
from selection.hashing import hash_bits

SKETCH = 128
SKETCH_WEIGHT = 0.02  # the model learns on all columns, and should not learn from this blur
QUICK_SAMPLE = 10_000  # texts that teach the quick vocabulary: labelling waits for it


@dataclass(frozen=True)
class TextQuick:
    """TF-IDF alone, and a sketch of it in which diversity is measured.

    The sketch adds each column, with a random sign, into one of 128 (count sketch, Charikar,
    Chen and Farach-Colton 2002): distances survive on average, and only a seed is stored.
    """

    tfidf: Tfidf
    seed: int

    @classmethod
    def fit(cls, docs: Sequence[str], *, seed: int) -> TextQuick:
        """Return the encoder that the sample `docs` teaches; about 1 s for 20,000 short texts.

        >>> len(TextQuick.fit(["good", "bad"], seed=0).transform(["good", ""]))
        2
        """
        return cls(Tfidf.fit(within_budget(docs[:QUICK_SAMPLE]))[0], seed)

    def transform(self, docs: Sequence[str]) -> Features:
        """Return TF-IDF (n, V) and its sketch (n, 128)."""
        X = self.tfidf.weigh(self.tfidf.vocabulary.count(docs))
        faint = SKETCH_WEIGHT * normalise_rows(_sketch(X, self.seed))
        return Features(X, faint.astype(np.float32), (0, SKETCH))

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return what was learnt as arrays."""
        return {**self.tfidf.to_arrays(), "seed": np.array([self.seed], dtype=np.int64)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> TextQuick:
        """Return the encoder that `to_arrays` described."""
        return cls(Tfidf.from_arrays(arrays), int(arrays["seed"][0]))


@dataclass(frozen=True)
class Text:
    """TF-IDF, its latent directions and the word vectors of the pool, side by side.

    Diversity is measured in the word vectors: there two texts are near when they mean similar
    things, even if they share no word.
    """

    tfidf: Tfidf
    latent: Latent
    words: WordVectors

    @classmethod
    def fit(cls, docs: Sequence[str], *, seed: int) -> Text:
        """Return the encoder that the sample `docs` (random order) teaches.

        >>> len(Text.fit(["good", "bad"], seed=0).transform(["good", ""]))
        2
        """
        sample = within_budget(docs)
        tfidf, counts = Tfidf.fit(sample)
        latent = Latent.fit(tfidf.weigh(counts), seed=seed)
        stream = tfidf.vocabulary.read(sample)
        words = WordVectors.fit(stream, counts, len(tfidf.vocabulary.words), seed=seed)
        return cls(tfidf, latent, words)

    def transform(self, docs: Sequence[str]) -> Features:
        """Return TF-IDF (n, V) and the latent and word columns (n, at most 456)."""
        latent, words = self.latent.directions.shape[1], self.words.vectors.shape[1]
        dense = np.empty((len(docs), latent + words), dtype=np.float32)
        blocks = [self.tfidf.weigh(self.tfidf.vocabulary.count(docs[:0]))]
        for start in range(0, len(docs), BLOCK):
            rows = slice(start, start + BLOCK)
            counts = self.tfidf.vocabulary.count(docs[rows])
            X = self.tfidf.weigh(counts)
            # Written in place: a second copy of a full shard would cost 120 MB.
            dense[rows, :latent] = self.latent.project(X)
            dense[rows, latent:] = self.words.project(counts)
            blocks.append(X)
        X = sparse.csr_array(sparse.vstack(blocks, format="csr"))
        return Features(X, dense, (latent, latent + words))

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return what was learnt as arrays."""
        return {**self.tfidf.to_arrays(), **self.latent.to_arrays(), **self.words.to_arrays()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> Text:
        """Return the encoder that `to_arrays` described."""
        return cls(
            Tfidf.from_arrays(arrays), Latent.from_arrays(arrays), WordVectors.from_arrays(arrays)
        )


def _sketch(X: Any, seed: int) -> Float32Array:
    width = X.shape[1]
    bits = hash_bits(np.arange(width), seed)
    signs = np.where(bits & np.uint64(1), 1.0, -1.0).astype(np.float32)
    columns = ((bits >> np.uint64(8)) % np.uint64(SKETCH)).astype(np.int32)
    shape = (width, SKETCH)
    fold = sparse.csr_array((signs, columns, np.arange(width + 1, dtype=np.int32)), shape=shape)
    return np.asarray((X @ fold).toarray(), dtype=np.float32)
