"""k-means++ seeding: exact draws in proportion to squared distance, by rejection."""

from __future__ import annotations

import numpy as np

from selection.core.arrays import FloatArray, IntArray
from selection.core.distances import Space

FEW = 1024  # rows that are cheap enough to measure again after every draw
AT_ONCE = 32  # draws between two passes over more rows than that
REFUSALS = 256  # in one go, after which a pass is cheaper than another try


def draw_apart(
    space: Space, k: int, gaps: FloatArray, mass: FloatArray, generator: np.random.Generator
) -> IntArray:
    """Return at most `k` rows, each drawn in proportion to squared distance times `mass` (n,).

    `gaps` (n,) are the squared distances to what exists, infinite where nothing does: then the
    first row is drawn by mass alone. Arthur and Vassilvitskii 2007. Stops when every row is
    covered. Several draws share one pass over all rows: a row that comes up by its distance of
    before is kept with the chance that is left of it, which gives exactly the same odds
    (rejection sampling; Cohen-Addad et al. 2020). Cost O(n k d), memory O(n).

    >>> from selection.core.distances import Points
    >>> line = Points.of([[0.0], [0.0], [5.0]])
    >>> draw_apart(line, 2, np.array([0.0, 0.0, 25.0]), np.ones(3), np.random.default_rng(0))
    array([2])
    """
    chosen = np.zeros(0, dtype=np.int64)
    while len(chosen) < min(k, len(space)):
        endless = bool(np.isinf(gaps).any())
        sums = np.cumsum((np.ones(len(gaps)) if endless else gaps) * mass)
        if not sums[-1] > 0:
            break
        together = 1 if endless or len(space) <= FEW else min(AT_ONCE, k - len(chosen))
        fresh = _draw(space, sums, gaps, together, generator)
        chosen = np.concatenate([chosen, fresh])
        if len(chosen) < k:
            gaps = np.minimum(gaps, space.to_nearest(fresh))
            gaps[chosen] = 0.0
    return chosen


def draw_rest(
    taken: IntArray, k: int, mass: FloatArray, generator: np.random.Generator
) -> IntArray:
    """Return `k` rows, or all, that are not `taken`, drawn by `mass` (n,); those without, last.

    The smallest of exponential waiting times (Efraimidis and Spirakis 2006).

    >>> draw_rest(np.array([0]), 5, np.array([1.0, 0.0, 1.0]), np.random.default_rng(0))
    array([2, 1])
    """
    left = np.setdiff1d(np.arange(len(mass)), taken)
    waits = generator.exponential(size=len(left))
    with np.errstate(divide="ignore"):
        order = np.lexsort((waits, waits / mass[left]))
    return left[order[: max(k, 0)]]


def _draw(
    space: Space, sums: FloatArray, gaps: FloatArray, most: int, generator: np.random.Generator
) -> IntArray:
    fresh: list[int] = []
    for _ in range(REFUSALS + most):
        row = int(np.searchsorted(sums, generator.random() * sums[-1], side="right"))
        if not fresh or generator.random() * gaps[row] < space.between(row, np.array(fresh)):
            fresh.append(row)
        if len(fresh) == most:
            break
    return np.array(fresh, dtype=np.int64)
