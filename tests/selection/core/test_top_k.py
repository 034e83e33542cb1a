"""The best of the pool does not depend on how the pool is cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selection.core import top_k


@settings(deadline=None)
@given(
    scores=st.lists(st.sampled_from([0.0, 0.1, 0.1 + 1e-9, 0.5]), min_size=1, max_size=60),
    m=st.integers(0, 70),
    pieces=st.integers(1, 7),
    seed=st.integers(0, 2**32),
)
def test_one_shard_seven_shards_and_reversed_order_agree(
    scores: Any, m: Any, pieces: Any, seed: Any
) -> None:
    values, ids = np.array(scores), np.arange(len(scores)) * 3 + 5
    _, whole = top_k.merge([(values, ids)], m, seed)
    cuts = np.array_split(np.arange(len(values)), pieces)
    parts = []
    for cut in reversed(cuts):
        rows = cut[::-1][top_k.best(values[cut[::-1]], ids[cut[::-1]], m, seed)]
        parts.append((values[rows], ids[rows]))
    _, merged = top_k.merge(parts, m, seed)
    assert whole.tolist() == merged.tolist()
    assert len(whole) == min(m, len(values))


def test_ties_are_a_fair_draw_and_not_the_first_rows() -> None:
    first = [int(top_k.best(np.zeros(10), np.arange(10), 1, seed)[0]) for seed in range(500)]
    assert np.bincount(first, minlength=10).min() > 20


def test_noise_below_a_millionth_is_a_tie() -> None:
    ids = np.arange(50)
    quiet = np.full(50, 0.25)
    noisy = quiet + np.random.default_rng(0).uniform(-1e-8, 1e-8, 50)
    np.testing.assert_array_equal(top_k.best(quiet, ids, 9, 3), top_k.best(noisy, ids, 9, 3))


def test_infinite_scores_are_ordered_and_nan_is_named() -> None:
    assert top_k.best([0.0, np.inf, -np.inf], [0, 1, 2], 3, 0).tolist() == [1, 0, 2]
    with pytest.raises(ValueError, match="row 1"):
        top_k.best([0.0, np.nan], [0, 1], 1, 0)
    with pytest.raises(ValueError, match="must match"):
        top_k.best([0.0], [0, 1], 1, 0)


def test_no_shards_give_nothing() -> None:
    scores, ids = top_k.merge([], 5, 0)
    assert len(scores) == len(ids) == 0
