"""The scores against numbers worked out by hand or published elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from selection import scores

THREE = [[0.2, 0.5, 0.3], [0.1, 0.7, 0.2]]
SINGLE = (scores.least_confident, scores.margin, scores.entropy)


def test_published_numbers_for_three_classes():
    np.testing.assert_allclose(scores.least_confident(THREE), [0.5, 0.3])
    np.testing.assert_allclose(scores.entropy(THREE), [1.029653014, 0.8018185525])
    np.testing.assert_allclose(1 + scores.margin(THREE), [0.8, 0.5])


def test_entropy_is_finite_where_a_probability_is_zero():
    got = scores.entropy([[0.7, 0.3, 0.0], [0.33, 0.33, 0.34], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(got, [0.610864302, 1.098513, 0.0], atol=1e-6)


def test_margin_orders_as_published():
    two = [[0.9, 0.1], [0.45, 0.55], [0.5, 0.5], [0.7, 0.3]]
    np.testing.assert_allclose(scores.margin(two), [-0.8, -0.1, 0.0, -0.4], atol=1e-12)
    assert set(np.argsort(-scores.margin(two))[:2]) == {1, 2}


def test_two_classes_rank_alike_by_every_score(rng):
    p = rng.random(50)
    proba = np.column_stack([p, 1 - p])
    orders = [np.argsort(score(proba)) for score in SINGLE]
    assert all(np.array_equal(orders[0], order) for order in orders)


def test_vote_entropy_of_three_members():
    votes = np.array([[0, 0, 2], [1, 0, 2], [2, 1, 2]])
    np.testing.assert_allclose(scores.vote_entropy(votes, 3), [np.log(3), 0.636514168, 0.0])
    with pytest.raises(ValueError, match="row 1"):
        scores.vote_entropy([[0, 5]], 3)


def test_bald_is_the_divergence_to_the_consensus():
    members = np.array([[[0.3, 0.7], [0.4, 0.6]], [[0.2, 0.8], [0.5, 0.5]]])
    np.testing.assert_allclose(scores.bald(members), [0.00670178182, 0.00505938993])
    consensus = members.mean(axis=0)
    divergence = (members * np.log(members / consensus)).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(scores.bald(members), divergence)


def test_bald_agrees_with_the_first_step_of_published_batch_bald():
    members = np.random.RandomState(0).random(4000).reshape(10, 200, 2)
    members /= members.sum(axis=2, keepdims=True)
    assert scores.bald(members).max() == pytest.approx(0.26082319, abs=1e-7)


def test_a_committee_of_equals_disagrees_about_nothing():
    np.testing.assert_allclose(scores.bald(np.array([THREE, THREE, THREE])), 0.0, atol=1e-12)


def test_model_change_equals_the_gradients_written_out(rng):
    proba = rng.dirichlet(np.ones(4), size=6)
    X = rng.normal(size=(6, 3))
    bias = np.column_stack([X, np.ones(6)])
    expected = [
        sum(p[c] * np.linalg.norm(np.outer(p - np.eye(4)[c], h)) for c in range(4))
        for p, h in zip(proba, bias, strict=True)
    ]
    np.testing.assert_allclose(scores.expected_model_change(proba, X), expected)


def test_several_labels_per_item_are_judged_column_by_column():
    proba = [[0.9, 0.5, 0.8], [0.9, 0.1, 0.0]]
    options = {"multi_label": True}
    np.testing.assert_allclose(scores.least_confident(proba, **options), [0.5, 0.1])
    np.testing.assert_allclose(scores.margin(proba, **options), [0.0, -0.8])
    assert np.diff(scores.entropy(proba, **options)) < 0
    assert np.diff(scores.expected_model_change(proba, np.zeros((2, 1)), **options)) < 0


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
def test_a_bad_row_is_named(score, row, problem):
    with pytest.raises(ValueError, match=rf"{problem}.*row 1"):
        score([[0.5, 0.5], row])


@pytest.mark.parametrize("score", SINGLE)
def test_nothing_in_nothing_out(score):
    assert score(np.zeros((0, 3))).shape == (0,)


@pytest.mark.parametrize("score", SINGLE)
@given(raw=arrays(np.float64, (5, 4), elements=st.floats(0.0, 1.0)))
def test_scores_stay_in_range_and_leave_the_input_alone(score, raw):
    proba = (raw + 1e-3) / (raw + 1e-3).sum(axis=1, keepdims=True)
    before = proba.copy()
    got = score(proba)
    assert np.isfinite(got).all()
    assert (got >= -1 - 1e-9).all()
    assert (got <= np.log(4) + 1e-9).all()
    np.testing.assert_array_equal(proba, before)


def test_float32_rows_that_sum_to_one_roughly_are_accepted():
    scores.margin(np.array([[0.5004, 0.5]], dtype=np.float32))
