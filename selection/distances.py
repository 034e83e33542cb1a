"""Squared distances in blocks: never more than a few megabytes at once, never below zero."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from selection.arrays import BLOCK, AnyArray, FloatArray, refuse_rows

# What the difference of two nearly equal sums leaves of nothing, relative to the sums.
ROUNDING = {np.dtype(np.float32): 1e-6, np.dtype(np.float64): 1e-13}


def as_points(features: ArrayLike) -> AnyArray:
    """Return `features` (n, d) as finite float32 or float64 rows, or raise naming the row.

    float32 stays as it is, so that a memory-mapped block is read and not copied.

    >>> as_points([[0, 1]])
    array([[0., 1.]])
    """
    points = np.asarray(features)
    if points.dtype not in (np.float32, np.float64):
        points = points.astype(np.float64)
    if points.ndim != 2:
        raise ValueError(f"features must have two dimensions, not {points.ndim}")
    refuse_rows(~np.isfinite(points).all(axis=1), "features are not finite")
    return points


def to_point(points: AnyArray, centre: AnyArray) -> FloatArray:
    """Return the squared distance of every row of `points` (n, d) to `centre` (d,): (n,).

    Taken from differences, so that equal rows are at exactly 0.

    >>> to_point(np.array([[0.0, 0.0], [3.0, 4.0]]), np.zeros(2))
    array([ 0., 25.])
    """
    squares = np.empty(len(points))
    for start in range(0, len(points), BLOCK):
        gaps = points[start : start + BLOCK] - centre
        squares[start : start + BLOCK] = np.einsum("ij,ij->i", gaps, gaps)
    return squares


def to_all(points: AnyArray, centres: AnyArray) -> Any:
    """Return the squared distances (n, m) of `points` (n, d) to `centres` (m, d).

    >>> to_all(np.array([[0.0], [2.0]]), np.array([[0.0], [1.0]]))
    array([[0., 1.],
           [4., 1.]])
    """
    ours = np.einsum("ij,ij->i", points, points)[:, None]
    theirs = np.einsum("ij,ij->i", centres, centres)
    squares = ours + theirs - 2 * (points @ centres.T)
    squares[squares <= ROUNDING[squares.dtype] * (ours + theirs)] = 0.0
    return squares


def to_nearest(points: AnyArray, centres: AnyArray) -> FloatArray:
    """Return the squared distance (n,) of each of `points` (n, d) to the nearest of `centres`.

    >>> to_nearest(np.array([[0.0], [2.0]]), np.array([[0.0], [1.0]]))
    array([0., 1.])
    """
    nearest = np.full(len(points), np.inf)
    for start in range(0, len(points), BLOCK):
        rows = slice(start, start + BLOCK)
        for first in range(0, len(centres), BLOCK):
            squares = to_all(points[rows], centres[first : first + BLOCK])
            nearest[rows] = np.minimum(nearest[rows], squares.min(axis=1))
    return nearest
