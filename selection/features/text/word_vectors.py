"""Word vectors fitted on the pool: words with similar contexts are close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from selection.core.arrays import AnyArray, Float32Array, FloatArray, normalise_rows
from selection.features.text.vocabulary import Stream

DIMENSIONS = 200
WINDOW = 5
MAX_WORDS = 20_000
MAX_TOKENS = 1_500_000  # read for the counts; more hardly changes them but costs time
CONTEXT_POWER = 0.75
FREQUENCY_SCALE = 1e-3


@dataclass(frozen=True)
class WordVectors:
    """A vector (W, d) for each of the W most frequent words, weighed, and the mean of all texts.

    Positive pointwise mutual information of words within 5 places, context counts to the power
    0.75 (Levy, Goldberg and Dagan 2015), by SVD; a text is the mean of its words weighed by
    a / (a + frequency), a = 1e-3 (Arora, Liang and Ma 2017), with the mean text removed.
    """

    vectors: Float32Array
    mean: Float32Array

    @classmethod
    def fit(cls, stream: Stream, counts: Any, n_words: int, *, seed: int) -> WordVectors:
        """Return the vectors of the texts in `stream`, whose word `counts` (n, V) are at hand."""
        size = min(n_words, MAX_WORDS)
        vectors = _factorise(_positive_pmi(_neighbour_counts(stream, size)), seed)
        used = np.bincount(counts.indices, weights=counts.data, minlength=size)[:size]
        share = used / max(used.sum(), 1.0)
        weight = FREQUENCY_SCALE / (FREQUENCY_SCALE + share)
        weighed = (vectors * weight[:, None]).astype(np.float32)
        texts = _text_means(counts, weighed)
        has_words = np.abs(texts).sum(axis=1) > 0
        mean = texts[has_words].mean(axis=0) if has_words.any() else np.zeros(texts.shape[1])
        return cls(weighed, mean.astype(np.float32))

    def project(self, counts: Any) -> Float32Array:
        """Return texts given as word `counts` (n, V) as rows of length 1 (n, d).

        A text without a known word is a zero row: it is unlike everything, not like the mean.
        """
        texts = _text_means(counts, self.vectors)
        has_words = np.abs(texts).sum(axis=1) > 0
        texts[has_words] -= self.mean
        # A single text is its own mean: the rounding error left of it has no meaning.
        texts[np.abs(texts).max(axis=1, initial=0.0) < 1e-5] = 0.0
        return normalise_rows(texts)

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return the fitted state as arrays."""
        return {"word_vectors": self.vectors, "word_mean": self.mean}

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> WordVectors:
        """Return what `to_arrays` described."""
        return cls(np.asarray(arrays["word_vectors"]), np.asarray(arrays["word_mean"]))


def _neighbour_counts(stream: Stream, size: int) -> Any:
    words, docs = stream.words[:MAX_TOKENS], stream.word_docs[:MAX_TOKENS]
    total = sparse.csr_array((size, size), dtype=np.float32)
    for step in range(1, WINDOW + 1):
        left, right = words[:-step], words[step:]
        real = (docs[:-step] == docs[step:]) & (left >= 0) & (right >= 0)
        real &= (left < size) & (right < size)
        ones = np.ones(int(real.sum()), dtype=np.float32)
        block = sparse.coo_array((ones, (left[real], right[real])), shape=(size, size))
        total = total + block.tocsr()
    return sparse.csr_array(total + total.T)


def _positive_pmi(counts: Any) -> Any:
    rows = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    contexts = rows**CONTEXT_POWER
    contexts = contexts / max(contexts.sum(), 1.0)
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    expected: FloatArray = rows[row] * contexts[counts.indices]
    data = np.maximum(np.log(counts.data / expected), 0).astype(np.float32)
    pmi = sparse.csr_array((data, counts.indices, counts.indptr), shape=counts.shape)
    pmi.eliminate_zeros()
    return pmi


def _factorise(pmi: Any, seed: int) -> Float32Array:
    # Costs 50 MB, and web processes read the registry of encoders, but fit none.
    from sklearn.utils.extmath import randomized_svd

    rank = min(DIMENSIONS, pmi.shape[0])
    if rank == 0 or pmi.nnz == 0:
        return np.zeros((pmi.shape[0], 0), dtype=np.float32)
    left, strengths, _ = randomized_svd(
        pmi, rank, n_iter=2, n_oversamples=10, random_state=seed, power_iteration_normalizer="QR"
    )
    real = strengths > strengths[0] * 1e-5
    return np.asarray(left[:, real] * np.sqrt(strengths[real]), dtype=np.float32)


def _text_means(counts: Any, vectors: Float32Array) -> Float32Array:
    words = counts[:, : len(vectors)]
    lengths = np.asarray(words.sum(axis=1), dtype=np.float32).ravel()
    lengths[lengths == 0] = 1.0
    means: Float32Array = np.asarray(words @ vectors, dtype=np.float32) / lengths[:, None]
    return means
