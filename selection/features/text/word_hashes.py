"""TF-IDF of all words and word pairs, hashed into columns: what a search for a rare class ranks by.

Unlike the vocabulary, it keeps what only one text uses. Nothing can be learnt from that, but it
shortens the rest of the row, so a text in which most is unlike all others ranks less high for the
few words that it shares. No vocabulary is stored (feature hashing, Weinberger et al. 2009).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction import FeatureHasher

from selection.features.text.tokenize import tokenise

COLUMNS = 2**20  # a few thousand abstracts have 300,000 different pairs
MOST = 20_000  # texts: abstracts of a larger pool would take more than 60 MB in every round


def count_words(texts: Sequence[str]) -> Any:
    """Return how often each text has each word and pair of neighbouring words: CSR (n, COLUMNS).

    >>> count_words(["a b a b"]).sum()
    np.float32(7.0)
    """
    hasher = FeatureHasher(COLUMNS, input_type="string", dtype=np.float32, alternate_sign=False)
    return sparse.csr_array(hasher.transform(map(_words_and_pairs, texts)))


def weigh(counts: Any) -> Any:
    """Return the TF-IDF of `counts` (n, COLUMNS), all texts of a pool; rows have length 1 or 0.

    A cell is (1 + ln count) * (1 + ln((1 + n) / (1 + texts with it))).

    >>> weigh(count_words(["a", "a b"])).data.round(2)
    array([1.  , 0.63, 0.63, 0.45], dtype=float32)
    """
    n, width = counts.shape
    texts_with = np.bincount(counts.indices, minlength=width)
    idf = (np.log((1 + n) / (1 + texts_with)) + 1).astype(np.float32)
    data = (1 + np.log(counts.data)) * idf[counts.indices]
    rows = np.repeat(np.arange(n), np.diff(counts.indptr))
    lengths = np.sqrt(np.bincount(rows, weights=data**2, minlength=n))
    parts = ((data / lengths[rows]).astype(np.float32), counts.indices, counts.indptr)
    return sparse.csr_array(parts, shape=counts.shape)


def _words_and_pairs(text: str) -> Iterator[str]:
    words = tokenise(text).words
    yield from words
    yield from map(" ".join, pairwise(words))
