"""Two rounds of farthest first: within four times the best, whatever the order, and proven so."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selection.diversity import batch_diversity, distributed_k_center


def cover(shards, k, existing=None):
    parts = [distributed_k_center.cover_shard(X, ids, k, existing) for X, ids in shards]
    found = distributed_k_center.merge_covers(parts, k, existing)
    radii = [distributed_k_center.measure_radius(X, found.points, existing) for X, _ in shards]
    return found, distributed_k_center.certify(found, radii)


def cut(X, pieces, rng):
    """Random shards of X, each in a random order: import order is not random."""
    return [(X[rows], rows) for rows in np.array_split(rng.permutation(len(X)), pieces)]


def radius(X, centres):
    return np.sqrt(((X[:, None] - centres[None]) ** 2).sum(axis=2).min(axis=1).max())


def best_radius(X, k, existing):
    return min(
        radius(X, np.concatenate([X[list(rows)], existing]))
        for rows in combinations(range(len(X)), k)
    )


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(4, 9),
    k=st.integers(1, 3),
    labelled=st.integers(0, 2),
    pieces=st.integers(1, 3),
)
def test_the_radius_is_within_four_times_the_best_and_the_bound_below_it(
    seed, n, k, labelled, pieces
):
    rng = np.random.default_rng(seed)
    X, existing = rng.normal(size=(n, 2)), rng.normal(size=(labelled, 2))
    found, certificate = cover(cut(X, pieces, rng), k, existing)
    best = best_radius(X, k, existing)
    assert certificate.radius == pytest.approx(
        radius(X, np.concatenate([found.points, existing])), abs=1e-9
    )
    assert certificate.radius <= 4 * best + 1e-9
    assert certificate.bound <= best + 1e-9


@pytest.mark.parametrize("existing", [None, 5])
def test_the_order_of_shards_and_of_their_rows_changes_nothing(rng, existing):
    X = rng.normal(size=(700, 6)).astype(np.float32)
    labelled = None if existing is None else X[:existing] + np.float32(0.1)
    shards = cut(X, 7, rng)
    shuffled = [(X[rows], rows) for _, ids in reversed(shards) for rows in [rng.permutation(ids)]]
    (one, first), (two, second) = cover(shards, 9, labelled), cover(shuffled, 9, labelled)
    np.testing.assert_array_equal(one.ids, two.ids)
    assert first == second


def test_one_shard_is_covered_as_k_center_does_it(rng):
    X = rng.normal(size=(300, 4))
    found, certificate = cover([(X, np.arange(300))], 12, X[:3])
    assert found.ids.tolist() == batch_diversity.k_center(X, 12, existing=X[:3]).tolist()
    # With all rows in one place the next distance is the radius: exactly twice the bound.
    assert certificate.ratio == pytest.approx(2.0)


def test_random_data_is_certified_at_about_two_instead_of_four(rng):
    X = rng.normal(size=(12_000, 32)).astype(np.float32)
    central = radius_of(X, batch_diversity.k_center(X, 50))
    found, certificate = cover(cut(X, 8, rng), 50)
    assert 1.9 < certificate.ratio < 2.3
    assert certificate.radius / central < 1.1
    assert len(set(found.ids.tolist())) == 50


def radius_of(X, rows):
    return distributed_k_center.measure_radius(X, X[rows])


def test_a_line_by_hand():
    left = distributed_k_center.cover_shard([[0.0], [1.0], [2.0]], [0, 1, 2], 1)
    right = distributed_k_center.cover_shard([[10.0], [11.0], [12.0]], [3, 4, 5], 1)
    assert (left.ids.tolist(), left.reach) == ([1], 1.0)
    merged = distributed_k_center.merge_covers([right, left], 2)
    assert sorted(merged.ids.tolist()) == [1, 4]
    assert distributed_k_center.certify(merged, [1.0, 1.0]) == distributed_k_center.Certificate(
        1.0, 0.5
    )


def test_awkward_pools():
    empty = distributed_k_center.cover_shard(np.zeros((0, 2)), np.zeros(0, dtype=int), 3)
    assert (len(empty.ids), empty.reach) == (0, 0.0)
    assert len(distributed_k_center.merge_covers([], 3).ids) == 0
    assert len(distributed_k_center.merge_covers([empty, empty], 3).ids) == 0
    same = distributed_k_center.cover_shard(np.ones((5, 2)), np.arange(5), 2)
    assert distributed_k_center.certify(
        same, [distributed_k_center.measure_radius(np.ones((5, 2)), same.points)]
    ) == (0, 0)
    assert distributed_k_center.Certificate(0.0, 0.0).ratio == 1.0
    assert distributed_k_center.measure_radius(np.zeros((0, 2)), np.ones((1, 2))) == 0.0
    assert distributed_k_center.measure_radius(np.ones((1, 2)), np.zeros((0, 2))) == np.inf
    few = distributed_k_center.cover_shard([[0.0], [1.0]], [7, 8], 5)
    assert sorted(few.ids.tolist()) == [7, 8]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="row 1"):
        distributed_k_center.cover_shard([[0.0], [np.nan]], [7, 8], 1)
    with pytest.raises(ValueError, match="for ids"):
        distributed_k_center.cover_shard([[0.0]], [7, 8], 1)
    with pytest.raises(ValueError, match="columns"):
        distributed_k_center.cover_shard([[0.0]], [7], 1, existing=[[0.0, 1.0]])
