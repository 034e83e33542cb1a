"""Exact top k of a pool that is scored in shards, independent of their cut and order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import FloatArray, IntArray, refuse_rows
from selection.core.hashing import hash_bits

# The order of summation differs between machines: smaller differences are ties.
STEP = 1e-6


def best(scores: ArrayLike, ids: ArrayLike, m: int, seed: int) -> IntArray:
    """Return the rows of the `m` highest `scores` (n,), best first, in the order to ask.

    Scores are compared in steps of 1e-6; ties go by a hash of the item's id and `seed`, so the
    answer does not depend on the order of the rows. Raises ValueError naming a NaN row.

    >>> best([0.1, 0.9, 0.5], [7, 8, 9], 2, seed=0)
    array([1, 2])
    """
    values, numbers = _checked(scores, ids)
    wanted = min(max(m, 0), len(values))
    if not wanted:
        return np.zeros(0, dtype=np.int64)
    # Dividing keeps an infinite score infinite, which rounding to decimals does not.
    steps = np.round(values / STEP)
    # Sort only what can reach the top: a few thousand of a million items.
    bar = np.partition(steps, -wanted)[-wanted]
    rows = np.flatnonzero(steps >= bar)
    ties = hash_bits(numbers[rows], seed)
    return rows[np.lexsort((numbers[rows], ~ties, -steps[rows]))][:wanted]


def merge(
    parts: Sequence[tuple[ArrayLike, ArrayLike]], m: int, seed: int
) -> tuple[FloatArray, IntArray]:
    """Return `(scores, ids)` of the `m` best of all `parts`, each one shard's `(scores, ids)`.

    The best m of the shards' best m are exactly the best m of the whole pool.

    >>> merge([([0.1], [7]), ([0.9, 0.5], [8, 9])], 2, seed=0)
    (array([0.9, 0.5]), array([8, 9]))
    """
    checked = [_checked(scores, ids) for scores, ids in parts]
    scores = np.concatenate([np.zeros(0), *(values for values, _ in checked)])
    ids = np.concatenate([np.zeros(0, dtype=np.int64), *(numbers for _, numbers in checked)])
    rows = best(scores, ids, m, seed)
    return scores[rows], ids[rows]


def _checked(scores: ArrayLike, ids: ArrayLike) -> tuple[FloatArray, IntArray]:
    values = np.asarray(scores, dtype=np.float64)
    numbers = np.asarray(ids, dtype=np.int64)
    if values.ndim != 1 or values.shape != numbers.shape:
        raise ValueError(f"scores {values.shape} and ids {numbers.shape} must match")
    refuse_rows(np.isnan(values), "the score is not a number")
    return values, numbers
