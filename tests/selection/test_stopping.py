"""Stopping: proofs that hold however often somebody looks, and hints that are called hints."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import hypergeom

from selection import stopping


@pytest.mark.parametrize(("share", "n"), [(0.97, 46), (0.95, 89), (0.93, 263), (0.92, 593)])
def test_audits_needed_to_prove_ninety_percent(share, n):
    assert stopping.audits_needed(share, 0.9) == pytest.approx(n, rel=0.12)


def test_what_is_not_above_the_target_is_never_proven():
    assert stopping.audits_needed(0.9, 0.9) is None
    assert stopping.audits_needed(0.9001, 0.9) is None


def test_looking_often_errs_less_than_promised(rng):
    # 0.9 is the truth, so every "reached 0.9" is an error; look after every single audit.
    errors = 0
    for _ in range(300):
        marks = rng.random(200) < 0.9
        looks = (25, 50, 100, 200)
        errors += any(stopping.target_reached(marks[:n], 0.9).reached for n in looks)
    assert errors / 300 < 0.05


def test_between_looks_the_last_look_counts():
    marks = np.ones(60, dtype=bool)
    marks[55:] = False
    now, then = (stopping.target_reached(marks[:n], 0.85) for n in (60, 50))
    assert now.low == then.low
    assert then.looked
    assert not now.looked


def test_target_tells_what_is_still_needed():
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


def test_budget():
    assert stopping.within_budget(120, 100) == 0
    assert stopping.within_budget(120, None) is None


def test_stable_needs_enough_models_that_agree():
    steady = [np.arange(100) % 3] * 4
    assert stopping.is_stable(steady)
    assert not stopping.is_stable(steady[:3])
    assert not stopping.is_stable([*steady[:3], np.zeros(100, dtype=int)])
    assert stopping.is_stable([np.zeros(10, dtype=int)] * 4)


def test_gain_shrinks_with_the_curve():
    sizes = np.array([50, 100, 200, 400, 800])
    early = stopping.gain_per_hundred(sizes[:3], 0.9 - 1 / np.sqrt(sizes[:3]))
    late = stopping.gain_per_hundred(sizes, 0.9 - 1 / np.sqrt(sizes))
    assert 0 < late < early
    assert stopping.gain_per_hundred([10, 20], [0.5, 0.6]) is None
    assert stopping.gain_per_hundred([10, 20, 30], [0.9, 0.8, 0.7]) == 0.0
    with pytest.raises(ValueError, match="positive"):
        stopping.gain_per_hundred([0, 1, 2], [0.1, 0.2, 0.3])


def test_recall_proof_is_as_dear_as_published():
    assert stopping.recall_p_value(60, [False] * 800, 4000, 0.95) == pytest.approx(0.41, abs=0.005)
    assert stopping.recall_p_value(60, [False] * 4000, 4000, 0.95) < 1e-9
    assert stopping.recall_p_value(60, [], 4000, 0.95) == 1.0
    assert stopping.recall_p_value(2, [False], 1, 0.5) == 0.0


def test_recall_proof_errs_as_rarely_as_it_says():
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
