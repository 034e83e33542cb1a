"""The scores against their formulas written out; published numbers are in test_golden.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from selection import scores
from selection.models import MultiLabel

THREE = [[0.2, 0.5, 0.3], [0.1, 0.7, 0.2]]
SINGLE = (scores.least_confident, scores.margin, scores.entropy)


def test_entropy_is_finite_where_a_probability_is_zero() -> None:
    got = scores.entropy([[0.7, 0.3, 0.0], [0.33, 0.33, 0.34], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(got, [0.610864302, 1.098513, 0.0], atol=1e-6)


def test_two_classes_rank_alike_by_every_score(rng: Any) -> None:
    p = rng.random(50)
    proba = np.column_stack([p, 1 - p])
    orders = [np.argsort(score(proba)) for score in SINGLE]
    assert all(np.array_equal(orders[0], order) for order in orders)


def test_vote_entropy_of_three_members() -> None:
    votes = np.array([[0, 0, 2], [1, 0, 2], [2, 1, 2]])
    hand = [np.log(3), np.log(3) - 2 / 3 * np.log(2), 0.0]
    np.testing.assert_allclose(scores.vote_entropy(votes, 3), hand, atol=1e-12)
    with pytest.raises(ValueError, match="row 1"):
        scores.vote_entropy([[0, 5]], 3)


def test_bald_is_the_divergence_to_the_consensus() -> None:
    members = np.array([[[0.3, 0.7], [0.4, 0.6]], [[0.2, 0.8], [0.5, 0.5]]])
    consensus = members.mean(axis=0)
    divergence = (members * np.log(members / consensus)).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(scores.bald(members), divergence)


def test_a_committee_of_equals_disagrees_about_nothing() -> None:
    np.testing.assert_allclose(scores.bald(np.array([THREE, THREE, THREE])), 0.0, atol=1e-12)


def test_model_change_equals_the_gradients_written_out(rng: Any) -> None:
    proba = rng.dirichlet(np.ones(4), size=6)
    X = rng.normal(size=(6, 3))
    bias = np.column_stack([X, np.ones(6)])
    expected = [
        sum(p[c] * np.linalg.norm(np.outer(p - np.eye(4)[c], h)) for c in range(4))
        for p, h in zip(proba, bias, strict=True)
    ]
    np.testing.assert_allclose(scores.expected_model_change(proba, X), expected)


def test_several_labels_per_item_are_judged_column_by_column() -> None:
    proba = [[0.9, 0.5, 0.8], [0.9, 0.1, 0.0]]
    space = MultiLabel(3)
    np.testing.assert_allclose(space.least_confident(proba), [0.5, 0.1])
    np.testing.assert_allclose(space.margin(proba), [0.0, -0.8])
    assert np.diff(space.entropy(proba)) < 0
    assert np.diff(space.expected_model_change(proba, np.zeros((2, 1)))) < 0


@pytest.mark.parametrize("score", SINGLE)
@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ([np.nan, 1.0], "finite"),
        ([np.inf, 0.0], "finite"),
        ([0.5, 0.6], "sum"),
        ([1.5, -0.5], "outside"),
    ],
)
def test_a_bad_row_is_named(score: Any, row: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=rf"{problem}.*row 1"):
        score([[0.5, 0.5], row])


@pytest.mark.parametrize("score", SINGLE)
def test_nothing_in_nothing_out(score: Any) -> None:
    assert score(np.zeros((0, 3))).shape == (0,)


def test_float32_rows_that_sum_to_one_roughly_are_accepted() -> None:
    scores.margin(np.array([[0.5004, 0.5]], dtype=np.float32))
    with pytest.raises(ValueError, match="sum"):
        scores.margin(np.array([[0.502, 0.5]], dtype=np.float32))


def test_one_class_alone_leaves_no_doubt() -> None:
    assert scores.least_confident([[1.0]])[0] == 0.0
    assert scores.entropy([[1.0]])[0] == 0.0
    assert scores.margin([[1.0]])[0] == -1.0


def test_a_class_that_was_never_seen_changes_no_score() -> None:
    known = np.random.default_rng(0).dirichlet(np.ones(3), 20)
    padded = np.insert(known, 1, 0.0, axis=1)
    for score in SINGLE:
        np.testing.assert_allclose(score(padded), score(known), atol=1e-12)
    np.testing.assert_allclose(
        scores.expected_model_change(padded, np.ones((20, 2))),
        scores.expected_model_change(known, np.ones((20, 2))),
    )


def test_temperature_changes_the_order_of_margins_only_above_two_classes(rng: Any) -> None:
    three = [[-9.0, 0.0, 1.0], [-0.3, -0.3, 1.0]]
    cold, warm = (scores.margin(softmax(np.divide(three, t), axis=1)) for t in (1, 3))
    assert np.argsort(cold).tolist() != np.argsort(warm).tolist()
    two = rng.normal(size=(30, 2))
    cold, warm = (scores.margin(softmax(two / t, axis=1)) for t in (1, 3))
    assert np.argsort(cold).tolist() == np.argsort(warm).tolist()


def test_softmax_scores_refuse_rows_of_several_labels() -> None:
    for score in SINGLE:
        with pytest.raises(ValueError, match="sum"):
            score([[0.9, 0.8]])


def test_votes_that_are_no_numbers_are_refused() -> None:
    for votes in ([["a", "b"]], [[None, 1]], [[0.5, 1]], [[-1, 1]]):
        with pytest.raises((ValueError, TypeError)):
            scores.vote_entropy(np.array(votes, dtype=object), 2)


def test_dispersion_counts_only_what_was_stored() -> None:
    assert scores.label_dispersion([[2, 0], [2, -1], [1, 0]]).tolist() == [1 - 2 / 3, 0.0]
    assert scores.label_dispersion([[-1], [-1]]).tolist() == [0.0]
    assert scores.label_dispersion(np.zeros((0, 3))).tolist() == [0.0, 0.0, 0.0]
    assert scores.label_dispersion(np.zeros((3, 0))).shape == (0,)
    with pytest.raises(ValueError, match="row 1"):
        scores.label_dispersion([[0, 0.5]])
    with pytest.raises(ValueError, match="row 0"):
        scores.label_dispersion([[-2, 0]])
    with pytest.raises(ValueError, match="rounds"):
        scores.label_dispersion([0, 1])
