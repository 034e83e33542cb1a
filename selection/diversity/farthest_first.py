"""Farthest-first traversal: exact, in a few passes over the rows instead of one per pick."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from selection.core.arrays import AnyArray, FloatArray, IntArray
from selection.core.distances import ROUNDING, Points, to_point

FIELD = 512  # rows that are compared exactly between two passes over all
TIE = 1e-12  # relative difference of two distances that is only rounding


class Farthest(NamedTuple):
    """The `rows` (k,) in the order of choice; `gaps` (k,) the squared distance each one had."""

    rows: IntArray
    gaps: FloatArray


def farthest_first(points: Points, k: int, existing: AnyArray) -> Farthest:
    """Return `k` rows, each the farthest from `existing` (L, d) and from those before.

    Gonzalez 1985. Distances only shrink, so what was not among the 512 farthest stays below the
    last of them: among those the choice is exact, in float64, until it sinks to that bar; then all
    rows are measured to what was chosen, in one matrix product. Ties go to the lowest row; the
    first of all is the one nearest to the mean, and had infinity. Cost O(n (L + k) d), memory
    O(n) and 512 rows.

    >>> farthest_first(Points.of([[0.0], [4.0], [10.0]]), 2, np.zeros((1, 1)))
    Farthest(rows=array([2, 1]), gaps=array([100.,  16.]))
    """
    wanted = min(max(k, 0), len(points))
    rows, reached = np.zeros(0, dtype=np.int64), np.zeros(0)
    gaps = points.to_centres(existing)
    if wanted and not len(existing):
        rows, reached = np.array([_middle(points)]), np.array([np.inf])
        gaps = _shrink(points, gaps, rows, rows)
    while len(rows) < wanted and gaps.max() > 0:
        field, bar = _field(points, gaps)
        centres = np.concatenate([existing, points.values[rows]])
        fresh = _race(points, field, bar, centres, wanted - len(rows))
        rows = np.concatenate([rows, fresh.rows])
        reached = np.concatenate([reached, fresh.gaps])
        if len(rows) < wanted:
            gaps = _shrink(points, gaps, fresh.rows, rows)
    covered = np.setdiff1d(np.arange(len(points)), rows)[: wanted - len(rows)]
    return Farthest(
        np.concatenate([rows, covered]), np.concatenate([reached, np.zeros(len(covered))])
    )


def _middle(points: Points) -> int:
    centre = points.values.mean(axis=0, dtype=np.float64)
    return int(to_point(points.values, centre.astype(points.values.dtype)).argmin())


def _shrink(points: Points, gaps: FloatArray, fresh: IntArray, rows: IntArray) -> FloatArray:
    nearer = np.minimum(gaps, points.to_nearest(fresh))
    nearer[rows] = -1.0
    return nearer


def _field(points: Points, gaps: FloatArray) -> tuple[IntArray, float]:
    """Return the rows that may be farthest, ascending, and what no other row's gap exceeds."""
    if len(gaps) <= FIELD:
        return np.flatnonzero(gaps >= 0), -1.0
    noise = 2 * ROUNDING[points.values.dtype] * np.where(gaps > 0, points.squares + gaps, 0.0)
    most = gaps + noise
    bar = float(np.partition(most, -FIELD)[-FIELD])
    above = np.flatnonzero(most > bar + noise)
    # Among equals, the lowest rows, however their last digits were rounded.
    level = np.flatnonzero(np.abs(most - bar) <= noise)[: FIELD - len(above)]
    field = np.sort(np.concatenate([above, level]))
    most[field] = -1.0
    return field[gaps[field] >= 0], float(most.max())


def _race(points: Points, field: IntArray, bar: float, centres: AnyArray, most: int) -> Farthest:
    values = points.values[field].astype(np.float64)
    gaps = Points.of(values).to_centres(centres)
    places: list[int] = []
    reached: list[float] = []
    while len(places) < min(most, len(field)):
        place = int(np.flatnonzero(gaps >= gaps.max() * (1 - TIE))[0])
        if places and gaps[place] <= bar:
            break  # some row that does not take part may be as far
        places.append(place)
        reached.append(float(gaps[place]))
        gaps = np.minimum(gaps, to_point(values, values[place]))
        gaps[places] = -1.0
    return Farthest(field[places], np.array(reached))
