"""Batch selection: each function chooses k of the candidates, `(candidates, k, rng) -> Picks`.

Candidates arrive in the order of their ids, so the result does not depend on shards; `k` is
between 1 and their number.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from selection.core.arrays import AnyArray, FloatArray, IntArray, normalise_rows
from selection.core.top_k import best
from selection.diversity import batch_diversity
from selection.diversity.clusters import k_means
from selection.diversity.near_duplicates import best_of_each, group_duplicates
from selection.models import LabelSpace
from selection.strategies.candidates import Candidates

WEIGHT_FLOOR = 1e-3  # no item is ever impossible: an estimate weighs by 1 / probability
PER_CLUSTER = 10
COPIES = 3  # candidates looked at for each pick, so that copies of one item need not fill a batch
# Candidates for each pick of which the farthest apart are taken. With 3, questions, reviews and
# intents gained on the plain margin and on gradients among 20; more lets in items without doubt.
APART = 3
# Candidates for each pick that are grouped. With 5, many classes gained half a point less.
GROUPED = 10


class Picks(NamedTuple):
    """Selected rows in order, a reason for all or one each, and draw probabilities if any."""

    rows: IntArray
    reasons: str | list[str]
    probability: FloatArray | None = None


def top_k(candidates: Candidates, k: int, rng: np.random.Generator, reason: str) -> Picks:
    """Choose the highest scores, near-copies of a chosen item last; ties are drawn.

    >>> pool = Candidates(np.array([7, 8]), np.array([0.1, 0.9]))
    >>> top_k(pool, 1, np.random.default_rng(0), "margin").rows
    array([1])
    """
    # Copies can displace each other: more candidates are examined than wanted.
    ranked = _ranked(candidates, COPIES * k, rng)
    if candidates.spread is not None:
        alike = group_duplicates(candidates.spread[ranked], candidates.ids[ranked])
        ranked = ranked[best_of_each(np.arange(len(ranked)), alike)]
    return Picks(ranked[:k], reason)


def random(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    """Choose uniformly: the scores are hashes of the ids, so the highest are a random sample.

    >>> pool = Candidates(np.array([7, 8]), np.array([0.1, 0.9]), pool_size=4)
    >>> random(pool, 1, np.random.default_rng(0)).probability
    array([0.25])
    """
    rows = _ranked(candidates, k, rng)
    size = candidates.pool_size
    left = np.full(k, np.nan) if size is None else size - np.arange(k, dtype=np.float64)
    return Picks(rows, "random", 1 / left)


def gumbel(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    """Choose the highest noisy scores: draws in proportion to the weights of the whole pool.

    >>> pool = Candidates(np.array([7]), np.array([0.1]), np.array([[0.5, 0.5]]), pool_size=1)
    >>> gumbel(pool, 1, np.random.default_rng(0)).probability
    array([1.])
    """
    rows = _ranked(candidates, k, rng)
    weights = doubt_weights(needed_proba(candidates), candidates.space)
    total = candidates.total_weight
    if total is None and candidates.pool_size == len(candidates):
        total = float(weights.sum())
    if total is None:
        return Picks(rows, "drawn")
    spent = np.concatenate([[0.0], np.cumsum(weights[rows])[:-1]])
    return Picks(rows, "drawn", np.minimum(weights[rows] / (total - spent), 1.0))


def doubt_weights(proba: AnyArray, space: LabelSpace) -> FloatArray:
    """Return the draw weight of each row of `proba`: its uncertainty, at least 0.001.

    >>> from selection.models import SingleLabel
    >>> doubt_weights(np.array([[0.75, 0.25], [1.0, 0.0]]), SingleLabel(2))
    array([0.5  , 0.001])
    """
    return np.maximum(space.uncertainty(proba), WEIGHT_FLOOR)


def cluster_seeds(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    """Choose typical items of groups that hold no label yet.

    >>> pool = Candidates(np.array([7]), np.array([0.1]), spread=np.eye(1))
    >>> cluster_seeds(pool, 1, np.random.default_rng(0)).rows
    array([0])
    """
    points, existing = spread_points(candidates)
    return Picks(batch_diversity.typical(points, k, existing, rng), "cluster-seed")


def k_center(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    """Choose items farthest from all labelled or chosen ones (core-set).

    >>> pool = Candidates(np.array([7]), np.array([0.1]), spread=np.eye(1))
    >>> k_center(pool, 1, np.random.default_rng(0)).rows
    array([0])
    """
    points, existing = spread_points(candidates)
    return Picks(batch_diversity.k_center(points, k, existing, rng), "spread")


def kmeans_pp(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    """Draw items by squared distance to all labelled or chosen ones (k-means++).

    >>> pool = Candidates(np.array([7]), np.array([0.1]), spread=np.eye(1))
    >>> kmeans_pp(pool, 1, np.random.default_rng(0)).rows
    array([0])
    """
    points, existing = spread_points(candidates)
    return Picks(batch_diversity.kmeans_pp(points, k, existing, rng), "spread")


def covering_doubt(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    """Draw items by squared distance times uncertainty: coverage and margin while labels are few.

    >>> half = np.array([[0.5, 0.5]])
    >>> pool = Candidates(np.array([7]), np.array([0.1]), half, np.eye(1))
    >>> covering_doubt(pool, 1, np.random.default_rng(0)).rows
    array([0])
    """
    points, existing = spread_points(candidates)
    weights = doubt_weights(needed_proba(candidates), candidates.space)
    return Picks(
        batch_diversity.kmeans_pp(points, k, existing, rng, weights=weights), "cover-margin"
    )


def doubtful_apart(candidates: Candidates, k: int, rng: np.random.Generator, reason: str) -> Picks:
    """Draw among the 3 k highest scores by squared distance (diverse margin sampling).

    >>> pool = Candidates(np.array([7]), np.array([0.1]), spread=np.eye(1))
    >>> doubtful_apart(pool, 1, np.random.default_rng(0), "margin-apart").rows
    array([0])
    """
    points, _ = spread_points(candidates)
    best = _ranked(candidates, APART * k, rng)
    return Picks(best[batch_diversity.kmeans_pp(points[best], k, None, rng)], reason)


def typical_doubt(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    """Choose a typical item of each cluster of the 10 k highest scores.

    Margin sampling whose batch stands for many items (diverse mini-batches, Zhdanov 2019), with
    the typical items of TypiClust in place of those next to a centre.

    >>> pool = Candidates(np.array([7]), np.array([0.1]), spread=np.eye(1))
    >>> typical_doubt(pool, 1, np.random.default_rng(0)).rows
    array([0])
    """
    points, _ = spread_points(candidates)
    best = _ranked(candidates, GROUPED * k, rng)
    return Picks(best[batch_diversity.typical(points[best], k, None, rng)], "typical-margin")


def doubtful_clusters(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    """Choose typical items of clusters without a label, most uncertainty in sum first.

    TypiClust whose clusters count by what the model does not know of them, not by their size.

    >>> half = np.array([[0.5, 0.5]])
    >>> pool = Candidates(np.array([7]), np.array([0.1]), half, np.eye(1))
    >>> doubtful_clusters(pool, 1, np.random.default_rng(0)).rows
    array([0])
    """
    points, existing = spread_points(candidates)
    weights = doubt_weights(needed_proba(candidates), candidates.space)
    rows = batch_diversity.typical(points, k, existing, rng, weights=weights)
    return Picks(rows, "uncertain-cluster")


def doubt_and_clusters(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    """Choose the highest scores for one half, typical items of uncertain clusters for the other.

    The clusters are those of the random sample of the pool. The closest calls alone are atypical of
    a class of which few items are labelled: what is learnt of it from these misses the others.

    >>> half = np.array([[0.5, 0.5], [0.5, 0.5]])
    >>> pool = Candidates(np.array([7, 8]), np.array([0.1, 0.9]), half, np.eye(2))
    >>> doubt_and_clusters(pool, 2, np.random.default_rng(0)).reasons
    ['margin', 'uncertain-cluster']
    """
    # Of an odd number, the halves get the larger part in turn.
    clustered = (k + candidates.n_labelled % 2) // 2
    closest = top_k(candidates, k - clustered, rng, "margin").rows
    rest = np.setdiff1d(np.arange(len(candidates)), closest)
    if candidates.drawn is not None:
        sample = rest[np.asarray(candidates.drawn)[rest]]
        rest = sample if len(sample) >= clustered else rest
    if clustered:
        typical = rest[doubtful_clusters(candidates.take(rest), clustered, rng).rows]
        closest = np.concatenate([closest, typical])
    reasons = ["margin"] * (k - clustered) + ["uncertain-cluster"] * clustered
    return Picks(closest, reasons)


def badge(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    """Choose items with large, different gradients (BADGE).

    >>> half = np.array([[0.5, 0.5]])
    >>> pool = Candidates(np.array([7]), np.array([0.1]), half, np.eye(1))
    >>> badge(pool, 1, np.random.default_rng(0)).rows
    array([0])
    """
    points, _ = spread_points(candidates)
    errors = candidates.space.gradient_errors(needed_proba(candidates))
    rows = batch_diversity.spread_gradients(errors, points, k, rng)
    return Picks(rows, "badge")


def clustered_margin(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    """Choose the most uncertain item of each cluster in turn, small clusters first.

    >>> half = np.array([[0.5, 0.5]])
    >>> pool = Candidates(np.array([7]), np.array([0.1]), half, np.eye(1))
    >>> clustered_margin(pool, 1, np.random.default_rng(0)).rows
    array([0])
    """
    points, _ = spread_points(candidates)
    groups = k_means(points, max(2, len(candidates) // PER_CLUSTER), rng)
    return Picks(batch_diversity.cluster_margin(candidates.scores, groups.of, k), "cluster-margin")


def balanced(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    """Choose uncertain items of the class with the fewest labels, then of the next.

    >>> pool = Candidates(np.array([7, 8]), np.zeros(2), np.eye(2), class_counts=[5, 0])
    >>> balanced(pool, 1, np.random.default_rng(0)).rows
    array([1])
    """
    proba = needed_proba(candidates)
    counts = np.zeros(proba.shape[1])
    if candidates.class_counts is not None:
        counts = counts + np.asarray(candidates.class_counts, dtype=np.float64)
    ranked = _ranked(candidates, len(candidates), rng)
    # Each item belongs to its most likely class; an uncertain one teaches about that class.
    queues = [ranked[proba[ranked].argmax(axis=1) == c].tolist() for c in range(proba.shape[1])]
    chosen: list[int] = []
    while len(chosen) < k:
        c = min((c for c, queue in enumerate(queues) if queue), key=lambda c: (counts[c], c))
        chosen.append(queues[c].pop(0))
        counts[c] += 1
    return Picks(np.array(chosen, dtype=np.int64), "balanced")


def needed_proba(candidates: Candidates) -> AnyArray:
    """Return the probabilities (M, C); raise ValueError without any.

    >>> needed_proba(Candidates(np.array([7]), np.zeros(1), np.ones((1, 1))))
    array([[1.]])
    """
    if candidates.proba is None:
        raise ValueError("this strategy needs probabilities")
    return np.asarray(candidates.proba, dtype=np.float64)


def spread_points(candidates: Candidates) -> tuple[AnyArray, AnyArray | None]:
    """Return `spread` (M, d) and `existing` (L, d) as rows of length 1.

    >>> pool = Candidates(np.array([7]), np.zeros(1), spread=np.array([[3.0, 4.0]]))
    >>> spread_points(pool)[0]
    array([[0.6, 0.8]], dtype=float32)
    """
    if candidates.spread is None:
        raise ValueError("this strategy needs features")
    existing = candidates.existing
    points = normalise_rows(candidates.spread)
    return points, None if existing is None else normalise_rows(existing)


def _ranked(candidates: Candidates, m: int, rng: np.random.Generator) -> IntArray:
    seed = int(rng.integers(2**63))
    return best(candidates.scores, candidates.ids, m, seed)
