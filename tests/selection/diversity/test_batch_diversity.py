"""Diversity against hand-derivable cases and the written-out form of each method."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from selection.diversity import batch_diversity, clusters
from selection.models import MultiLabel

RULES = (batch_diversity.k_center, batch_diversity.kmeans_pp, batch_diversity.typical)


def test_k_center_takes_the_farthest_each_time() -> None:
    labelled = [[0.0, 0.0], [0.1, 0.1], [0.2, 0.0], [0.0, 0.2]]
    pool = [[1.0, 0.0], [2.0, 0.0], [3.0, 3.0], [5.0, 5.0]]
    assert batch_diversity.k_center(pool, 4, existing=labelled).tolist() == [3, 2, 1, 0]


def test_k_center_without_labels_starts_in_the_middle() -> None:
    assert batch_diversity.k_center([[0.0], [4.0], [5.0], [10.0]], 3).tolist() == [2, 0, 3]


def test_k_center_is_within_twice_the_best_radius() -> None:
    line = np.arange(9.0)[:, None]
    chosen = batch_diversity.k_center(line, 3)
    radius = np.abs(line - line[chosen].T).min(axis=1).max()
    assert radius <= 2 * 1.0


def test_k_center_gives_the_same_order_with_a_running_minimum_as_with_all_distances(
    rng: Any,
) -> None:
    X, L = rng.normal(size=(60, 4)), rng.normal(size=(5, 4))
    expected: list[int] = []
    for _ in range(10):
        centres = np.vstack([L, X[expected]])
        gaps = np.linalg.norm(X[:, None] - centres[None], axis=2).min(axis=1)
        expected.append(int(gaps.argmax()))
    assert batch_diversity.k_center(X, 10, existing=L).tolist() == expected


def test_kmeans_pp_draws_in_proportion_to_squared_distance() -> None:
    pool = [[0.0], [1.0], [2.0]]
    draws = [int(batch_diversity.kmeans_pp(pool, 1, [[0.0]], seed)[0]) for seed in range(2000)]
    share = np.bincount(draws, minlength=3) / 2000
    np.testing.assert_allclose(share, [0.0, 0.2, 0.8], atol=0.03)


def test_kmeans_pp_weights_multiply_the_distance() -> None:
    pool = [[1.0], [-1.0]]
    draws = [
        int(batch_diversity.kmeans_pp(pool, 1, [[0.0]], seed, weights=[3.0, 1.0])[0])
        for seed in range(2000)
    ]
    assert np.mean(np.array(draws) == 0) == pytest.approx(0.75, abs=0.03)


def test_badge_equals_k_means_pp_on_the_written_out_gradients(rng: Any) -> None:
    proba, X = rng.dirichlet(np.ones(3), size=40), rng.normal(size=(40, 5))
    errors = proba - np.eye(3)[proba.argmax(axis=1)]
    bias = np.column_stack([X, np.ones(40)])
    gradients = np.einsum("nc,nd->ncd", errors, bias).reshape(40, -1)
    chosen = batch_diversity.badge(proba, X, 6, rng=3).tolist()
    # The same draws on the real thing: longest first, then D2 sampling with the same numbers.
    generator, expected = np.random.default_rng(3), [int((gradients**2).sum(axis=1).argmax())]
    while len(expected) < 6:
        gaps = ((gradients[:, None] - gradients[expected][None]) ** 2).sum(axis=2).min(axis=1)
        sums = np.cumsum(gaps)
        expected.append(int(np.searchsorted(sums, generator.random() * sums[-1], side="right")))
    assert chosen == expected


def test_badge_has_no_ghost_centre_at_the_origin() -> None:
    # Two gradients of opposite sign: after the first, the second is far, the small one is not.
    proba = [[0.5, 0.5], [0.4999, 0.5001], [0.99, 0.01]]
    X = [[1.0], [1.0], [0.0]]
    seconds = {int(batch_diversity.badge(proba, X, 2, rng=seed)[1]) for seed in range(50)}
    assert 1 in seconds


def test_badge_never_returns_a_duplicate_even_when_all_gradients_are_equal() -> None:
    chosen = batch_diversity.badge(np.full((8, 2), 0.5), np.ones((8, 3)), 8, rng=0)
    assert sorted(chosen.tolist()) == list(range(8))


def test_badge_for_several_labels_per_item(rng: Any) -> None:
    errors = MultiLabel(4).gradient_errors(rng.random((9, 4)))
    chosen = batch_diversity.spread_gradients(errors, rng.normal(size=(9, 2)), 3, 0)
    assert len(set(chosen.tolist())) == 3


def test_typical_takes_one_of_each_group_before_a_second_of_any(rng: Any) -> None:
    centres = 20 * np.eye(4)
    points = np.repeat(centres, 25, axis=0) + rng.normal(scale=0.1, size=(100, 4))
    chosen = batch_diversity.typical(points, 4, rng=0)
    assert sorted((chosen // 25).tolist()) == [0, 1, 2, 3]


def test_typical_goes_first_where_nothing_is_labelled(rng: Any) -> None:
    points = np.repeat(20 * np.eye(3), 30, axis=0) + rng.normal(scale=0.1, size=(90, 3))
    for seed in range(5):
        chosen = batch_diversity.typical(points, 1, existing=points[:2], rng=seed)
        assert chosen[0] >= 30


def test_cluster_margin_goes_round_small_groups_first() -> None:
    got = batch_diversity.cluster_margin([0.9, 0.8, 0.1, 0.7, 0.2], [5, 5, 9, 5, 9], 4)
    assert got.tolist() == [4, 0, 2, 1]


def test_k_means_finds_separate_groups_and_repeats_exactly(rng: Any) -> None:
    points = np.repeat(30 * np.eye(3), 20, axis=0) + rng.normal(size=(60, 3))
    first, again = clusters.k_means(points, 3, 5), clusters.k_means(points, 3, 5)
    np.testing.assert_array_equal(first.of, again.of)
    assert all(len(set(first.of[i : i + 20].tolist())) == 1 for i in (0, 20, 40))


@pytest.mark.parametrize("rule", RULES)
def test_awkward_pools(rule: Any) -> None:
    assert rule(np.zeros((0, 3)), 5).tolist() == []
    assert rule(np.ones((4, 3)), 0).tolist() == []
    assert sorted(rule(np.ones((4, 3)), 9).tolist()) == [0, 1, 2, 3]
    assert sorted(rule(np.zeros((4, 3)), 4, np.zeros((2, 3))).tolist()) == [0, 1, 2, 3]
    assert rule(np.ones((1, 3)), 1).tolist() == [0]
    assert sorted(rule(np.zeros((3, 0)), 3).tolist()) == [0, 1, 2]
    assert len(rule(np.ones((4, 3)), 2, np.zeros((0, 3)))) == 2


@pytest.mark.parametrize("rule", RULES)
def test_input_is_left_alone_and_the_seed_repeats(rule: Any, rng: Any) -> None:
    X = rng.normal(size=(50, 4)).astype(np.float32)
    before = X.copy()
    np.testing.assert_array_equal(rule(X, 7, X[:3], 1), rule(X, 7, X[:3], 1))
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("rule", RULES)
def test_a_row_that_is_not_finite_is_named(rule: Any) -> None:
    with pytest.raises(ValueError, match="row 2"):
        rule([[0.0], [1.0], [np.nan]], 2)
