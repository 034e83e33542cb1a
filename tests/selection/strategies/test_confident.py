"""The surest items of each class: who is among them, and that no layout of the pool changes it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selection.models import MultiLabel, SingleLabel
from selection.strategies.confident import ConfidentItems, merge, most_confident


def odds(rows: int, classes: int, seed: int) -> np.ndarray:
    """Return made-up probabilities, many of them sure, with ties among them."""
    sharp = np.random.default_rng(seed).dirichlet(np.full(classes, 0.15), rows)
    steps = np.round(sharp * 20) + 1e-3
    return steps / steps.sum(axis=1, keepdims=True)


def said(found: ConfidentItems) -> list[tuple[int, int, float, tuple[int, ...]]]:
    return [
        (int(i), int(c), round(float(p), 9), tuple(np.flatnonzero(answer)))
        for i, c, p, answer in zip(
            found.ids, found.classes, found.confidence, found.answers, strict=True
        )
    ]


@settings(deadline=None, max_examples=40)
@given(
    rows=st.integers(1, 60),
    classes=st.integers(2, 4),
    pieces=st.integers(1, 7),
    per_class=st.integers(1, 9),
    seed=st.integers(0, 1000),
    kind=st.sampled_from([SingleLabel, MultiLabel]),
)
def test_one_shard_and_many_in_any_order_agree(
    rows: Any, classes: Any, pieces: Any, per_class: Any, seed: Any, kind: Any
) -> None:
    proba, ids, space = odds(rows, classes, seed), np.arange(rows) * 3 + 5, kind(classes)
    whole = most_confident(ids, proba, per_class, seed, space, least=0.5)
    parts = [
        most_confident(ids[cut][::-1], proba[cut][::-1], per_class, seed, space, least=0.5)
        for cut in reversed(np.array_split(np.arange(rows), pieces))
    ]
    kept = [ConfidentItems.from_arrays(part.to_arrays()) for part in parts]
    merged = merge(kept, per_class, seed)
    assert said(merged) == said(merge([whole], per_class, seed)) == said(whole)
    assert merged.counts.tolist() == whole.counts.tolist()


def test_each_class_has_its_own_best_first() -> None:
    proba = [[0.9, 0.1], [0.05, 0.95], [0.99, 0.01], [0.15, 0.85], [0.79, 0.21]]
    found = most_confident([10, 11, 12, 13, 14], proba, 2, 0, SingleLabel(2))
    assert found.ids.tolist() == [12, 10, 11, 13]
    assert found.classes.tolist() == [0, 0, 1, 1]
    assert found.answers.tolist() == [[True, False]] * 2 + [[False, True]] * 2
    assert found.counts.tolist() == [2, 2]


def test_counts_tell_of_those_left_out() -> None:
    found = most_confident(range(50), [[0.9, 0.1]] * 50, 3, 0, SingleLabel(2))
    assert (len(found.ids), found.counts.tolist()) == (3, [50, 0])


def test_ties_go_by_a_hash_and_not_to_the_first_rows() -> None:
    firsts = {
        int(most_confident(range(50), [[0.9, 0.1]] * 50, 1, seed, SingleLabel(2)).ids[0])
        for seed in range(30)
    }
    assert len(firsts) > 10


def test_with_several_labels_the_whole_answer_must_be_sure() -> None:
    proba = [[0.95, 0.9, 0.02], [0.95, 0.55, 0.02], [0.1, 0.1, 0.1], [0.1, 0.85, 0.1]]
    found = most_confident([1, 2, 3, 4], proba, 5, 0, MultiLabel(3))
    # 2 is in doubt about its second label; 3 has no label, so no page to be on.
    assert list(zip(found.ids.tolist(), found.classes.tolist(), strict=True)) == [
        (1, 0),
        (1, 1),
        (4, 1),
    ]
    assert found.answers[0].tolist() == [True, True, False]
    np.testing.assert_allclose(found.confidence, [0.9, 0.9, 0.85])


def test_77_labels_are_as_good_as_two() -> None:
    proba = np.full((770, 77), 0.1 / 76)
    proba[np.arange(770), np.arange(770) % 77] = 0.9
    found = ConfidentItems.from_arrays(
        most_confident(range(770), proba, 4, 0, SingleLabel(77)).to_arrays()
    )
    assert np.bincount(found.classes).tolist() == [4] * 77
    assert (found.ids % 77 == found.classes).all()
    assert found.counts.tolist() == [10] * 77


def test_nobody_sure_and_nobody_there_give_nothing() -> None:
    for ids, proba in (([1], [[0.5, 0.5]]), ([], np.zeros((0, 2)))):
        found = merge([most_confident(ids, proba, 5, 0, SingleLabel(2))], 5, seed=0)
        assert (said(found), found.counts.tolist()) == ([], [0, 0])


def test_what_cannot_be_used_is_named() -> None:
    with pytest.raises(ValueError, match="must match"):
        most_confident([1, 2], [[0.5, 0.5]], 5, 0, SingleLabel(2))
    with pytest.raises(ValueError, match="row 0"):
        most_confident([1], [[np.nan, 0.5]], 5, 0, SingleLabel(2))
