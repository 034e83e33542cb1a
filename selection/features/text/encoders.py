"""Text encoders: a quick one for the start, and a richer one that replaces it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from selection.core.arrays import BLOCK, AnyArray, Float32Array, normalise_rows
from selection.core.hashing import hash_bits
from selection.core.translation import gettext_noop
from selection.features.matrix import Blocks, Features
from selection.features.neighbor_mean import EXAMPLES, Neighbours
from selection.features.text.lsa import Latent, principal_directions
from selection.features.text.subword_vectors import Subwords
from selection.features.text.tfidf import Tfidf
from selection.features.text.tokenize import within_budget
from selection.features.text.word_vectors import WordVectors

SKETCH = 128
SKETCH_WEIGHT = 0.02  # the model learns on all columns, and should not learn from this blur
MEANING = 256
MEANING_WEIGHT = 1.4  # relative to TF-IDF; 1 to 2.4 were tried, little depends on it
FOLD_SAMPLE = 10_000
SHARPNESS = 12.0  # 10 and 20 were tried: broad for spam, narrow for many intents
QUICK_SAMPLE = 10_000  # texts that teach the quick vocabulary: labelling waits for it


@dataclass(frozen=True)
class TextQuick:
    """TF-IDF, and a random projection of it in which diversity is measured.

    The sketch adds each column, with a random sign, into one of 128 (count sketch, Charikar,
    Chen and Farach-Colton 2002): distances survive on average, and only a seed is stored.
    """

    recipe: ClassVar[str] = "text-quick"
    title: ClassVar[str] = gettext_noop("Words only (fast)")
    reads: ClassVar[str] = "text"

    tfidf: Tfidf
    seed: int

    @classmethod
    def fit(cls, docs: Sequence[str], *, seed: int) -> TextQuick:
        """Return an encoder fitted on the sample `docs`; about 1 s for 20,000 short texts.

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
        """Return the fitted state as arrays."""
        return {**self.tfidf.to_arrays(), "seed": np.array([self.seed], dtype=np.int64)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> TextQuick:
        """Return the encoder that `to_arrays` described."""
        return cls(Tfidf.from_arrays(arrays), int(arrays["seed"][0]))


@dataclass(frozen=True)
class Text:
    """TF-IDF, 256 embedding columns, and 256 neighbour columns.

    The meaning folds three views into one: latent directions of the TF-IDF, word vectors and
    subword vectors, all learnt on the pool. Diversity is measured in it: there two texts are near
    when they mean similar things, even if they share no word.
    """

    recipe: ClassVar[str] = "text"
    title: ClassVar[str] = gettext_noop("Words, embeddings and neighbours")
    reads: ClassVar[str] = "text"

    tfidf: Tfidf
    latent: Latent
    words: WordVectors
    subwords: Subwords
    fold: Float32Array
    neighbours: Neighbours

    @classmethod
    def fit(cls, docs: Sequence[str], *, seed: int) -> Text:
        """Return an encoder fitted on the sample `docs` (in random order).

        >>> len(Text.fit(["good", "bad"], seed=0).transform(["good", ""]))
        2
        """
        sample = within_budget(docs)
        tfidf, counts = Tfidf.fit(sample)
        vocabulary = tfidf.vocabulary
        latent = Latent.fit(tfidf.weigh(counts), seed=seed)
        stream = vocabulary.read(sample)
        words = WordVectors.fit(stream, counts, len(vocabulary.words), seed=seed)
        subwords = Subwords.fit(vocabulary.words, counts, seed=seed)
        some = counts[:FOLD_SAMPLE]
        views = np.hstack(
            [latent.project(tfidf.weigh(some)), words.project(some), subwords.project(some)]
        )
        fold = principal_directions(views, MEANING, seed=seed)
        neighbours = Neighbours.fit(views[:EXAMPLES] @ fold, SHARPNESS)
        return cls(tfidf, latent, words, subwords, fold, neighbours)

    def transform(self, docs: Sequence[str]) -> Features:
        """Return TF-IDF (n, V), embeddings and neighbour means (n, at most 256 each)."""
        width = self.fold.shape[1]
        dense = np.empty((len(docs), 2 * width), dtype=np.float32)
        blocks = [self.tfidf.weigh(self.tfidf.vocabulary.count(docs[:0]))]
        for start in range(0, len(docs), BLOCK):
            rows = slice(start, start + BLOCK)
            counts = self.tfidf.vocabulary.count(docs[rows])
            X = self.tfidf.weigh(counts)
            # In place: a second copy of a full shard would take 130 MB.
            meaning = self._meaning(X, counts)
            dense[rows, :width] = MEANING_WEIGHT * meaning
            dense[rows, width:] = self.neighbours.smooth(meaning)
            blocks.append(X)
        X = sparse.csr_array(sparse.vstack(blocks, format="csr"))
        return Features(X, dense, (0, width), Blocks(neighbours=(width, 2 * width)))

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return the fitted state as arrays."""
        parts = (self.tfidf, self.latent, self.words, self.subwords, self.neighbours)
        arrays: dict[str, AnyArray] = {"fold": self.fold}
        for part in parts:
            arrays |= part.to_arrays()
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> Text:
        """Return the encoder that `to_arrays` described."""
        return cls(
            Tfidf.from_arrays(arrays),
            Latent.from_arrays(arrays),
            WordVectors.from_arrays(arrays),
            Subwords.from_arrays(arrays),
            np.asarray(arrays["fold"]),
            Neighbours.from_arrays(arrays),
        )

    def _meaning(self, X: Any, counts: Any) -> Float32Array:
        parts = [self.latent.project(X), self.words.project(counts), self.subwords.project(counts)]
        return normalise_rows(np.hstack(parts) @ self.fold)


def _sketch(X: Any, seed: int) -> Float32Array:
    width = X.shape[1]
    bits = hash_bits(np.arange(width), seed)
    signs = np.where(bits & np.uint64(1), 1.0, -1.0).astype(np.float32)
    columns = ((bits >> np.uint64(8)) % np.uint64(SKETCH)).astype(np.int32)
    shape = (width, SKETCH)
    fold = sparse.csr_array((signs, columns, np.arange(width + 1, dtype=np.int32)), shape=shape)
    return np.asarray((X @ fold).toarray(), dtype=np.float32)
