"""The model's doubts shorten the interval, and never make it lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from selection.core import intervals
from selection.evaluation import difference_estimator

POPULATION = 5000
RUNS = 500
# What the doubts of a pool may be worth, given each item's true chance of being wrong.
DOUBTS = {
    "honest": lambda chance, rng: chance,
    "too sure": lambda chance, rng: chance**2 / 2,
    "too shy": lambda chance, rng: 0.7 * np.sqrt(chance),
    "worthless": lambda chance, rng: rng.uniform(0, 0.5, len(chance)),
    "upside down": lambda chance, rng: 0.75 - chance,
}


def made_pool(error: float, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return which of 5,000 items the model gets right, and its doubt about each."""
    rng = np.random.default_rng(int(1000 * error))
    chance = np.minimum(rng.beta(0.6, 0.6 * (1 - error) / error, POPULATION), 0.75)
    return rng.random(POPULATION) >= chance, DOUBTS[kind](chance, rng)


def audits(error: float, kind: str, n: int, runs: int = RUNS) -> tuple[float, float, float]:
    """Return the coverage, the mean width over the exact one's, and the bias of many audits."""
    right, doubt = made_pool(error, kind)
    rng = np.random.default_rng(n)
    found, plain = [], []
    for _ in range(runs):
        rows = rng.choice(POPULATION, n, replace=False)
        options = {"pool_doubt": float(doubt.mean()), "population": POPULATION}
        found.append(difference_estimator.audited_accuracy(right[rows], doubt[rows], **options))
        plain.append(intervals.binomial_interval(int(right[rows].sum()), n))
    low, high, value = (
        np.array([getattr(e, end) for e in found]) for end in ("low", "high", "value")
    )
    truth = right.mean()
    width = (high - low).mean() / np.subtract(*np.array(plain).T[::-1]).mean()
    return ((low <= truth) & (truth <= high)).mean(), width, value.mean() - truth


@pytest.mark.parametrize("kind", DOUBTS)
@pytest.mark.parametrize("error", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("n", [100, 400])
def test_the_interval_covers_the_truth_whatever_the_doubts_are_worth(
    kind: Any, error: float, n: int
) -> None:
    covered, width, bias = audits(error, kind, n)
    # Of 500 runs at exactly 95 %, one case in forty stays below 93.
    assert covered >= 0.93
    assert width < 1.03
    assert abs(bias) < 4 * np.sqrt(error / n / RUNS)


@pytest.mark.parametrize("n", [60, 100, 200])
def test_two_thousand_audits_of_a_model_with_honest_doubts(n: int) -> None:
    # 60 are counted exactly, the other two by the difference.
    covered, width, _ = audits(0.2, "honest", n, runs=2000)
    assert covered >= 0.945
    # 0.88 of the width is what 1.3 times as many audits would give.
    assert width < {60: 1.0, 100: 0.9, 200: 0.88}[n]


@pytest.mark.parametrize(
    ("n", "pool_doubt", "method"),
    [
        (99, 0.5, "exact"),
        (100, 0.049, "exact"),
        (100, 0.051, "difference"),
        (199, 0.02, "exact"),
        (200, 0.02, "difference"),
    ],
)
def test_what_was_known_before_the_first_answer_decides(
    n: int, pool_doubt: float, method: str, rng: Any
) -> None:
    right, doubt = made_pool(0.2, "honest")
    rows = rng.choice(POPULATION, n, replace=False)
    doubt = doubt[rows] * pool_doubt / doubt.mean()
    found = difference_estimator.audited_accuracy(
        right[rows], doubt, pool_doubt=pool_doubt, population=POPULATION
    )
    assert found.method == method
    if method == "exact":
        assert found == intervals.accuracy_interval(right[rows], population=POPULATION)


@pytest.mark.parametrize("n", [120, 200, 280])
def test_a_small_pool_is_known_better_the_more_of_it_is_audited(n: int) -> None:
    # The audit is part of the pool whose mean doubt is taken, so no factor shrinks the slope.
    right, doubt = (values[:300] for values in made_pool(0.3, "honest"))
    rng, truth, found = np.random.default_rng(n), right.mean(), []
    for _ in range(RUNS):
        rows = rng.choice(300, n, replace=False)
        options = {"pool_doubt": float(doubt.mean()), "population": 300}
        found.append(difference_estimator.difference(right[rows], doubt[rows], **options))
    assert np.mean([e.low <= truth <= e.high for e in found]) >= 0.93
    width = np.mean([e.high - e.low for e in found])
    assert width < {120: 0.13, 200: 0.08, 280: 0.03}[n]


def test_nothing_audited_nothing_known() -> None:
    assert difference_estimator.audited_accuracy([], [], pool_doubt=0.5, population=9) is None
    assert difference_estimator.difference([], [], pool_doubt=0.5, population=9) is None


def test_doubts_without_spread_leave_the_plain_share(rng: Any) -> None:
    right = rng.random(200) < 0.8
    found = difference_estimator.difference(
        right, np.full(200, 0.3), pool_doubt=0.3, population=10**6
    )
    assert found.value == pytest.approx(right.mean())
    assert (found.low, found.high) == pytest.approx(
        intervals.binomial_interval(int(right.sum()), 200), abs=5e-4
    )


def test_what_does_not_vary_and_what_is_all_audited_is_counted_exactly() -> None:
    doubt = np.linspace(0, 0.4, 120)
    options = {"pool_doubt": 0.2, "population": 1000}
    for right in (np.ones(120, dtype=bool), np.zeros(120, dtype=bool)):
        assert difference_estimator.difference(right, doubt, **options).method == "exact"
    right = np.arange(120) % 4 > 0
    whole = difference_estimator.difference(right, doubt, pool_doubt=0.2, population=120)
    assert (whole.low, whole.value, whole.high) == (0.75, 0.75, 0.75)
    assert difference_estimator.difference([True], [0.1], **options).method == "exact"


def test_an_answer_does_not_tune_its_own_correction() -> None:
    # One audit alone was doubted. What its answer says of doubt corrects the others, which have
    # none; its own correction comes from them, who know nothing of doubt.
    right, doubt = np.arange(100) % 10 > 0, np.zeros(100)
    doubt[0] = 1.0
    found = difference_estimator.difference(right, doubt, pool_doubt=0.0, population=10**6)
    assert found.value == pytest.approx(0.9, abs=1e-12)


def test_the_order_of_answers_does_not_make_the_correction_blind() -> None:
    # Sorted or striped answers must not line up with the fifths that tune the slope.
    right = np.arange(200) % 5 > 0
    doubt = np.where(right, 0.1, 0.6)
    found = difference_estimator.difference(right, doubt, pool_doubt=0.22, population=10**4)
    assert found.value == pytest.approx(0.76, abs=2e-3)  # every wrong answer was foreseen
    assert found.high - found.low < 0.01


def test_doubts_that_do_not_fit_are_refused() -> None:
    options = {"pool_doubt": 0.1, "population": 10}
    with pytest.raises(ValueError, match="3 audits"):
        difference_estimator.difference([True, False, True], [0.1], **options)
    with pytest.raises(ValueError, match="row 1"):
        difference_estimator.difference([True, False], [0.1, np.nan], **options)
    with pytest.raises(ValueError, match="cannot be drawn"):
        difference_estimator.difference([True] * 11, [0.1] * 11, **options)
