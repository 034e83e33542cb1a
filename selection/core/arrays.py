"""Array types, and the input checks that every public function shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


def as_proba(proba: ArrayLike, *, first: int = 0) -> FloatArray:
    """Return `proba` (n, C) as checked float64 in a new array; the input is never changed.

    Each column is a probability of its own; rows need not sum to 1. `first` is the number of the
    first row where `proba` is a block of a larger table. Raises ValueError naming the first row
    that is not finite or outside 0..1.

    >>> as_proba([[0.25, 0.25]])
    array([[0.25, 0.25]])
    """
    return _checked(proba, first, _refuse_outside)


def as_distribution(proba: ArrayLike, *, first: int = 0) -> FloatArray:
    """Return `proba` (n, C) as `as_proba` does, each row a distribution over C classes.

    Raises ValueError naming the first row that is not finite, outside 0..1, or does not sum to 1
    within 1e-3.

    >>> as_distribution([[0.25, 0.75]])
    array([[0.25, 0.75]])
    """
    return _checked(proba, first, _refuse_sums)


def as_matrix(values: ArrayLike, name: str, *, first: int = 0) -> FloatArray:
    """Return `values` as a finite float64 matrix (n, d), or raise ValueError naming the row.

    `first` is the number of the first row where `values` is a block of something larger.

    >>> as_matrix([[1, 2]], "features")
    array([[1., 2.]])
    """
    matrix = np.asarray(as_table(values, name), dtype=np.float64)
    # One sum shows that all is well; rows are checked only if it does not.
    with np.errstate(over="ignore", invalid="ignore"):
        total = matrix.sum()
    if not np.isfinite(total):
        refuse_rows(~np.isfinite(matrix).all(axis=1), f"{name} is not finite", first=first)
    return matrix


def as_table(values: ArrayLike, name: str) -> AnyArray:
    """Return `values` as an array of two dimensions, not copied if it is one, or raise ValueError.

    >>> as_table([[1, 2]], "features").shape
    (1, 2)
    """
    table = np.asarray(values)
    if table.ndim != 2:
        raise ValueError(f"{name} must have two dimensions, not {table.ndim}")
    return table


def row_blocks(n: int, size: int = BLOCK) -> Iterator[slice]:
    """Yield the slices that cut `n` rows into blocks of at most `size`.

    >>> list(row_blocks(5, 3))
    [slice(0, 3, None), slice(3, 5, None)]
    """
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def refuse_rows(bad: ArrayLike, problem: str, *, first: int = 0) -> None:
    """Raise ValueError that names the first row where `bad` (n,) is true, counted from `first`.

    >>> refuse_rows(np.array([False, True]), "proba is not finite")
    Traceback (most recent call last):
    ValueError: proba is not finite (row 1)
    """
    rows = np.flatnonzero(bad)
    if len(rows):
        raise ValueError(f"{problem} (row {first + int(rows[0])})")


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


def _checked(proba: ArrayLike, first: int, refuse: Callable[[FloatArray, int], None]) -> FloatArray:
    table = as_table(proba, "proba")
    checked = np.empty(table.shape)
    for rows in row_blocks(len(table)):
        checked[rows] = as_matrix(table[rows], "proba", first=first + rows.start)
        refuse(checked[rows], first + rows.start)
    return np.clip(checked, 0.0, 1.0, out=checked)


def _refuse_outside(proba: FloatArray, first: int) -> None:
    if not proba.size:
        return
    if proba.min() < -ROW_SUM_TOLERANCE or proba.max() > 1 + ROW_SUM_TOLERANCE:
        outside = (proba < -ROW_SUM_TOLERANCE) | (proba > 1 + ROW_SUM_TOLERANCE)
        refuse_rows(outside.any(axis=1), "proba has a value outside 0..1", first=first)


def _refuse_sums(proba: FloatArray, first: int) -> None:
    _refuse_outside(proba, first)
    if proba.size:
        off = np.abs(np.einsum("ij->i", proba) - 1) > ROW_SUM_TOLERANCE
        refuse_rows(off, "proba does not sum to 1", first=first)
