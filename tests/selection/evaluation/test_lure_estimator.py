"""Draws of unequal chance are weighed back to an unbiased mean."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from selection.evaluation import lure_estimator
from selection.strategies.registry import STRATEGIES, Candidates

STOCHASTIC = STRATEGIES["stochastic"]


def draw(proba: np.ndarray, ids: np.ndarray, k: int, seed: int) -> tuple[list[int], np.ndarray]:
    """Return k ids that `stochastic` drew from the pool, and the chance of each draw."""
    candidates = Candidates(ids, STOCHASTIC.score(proba, ids, seed), proba, pool_size=len(ids))
    selection = STOCHASTIC.choose(candidates, k, seed)
    return ids[selection.rows].tolist(), selection.probability


def test_the_mean_over_all_possible_draws_is_the_mean_of_the_pool():
    # Exact, by enumeration: every ordered pair of five items with its Plackett-Luce probability.
    weights, losses = np.array([4.0, 2.0, 1.0, 0.5, 0.1]), np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    expected = 0.0
    for first, second in permutations(range(5), 2):
        q = weights[first] / weights.sum(), weights[second] / (weights.sum() - weights[first])
        found = lure_estimator.lure(losses[[first, second]], q, population=5)
        expected += q[0] * q[1] * found.value
    assert expected == pytest.approx(losses.mean(), abs=1e-12)


def test_what_stochastic_draws_can_be_weighed_back(rng):
    chance = rng.beta(1, 3, 200) / 2
    proba, losses = np.column_stack([1 - chance, chance]), rng.random(200) < chance
    weighed, plain = [], []
    for seed in range(1000):
        rows, q = draw(proba, np.arange(200), 40, seed)
        weighed.append(lure_estimator.lure(losses[rows], q, population=200).value)
        plain.append(losses[rows].mean())
    error = np.std(weighed) / np.sqrt(1000)
    assert np.mean(weighed) == pytest.approx(losses.mean(), abs=4 * error)
    assert np.mean(plain) > losses.mean() + 10 * error  # doubtful items err more often


def test_draws_of_several_rounds_are_one_row_of_draws(rng):
    proba, losses = rng.dirichlet(np.ones(3), 60), rng.random(60)
    values = []
    for seed in range(1000):
        left, rows, chances = np.arange(60), [], []
        for turn in range(3):
            picked, q = draw(proba[left], left, 5, seed + 10**6 * turn)
            rows += picked
            chances += q.tolist()
            left = np.setdiff1d(left, picked)
        values.append(lure_estimator.lure(losses[rows], chances, population=60).value)
    assert np.mean(values) == pytest.approx(losses.mean(), abs=4 * np.std(values) / np.sqrt(1000))


def test_the_whole_pool_and_even_draws_weigh_one(rng):
    proba = rng.dirichlet(np.ones(3), 30)
    rows, q = draw(proba, np.arange(30), 30, seed=3)
    np.testing.assert_allclose(lure_estimator.lure_weights(q, 30), 1.0)
    losses = rng.random(30)
    assert lure_estimator.lure(losses[rows], q, 30).value == pytest.approx(losses.mean())
    even = 1 / (100 - np.arange(20))
    np.testing.assert_allclose(lure_estimator.lure_weights(even, 100), 1.0)
    assert lure_estimator.lure(np.ones(20), even, 100).effective == pytest.approx(20)


def test_few_heavy_weights_are_called_unsound():
    even = 1 / (1000 - np.arange(30.0))
    assert lure_estimator.lure(np.ones(30), even, 1000).is_sound
    lucky = np.where(np.arange(30) == 5, even / 50, even)
    found = lure_estimator.lure(np.ones(30), lucky, 1000)
    assert found.effective < 10
    assert not found.is_sound


@pytest.mark.parametrize("bad", [0.0, -0.1, 1.5, np.nan])
def test_a_draw_that_had_no_chance_is_named(bad):
    with pytest.raises(ValueError, match="row 1"):
        lure_estimator.lure_weights([0.5, bad], 10)


def test_a_deterministic_choice_cannot_be_weighed(rng):
    proba = rng.dirichlet(np.ones(3), 9)
    ids = np.arange(9)
    margin = STRATEGIES["margin"]
    pool = Candidates(ids, margin.score(proba, ids, 0), proba, pool_size=9)
    with pytest.raises(ValueError, match="row 0"):
        lure_estimator.lure_weights(margin.choose(pool, 3, 0).probability, 9)


def test_losses_that_do_not_fit_are_refused():
    assert lure_estimator.lure([], [], 5) is None
    with pytest.raises(ValueError, match="1 losses for 2"):
        lure_estimator.lure([0.0], [0.5, 0.5], 9)
    with pytest.raises(ValueError, match="row 1"):
        lure_estimator.lure([0.0, np.nan], [0.5, 0.5], 9)
    with pytest.raises(ValueError, match="no draws from 1"):
        lure_estimator.lure([0.0, 1.0], [0.5, 1.0], 1)
