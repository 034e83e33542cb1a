"""The array types of this package and the guards that every public function shares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
AnyArray = NDArray[Any]

ROW_SUM_TOLERANCE = 1e-3  # float32 softmax over many classes drifts by about this much
BLOCK = 4096  # rows worked on at once: big enough for BLAS, small enough for any worker


def as_proba(proba: ArrayLike, *, multi_label: bool = False) -> FloatArray:
    """Return `proba` (n, C) as checked float64; the input is never changed.

    Raises ValueError naming the first bad row: not finite, outside 0..1, or (unless
    `multi_label`, where every column is its own yes/no) not summing to 1 within 1e-3.

    >>> as_proba([[0.25, 0.75]])
    array([[0.25, 0.75]])
    """
    checked = as_matrix(proba, "proba")
    outside = ((checked < -ROW_SUM_TOLERANCE) | (checked > 1 + ROW_SUM_TOLERANCE)).any(axis=1)
    refuse_rows(outside, "proba has a value outside 0..1")
    if not multi_label and checked.shape[1]:
        off = np.abs(checked.sum(axis=1) - 1) > ROW_SUM_TOLERANCE
        refuse_rows(off, "proba does not sum to 1")
    return np.clip(checked, 0.0, 1.0)


def as_matrix(values: ArrayLike, name: str) -> FloatArray:
    """Return `values` as a finite float64 matrix (n, d), or raise ValueError naming the row.

    >>> as_matrix([[1, 2]], "features")
    array([[1., 2.]])
    """
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"{name} must have two dimensions, not {matrix.ndim}")
    refuse_rows(~np.isfinite(matrix).all(axis=1), f"{name} is not finite")
    return matrix


def refuse_rows(bad: ArrayLike, problem: str) -> None:
    """Raise ValueError that names the first row where `bad` (n,) is true.

    >>> refuse_rows(np.array([False, True]), "proba is not finite")
    Traceback (most recent call last):
    ValueError: proba is not finite (row 1)
    """
    rows = np.flatnonzero(bad)
    if len(rows):
        raise ValueError(f"{problem} (row {int(rows[0])})")


def normalise_rows(X: AnyArray) -> Float32Array:
    """Return `X` (n, d) as float32 rows of length 1; a zero row stays zero.

    >>> normalise_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """
    rows = np.asarray(X, dtype=np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    lengths[lengths == 0] = 1.0
    normalised: Float32Array = rows / lengths[:, None]
    return normalised
