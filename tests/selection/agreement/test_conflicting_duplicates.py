"""Contradicting near-copies: as an obvious search finds them, however many rows and blocks."""

from __future__ import annotations

import numpy as np
import pytest

from selection.agreement.conflicting_duplicates import contradictions


def obvious(X, y, threshold):
    found = []
    for j in range(len(X)):
        for i in range(j):
            cosine = X[i] @ X[j] / (np.linalg.norm(X[i]) * np.linalg.norm(X[j]))
            if cosine >= threshold and y[i] != y[j] and -1 not in (y[i], y[j]):
                found.append((-cosine, i, j))
    return [pair for _, *pair in sorted(found)]


def test_all_pairs_are_those_of_the_obvious_search(monkeypatch, rng):
    X, y = rng.normal(size=(90, 3)), rng.integers(-1, 3, size=90)
    expected = obvious(X, y, 0.97)
    assert len(expected) > 20
    assert contradictions(X, y, threshold=0.97).pairs.tolist() == expected
    monkeypatch.setattr("selection.agreement.conflicting_duplicates.ROWS", 7)
    found = contradictions(X, y, threshold=0.97)
    assert found.pairs.tolist() == expected
    assert (np.diff(found.cosines) <= 0).all()
    assert contradictions(X, y, threshold=0.97, most=5).pairs.tolist() == expected[:5]


def test_copies_are_a_contradiction_only_with_another_label():
    X = np.repeat(np.eye(3), 2, axis=0)
    assert contradictions(X, [0, 0, 1, 2, 0, -1]).pairs.tolist() == [[2, 3]]
    assert contradictions(X, [0] * 6).pairs.shape == (0, 2)


def test_the_length_of_a_row_does_not_matter_and_zero_is_like_nothing():
    found = contradictions([[1.0, 1.0], [0.0, 0.0], [9.0, 9.0], [0.0, 0.0]], [0, 0, 1, 1])
    assert found.pairs.tolist() == [[0, 2]]
    assert found.cosines.tolist() == pytest.approx([1.0])
    assert contradictions(np.zeros((2, 2)), [0, 1], threshold=0.0).pairs.shape == (0, 2)


def test_pairs_that_are_as_alike_come_in_the_order_of_their_rows():
    X = np.ones((4, 2))
    expected = [[0, 1], [0, 3], [1, 2], [2, 3]]
    assert contradictions(X, [0, 1, 0, 1]).pairs.tolist() == expected
    assert contradictions(X, [0, 1, 0, 1], most=3).pairs.tolist() == expected[:3]
    assert contradictions(X, [0, 1, 0, 1], most=0).pairs.shape == (0, 2)


def test_items_with_several_labels_contradict_where_any_label_differs():
    tables = [[1, 0, 1], [1, 0, 1], [1, 0, 0]]
    assert contradictions(np.ones((3, 2)), tables).pairs.tolist() == [[0, 2], [1, 2]]


def test_nothing_and_what_does_not_fit():
    assert contradictions(np.zeros((0, 3)), []).pairs.shape == (0, 2)
    assert contradictions(np.ones((2, 3)), [-1, -1]).pairs.shape == (0, 2)
    with pytest.raises(ValueError, match="2 rows"):
        contradictions(np.ones((2, 3)), [0])
    with pytest.raises(ValueError, match="row 1"):
        contradictions([[1.0], [np.nan]], [0, 1])


def test_a_flipped_copy_is_found_among_real_features(blobs):
    X, y = blobs
    dense = np.vstack([X.dense, X.dense[:5] * 1.01])
    found = contradictions(dense, [*y, *(y[:5] + 1) % 3], threshold=0.99999)
    assert found.pairs[:5].tolist() == [[i, 300 + i] for i in range(5)]
