"""Which items differ from each other: row numbers in the order of choice, never one twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from selection.arrays import AnyArray, FloatArray, IntArray, as_proba, refuse_rows
from selection.clusters import Seed, typical
from selection.distances import ROUNDING, as_points, to_nearest, to_point

__all__ = ["badge", "cluster_margin", "k_center", "kmeans_pp", "typical"]


def k_center(
    features: ArrayLike, k: int, existing: ArrayLike | None = None, rng: Seed = None
) -> IntArray:
    """Return `k` rows of `features` (n, d), each the farthest from `existing` and those before.

    Gonzalez 1985 (at most twice the best radius); core-set, Sener and Savarese 2018. Without
    `existing` (L, d) the first row is the one nearest to the mean. Ties go to the lowest row;
    nothing is drawn, `rng` is there so that every rule is called alike. Cost O(n (L + k) d).

    >>> pool = [[1.0, 0.0], [2.0, 0.0], [3.0, 3.0], [5.0, 5.0]]
    >>> k_center(pool, 4, existing=[[0.0, 0.0], [0.2, 0.0]])
    array([3, 2, 1, 0])
    """
    points = as_points(features)
    gaps = _gaps(points, existing)
    chosen: list[int] = []
    while len(chosen) < min(max(k, 0), len(points)):
        if not chosen and np.isinf(gaps).all():
            centre = points.mean(axis=0, dtype=np.float64).astype(points.dtype)
            row = int(to_point(points, centre).argmin())
        else:
            row = int(gaps.argmax())
        chosen.append(row)
        gaps = np.minimum(gaps, to_point(points, points[row]))
        gaps[chosen] = -1.0
    return np.array(chosen, dtype=np.int64)


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
    nothing exists. When every row is covered, the rest is drawn by the weights alone.

    >>> kmeans_pp([[0.0], [0.0], [5.0]], 1, existing=[[0.0]], rng=0)
    array([2])
    """
    points = as_points(features)
    generator = np.random.default_rng(0 if rng is None else rng)
    mass = _checked_weights(weights, len(points))
    gaps = _gaps(points, existing)
    left = np.ones(len(points), dtype=bool)
    chosen: list[int] = []
    while len(chosen) < min(max(k, 0), len(points)):
        pull = np.where(np.isinf(gaps), 1.0, gaps) * mass
        row = _draw(pull, mass, left, generator)
        chosen.append(row)
        left[row] = False
        gaps = np.minimum(gaps, to_point(points, points[row]))
    return np.array(chosen, dtype=np.int64)


def badge(
    proba: ArrayLike,
    features: ArrayLike,
    k: int,
    rng: Seed = None,
    *,
    multi_label: bool = False,
) -> IntArray:
    """Return `k` rows by k-means++ on gradients (p - e_argmax) x [features, 1].

    `proba` (n, C), `features` (n, d). Ash et al. 2020: the first row has the longest gradient,
    the next are drawn in proportion to the squared distance to those drawn. The gradients
    (n, C (d + 1)) are never built: products of two factors are products of their dot products,
    so a pick costs O(n (C + d)).

    >>> badge([[0.5, 0.5], [0.9, 0.1], [0.5, 0.5]], [[1.0], [1.0], [1.0]], 2, rng=0)
    array([0, 1])
    """
    errors = _label_errors(as_proba(proba, multi_label=multi_label), multi_label)
    points = as_points(features).astype(np.float64)
    if len(errors) != len(points):
        raise ValueError(f"{len(errors)} rows of proba, {len(points)} rows of features")
    generator = np.random.default_rng(0 if rng is None else rng)
    squares = (errors**2).sum(axis=1) * ((points**2).sum(axis=1) + 1)
    gaps = np.full(len(points), np.inf)
    left = np.ones(len(points), dtype=bool)
    chosen: list[int] = []
    while len(chosen) < min(max(k, 0), len(points)):
        first = not chosen
        row = int(squares.argmax()) if first else _draw(gaps, left * 1.0, left, generator)
        chosen.append(row)
        left[row] = False
        gaps = np.minimum(gaps, _gradient_gaps(errors, points, squares, row))
    return np.array(chosen, dtype=np.int64)


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


def _gaps(points: AnyArray, existing: ArrayLike | None) -> FloatArray:
    if existing is None or not len(np.asarray(existing)):
        return np.full(len(points), np.inf)
    centres = as_points(existing)
    if centres.shape[1] != points.shape[1]:
        raise ValueError(f"existing has {centres.shape[1]} columns, not {points.shape[1]}")
    return to_nearest(points, centres.astype(points.dtype))


def _draw(
    pull: FloatArray, fallback: FloatArray, left: AnyArray, generator: np.random.Generator
) -> int:
    open_pull = np.where(left, pull, 0.0)
    if open_pull.sum() <= 0:
        # Nothing differs any more: duplicates are drawn by weight, or all alike.
        open_pull = np.where(left, fallback, 0.0)
    if open_pull.sum() <= 0:
        open_pull = left * 1.0
    sums = np.cumsum(open_pull)
    return int(np.searchsorted(sums, generator.random() * sums[-1], side="right"))


def _checked_weights(weights: ArrayLike | None, n: int) -> FloatArray:
    if weights is None:
        return np.ones(n)
    mass = np.asarray(weights, dtype=np.float64)
    if mass.shape != (n,):
        raise ValueError(f"weights has shape {mass.shape} for {n} rows")
    refuse_rows(~(np.isfinite(mass) & (mass >= 0)), "the weight is not a number of at least 0")
    return mass


def _label_errors(proba: FloatArray, multi_label: bool) -> FloatArray:
    errors = proba.copy()
    if multi_label:
        errors -= proba > 0.5
    elif proba.shape[1]:
        errors[np.arange(len(proba)), proba.argmax(axis=1)] -= 1.0
    return errors


def _gradient_gaps(
    errors: FloatArray, points: AnyArray, squares: FloatArray, row: int
) -> FloatArray:
    sizes = squares + squares[row]
    products = (errors @ errors[row]) * (points @ points[row] + 1)
    gaps = sizes - 2 * products
    gaps[gaps <= ROUNDING[np.dtype(np.float64)] * sizes] = 0.0
    return np.asarray(gaps, dtype=np.float64)
