"""Squared distances in blocks: a few megabytes at once, never below zero, 0 for equal rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import BLOCK, AnyArray, FloatArray, IntArray, refuse_rows, row_blocks

# The rounding error of the difference of two nearly equal sums, relative to the sums.
ROUNDING = {np.dtype(np.float32): 2e-6, np.dtype(np.float64): 1e-13}
ROWS = 1024  # with a few hundred centres a block and its products stay in the cache


class Space(Protocol):
    """Rows with a distance: points, or gradients that are never materialised.

    Both answers are squared distances: `to_nearest` (n,) of every thing to the nearest of the
    `chosen` (m,), in the precision of the input; `between` of one to the nearest of the chosen,
    in float64.
    """

    def __len__(self) -> int: ...
    def to_nearest(self, chosen: IntArray) -> FloatArray: ...
    def between(self, row: int, chosen: IntArray) -> float: ...


@dataclass(frozen=True)
class Points:
    """The rows of `values` (n, d), their squared lengths seen from `middle` (d,): `squares` (n,).

    Distances do not change with the place they are seen from, but rounding does: far from the
    origin float32 would see no difference between neighbours.
    """

    values: AnyArray
    middle: AnyArray
    squares: AnyArray

    @classmethod
    def of(cls, features: ArrayLike) -> Points:
        """Return `features` (n, d) as checked points; float32 is read where it lies.

        >>> Points.of([[0.0], [2.0]]).squares
        array([1., 1.])
        """
        values = as_points(features)
        # Any place among the points will do, so a few thousand of them determine it.
        sample = values[:: max(1, len(values) // BLOCK)]
        middle = sample.mean(axis=0) if len(sample) else np.zeros(values.shape[1], values.dtype)
        squares = np.empty(len(values), dtype=values.dtype)
        for rows in row_blocks(len(values), ROWS):
            block = values[rows] - middle
            np.einsum("ij,ij->i", block, block, out=squares[rows])
        refuse_rows(~np.isfinite(squares), "features are too large")
        return cls(values, middle, squares)

    def __len__(self) -> int:
        return len(self.values)

    def to_nearest(self, chosen: IntArray) -> FloatArray:
        """Return the squared distance (n,) of every point to the nearest of the rows `chosen`.

        >>> Points.of([[0.0], [2.0], [5.0]]).to_nearest(np.array([0, 2]))
        array([0., 4., 0.])
        """
        return self.to_centres(self.values[chosen])

    def to_centres(self, centres: ArrayLike) -> FloatArray:
        """Return the squared distance (n,) of every point to the nearest of `centres` (m, d).

        Products of at most 1024 x 4096 are held. No centres: everything is infinitely far.

        >>> Points.of([[0.0], [2.0]]).to_centres([[0.0], [1.0]])
        array([0., 1.])
        """
        anchors = np.asarray(centres, dtype=self.values.dtype) - self.middle
        half = np.einsum("ij,ij->i", anchors, anchors) / 2
        gaps = np.full(len(self), np.inf)
        for rows in row_blocks(len(self), ROWS):
            block, ours = self.values[rows] - self.middle, self.squares[rows]
            for some in row_blocks(len(anchors)):
                # |x|^2 + |c|^2 - 2 xc is least where xc - |c|^2 / 2 is most.
                products = block @ anchors[some].T
                products -= half[some]
                squares = ours - 2 * products.max(axis=1)
                squares[squares <= 2 * ROUNDING[ours.dtype] * ours] = 0.0
                gaps[rows] = np.minimum(gaps[rows], squares)
        return gaps

    def between(self, row: int, chosen: IntArray) -> float:
        """Return the squared distance of `row` to the nearest of the rows `chosen`.

        >>> Points.of([[0.0], [2.0]]).between(0, np.array([1]))
        4.0
        """
        gaps = self.values[chosen].astype(np.float64) - self.values[row]
        return float(np.einsum("ij,ij->i", gaps, gaps).min())


@dataclass(frozen=True)
class Gradients:
    """The products e x [h, 1] of `errors` (n, C) and `points` (n, d), squared lengths `squares`.

    They have C (d + 1) numbers each and are never built: the product of two of them is the
    product of (e, e') and (h, h') + 1.
    """

    errors: AnyArray
    points: AnyArray
    squares: AnyArray

    @classmethod
    def of(cls, errors: FloatArray, features: ArrayLike) -> Gradients:
        """Return the products of `errors` (n, C) with checked `features` (n, d).

        >>> Gradients.of(np.array([[1.0, -1.0]]), [[2.0]]).squares
        array([10.])
        """
        points = as_points(features)
        if len(errors) != len(points):
            raise ValueError(f"{len(errors)} rows of proba, {len(points)} rows of features")
        sides = errors.astype(points.dtype)
        lengths = np.einsum("ij,ij->i", points, points) + 1
        squares = np.einsum("ij,ij->i", sides, sides) * lengths
        refuse_rows(~np.isfinite(squares), "features are too large")
        return cls(sides, points, squares)

    def __len__(self) -> int:
        return len(self.points)

    def to_nearest(self, chosen: IntArray) -> FloatArray:
        """Return the squared distance (n,) of every gradient to the nearest of the rows `chosen`.

        >>> Gradients.of(np.array([[1.0], [-1.0]]), [[0.0], [0.0]]).to_nearest(np.array([0]))
        array([0., 4.])
        """
        sides, centres, theirs = self.errors[chosen], self.points[chosen], self.squares[chosen]
        gaps = np.empty(len(self))
        for rows in row_blocks(len(self), ROWS):
            ours = self.squares[rows]
            products = self.points[rows] @ centres.T
            products += 1
            products *= self.errors[rows] @ sides.T
            products -= theirs / 2
            squares = ours - 2 * products.max(axis=1)
            squares[squares <= 2 * ROUNDING[ours.dtype] * ours] = 0.0
            gaps[rows] = squares
        return gaps

    def between(self, row: int, chosen: IntArray) -> float:
        """Return the squared distance of gradient `row` to the nearest of the rows `chosen`.

        >>> Gradients.of(np.array([[1.0], [-1.0]]), [[0.0], [0.0]]).between(0, np.array([1]))
        4.0
        """
        both = np.append(chosen, row)
        sides, points = self.errors[both].astype(np.float64), self.points[both].astype(np.float64)
        lengths = np.einsum("ij,ij->i", sides, sides) * (np.einsum("ij,ij->i", points, points) + 1)
        sums = lengths[:-1] + lengths[-1]
        gaps = sums - 2 * (sides[:-1] @ sides[-1]) * (points[:-1] @ points[-1] + 1)
        gaps[gaps <= ROUNDING[gaps.dtype] * sums] = 0.0
        return float(gaps.min())


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
    for rows in row_blocks(len(points), ROWS):
        block = points[rows]
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.einsum("ij->", block)
        if not np.isfinite(total):
            finite = np.isfinite(block).all(axis=1)
            refuse_rows(~finite, "features are not finite", first=rows.start)
    return points


def as_centres(existing: ArrayLike | None, points: AnyArray) -> AnyArray:
    """Return `existing` (L, d) as finite rows of the kind of `points` (n, d); none where None.

    >>> as_centres(None, np.zeros((3, 2))).shape
    (0, 2)
    """
    if existing is None or not len(np.asarray(existing)):
        return points[:0]
    centres = as_points(existing)
    if centres.shape[1] != points.shape[1]:
        raise ValueError(f"existing has {centres.shape[1]} columns, not {points.shape[1]}")
    return centres.astype(points.dtype, copy=False)


def to_point(points: AnyArray, centre: AnyArray) -> FloatArray:
    """Return the squared distance of every row of `points` (n, d) to `centre` (d,): (n,).

    Taken from differences, so that equal rows are at exactly 0.

    >>> to_point(np.array([[0.0, 0.0], [3.0, 4.0]]), np.zeros(2))
    array([ 0., 25.])
    """
    squares = np.empty(len(points))
    for rows in row_blocks(len(points), ROWS):
        gaps = points[rows] - centre
        squares[rows] = np.einsum("ij,ij->i", gaps, gaps)
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
