"""Stopping criteria: proven targets and budgets, and heuristics such as a plateau."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import hypergeom

from selection.agreement.coefficients import cohen_kappa
from selection.core.arrays import BoolArray
from selection.core.intervals import Estimate, lower_bound
from selection.evaluation.learning_curve import checked_curve, recent_gain

FIRST_LOOK = 25
LAST_LOOK = 12  # after 51,200 audits; nobody gets there
STABLE = 0.99
MAX_AUDITS = 100_000
LIKELY_GAIN = 0.005  # per 100 labels
MOST_GAIN = 0.01
ENOUGH_AUDITS = 50  # all of fewer may be right by luck, which leaves no room above
RECALLS = (0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Target:
    """Sequential test of an accuracy target: the proven bound and the audits still needed.

    `low` is what the last look proves, `at` how many audits that look had, 0 before the first.
    `labels_needed` is None where not even all items of the pool would prove the target.
    """

    reached: bool
    low: float
    looked: bool
    labels_needed: int | None
    at: int = 0


@dataclass(frozen=True)
class Recall:
    """Test of a recall target: its p-value and the reads still needed.

    `reads_needed` more items, drawn at random and none of them relevant, would prove it.
    """

    target: float
    p_value: float
    reads_needed: int


def looks(n: int) -> int:
    """Return the number of looks (after 25, 50, 100, 200, ... audits) within `n` audits.

    >>> [looks(n) for n in (24, 25, 99, 100)]
    [0, 1, 2, 3]
    """
    return 0 if n < FIRST_LOOK else int(np.floor(np.log2(n / FIRST_LOOK) + 1e-9)) + 1


def target_reached(
    correct: ArrayLike, target: float, confidence: float = 0.95, *, population: int | None = None
) -> Target:
    """Test whether the audits `correct` (n,), in audit order, prove the accuracy `target`.

    Looking again and again at a 95 % interval errs far more often than 5 %. Here only the looks
    after 25, 50, 100, 200, ... audits count, and look j may err with (1 - confidence) 6 / (pi j)^2,
    which adds up to 1 - confidence. The last look's bound is the exact one-sided binomial
    (Clopper and Pearson 1934). All n answers must be re-scored by the model of that look.

    `population` is the size of the pool that the audits are drawn from without replacement, where
    it is known. The bounds are then those of the hypergeometric test, and one look more, at the
    whole pool, knows the share and cannot err: so what is needed never exceeds what is left.

    >>> target_reached([True] * 100, 0.9).reached
    True
    >>> target_reached([True, True, True, True, False] * 8, 0.8, population=60).labels_needed
    20
    """
    marks = np.asarray(correct, dtype=bool)
    if not 0 < target < 1:
        raise ValueError(f"the target must lie between 0 and 1, not {target}")
    if population is not None and len(marks) > population:
        raise ValueError(f"{len(marks)} items cannot be drawn from {population}")
    if not len(marks):
        return Target(False, 0.0, False, None)
    sizes = _look_sizes(population)
    j = sum(size <= len(marks) for size in sizes)
    if not j:
        needed = _needed(marks, target, confidence, sizes, population)
        return Target(False, 0.0, False, needed)
    n = sizes[j - 1]
    low = _proven(int(marks[:n].sum()), n, j, confidence, population)
    reached = low >= target
    needed = 0 if reached else _needed(marks, target, confidence, sizes, population)
    return Target(reached, low, n == len(marks), needed, n)


def audits_needed(share: float, target: float, confidence: float = 0.95) -> int | None:
    """Return the audits that prove `target` at the accuracy `share`; None if no number does.

    One look, one-sided: round(share n) right of n.

    >>> audits_needed(0.95, 0.9)
    89
    """
    if share <= target:
        return None
    n = 1
    while n < MAX_AUDITS:
        if lower_bound(round(share * n), n, confidence) >= target:
            return n
        # Close to the target thousands are needed, and one more or less does not matter.
        n += max(1, n // 500)
    return None


def within_budget(n_labels: int, budget: int | None) -> int | None:
    """Return the labels left of `budget`, at least 0; None without a budget.

    >>> within_budget(90, 100)
    10
    """
    return None if budget is None else max(budget - n_labels, 0)


def is_stable(predictions: Sequence[ArrayLike], window: int = 3) -> bool:
    """Return whether predictions were stable over the last `window` models.

    `predictions` are the class numbers (n,) that successive models gave to one fixed, unlabelled
    set. Stable: Cohen's kappa of neighbours is at least 0.99 on average (Bloodgood and
    Vijay-Shanker 2009). Says that the model stopped changing, not that it is good.

    >>> is_stable([[0, 1, 1]] * 4)
    True
    """
    if len(predictions) < window + 1:
        return False
    recent = list(predictions[-(window + 1) :])
    kappas = [cohen_kappa(a, b) for a, b in pairwise(recent)]
    return float(np.mean(kappas)) >= STABLE


def is_plateau(
    predictions: Sequence[ArrayLike], accuracies: Sequence[Estimate], window: int = 3
) -> bool:
    """Return whether predictions are stable and accuracy no longer rises.

    Both over the last `window` changes of model: `predictions` are stable as in `is_stable`, and
    the `accuracies` measured on audits all lie within the newest one's interval, so that neither
    a gain nor a dip is more than noise. A hint, never a proof: few audits leave room for a gain.

    >>> steady = Estimate(0.9, 0.85, 0.94, 150, 0.95)
    >>> is_plateau([[0, 1, 1]] * 4, [steady] * 4), is_plateau([[0, 1, 1]] * 4, [steady] * 3)
    (True, False)
    """
    recent = accuracies[-(window + 1) :]
    if len(recent) < window + 1:
        return False
    newest = recent[-1]
    level = all(newest.low <= estimate.value <= newest.high for estimate in recent)
    return level and is_stable(predictions, window)


def diminishing(
    labels: ArrayLike,
    accuracies: Sequence[Estimate],
    likely: float = LIKELY_GAIN,
    most: float = MOST_GAIN,
) -> bool:
    """Return whether 100 more labels will likely add less than `likely`, at most less than `most`.

    By `curve.recent_gain`, whose arguments these are: value and upper end. False while it tells
    nothing, and below 50 audits. A hint like the plateau and no proof, but one that waits: fits to
    the whole curve follow the noise of its start, and advised to stop 2 to 5 points too early
    where this lost none on average (docs/explanation/learning-benchmarks.md).

    >>> level = [Estimate(0.9, 0.85, 0.94, 150, 0.95)] * 2
    >>> diminishing([500, 1000], level), diminishing([100, 200], level)
    (True, False)
    """
    gain = recent_gain(labels, accuracies)
    if gain is None or accuracies[-1].n < ENOUGH_AUDITS:
        return False
    return gain.value < likely and gain.high < most


def gain_per_hundred(labels: ArrayLike, accuracy: ArrayLike) -> float | None:
    """Return the accuracy (0..1) that the next 100 labels will add, from the curve so far.

    Fits accuracy = top - a / sqrt(labels) by least squares, which is how linear models usually
    learn, and takes its rise over the next 100 labels, at least 0. None with fewer than three
    points. A first guess without an interval; from five points on see `curve.expected_gain`.

    >>> round(gain_per_hundred([100, 200, 400], [0.8, 0.829289, 0.85]), 4)
    0.0053
    """
    sizes, values = checked_curve(labels, accuracy)
    if len(np.unique(sizes)) < 3:
        return None
    design = np.column_stack([np.ones(len(sizes)), -1 / np.sqrt(sizes)])
    slope = float(np.linalg.lstsq(design, values, rcond=None)[0][1])
    last = float(sizes.max())
    return max(slope, 0.0) * float(1 / np.sqrt(last) - 1 / np.sqrt(last + 100))


def recall_p_value(found: int, relevant: ArrayLike, pool_size: int, target: float) -> float:
    """Return the p-value of "recall is below `target`": small means the search may stop.

    `found` relevant items were known before; then `relevant` (n,) booleans came from items drawn
    at random out of the `pool_size` that were left. Hypergeometric test (Callaghan and
    Mueller-Hansen 2020): if recall were below the target, at least K relevant ones would have
    been among those left, and so few would rarely have shown up.

    >>> round(recall_p_value(60, [False] * 800, 4000, 0.95), 2)
    0.41
    """
    marks = np.asarray(relevant, dtype=bool)
    return _p_value(found, int(marks.sum()), len(marks), pool_size, target)


def recall_frontier(
    found: int,
    relevant: ArrayLike,
    pool_size: int,
    targets: Sequence[float] = RECALLS,
    confidence: float = 0.95,
) -> list[Recall]:
    """Return for each of `targets` its p-value and the reads that would prove it.

    Arguments as in `recall_p_value`; proven means a p-value below 1 - confidence. Reading all
    that is left proves every target, so there is always an answer. Higher targets take more.
    The errors of several looks add up: decide how much to read, read it, then look once.

    >>> [(at.target, at.reads_needed) for at in recall_frontier(60, [False] * 800, 4000)]
    [(0.8, 0), (0.9, 592), (0.95, 1308), (0.99, 3001)]
    """
    marks = np.asarray(relevant, dtype=bool)
    seen, n = int(marks.sum()), len(marks)

    return [
        Recall(
            target,
            _p_value(found, seen, n, pool_size, target),
            _reads_needed(found, seen, n, pool_size, target, 1 - confidence),
        )
        for target in targets
    ]


def _reads_needed(
    found: int, seen: int, n: int, pool_size: int, target: float, error: float
) -> int:
    # The p-value falls with every read that finds nothing: the first below can be bisected.
    # 1 - 0.95 is a little more than 0.05, and a p-value of 0.05 proves nothing yet.
    def is_proven(reads: int) -> bool:
        return _p_value(found, seen, reads, pool_size, target) < error - 1e-12

    return bisect_left(range(n, pool_size), True, key=is_proven)


def _p_value(found: int, seen: int, n: int, pool_size: int, target: float) -> float:
    if not 0 < target < 1:
        raise ValueError(f"the target must lie between 0 and 1, not {target}")
    if n > pool_size:
        raise ValueError(f"{n} items cannot be drawn from {pool_size}")
    # The smallest total that puts recall below the target: 57 found of 60 are 0.95, of 61 less.
    hidden = int((found + seen) / target) + 1 - found
    if hidden > pool_size:
        # Not that many can be left: recall below the target is impossible.
        return 0.0
    return float(hypergeom.cdf(seen, pool_size, hidden, n)) if n else 1.0


def _spent(look: int, confidence: float) -> float:
    return (1 - confidence) * 6 / (np.pi * look) ** 2


def _look_sizes(population: int | None) -> list[int]:
    """Return the audit counts of the looks; the last one of a pool covers all of it."""
    sizes = [FIRST_LOOK * 2**place for place in range(LAST_LOOK)]
    if population is None:
        return sizes
    return [*(size for size in sizes if size < population), population]


def _proven(
    correct: int, n: int, look: int, confidence: float, population: int | None = None
) -> float:
    """Return the share that is proven at a look with `correct` of `n` audits right."""
    if n == population:
        return correct / n
    return lower_bound(correct, n, 1 - _spent(look, confidence), population=population)


def _needed(
    marks: BoolArray,
    target: float,
    confidence: float,
    sizes: Sequence[int],
    population: int | None,
) -> int | None:
    """Return the further audits that prove the target at the current accuracy; None if none do."""
    share = float(marks.mean())
    for look, n in enumerate(sizes, start=1):
        if n <= len(marks):
            continue
        # For the whole pool, rounding a share up would overstate it.
        low = (
            share
            if n == population
            else lower_bound(
                round(share * n), n, 1 - _spent(look, confidence), population=population
            )
        )
        if low >= target:
            return int(n - len(marks))
    return None
