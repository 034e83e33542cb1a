"""Intervals against published and recomputed numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from selection.core import intervals


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [(93, 100, 0.861, 0.971), (186, 200, 0.885, 0.961), (372, 400, 0.900, 0.953)],
)
def test_clopper_pearson_golden_numbers(correct: int, n: int, low: float, high: float) -> None:
    got = intervals.binomial_interval(correct, n)
    assert got == pytest.approx((low, high), abs=6e-4)


def test_the_ends_have_the_tails_they_promise() -> None:
    low, high = intervals.binomial_interval(17, 40, 0.9)
    assert binom.sf(16, 40, low) == pytest.approx(0.05)
    assert binom.cdf(17, 40, high) == pytest.approx(0.05)


def test_no_errors_and_nothing_right() -> None:
    assert intervals.binomial_interval(60, 60)[1] == 1.0
    assert intervals.binomial_interval(0, 60)[0] == 0.0
    assert 1 - intervals.lower_bound(60, 60) == pytest.approx(0.049, abs=1e-3)
    assert intervals.lower_bound(0, 60) == 0.0
    assert intervals.binomial_interval(0, 0) == (0.0, 1.0)


def test_accuracy_of_nothing_is_unknown() -> None:
    assert intervals.accuracy_interval([]) is None


def test_accuracy_carries_its_interval() -> None:
    got = intervals.accuracy_interval(np.arange(100) < 93)
    assert (got.value, got.n, got.confidence) == (0.93, 100, 0.95)
    assert got.low == pytest.approx(0.861, abs=6e-4)


def test_a_mostly_audited_pool_has_a_shorter_interval() -> None:
    whole = intervals.accuracy_interval(np.arange(100) < 93, population=120)
    endless = intervals.accuracy_interval(np.arange(100) < 93)
    assert whole.high - whole.low < 0.6 * (endless.high - endless.low)
    assert intervals.population_interval(93, 100, 10**7) == pytest.approx(
        intervals.binomial_interval(93, 100), abs=1e-4
    )


def test_the_share_lies_in_the_interval_even_of_a_pool_that_is_nearly_all_audited() -> None:
    # 1 of 99 was right; with 2 of 100 that would be rarer than 2.5 %, so it is 1 of 100.
    found = intervals.accuracy_interval(np.arange(99) < 1, population=100)
    assert (found.low, found.value, found.high) == (0.01, 0.01, 0.01)


def test_counts_that_are_no_whole_numbers_lie_between_their_neighbours() -> None:
    ends = [intervals.beta_interval(right, 100.0) for right in (92.0, 92.5, 93.0)]
    assert sorted(ends) == ends
    assert intervals.beta_interval(93.0, 100.0) == intervals.binomial_interval(93, 100)


def test_the_population_interval_covers_as_often_as_it_says() -> None:
    population, n, right = 60, 20, 51
    covered = 0.0
    for seen in range(n + 1):
        low, high = intervals.population_interval(seen, n, population) if seen <= n else (0, 0)
        if low <= right / population <= high:
            covered += hypergeom.pmf(seen, population, right, n)
    assert covered >= 0.95


@pytest.mark.parametrize(("correct", "n"), [(5, 4), (-1, 4)])
def test_impossible_counts_are_refused(correct: int, n: int) -> None:
    with pytest.raises(ValueError, match="cannot be right"):
        intervals.binomial_interval(correct, n)
    with pytest.raises(ValueError, match="confidence"):
        intervals.binomial_interval(1, 2, 1.0)
