"""Near-copies share a group, and only one of them is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from selection.diversity import near_duplicates


def at(degrees: Any) -> Any:
    angles = np.radians(degrees)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def test_rows_within_eight_degrees_share_a_group() -> None:
    # cos 7 = 0.9925, cos 9 = 0.9877
    groups = near_duplicates.group_duplicates(at([0, 7, 90, 99]), [5, 3, 8, 2])
    assert groups.tolist() == [3, 3, 8, 2]


def test_copies_of_copies_are_copies() -> None:
    assert near_duplicates.group_duplicates(at([0, 7, 14]), [1, 2, 3]).tolist() == [1, 1, 1]


def test_length_does_not_matter_but_direction_does() -> None:
    X = np.array([[1.0, 1.0], [5.0, 5.0], [-1.0, -1.0]])
    assert near_duplicates.group_duplicates(X, [0, 1, 2]).tolist() == [0, 0, 2]


def test_equal_content_is_a_copy_whatever_the_features_say() -> None:
    groups = near_duplicates.group_duplicates(at([0, 90, 45]), [4, 5, 6], hashes=["a", "b", "a"])
    assert groups.tolist() == [4, 5, 4]


def test_rows_without_features_are_alone_unless_their_content_is_equal() -> None:
    X = np.zeros((3, 2))
    assert near_duplicates.group_duplicates(X, [0, 1, 2]).tolist() == [0, 1, 2]
    assert near_duplicates.group_duplicates(X, [0, 1, 2], hashes=[7, 8, 7]).tolist() == [0, 1, 0]


def test_groups_across_blocks_equal_the_graph_written_out_in_any_order(rng: Any) -> None:
    X = rng.normal(size=(900, 8)).astype(np.float32)
    X = np.concatenate([X, X[:700] + rng.normal(scale=0.05, size=(700, 8))])
    ids = rng.permutation(5000)[: len(X)]
    groups = near_duplicates.group_duplicates(X, ids)
    units = X / np.linalg.norm(X, axis=1, keepdims=True)
    near = units @ units.T > 0.99
    expected = ids.copy()
    while not np.array_equal(expected, lowest := np.where(near, expected, 9999).min(axis=1)):
        expected = lowest
    np.testing.assert_array_equal(groups, expected)
    order = rng.permutation(len(X))
    np.testing.assert_array_equal(
        near_duplicates.group_duplicates(X[order], ids[order]), groups[order]
    )


def test_thousands_of_equal_rows_are_one_group() -> None:
    assert set(
        near_duplicates.group_duplicates(np.ones((3000, 2)), np.arange(7, 3007)).tolist()
    ) == {7}


def test_the_best_of_each_group_goes_before_all_others() -> None:
    ranked = [4, 2, 0, 3, 1]
    assert near_duplicates.best_of_each(ranked, [10, 11, 10, 11, 10]).tolist() == [4, 3, 2, 0, 1]
    assert near_duplicates.best_of_each(ranked, np.arange(5)).tolist() == ranked


def test_nothing_in_nothing_out_and_bad_rows_are_named() -> None:
    assert near_duplicates.group_duplicates(np.zeros((0, 3)), []).tolist() == []
    assert near_duplicates.best_of_each([], []).tolist() == []
    with pytest.raises(ValueError, match="row 1"):
        near_duplicates.group_duplicates([[0.0], [np.inf]], [1, 2])
    with pytest.raises(ValueError, match="ids"):
        near_duplicates.group_duplicates([[0.0], [1.0]], [1])
    with pytest.raises(ValueError, match="hashes"):
        near_duplicates.group_duplicates([[0.0], [1.0]], [1, 2], hashes=["a"])
