"""Batch diversity: distinct row numbers in the order of choice."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import FloatArray, IntArray, as_table, refuse_rows
from selection.core.distances import Gradients, Points, as_centres
from selection.diversity.clusters import Seed, typical
from selection.diversity.farthest_first import farthest_first
from selection.diversity.kmeans_seeding import draw_apart, draw_rest
from selection.models import SingleLabel

__all__ = ["badge", "cluster_margin", "k_center", "kmeans_pp", "spread_gradients", "typical"]


def k_center(
    features: ArrayLike, k: int, existing: ArrayLike | None = None, rng: Seed = None
) -> IntArray:
    """Return `k` rows of `features` (n, d), each the farthest from `existing` and those before.

    Gonzalez 1985 (at most twice the best radius); core-set, Sener and Savarese 2018. Without
    `existing` (L, d) the first row is the one nearest to the mean. Ties go to the lowest row;
    nothing is drawn, `rng` is there so that every rule is called alike. Cost O(n (L + k) d); beyond
    the features O(n) numbers and a few megabytes are held.

    >>> pool = [[1.0, 0.0], [2.0, 0.0], [3.0, 3.0], [5.0, 5.0]]
    >>> k_center(pool, 4, existing=[[0.0, 0.0], [0.2, 0.0]])
    array([3, 2, 1, 0])
    """
    points = Points.of(features)
    return farthest_first(points, k, as_centres(existing, points.values)).rows


def kmeans_pp(
    features: ArrayLike,
    k: int,
    existing: ArrayLike | None = None,
    rng: Seed = None,
    *,
    weights: ArrayLike | None = None,
) -> IntArray:
    """Return `k` rows of `features` (n, d) drawn in proportion to squared distance.

    The distance is to the nearest of `existing` (L, d) and of the rows drawn before (Arthur and
    Vassilvitskii 2007); `weights` (n,), where given, multiply it. The first row is uniform where
    nothing exists. When every row is covered, the rest is drawn by the weights alone. Cost and
    memory as `k_center`.

    >>> kmeans_pp([[0.0], [0.0], [5.0]], 1, existing=[[0.0]], rng=0)
    array([2])
    """
    points = Points.of(features)
    mass = _checked_weights(weights, len(points))
    gaps = points.to_centres(as_centres(existing, points.values))
    wanted = min(max(k, 0), len(points))
    generator = np.random.default_rng(0 if rng is None else rng)
    chosen = draw_apart(points, wanted, gaps, mass, generator)
    rest = draw_rest(chosen, wanted - len(chosen), mass, generator)
    return np.concatenate([chosen, rest])


def badge(
    proba: ArrayLike,
    features: ArrayLike,
    k: int,
    rng: Seed = None,
) -> IntArray:
    """Return `k` rows by k-means++ on gradients (p - e_argmax) x [features, 1].

    `proba` (n, C) with one label per item, `features` (n, d). BADGE (Ash et al. 2020): see
    `spread_gradients`. Raises ValueError naming a row that is not a distribution.

    >>> badge([[0.5, 0.5], [0.9, 0.1], [0.5, 0.5]], [[1.0], [1.0], [1.0]], 2, rng=0)
    array([0, 1])
    """
    table = as_table(proba, "proba")
    return spread_gradients(SingleLabel(table.shape[1]).gradient_errors(table), features, k, rng)


def spread_gradients(errors: FloatArray, features: ArrayLike, k: int, rng: Seed = None) -> IntArray:
    """Return `k` rows by k-means++ on gradients `errors` (n, C) x [`features` (n, d), 1].

    The first row has the longest gradient, the next are drawn in proportion to the squared
    distance to those drawn. The gradients (n, C (d + 1)) are never built: products of two factors
    are products of their dot products, so a pick costs O(n (C + d)). Beyond the input 2 n C
    numbers are held. Raises ValueError naming a row of features that is not finite or too large.

    >>> spread_gradients(np.array([[0.1], [0.5], [0.0]]), [[1.0], [1.0], [1.0]], 1)
    array([1])
    """
    gradients = Gradients.of(errors, features)
    wanted = min(max(k, 0), len(gradients))
    if not wanted:
        return np.zeros(0, dtype=np.int64)
    generator, alike = np.random.default_rng(0 if rng is None else rng), np.ones(len(gradients))
    first = np.array([gradients.squares.argmax()])
    gaps = gradients.to_nearest(first)
    gaps[first] = 0.0
    chosen = np.concatenate([first, draw_apart(gradients, wanted - 1, gaps, alike, generator)])
    return np.concatenate([chosen, draw_rest(chosen, wanted - len(chosen), alike, generator)])


def cluster_margin(scores: ArrayLike, clusters: ArrayLike, k: int) -> IntArray:
    """Return `k` rows, the best of each group in turn, small groups first.

    `scores` (n,) higher = ask sooner, `clusters` (n,) the group of each row. Citovsky et al. 2021:
    needs one number per item, so it is the rule for very large batches.

    >>> cluster_margin([0.9, 0.8, 0.1], [0, 0, 1], 2)
    array([2, 0])
    """
    values = np.asarray(scores, dtype=np.float64)
    groups = np.asarray(clusters)
    refuse_rows(np.isnan(values), "the score is not a number")
    if values.shape != groups.shape:
        raise ValueError(f"scores {values.shape} and clusters {groups.shape} must match")
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.lexsort((np.arange(len(values)), -values, group))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    turn = np.empty(len(values), dtype=np.int64)
    turn[order] = np.arange(len(values)) - starts[group[order]]
    return np.lexsort((group, sizes[group], turn))[: max(k, 0)].astype(np.int64)


def _checked_weights(weights: ArrayLike | None, n: int) -> FloatArray:
    if weights is None:
        return np.ones(n)
    mass = np.asarray(weights, dtype=np.float64)
    if mass.shape != (n,):
        raise ValueError(f"weights has shape {mass.shape} for {n} rows")
    refuse_rows(~(np.isfinite(mass) & (mass >= 0)), "the weight is not a number of at least 0")
    return mass
