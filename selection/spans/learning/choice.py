"""Choice of the texts to label next: total entropy, spread out; MNLP where reading is dear."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import IntArray, as_table
from selection.core.top_k import best
from selection.diversity.batch_diversity import kmeans_pp
from selection.diversity.clusters import typical
from selection.spans.learning.inference import Rule

WIDER = 5  # times as many texts as asked for are the best that k-means++ draws from


def first_texts(vectors: ArrayLike, k: int, existing: ArrayLike | None, seed: int) -> IntArray:
    """Return `k` rows to start with, before a model exists: the most typical of each cluster.

    `vectors` (n, d) are those of texts, `existing` (L, d) of labelled ones.
    """
    return typical(vectors, k, existing, np.random.default_rng(seed))


def select_spans(
    scored: ArrayLike,
    ids: ArrayLike,
    vectors: ArrayLike,
    k: int,
    *,
    seed: int,
    rule: Rule = "entropy",
) -> IntArray:
    """Return `k` rows of the texts to label next, by their `scored` doubt (n,) and `ids` (n,).

    By total entropy the `5 k` best are taken, and of those `k` drawn apart by k-means++ on their
    `vectors` (n, d): neighbours teach the same. By MNLP the best `k` are taken as they are. Rows
    beyond the best `5 k` change nothing, so shards may send only theirs.

    >>> select_spans([0.1, 0.9], [7, 8], [[0.0], [1.0]], 1, seed=0, rule="mnlp")
    array([1])
    """
    if rule == "mnlp":
        return best(scored, ids, k, seed)
    leading = best(scored, ids, WIDER * k, seed)
    points = as_table(vectors, "vectors")[leading]
    drawn = kmeans_pp(points, k, None, np.random.default_rng(seed))
    return leading[drawn]
