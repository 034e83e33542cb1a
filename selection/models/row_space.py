"""Row space reduction: labelled rows in at most n columns, and the way back.

An L2-regularised solution lies in the span of the rows. With fewer rows than columns it is
therefore found exactly among n numbers instead of thousands (the representer theorem; Schölkopf,
Herbrich and Smola 2001): with the Gram matrix K = U S U', the rows become U sqrt(S).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg, sparse

from selection.core.arrays import AnyArray, Float32Array, FloatArray, IntArray
from selection.features.matrix import Features

MAX_GRAM = 600  # rows; above, the eigenvectors cost more than the columns they save


@dataclass(frozen=True)
class Reduction:
    """Reduced training `rows` (n, r), with the arrays that `restore` needs."""

    rows: Any
    columns: IntArray
    used: Any
    dense: Float32Array | None
    back: FloatArray | None

    @property
    def width(self) -> int:
        """Number of columns to learn."""
        return int(self.rows.shape[1])

    def restore(self, weights: FloatArray) -> tuple[Float32Array, Float32Array]:
        """Return `weights` (r, S) as weights of `columns` (s, S) and of the dense block (d, S)."""
        if self.back is None:
            cut = len(self.columns)
            return weights[:cut].astype(np.float32), weights[cut:].astype(np.float32)
        shares = self.back @ weights
        empty = np.zeros((0, weights.shape[1]), dtype=np.float32)
        of_sparse = empty if self.used is None else (self.used.T @ shares).astype(np.float32)
        of_dense = empty if self.dense is None else (self.dense.T @ shares).astype(np.float32)
        return of_sparse, of_dense


def reduce_rows(X: Features) -> Reduction:
    """Return the rows of `X` in their own span, or in the columns they use if that is smaller.

    >>> reduce_rows(Features(None, np.eye(2, 50, dtype=np.float32))).rows.shape
    (2, 2)
    """
    columns, used = _used_columns(X)
    width = len(columns) + (0 if X.dense is None else X.dense.shape[1])
    if not width:
        return _without_features(len(X), columns, used, X.dense)
    if len(X) > MAX_GRAM or width <= len(X):
        return Reduction(_side_by_side(used, X.dense), columns, used, X.dense, None)
    values, vectors = linalg.eigh(_gram(used, X.dense), driver="evd")
    real = values > max(values[-1], 0.0) * 1e-10
    if not real.any():
        return _without_features(len(X), columns, used, X.dense)
    roots = np.sqrt(values[real])
    # Single precision is enough for the solver, and halves the cost of many classes.
    rows = (vectors[:, real] * roots).astype(np.float32)
    return Reduction(rows, columns, used, X.dense, vectors[:, real] / roots)


def _without_features(
    n: int, columns: IntArray, used: Any, dense: Float32Array | None
) -> Reduction:
    # One column of zeros: nothing to learn from, but the solver needs a column.
    zeros = np.zeros((n, 1))
    return Reduction(zeros, columns, used, dense, zeros)


def _used_columns(X: Features) -> tuple[IntArray, Any]:
    if X.sparse is None:
        return np.zeros(0, dtype=np.int64), None
    columns, places = np.unique(X.sparse.indices, return_inverse=True)
    parts = (X.sparse.data, places, X.sparse.indptr)
    used = sparse.csr_array(parts, shape=(len(X), len(columns)))
    return columns.astype(np.int64), used


def _gram(used: Any, dense: Float32Array | None) -> FloatArray:
    parts: list[AnyArray] = []
    if used is not None:
        exact = used.astype(np.float64)
        parts.append((exact @ exact.T).toarray())
    if dense is not None:
        rows = dense.astype(np.float64)
        parts.append(rows @ rows.T)
    gram: FloatArray = np.sum(parts, axis=0)
    return gram


def _side_by_side(used: Any, dense: Float32Array | None) -> Any:
    if used is None:
        return np.asarray(dense, dtype=np.float32)
    if dense is None:
        return used
    return sparse.hstack([used, sparse.csr_array(dense)], format="csr")
