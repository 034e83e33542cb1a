"""Draws that share a pass over the pool have the odds of draws that do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from selection.core.distances import Gradients, Points
from selection.diversity import batch_diversity, kmeans_seeding


def odds_of_pairs(X: Any, gaps: Any, mass: Any) -> Any:
    """The chance of every ordered pair of sites, by the definition of k-means++."""
    first = gaps * mass / (gaps * mass).sum()
    pairs = np.zeros((len(X), len(X)))
    for row in range(len(X)):
        left = np.minimum(gaps, (X[:, 0] - X[row, 0]) ** 2) * mass
        pairs[row] = first[row] * left / left.sum()
    return pairs


def test_refused_draws_leave_the_odds_as_they_are() -> None:
    sites = np.array([[1.0], [2.0], [3.0], [-1.5]])
    copies = kmeans_seeding.FEW  # more rows than are measured again after every draw
    X, gaps = np.repeat(sites, copies, axis=0), np.repeat(sites[:, 0] ** 2, copies)
    mass = np.repeat([1.0, 2.0, 1.0, 0.5], copies)
    points, seen = Points.of(X), np.zeros((4, 4))
    for seed in range(2000):
        one, two = (
            kmeans_seeding.draw_apart(points, 2, gaps, mass, np.random.default_rng(seed)) // copies
        )
        seen[one, two] += 1 / 2000
    expected = odds_of_pairs(sites, sites[:, 0] ** 2, np.array([1.0, 2.0, 1.0, 0.5]))
    np.testing.assert_allclose(seen, expected, atol=0.03)


def test_a_covered_pool_ends_the_draw() -> None:
    X = np.repeat([[1.0, 0.0], [0.0, 1.0], [3.0, 3.0]], 600, axis=0).astype(np.float32)
    gaps = np.full(len(X), np.inf)
    chosen = kmeans_seeding.draw_apart(
        Points.of(X), 50, gaps, np.ones(len(X)), np.random.default_rng(0)
    )
    assert sorted((chosen // 600).tolist()) == [0, 1, 2]


def test_many_rows_are_spread_as_well_as_with_a_pass_for_every_draw(rng: Any) -> None:
    X = rng.normal(size=(3000, 6)).astype(np.float32)
    potential = [
        Points.of(X).to_nearest(batch_diversity.kmeans_pp(X, 40, rng=seed)).sum()
        for seed in range(30)
    ]
    usual = [Points.of(X).to_nearest(one_by_one(X, 40, seed)).sum() for seed in range(30)]
    assert np.mean(potential) == pytest.approx(np.mean(usual), rel=0.02)


def one_by_one(X: Any, k: Any, seed: Any) -> Any:
    rng = np.random.default_rng(seed)
    chosen = [int(rng.integers(len(X)))]
    while len(chosen) < k:
        gaps = Points.of(X).to_nearest(np.array(chosen))
        chosen.append(int(rng.choice(len(X), p=gaps / gaps.sum())))
    return np.array(chosen)


def test_the_rest_is_drawn_by_weight_and_the_weightless_come_last() -> None:
    mass = np.array([3.0, 1.0, 0.0, 5.0])
    orders = [
        kmeans_seeding.draw_rest(np.array([3]), 9, mass, np.random.default_rng(s))
        for s in range(2000)
    ]
    assert all(sorted(order.tolist()) == [0, 1, 2] and order[-1] == 2 for order in orders)
    assert np.mean([order[0] == 0 for order in orders]) == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize("d", [2, 384, 3000])
def test_equal_rows_are_at_exactly_no_distance_in_float32(d: int, rng: Any) -> None:
    X = rng.normal(size=(300, d)).astype(np.float32) * 3 + 7
    twice, last = np.concatenate([X, X]), np.arange(300)
    assert (Points.of(twice).to_nearest(last) == 0).all()
    errors = rng.normal(size=(300, 10))
    gradients = Gradients.of(np.concatenate([errors, errors]), twice)
    assert (gradients.to_nearest(last) == 0).all()
    assert gradients.between(3, np.array([303])) == 0.0


def test_rows_too_large_to_measure_are_named() -> None:
    X = np.array([[0.0], [1e30]], dtype=np.float32)
    with pytest.raises(ValueError, match=r"too large \(row"):
        batch_diversity.k_center(X, 1)
