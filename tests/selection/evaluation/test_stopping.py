"""Stopping: proofs that hold however often somebody looks, and hints that are called hints."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import hypergeom

from selection.core import intervals
from selection.evaluation import stopping

STEADY = intervals.Estimate(0.9, 0.85, 0.94, 150, 0.95)


@pytest.mark.parametrize(("share", "n"), [(0.97, 46), (0.95, 89), (0.93, 263), (0.92, 593)])
def test_audits_needed_to_prove_ninety_percent(share: float, n: int) -> None:
    assert stopping.audits_needed(share, 0.9) == n


def test_what_is_not_above_the_target_is_never_proven() -> None:
    assert stopping.audits_needed(0.9, 0.9) is None
    assert stopping.audits_needed(0.9001, 0.9) is None


def test_looking_often_errs_less_than_promised_where_peeking_errs_far_more(rng: Any) -> None:
    # 0.9 is the truth, so every "reached" is an error. What a look says depends on two counts.
    marks = np.cumsum(rng.random((4000, 400)) < 0.9, axis=1)
    wrong = np.zeros((2, 4000), dtype=bool)
    for n in range(5, 401, 5):
        right = marks[:, n - 1]
        enough = np.array([intervals.lower_bound(k, n) >= 0.9 for k in range(n + 1)])
        wrong[0] |= enough[right]
        if n in (25, 50, 100, 200, 400):
            proven = [stopping.target_reached(np.arange(n) < k, 0.9).reached for k in range(n + 1)]
            wrong[1] |= np.array(proven)[right]
    peeking, planned = wrong.mean(axis=1)
    assert planned <= 0.05
    assert peeking > 0.15


def test_what_the_looks_may_err_adds_up_to_what_was_promised() -> None:
    spent = [stopping._spent(j, 0.95) for j in range(1, 10**4)]
    assert sum(spent) <= 0.05
    assert sum(spent) == pytest.approx(0.05, abs=1e-5)


def test_nothing_but_the_count_says_which_look_it_is() -> None:
    # What was spent needs no memory: the same answers asked twice are the same look.
    marks = np.arange(100) % 50 > 0
    assert stopping.target_reached(marks, 0.9) == stopping.target_reached(marks, 0.9)
    assert stopping.looks(100) == 3


def test_between_looks_the_last_look_counts() -> None:
    marks = np.ones(60, dtype=bool)
    marks[55:] = False
    now, then = (stopping.target_reached(marks[:n], 0.85) for n in (60, 50))
    assert now.low == then.low
    assert then.looked
    assert not now.looked


def test_target_tells_what_is_still_needed() -> None:
    few = stopping.target_reached([True] * 10, 0.9)
    assert not few.reached
    assert few.labels_needed == 40
    assert stopping.target_reached([], 0.9).labels_needed is None
    done = stopping.target_reached([True] * 100, 0.9)
    assert done.reached
    assert done.labels_needed == 0
    assert 0.94 < done.low < 0.95
    assert stopping.target_reached([True, False] * 50, 0.9).labels_needed is None
    with pytest.raises(ValueError, match="target"):
        stopping.target_reached([True], 1.0)


def test_budget() -> None:
    assert stopping.within_budget(120, 100) == 0
    assert stopping.within_budget(120, None) is None


def test_stable_needs_enough_models_that_agree() -> None:
    steady = [np.arange(100) % 3] * 4
    assert stopping.is_stable(steady)
    assert not stopping.is_stable(steady[:3])
    assert not stopping.is_stable([*steady[:3], np.zeros(100, dtype=int)])
    assert stopping.is_stable([np.zeros(10, dtype=int)] * 4)


def test_stable_looks_at_one_fixed_set_and_at_the_newest_models_only() -> None:
    steady = [np.arange(100) % 3] * 4
    assert stopping.is_stable([np.zeros(100, dtype=int), *steady])
    with pytest.raises(ValueError, match="two equal rows"):
        stopping.is_stable([np.arange(90) % 3, *steady[:3]])


def test_agreement_by_chance_alone_is_not_stable() -> None:
    # Both nearly always say the same class, and 99 % alike, but the one exception is not shared.
    rare = np.zeros(100, dtype=int)
    rare[0] = 1
    assert not stopping.is_stable([rare, np.zeros(100, dtype=int)] * 2)


def test_a_plateau_takes_stable_predictions_and_no_gain() -> None:
    steady = [np.arange(100) % 3] * 4
    assert stopping.is_plateau(steady, [STEADY] * 4)
    assert not stopping.is_plateau(steady, [STEADY] * 3)
    assert not stopping.is_plateau(steady[:3], [STEADY] * 4)
    assert not stopping.is_plateau([*steady[:3], np.zeros(100, dtype=int)], [STEADY] * 4)


@pytest.mark.parametrize("values", [(0.8, 0.9, 0.9, 0.9), (0.9, 0.9, 0.82, 0.9)])
def test_a_gain_or_a_dip_beyond_the_interval_is_no_plateau(values: Any) -> None:
    steady = [np.arange(100) % 3] * 6
    measured = [intervals.Estimate(v, v - 0.05, v + 0.04, 150, 0.95) for v in values]
    assert not stopping.is_plateau(steady, measured)
    # Changes before the window do not count: the model did learn, once.
    assert stopping.is_plateau(steady, [*measured, *[STEADY] * 4])


def test_one_dip_that_comes_back_does_not_stop(rng: Any) -> None:
    dip = [intervals.Estimate(v, v - 0.03, v + 0.03, 300, 0.95) for v in (0.85, 0.86, 0.8, 0.9)]
    steady = [np.arange(100) % 3] * 4
    assert not any(stopping.is_plateau(steady, dip[: i + 1]) for i in range(4))


def test_returns_diminish_once_both_ends_are_small() -> None:
    flat = [intervals.Estimate(0.9, 0.86, 0.93, 300, 0.95)] * 2
    assert stopping.diminishing([500, 1000], flat)
    # So few audits leave room for more; so few labels may still bring it.
    vague = [intervals.Estimate(0.9, 0.6, 0.99, 12, 0.95)] * 2
    assert not stopping.diminishing([300, 600], vague)
    assert not stopping.diminishing([100, 200], flat)
    assert not stopping.diminishing([600, 1000], flat)


def test_a_few_audits_that_are_all_right_are_no_reason_to_stop() -> None:
    lucky, known = (intervals.accuracy_interval([True] * n) for n in (49, 50))
    assert lucky.high == lucky.value == 1.0
    assert not stopping.diminishing([500, 1000], [lucky, lucky])
    assert stopping.diminishing([500, 1000], [known, known])


def test_a_rise_does_not_diminish_returns_and_the_bars_can_be_set() -> None:
    rise = [intervals.Estimate(v, v - 0.03, v + 0.03, 300, 0.95) for v in (0.8, 0.85)]
    assert not stopping.diminishing([500, 1000], rise)
    assert stopping.diminishing([500, 1000], rise, likely=0.01, most=0.02)
    assert not stopping.diminishing([500, 1000], rise, likely=0.01)


def test_gain_shrinks_with_the_curve() -> None:
    sizes = np.array([50, 100, 200, 400, 800])
    early = stopping.gain_per_hundred(sizes[:3], 0.9 - 1 / np.sqrt(sizes[:3]))
    late = stopping.gain_per_hundred(sizes, 0.9 - 1 / np.sqrt(sizes))
    assert 0 < late < early
    assert stopping.gain_per_hundred([10, 20], [0.5, 0.6]) is None
    assert stopping.gain_per_hundred([10, 20, 30], [0.9, 0.8, 0.7]) == 0.0
    with pytest.raises(ValueError, match="positive"):
        stopping.gain_per_hundred([0, 1, 2], [0.1, 0.2, 0.3])


def test_recall_proof_is_as_dear_as_published() -> None:
    assert stopping.recall_p_value(60, [False] * 800, 4000, 0.95) == pytest.approx(0.41, abs=0.005)
    assert stopping.recall_p_value(60, [False] * 4000, 4000, 0.95) < 1e-9
    assert stopping.recall_p_value(60, [], 4000, 0.95) == 1.0
    assert stopping.recall_p_value(2, [False], 1, 0.5) == 0.0


def test_recall_proof_errs_as_rarely_as_it_says() -> None:
    # 60 found of 70: recall is below 0.9 for good; ten hide among 500, 250 are drawn.
    found, hidden, pool, drawn = 60, 10, 500, 250
    wrong = 0.0
    for seen in range(hidden + 1):
        marks = np.arange(drawn) < seen
        if (found + seen) / (found + hidden) < 0.9 and (
            stopping.recall_p_value(found, marks, pool, 0.9) < 0.05
        ):
            wrong += hypergeom.pmf(seen, pool, hidden, drawn)
    assert wrong < 0.05


def test_recall_exactly_at_the_target_is_not_below_it() -> None:
    # 57 of 60 is 0.95, so recall is below 0.95 only with 61 relevant ones: four are left.
    for found, target, hidden in ((57, 0.95, 4), (19, 0.95, 2), (63, 0.9, 8), (99, 0.99, 2)):
        expected = hypergeom.cdf(0, 500, hidden, 200)
        assert stopping.recall_p_value(found, [False] * 200, 500, target) == pytest.approx(expected)


@pytest.mark.parametrize("hits", [0, 2])
def test_the_recall_frontier_tells_the_exact_number_of_reads(hits: int) -> None:
    marks = np.arange(100) < hits
    frontier = stopping.recall_frontier(60, marks, 700)
    assert [at.target for at in frontier] == [0.8, 0.9, 0.95, 0.99]
    for at in frontier:
        assert at.p_value == stopping.recall_p_value(60, marks, 700, at.target)
        read = np.arange(100 + at.reads_needed) < hits
        assert stopping.recall_p_value(60, read, 700, at.target) < 0.05
        if at.reads_needed:
            assert stopping.recall_p_value(60, read[:-1], 700, at.target) >= 0.05


def test_the_recall_frontier_rises_with_the_target_and_falls_with_the_reads() -> None:
    needed = [
        [at.reads_needed for at in stopping.recall_frontier(30, [False] * n, 400)]
        for n in (0, 50, 200)
    ]
    assert all(row == sorted(row) for row in needed)
    # A read without a hit brings each proof exactly one read nearer.
    assert needed[1] == [max(reads - 50, 0) for reads in needed[0]]
    values = [at.p_value for at in stopping.recall_frontier(30, [False] * 50, 400)]
    assert values == sorted(values)


def test_the_recall_frontier_at_its_ends() -> None:
    assert all(at.reads_needed == 0 for at in stopping.recall_frontier(9, [False] * 40, 40))
    assert all(at.reads_needed == 0 for at in stopping.recall_frontier(9, [], 0))
    # Nothing relevant was ever found: only reading nearly all proves that nothing is there.
    assert stopping.recall_frontier(0, [], 100, [0.8])[0].reads_needed == 96
    assert stopping.recall_frontier(9, [], 50, []) == []
    with pytest.raises(ValueError, match="target"):
        stopping.recall_frontier(9, [], 50, [1.0])
    with pytest.raises(ValueError, match="cannot be drawn"):
        stopping.recall_frontier(9, [False] * 3, 2)


# A pool that is drawn from without replacement ----------------------------------------------------


@pytest.mark.parametrize(("population", "right"), [(40, 35), (130, 116), (400, 359)])
def test_looking_at_every_audit_of_a_small_pool_errs_no_more_than_promised(
    rng: Any, population: int, right: int
) -> None:
    # The truth is just below 0.9, so every "reached" is an error; what a look says depends on two
    # counts. Four thousand random orders of the whole pool, looked at after each audit.
    truth = np.arange(population) < right
    orders = rng.permuted(np.tile(truth, (4000, 1)), axis=1)
    counts = np.cumsum(orders, axis=1)
    wrong = np.zeros(4000, dtype=bool)
    sizes = stopping._look_sizes(population)
    for n in sizes:
        said = [
            stopping.target_reached(np.arange(n) < k, 0.9, population=population).reached
            for k in range(n + 1)
        ]
        wrong |= np.array(said)[counts[:, n - 1]]
    assert sizes[-1] == population
    assert 0 < wrong.mean() <= 0.05 if population > 100 else wrong.mean() <= 0.05


def test_bound_of_a_look_is_that_of_the_hypergeometric_test() -> None:
    # By hand: the least total whose chance of 24 or more right of 25 exceeds what look 1 may err.
    error = 0.05 * 6 / np.pi**2
    totals = np.arange(101)
    least = totals[hypergeom.sf(23, 100, totals, 25) > error][0]
    marks = [True] * 24 + [False]
    found = stopping.target_reached(marks, 0.7, population=100)
    assert found.low == least / 100
    assert found.at == 25
    # A pool without end: the bound that Clopper and Pearson give, which is lower.
    assert stopping.target_reached(marks, 0.7).low < found.low
    assert stopping.target_reached(marks, 0.7, population=10**6).low == pytest.approx(
        stopping.target_reached(marks, 0.7).low, abs=1e-4
    )


@pytest.mark.parametrize("population", [60, 100, 5600, 51_200, 10**6])
@pytest.mark.parametrize("share", [0.86, 0.9, 0.91, 0.95])
def test_needed_audits_never_exceed_what_is_left(population: Any, share: float) -> None:
    marks = np.arange(56) >= round(56 * (1 - share))
    found = stopping.target_reached(marks, 0.9, population=population)
    if marks.mean() < 0.9:
        # Even an audit of every item would not prove it.
        assert found.labels_needed is None
    else:
        assert found.labels_needed is not None
        assert found.labels_needed <= population - 56


def test_pool_that_is_wholly_audited_is_known_exactly() -> None:
    marks = [True] * 27 + [False] * 3
    found = stopping.target_reached(marks, 0.9, population=30)
    assert (found.reached, found.low, found.labels_needed, found.at) == (True, 0.9, 0, 30)
    short = stopping.target_reached(marks, 0.91, population=30)
    assert (short.reached, short.low, short.labels_needed) == (False, 0.9, None)


def test_more_audits_than_items_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        stopping.target_reached([True] * 31, 0.9, population=30)
    with pytest.raises(ValueError, match="cannot be drawn"):
        intervals.lower_bound(3, 31, population=30)
