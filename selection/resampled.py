"""Agreement with its interval: the bootstrap over items, drawn as counts of equal answers.

Items are what was drawn, so they are resampled (Efron 1979; for alpha Hayes and Krippendorff 2007).
Items that were answered alike are the same to alpha and kappa, so that a resample of 50,000 items
is one draw of how often each of some hundred patterns comes up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from selection import agreement
from selection.arrays import FloatArray
from selection.estimate import Estimate

RESAMPLES = 1000
CONFIDENCE = 0.95


def alpha(answers: ArrayLike, seed: int = 0, confidence: float = CONFIDENCE) -> Estimate | None:
    """Return Krippendorff's alpha of `answers` (items, people) with its interval.

    From the items with two answers or more, `n` of them; None where there is none.

    >>> alpha([[0, 0], [1, 1], [0, 1], [1, 1], [0, 0]]).value.__round__(3)
    0.64
    """
    counts = _patterns(answers)
    each = counts.sum(axis=1)
    counts = counts[each >= 2]
    if not len(counts):
        return None
    patterns, times = np.unique(counts, axis=0, return_counts=True)
    drawn = _draws(times, seed)
    value = float(_alpha(patterns, times[None, :].astype(np.float64))[0])
    shares = times @ patterns
    by_chance = 1 - float(((shares / shares.sum()) ** 2).sum())
    return _estimate(value, _alpha(patterns, drawn), len(counts), by_chance, confidence)


def kappa(
    a: ArrayLike, b: ArrayLike, seed: int = 0, confidence: float = CONFIDENCE
) -> Estimate | None:
    """Return Cohen's kappa of two people's answers `a` and `b` (n,) with its interval.

    From the items that both answered, `n` of them; None where there is none.

    >>> kappa([0, 1, 1, 0], [0, 1, 1, 1]).value
    0.5
    """
    first, second = np.asarray(a), np.asarray(b)
    both = (first >= 0) & (second >= 0)
    value = agreement.cohen_kappa(first, second)
    if not both.any():
        return None
    pairs = np.stack([first[both], second[both]], axis=1)
    cells, times = np.unique(pairs, axis=0, return_counts=True)
    found = _kappa(cells, _draws(times, seed))
    shares = [(pairs == c).mean(axis=0) for c in np.unique(pairs)]
    by_chance = 1 - float(sum(each.prod() for each in shares))
    return _estimate(value, found, int(both.sum()), by_chance, confidence)


def _patterns(answers: ArrayLike) -> FloatArray:
    """Return how many gave each class (items, C)."""
    table = np.asarray(answers)
    width = int(table.max(initial=0)) + 1
    return np.stack([(table == c).sum(axis=1) for c in range(width)], axis=1).astype(np.float64)


def _draws(times: ArrayLike, seed: int) -> FloatArray:
    counts = np.asarray(times)
    total = int(counts.sum())
    drawn = np.random.default_rng(seed).multinomial(total, counts / total, size=RESAMPLES)
    return np.asarray(drawn, dtype=np.float64)


def _alpha(patterns: FloatArray, times: FloatArray) -> FloatArray:
    """Return alpha for each row of `times` (B, P): how often each pattern (P, C) comes up."""
    each = patterns.sum(axis=1)
    disagreement = (each**2 - (patterns**2).sum(axis=1)) / (each - 1)
    total = times @ each
    shares = times @ patterns
    observed = (times @ disagreement) / total
    expected = (total**2 - (shares**2).sum(axis=1)) / (total * (total - 1))
    # Where only one class was ever given, all agree.
    return np.where(expected > 0, 1 - observed / np.where(expected > 0, expected, 1.0), 1.0)


def _kappa(cells: ArrayLike, times: FloatArray) -> FloatArray:
    pairs = np.asarray(cells)
    n = times.sum(axis=1)
    observed = times @ (pairs[:, 0] == pairs[:, 1]) / n
    classes = np.unique(pairs)
    chance = np.zeros(len(times))
    for c in classes:
        chance += (times @ (pairs[:, 0] == c) / n) * (times @ (pairs[:, 1] == c) / n)
    return np.where(chance < 1, (observed - chance) / np.where(chance < 1, 1 - chance, 1.0), 1.0)


def _estimate(
    value: float, found: FloatArray, n: int, by_chance: float, confidence: float
) -> Estimate:
    """Return the estimate; `by_chance` is how often two answers would differ by chance."""
    tail = (1 - confidence) / 2
    low, high = np.percentile(found, [100 * tail, 100 * (1 - tail)])
    if value == 1.0:
        # No resample has a disagreement where there is none, yet as many items with one may be
        # left as n without any allow; where only one class was given, nothing can be told.
        unseen = 1 - tail ** (1 / n)
        low = 1 - unseen / by_chance if by_chance > 0 else -1.0
    low, high = max(min(float(low), value), -1.0), max(float(high), value)
    return Estimate(value, low, high, n, confidence, "bootstrap")
