"""A few passes over all rows choose exactly what a pass for every pick would."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from selection.core.distances import Points
from selection.diversity import batch_diversity
from selection.diversity.farthest_first import TIE, farthest_first

N, K = 4000, 60


def written_out(X: Any, k: Any, existing: Any) -> Any:
    """One pass for every pick, in float64; ties go to the lowest row."""
    X = X.astype(np.float64)
    gaps, chosen = np.full(len(X), np.inf), []
    for centre in existing.astype(np.float64):
        gaps = np.minimum(gaps, ((X - centre) ** 2).sum(axis=1))
    for _ in range(k):
        chosen.append(int(np.flatnonzero(gaps >= gaps.max() * (1 - TIE))[0]))
        gaps = np.minimum(gaps, ((X - X[chosen[-1]]) ** 2).sum(axis=1))
        gaps[chosen] = -1.0
    return chosen


POOLS = {
    "random": lambda rng: rng.normal(size=(N, 24)),
    "groups": lambda rng: (
        5 * rng.normal(size=(40, 24))[rng.integers(40, size=N)] + rng.normal(size=(N, 24)) / 4
    ),
    "copies": lambda rng: rng.normal(size=(300, 24))[rng.integers(300, size=N)],
    "grid": lambda rng: rng.integers(0, 20, size=(N, 2)).astype(float),
    "line": lambda rng: rng.random((N, 1)),
    "far away": lambda rng: rng.normal(size=(N, 24)) + 1000,
    "outliers": lambda rng: rng.standard_cauchy(size=(N, 24)),
    "few kinds": lambda rng: np.eye(32)[rng.integers(32, size=N)],
    "all equal": lambda rng: np.ones((N, 3)),
}


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("name", POOLS)
def test_the_order_is_that_of_one_pass_for_every_pick(name: Any, kind: Any, rng: Any) -> None:
    X = POOLS[name](rng).astype(kind)
    existing = X[:20] + kind(0.25)
    assert batch_diversity.k_center(X, K, existing=existing).tolist() == written_out(X, K, existing)


def test_the_distances_at_the_time_of_choice_only_shrink(rng: Any) -> None:
    X = rng.normal(size=(2000, 5)).astype(np.float32)
    found = farthest_first(Points.of(X), 50, X[:0])
    assert np.isinf(found.gaps[0])
    assert (np.diff(found.gaps) <= 0).all()


def test_all_rows_are_chosen_once_where_all_are_wanted(rng: Any) -> None:
    X = np.repeat(rng.normal(size=(40, 3)), 30, axis=0)
    assert sorted(farthest_first(Points.of(X), 5000, X[:0]).rows.tolist()) == list(range(1200))
