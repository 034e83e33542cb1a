"""k-means clusters, and the most typical item of each for a cold start."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from selection.core.arrays import AnyArray, FloatArray, IntArray, row_blocks
from selection.core.distances import Points, as_centres, as_points, to_all, to_point
from selection.diversity.kmeans_seeding import draw_apart

MAX_CLUSTERS = 200
MAX_STEPS = 15
NEIGHBOURS = 20
MAX_MEMBERS = 1000  # of one group that are compared with each other: those next to its centre

Seed = np.random.Generator | int | None


class Clusters(NamedTuple):
    """The group (n,) of each row, and the `centres` (m, d)."""

    of: IntArray
    centres: AnyArray


def k_means(features: ArrayLike, m: int, rng: Seed = None) -> Clusters:
    """Return at most `m` groups of the rows of `features` (n, d).

    Lloyd 1982 from a k-means++ start (Arthur and Vassilvitskii 2007). Own code because the usual
    one adds up in an order that depends on threads, and picks must repeat exactly. Equal rows
    share a group, so there can be fewer groups than asked for.

    >>> k_means([[0.0], [0.1], [9.0]], 2, rng=0).of.tolist() in ([0, 0, 1], [1, 1, 0])
    True
    """
    places = Points.of(features)
    generator = np.random.default_rng(0 if rng is None else rng)
    points = places.values
    if not len(points) or m < 1:
        return Clusters(np.zeros(len(points), dtype=np.int64), points[:0])
    centres = points[_start(places, m, generator)]
    groups = _nearest(points, centres)
    for _ in range(MAX_STEPS):
        centres = _means(points, groups, centres)
        moved = _nearest(points, centres)
        if np.array_equal(moved, groups):
            break
        groups = moved
    return Clusters(groups, centres)


def typical(
    features: ArrayLike,
    k: int,
    existing: ArrayLike | None = None,
    rng: Seed = None,
    *,
    weights: FloatArray | None = None,
) -> IntArray:
    """Return `k` row numbers of `features` (n, d): the most typical item of each group in turn.

    There are L + k groups, L the rows of `existing`, at most 200. Groups without a labelled item
    come first, the largest first, or those whose `weights` (n,) sum to most; typical is whose 20
    nearest in the group are nearest (Hacohen, Dekel and Weinshall 2022, TypiClust).
    Cost O(n (L + k) d).

    >>> typical([[0.0], [0.1], [0.2], [9.0]], 2, rng=0)
    array([1, 3])
    """
    points = as_points(features)
    labelled = as_centres(existing, points)
    wanted = min(max(k, 0), len(points))
    if not wanted:
        return np.zeros(0, dtype=np.int64)
    groups = k_means(points, min(len(labelled) + wanted, MAX_CLUSTERS, len(points)), rng)
    queues = [_by_typicality(points, groups, group) for group in _order(groups, labelled, weights)]
    deepest = max(map(len, queues))
    turns = [queue[turn] for turn in range(deepest) for queue in queues if turn < len(queue)]
    return np.array(turns[:wanted], dtype=np.int64)


def _start(points: Points, m: int, generator: np.random.Generator) -> IntArray:
    first = generator.integers(len(points), size=1)
    gaps = points.to_nearest(first)
    alike = np.ones(len(points))
    return np.concatenate([first, draw_apart(points, m - 1, gaps, alike, generator)])


def _nearest(points: AnyArray, centres: AnyArray) -> IntArray:
    lengths = np.einsum("ij,ij->i", centres, centres)
    nearest = np.empty(len(points), dtype=np.int64)
    for rows in row_blocks(len(points)):
        nearest[rows] = (lengths - 2 * (points[rows] @ centres.T)).argmin(axis=1)
    return nearest


def _means(points: AnyArray, groups: IntArray, centres: AnyArray) -> AnyArray:
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups, minlength=len(centres))
    ends = np.concatenate([[0], np.cumsum(sizes)])
    # A product with a table of ones adds up each group in row order and copies no row.
    ones = np.ones(len(points), dtype=points.dtype)
    sums = sparse.csr_array((ones, order, ends), shape=(len(centres), len(points))) @ points
    return np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres).astype(
        points.dtype
    )


def _order(groups: Clusters, labelled: AnyArray, weights: FloatArray | None) -> list[int]:
    sizes = np.bincount(groups.of, minlength=len(groups.centres))
    masses = sizes
    if weights is not None:
        masses = np.bincount(groups.of, weights=weights, minlength=len(sizes))
    covered = np.zeros(len(sizes), dtype=np.int64)
    if len(labelled):
        covered = np.bincount(_nearest(labelled, groups.centres), minlength=len(sizes))
    order = np.lexsort((np.arange(len(sizes)), -masses, covered))
    return [int(group) for group in order if sizes[group]]


def _by_typicality(points: AnyArray, groups: Clusters, group: int) -> list[int]:
    members = np.flatnonzero(groups.of == group)
    outward = np.argsort(to_point(points[members], groups.centres[group]), kind="stable")
    core, rest = members[outward[:MAX_MEMBERS]], members[outward[MAX_MEMBERS:]]
    order = np.argsort(_crowding(points[core]), kind="stable")
    return [*core[order].tolist(), *rest.tolist()]


def _crowding(points: AnyArray) -> FloatArray:
    neighbours = min(NEIGHBOURS, len(points) - 1)
    if neighbours < 1:
        return np.zeros(len(points))
    squares = to_all(points, points)
    np.fill_diagonal(squares, np.inf)
    nearest = np.partition(squares, neighbours - 1, axis=1)[:, :neighbours]
    return np.asarray(np.sqrt(nearest).mean(axis=1), dtype=np.float64)
