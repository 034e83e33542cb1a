"""Exact confidence intervals of a proportion, such as the accuracy on a random audit sample.

They hold for a sample size fixed in advance. `evaluation.difference_estimator` gives shorter ones
by the model's own confidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta, hypergeom


@dataclass(frozen=True)
class Estimate:
    """A proportion in 0..1 with its interval, the sample size `n` and the interval's method.

    An agreement coefficient may also lie below 0.
    """

    value: float
    low: float
    high: float
    n: int
    confidence: float
    method: str = "exact"


def accuracy_interval(
    correct: ArrayLike, confidence: float = 0.95, *, population: int | None = None
) -> Estimate | None:
    """Return the share of true in `correct` (n,) with its exact interval; None without items.

    `population` is the size of the pool that was drawn from without replacement, if known: an
    interval for a small pool that is mostly audited is shorter.

    >>> accuracy_interval([True] * 93 + [False] * 7).low.__round__(3)
    0.861
    """
    marks = np.asarray(correct)
    if marks.ndim != 1 or not np.isin(marks, (0, 1)).all():
        raise ValueError("correct must be a row of booleans")
    n, right = len(marks), int(marks.sum())
    if not n:
        return None
    if population is None:
        low, high = binomial_interval(right, n, confidence)
    else:
        low, high = population_interval(right, n, population, confidence)
    # In a small pool that is nearly all audited, the pool may be unable to have the observed share.
    value = min(max(right / n, low), high)
    return Estimate(value, low, high, n, confidence)


def binomial_interval(correct: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the two-sided interval of a proportion, `correct` of `n` observed.

    Clopper and Pearson 1934: coverage is at least `confidence`. (0, 1) for n = 0. Raises ValueError
    for counts that do not fit or a confidence outside 0..1.

    >>> [round(end, 3) for end in binomial_interval(93, 100)]
    [0.861, 0.971]
    """
    _check(correct, n, confidence)
    return beta_interval(correct, n, confidence)


def beta_interval(correct: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Clopper-Pearson interval for counts that need not be integers.

    With an effective sample size it serves weighted estimates (Korn and Graubard 1998).

    >>> beta_interval(93.0, 100.0) == binomial_interval(93, 100)
    True
    """
    tail = (1 - confidence) / 2
    low = beta.ppf(tail, correct, n - correct + 1) if correct > 0 else 0.0
    high = beta.ppf(1 - tail, correct + 1, n - correct) if correct < n else 1.0
    return float(low), float(high)


def lower_bound(
    correct: int, n: int, confidence: float = 0.95, *, population: int | None = None
) -> float:
    """Return the one-sided lower confidence bound of a proportion, `correct` of `n` observed.

    With `population` as in `accuracy_interval` it is the bound of the hypergeometric test, and the
    proportion itself once all are drawn.

    >>> round(lower_bound(60, 60), 3), lower_bound(60, 60, population=100)
    (0.951, 0.97)
    >>> lower_bound(90, 100, population=100)
    0.9
    """
    _check(correct, n, confidence)
    if population is None:
        return float(beta.ppf(1 - confidence, correct, n - correct + 1)) if correct else 0.0
    _check_drawn(n, population)
    return _fewest_right(correct, n, population, 1 - confidence) / population if n else 0.0


def population_interval(
    correct: int, n: int, population: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the interval of a proportion in a finite `population`, `n` drawn without replacement.

    Inverts the hypergeometric test at each end by bisection over the possible totals (Wendell
    and Schmee 2001). All audited: the share itself.

    >>> population_interval(9, 10, 10)
    (0.9, 0.9)
    """
    _check(correct, n, confidence)
    _check_drawn(n, population)
    if not n:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    least = _fewest_right(correct, n, population, tail)
    most = population - _fewest_right(n - correct, n, population, tail)
    return least / population, most / population


def _fewest_right(correct: int, n: int, population: int, tail: float) -> int:
    # The chance of seeing at least `correct` grows with the total, so the first total at which
    # it exceeds the tail can be bisected.
    low, high = correct, population - (n - correct)
    while low < high:
        middle = (low + high) // 2
        if hypergeom.sf(correct - 1, population, middle, n) > tail:
            high = middle
        else:
            low = middle + 1
    return low


def _check(correct: int, n: int, confidence: float) -> None:
    if not 0 <= correct <= n:
        raise ValueError(f"{correct} of {n} cannot be right")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")


def _check_drawn(n: int, population: int) -> None:
    if n > population:
        raise ValueError(f"{n} items cannot be drawn from {population}")
