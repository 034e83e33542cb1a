"""Agreement against published numbers, hand-made tables and real crowds with known answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from selection.agreement import coefficients
from selection.models import SingleLabel, logistic
from tests.selection import obvious
from tests.selection.crowds import CROWDS, crowd

# Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section C: nominal 0.743.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, -1, -1, -1],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, -1, 3],
        [-1, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, -1],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, -1],
    ]
).T

# Krippendorff 2004, "Content analysis", the table with three coders of 15 units: nominal 0.691.
THREE_CODERS = np.array(
    [
        [-1, -1, -1, -1, -1, 3, 4, 1, 2, 1, 1, 3, 3, -1, 3],
        [1, -1, 2, 1, 3, 3, 4, 3, -1, -1, -1, -1, -1, -1, -1],
        [-1, -1, 2, 1, 3, 4, 4, -1, 2, 1, 1, 3, 3, -1, 4],
    ]
).T
# Krippendorff 2011, section B: two observers of twelve units, nominal 0.692.
TWO_OBSERVERS = np.array([list("aabbdcccedda"), list("babbbccceddd")]).T
# Fourteen raters of ten subjects into five classes (en.wikipedia.org/wiki/Fleiss'_kappa): 0.210.
FOURTEEN = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)


def test_kappa_golden_numbers() -> None:
    assert coefficients.cohen_kappa([0, 1, 1, 0], [0, 1, 1, 1]) == pytest.approx(0.5)
    assert coefficients.cohen_kappa([2, 2, 2], [2, 2, 2]) == 1.0
    assert coefficients.cohen_kappa([0, 1], [1, 0]) == -1.0
    table = [(0, 0)] * 20 + [(0, 1)] * 5 + [(1, 0)] * 10 + [(1, 1)] * 15
    a, b = np.array(table).T
    assert coefficients.cohen_kappa(a, b) == pytest.approx(0.4)


def test_kappa_leaves_out_what_one_did_not_answer() -> None:
    assert coefficients.cohen_kappa([0, 1, 1, 0, -1], [0, 1, 1, 1, 0]) == pytest.approx(0.5)
    assert np.isnan(coefficients.cohen_kappa([-1], [0]))
    assert coefficients.cohen_kappa(["a", "b"], ["a", "b"]) == 1.0


def test_alpha_golden_numbers() -> None:
    assert coefficients.krippendorff_alpha(PUBLISHED) == pytest.approx(0.743, abs=5e-4)
    assert coefficients.krippendorff_alpha(THREE_CODERS) == pytest.approx(0.691, abs=5e-4)
    numbers = np.unique(TWO_OBSERVERS, return_inverse=True)[1].reshape(12, 2)
    assert coefficients.krippendorff_alpha(numbers) == pytest.approx(0.692, abs=5e-4)
    assert coefficients.krippendorff_alpha([[3, 3], [3, 3]]) == 1.0
    assert np.isnan(coefficients.krippendorff_alpha([[0, -1], [-1, 1]]))
    assert np.isnan(coefficients.krippendorff_alpha(np.zeros((0, 3))))


@pytest.mark.parametrize(
    ("name", "pairs", "alpha"),
    [
        ("crowd_climate", 0.575, 0.33),
        ("crowd_ducks", 0.588, 0.126),
        ("crowd_products", 0.725, 0.157),
    ],
)
def test_agreement_of_real_crowds(name: str, pairs: float, alpha: float, shared_data: Any) -> None:
    answers, _, _ = crowd(name, shared_data)
    assert coefficients.pairwise_agreement(answers) == pytest.approx(pairs, abs=5e-4)
    assert coefficients.krippendorff_alpha(answers) == pytest.approx(alpha, abs=6e-4)


@pytest.mark.parametrize("name", CROWDS)
def test_agreement_of_real_crowds_is_that_of_the_obvious_way(name: Any, shared_data: Any) -> None:
    answers, _, _ = crowd(name, shared_data)
    assert_obvious(answers)


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_agreement_of_made_up_tables_is_that_of_the_obvious_way(missing: float, rng: Any) -> None:
    for _ in range(40):
        n_people, n_classes = rng.integers(2, 6), rng.integers(2, 5)
        answers = rng.integers(n_classes, size=(rng.integers(40, 60), n_people))
        answers[rng.random(answers.shape) < missing] = -1
        assert_obvious(answers)


def assert_obvious(answers: Any) -> None:
    assert coefficients.krippendorff_alpha(answers) == pytest.approx(
        obvious.alpha(answers.tolist())
    )
    # Fleiss wants equally many answers: of each item that has as many, the first few.
    few = min(3, answers.shape[1])
    table = np.array([row[row >= 0][:few] for row in answers if (row >= 0).sum() >= few])
    assert coefficients.fleiss_kappa(table) == pytest.approx(obvious.fleiss(table.tolist()))
    a, b = table[:, 0], table[:, 1]
    assert coefficients.cohen_kappa(a, b) == pytest.approx(obvious.kappa(a.tolist(), b.tolist()))
    assert coefficients.cohen_kappa(a, b) == pytest.approx(cohen_kappa_score(a, b))
    busiest = np.argsort((answers >= 0).sum(axis=0))[-2:]
    one, other = answers[:, busiest].T
    shared = (one >= 0) & (other >= 0)
    if shared.sum() > 5:
        expected = obvious.kappa(one.tolist(), other.tolist())
        assert coefficients.cohen_kappa(one, other) == pytest.approx(expected)


def test_bad_answers_are_named() -> None:
    with pytest.raises(ValueError, match="row 0"):
        coefficients.krippendorff_alpha([[0.5, 1], [1, 0]])
    with pytest.raises(ValueError, match="items, people"):
        coefficients.majority([0, 1], 2)
    with pytest.raises(ValueError, match="equal rows"):
        coefficients.cohen_kappa([0], [0, 1])


def test_fleiss_kappa_golden_number() -> None:
    answers = [np.repeat(np.arange(5), row) for row in FOURTEEN]
    assert coefficients.fleiss_kappa(answers) == pytest.approx(0.210, abs=5e-4)


def test_fleiss_kappa_by_hand() -> None:
    # Two answers each: three of four items agree, 5 of 8 answers are 0. Chance 25/64 + 9/64.
    table = [[0, 0], [0, 0], [1, 1], [0, 1]]
    assert coefficients.fleiss_kappa(table) == pytest.approx((3 / 4 - 34 / 64) / (1 - 34 / 64))
    assert coefficients.fleiss_kappa([[2, 2], [2, 2]]) == 1.0
    assert coefficients.fleiss_kappa([[0, 1], [1, 0]]) == -1.0


def test_fleiss_kappa_wants_equally_many_answers() -> None:
    # Different people may answer, only their number counts; an unanswered item is no item.
    assert coefficients.fleiss_kappa([[-1, -1, -1], [0, -1, 0], [1, 1, -1]]) == 1.0
    with pytest.raises(ValueError, match="row 2"):
        coefficients.fleiss_kappa([[-1, -1, -1], [0, 0, -1], [1, 1, 1]])
    assert np.isnan(coefficients.fleiss_kappa([[0, -1], [-1, 1]]))
    assert np.isnan(coefficients.fleiss_kappa(np.zeros((0, 3))))


def test_suspects_by_hand() -> None:
    proba = [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7], [0.1, 0.9], [0.8, 0.2]]
    found = coefficients.suspects([0, 0, 0, 1, 1, 1], proba)
    # Thresholds (0.9 + 0.2 + 0.4) / 3 = 0.5 and (0.7 + 0.9 + 0.2) / 3 = 0.6.
    assert found.rows.tolist() == [1, 5, 2]
    assert found.instead.tolist() == [1, 0, 1]
    np.testing.assert_allclose(found.scores, [0.8, 0.8, 0.6])


def test_the_longest_odds_come_first_where_many_classes_share_the_rest() -> None:
    sure = np.repeat(np.eye(4) * 0.6 + 0.1, 5, axis=0)
    # Both are labelled 0. The first has the wider gap, the second is far less likely to be 0.
    proba = np.vstack([sure, [[0.1, 0.86, 0.02, 0.02], [0.002, 0.148, 0.1, 0.75]]])
    found = coefficients.suspects([*np.repeat(np.arange(4), 5), 0, 0], proba)
    assert found.rows.tolist() == [21, 20]
    np.testing.assert_allclose(found.scores, [0.75 / 0.752, 0.86 / 0.96])
    assert found.instead.tolist() == [3, 1]


def test_a_class_that_is_always_unsure_is_not_suspected_for_it() -> None:
    # Class 1 never gets more than 0.4: by the likeliest class all of it would be wrong.
    proba = [[0.9, 0.1]] * 5 + [[0.6, 0.4]] * 5
    assert len(coefficients.suspects([0] * 5 + [1] * 5, proba).rows) == 0


def test_suspects_finds_labels_that_were_swapped(blobs: Any) -> None:
    X, y = blobs
    wrong = np.arange(0, 300, 15)
    labels = y.copy()
    labels[wrong] = (y[wrong] + 1) % 3
    proba = logistic.cross_fit(X, labels, np.ones(300, dtype=bool), SingleLabel(3), seed=0)
    found = coefficients.suspects(labels, proba)
    first = found.rows[: len(wrong)]
    assert np.isin(first, wrong).mean() > 0.9
    assert (np.diff(found.scores) <= 0).all()
    assert (found.instead == y[found.rows]).mean() > 0.8
    np.testing.assert_array_equal(labels[found.rows] != found.instead, True)


def test_suspects_leave_out_what_nobody_labelled_and_classes_nobody_gave() -> None:
    proba = [[0.1, 0.1, 0.8], [0.2, 0.8, 0.0], [0.9, 0.1, 0.0], [0.1, 0.9, 0.0]]
    found = coefficients.suspects([0, -1, 0, 1], proba)
    assert found.rows.tolist() == []  # row 0 looks like class 2, of which nothing is known
    assert coefficients.suspects([-1, -1, -1, -1], proba).rows.tolist() == []
    assert coefficients.suspects([], np.zeros((0, 3))).rows.tolist() == []
    assert coefficients.suspects([0, 0], np.ones((2, 1))).rows.tolist() == []
    with pytest.raises(ValueError, match="row 1"):
        coefficients.suspects([0, 3, 0, 1], proba)
    with pytest.raises(ValueError, match="row 2"):
        coefficients.suspects([0, 0, 0], [[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match="shape"):
        coefficients.suspects([0], proba)
