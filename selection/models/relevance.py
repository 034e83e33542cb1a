"""Relevance: two linear SVMs that rank a pool of texts in which one class is searched for.

Few labels, most of them irrelevant, are what such a search learns from. There a heavily regularised
SVM on the words alone, relevant items weighing ten times as much as all others together, ranks
better than one on all features (Ferdinands et al. 2023), and the two better than each alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.stats import rankdata
from sklearn.svm import LinearSVC

from selection.core.arrays import AnyArray, BoolArray, Float32Array, FloatArray, IntArray
from selection.features.matrix import Features
from selection.models.block_weights import USUAL, column_weights, scale_blocks
from selection.models.row_space import reduce_rows

WEIGHT = 2.0  # of the ranks by the words beside those by all features
OTHERS = 4  # items asked by these ranks for each that another model finds likeliest


@dataclass(frozen=True)
class Penalty:
    """Inverse regularisation, and the weight of all relevant items over that of all others."""

    strength: float
    ratio: float


BY_FEATURES = Penalty(strength=0.5, ratio=1.0)
BY_WORDS = Penalty(strength=0.02, ratio=9.8)


@dataclass(frozen=True)
class Linear:
    """A linear score: `weights` (s,) of the sparse `columns` (s,), and `dense` (d,) of the rest."""

    columns: IntArray
    weights: Float32Array
    dense: Float32Array

    def score(self, X: Features) -> FloatArray:
        """Return the scores (n,) of the rows of `X`; only their order means something."""
        total = np.zeros(len(X))
        if X.sparse is not None:
            weights = np.zeros(X.sparse.shape[1], dtype=np.float32)
            weights[self.columns] = self.weights
            total += X.sparse @ weights
        return total if X.dense is None else total + X.dense @ self.dense


@dataclass(frozen=True)
class Relevance:
    """Which items are likely relevant, by all features and by the words alone."""

    by_features: Linear
    by_words: Linear

    def rank(self, X: Features, words: Any) -> FloatArray:
        """Return the summed ranks (n,) of the rows of `X` and of `words` (n, columns)."""
        by_words = self.by_words.score(Features(words, None))
        return add_ranks(self.by_features.score(X), by_words)

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return plain arrays that `from_arrays` turns back into this."""
        parts = {"features": self.by_features, "words": self.by_words}
        return {
            f"{name}.{key}": array
            for name, part in parts.items()
            for key, array in vars(part).items()
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> Relevance:
        """Return what `to_arrays` described."""
        keys = ("columns", "weights", "dense")
        return cls(
            *(Linear(*(arrays[f"{name}.{key}"] for key in keys)) for name in ("features", "words"))
        )


def fit_relevance(X: Features, words: Any, relevant: ArrayLike) -> Relevance | None:
    """Return what ranks rows of `X` and `words` (n rows, CSR) like those `relevant` (n,) first.

    None where not both kinds are among the rows.

    >>> X = Features(None, np.eye(4, dtype=np.float32))
    >>> words = sparse.csr_array(np.eye(4, dtype=np.float32))
    >>> fit_relevance(X, words, [1, 1, 0, 0]).rank(X, words)
    array([2.5, 2.5, 0.5, 0.5])
    """
    marks = np.asarray(relevant, dtype=np.bool_)
    if marks.all() or not marks.any():
        return None
    return Relevance(
        _fit(X, marks, BY_FEATURES),
        _fit(Features(words, None), marks, BY_WORDS),
    )


def add_ranks(by_features: ArrayLike, by_words: ArrayLike) -> FloatArray:
    """Return the summed ranks (n,) of two scores, those by the words twice as heavy.

    Each goes from 0 to 1, equal scores share the mean of their ranks: the scales of two models have
    nothing in common.

    >>> add_ranks([0.5, 0.9, 0.1], [0.1, 0.2, 0.9]).round(2)
    array([0.5, 2. , 2. ])
    """
    return _ranks(by_features) + WEIGHT * _ranks(by_words)


def take_turns(relevance: ArrayLike, likely: ArrayLike) -> FloatArray:
    """Return scores (n,) by which every fifth item is the best by `likely`, not `relevance`.

    What both SVMs rank low would never be asked otherwise, however sure the model is of it.

    >>> take_turns([9, 8, 7, 6, 5], [1, 2, 3, 4, 5]).argsort()[::-1]
    array([0, 1, 2, 4, 3])
    """
    first, other = 1 - _ranks(relevance), 1 - _ranks(likely)
    places = max(len(first) - 1, 1)
    # Place i of the other comes right after place 4 i + 2 of the first.
    return -np.minimum(first, (OTHERS * other * places + OTHERS - 1.5) / places)


def _ranks(values: ArrayLike) -> FloatArray:
    # Rounded, because the sum of a row depends on the order of its terms.
    ranks = np.asarray(
        rankdata(np.round(np.asarray(values, dtype=np.float64), 6)), dtype=np.float64
    )
    return (ranks - 1) / max(len(ranks) - 1, 1)


def _fit(X: Features, marks: BoolArray, penalty: Penalty) -> Linear:
    reduction = reduce_rows(scale_blocks(X, USUAL))
    of_sparse, of_dense = reduction.restore(_solve(reduction.rows, marks, penalty))
    dense = of_dense.ravel()
    if len(dense):
        dense = dense * column_weights(X, USUAL)
    return Linear(reduction.columns, of_sparse.ravel(), dense)


def _solve(rows: Any, marks: BoolArray, penalty: Penalty) -> FloatArray:
    """Return the weights (r, 1) of the columns of `rows` (n, r)."""
    n, relevant, ratio = len(marks), int(marks.sum()), penalty.ratio
    heavy = {
        True: ratio / (1 + ratio) * n / relevant,
        False: n / ((1 + ratio) * (n - relevant)),
    }
    if sparse.issparse(rows):
        # The solver knows no wider indices.
        parts = (rows.data, rows.indices.astype(np.int32), rows.indptr.astype(np.int32))
        rows = sparse.csr_array(parts, shape=rows.shape)
    solver = LinearSVC(C=penalty.strength, class_weight=heavy, random_state=0)
    return np.asarray(solver.fit(rows, marks).coef_.T, dtype=np.float64)
