"""Bootstrap intervals of agreement coefficients: items are resampled with replacement.

A coefficient depends on sums over items, and items with the same answers add the same. Instead of
items, the counts of answer patterns are resampled: one multinomial draw each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm, t

from selection.agreement.coefficients import (
    as_answers,
    cohen_kappa,
    count_classes,
    fleiss_kappa,
    krippendorff_alpha,
    pairwise_agreement,
)
from selection.core.arrays import FloatArray, IntArray
from selection.core.intervals import Estimate

DRAWS = 1000
IMAGINED = 2.0  # items at chance that the lower end adds, on average; see learning-benchmarks.md
AT_ONCE = 4_000_000  # numbers drawn at once: 32 MB


class _Measure(NamedTuple):
    """An agreement coefficient and its computation from sums over items.

    `columns` are what each item adds (items, s), `imagined` what one more item would add (s,) if
    people agreed on it no more than by chance, and `from_sums` measures sums (draws, s).
    """

    measure: Callable[[IntArray], float]
    columns: Callable[[IntArray], FloatArray]
    imagined: Callable[[FloatArray], FloatArray]
    from_sums: Callable[[FloatArray], FloatArray]


def agreement_interval(
    answers: ArrayLike, measure: str = "alpha", confidence: float = 0.95, *, seed: int = 0
) -> Estimate | None:
    """Return the agreement of `answers` (items, people) with its interval; None if undefined.

    `measure` is "alpha", "fleiss", "cohen" (exactly two people) or "pairs": the functions of
    `agreement`. Interval: the percentile bootstrap over items, 1,000 draws, expanded for few items
    (Hesterberg 2015). That alone is far too sure where hardly anybody disagreed yet, so its lower
    end is that of draws to which some two imagined items are added, on which people agree as by
    chance ("pairs": not at all). `n` counts the items with two answers. None with fewer than two
    of them, or where only one class was ever given: nobody knows then what chance would do.
    Raises ValueError for an unknown measure.

    >>> found = agreement_interval([[0, 0], [1, 1], [0, 1], [1, 1]] * 10, "cohen")
    >>> round(found.low, 2), round(found.value, 2), round(found.high, 2)
    (0.23, 0.5, 0.75)
    """
    if measure not in MEASURES:
        raise ValueError(f"{measure!r} is none of {', '.join(MEASURES)}")
    table = as_answers(answers)
    how = MEASURES[measure]
    value = how.measure(table)
    table = table[(table >= 0).sum(axis=1) >= 2]
    if len(table) < 2 or (measure != "pairs" and len(np.unique(table[table >= 0])) < 2):
        return None
    patterns, times = np.unique(how.columns(table), axis=0, return_counts=True)
    extra = how.imagined(times @ patterns)
    tail = _expanded((1 - confidence) / 2, len(table))
    drawn = [
        (how.from_sums(sums + more[:, None] * extra), how.from_sums(sums))
        for sums, more in _draw(patterns, times, np.random.default_rng(seed))
    ]
    doubted, plain = (np.concatenate(part) for part in zip(*drawn, strict=True))
    low, high = float(np.quantile(doubted, tail)), float(np.quantile(plain, 1 - tail))
    return Estimate(value, min(low, value), max(high, value), len(table), confidence, "bootstrap")


def _expanded(tail: float, n: int) -> float:
    # A bootstrap of n items underestimates the variance by n / (n - 1), and ignores the t
    # distribution.
    return float(norm.cdf(t.ppf(tail, n - 1) * np.sqrt(n / (n - 1))))


def _draw(
    patterns: FloatArray, times: IntArray, rng: np.random.Generator
) -> Iterator[tuple[FloatArray, IntArray]]:
    """Yield resampled sums (draws, s) over all items, and the number of pseudo items to add."""
    n = int(times.sum())
    left = DRAWS
    while left:
        size = min(left, max(AT_ONCE // len(times), 1))
        left -= size
        yield rng.multinomial(n, times / n, size) @ patterns, rng.poisson(IMAGINED, size)


# Measures based on the answers per class of each item: columns (equal, unequal, 1, counts).


def _counted(table: IntArray) -> FloatArray:
    counts = count_classes(table)
    each = counts.sum(axis=1)
    # The share of equal pairs; an item weighs by its answers in alpha, the same in the others.
    alike = ((counts**2).sum(axis=1) - each) / (each * (each - 1))
    return np.column_stack([alike, each * (1 - alike), np.ones(len(each)), counts])


def _counted_by_chance(sums: FloatArray) -> FloatArray:
    shares = sums[3:] / sums[3:].sum()
    answers, alike = sums[3:].sum() / sums[2], float((shares**2).sum())
    return np.concatenate([[alike, answers * (1 - alike), 1.0], answers * shares])


def _counted_unlike(sums: FloatArray) -> FloatArray:
    return np.concatenate([[0.0], _counted_by_chance(sums)[1:]])


def _alpha(sums: FloatArray) -> FloatArray:
    unlike, counts = sums[:, 1], sums[:, 3:]
    total = counts.sum(axis=1)
    expected = (total**2 - (counts**2).sum(axis=1)) / (total - 1)
    return np.where(expected > 0, 1 - unlike / np.where(expected > 0, expected, 1.0), 1.0)


def _fleiss(sums: FloatArray) -> FloatArray:
    counts = sums[:, 3:]
    shares = counts / counts.sum(axis=1, keepdims=True)
    return _beyond_chance(sums[:, 0] / sums[:, 2], (shares**2).sum(axis=1))


def _pairs(sums: FloatArray) -> FloatArray:
    return np.asarray(sums[:, 0] / sums[:, 2])


# Cohen's kappa depends on who gave which: columns (equal, 1, classes of one, classes of the other).


def _two(table: IntArray) -> FloatArray:
    classes = np.arange(table.max() + 1)
    first, second = (side[:, None] == classes for side in table.T)
    equal = table[:, 0] == table[:, 1]
    return np.column_stack([equal, np.ones(len(table)), first, second]).astype(np.float64)


def _two_by_chance(sums: FloatArray) -> FloatArray:
    first, second = np.split(sums[2:] / sums[1], 2)
    return np.concatenate([[float(first @ second), 1.0], first, second])


def _cohen(sums: FloatArray) -> FloatArray:
    first, second = np.split(sums[:, 2:] / sums[:, 1:2], 2, axis=1)
    return _beyond_chance(sums[:, 0] / sums[:, 1], (first * second).sum(axis=1))


def _beyond_chance(observed: FloatArray, chance: FloatArray) -> FloatArray:
    is_open = chance < 1 - 1e-12
    return np.where(is_open, (observed - chance) / np.where(is_open, 1 - chance, 1.0), 1.0)


def _kappa_of_two(table: IntArray) -> float:
    if table.shape[1] != 2:
        raise ValueError(f"kappa is of two people, not {table.shape[1]}")
    return cohen_kappa(table[:, 0], table[:, 1])


MEASURES = {
    "alpha": _Measure(krippendorff_alpha, _counted, _counted_by_chance, _alpha),
    "fleiss": _Measure(fleiss_kappa, _counted, _counted_by_chance, _fleiss),
    "cohen": _Measure(_kappa_of_two, _two, _two_by_chance, _cohen),
    "pairs": _Measure(pairwise_agreement, _counted, _counted_unlike, _pairs),
}
