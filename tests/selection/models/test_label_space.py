"""One contract for every label space, and what tells the two apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from selection.features.matrix import Features
from selection.models import LABEL_SPACES, LabelSpace, MultiLabel, SingleLabel, logistic

SPACES = [space(3) for space in LABEL_SPACES.values()]


def some_proba(space: LabelSpace, n: int = 40) -> np.ndarray:
    """Return valid probabilities, in the space's own form, with certain and level rows."""
    scores = np.random.default_rng(0).normal(scale=3.0, size=(n, space.n_classes))
    scores[0], scores[1] = 0.0, [40.0, -40.0, -40.0]
    return space.to_proba(scores)


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.kind)
class TestEveryLabelSpace:
    def test_targets_and_their_table_say_the_same(self, space: Any) -> None:
        y = space.decide(some_proba(space))
        np.testing.assert_array_equal(space.check_targets(y, len(y)), y)
        np.testing.assert_array_equal(space.from_indicator(space.indicator(y)), y)
        table = space.indicator(y)
        assert space.class_counts(y) == table.sum(axis=0).tolist()
        assert space.classes_seen(y).tolist() == np.flatnonzero(table.any(axis=0)).tolist()
        for number in range(space.n_classes):
            np.testing.assert_array_equal(space.has_class(y, number), table[:, number])

    def test_a_decision_is_right_where_the_target_is_the_same(self, space: Any) -> None:
        proba = some_proba(space)
        y = space.decide(proba)
        assert space.is_right(proba, y).all()
        others = space.from_indicator(np.roll(space.indicator(y), 1, axis=0))
        changed = (space.indicator(others) != space.indicator(y)).any(axis=1)
        np.testing.assert_array_equal(space.is_right(proba, others), ~changed)
        assert changed.any()

    def test_uncertainty_runs_from_sure_to_level(self, space: Any) -> None:
        proba = some_proba(space)
        found = space.uncertainty(proba)
        assert ((found >= 0) & (found <= 1)).all()
        assert found[0] == pytest.approx(1.0)
        assert found[1] == pytest.approx(0.0)
        order = np.argsort(found)
        assert (np.diff(space.confidence(proba)[order]) < 0).mean() > 0.5

    def test_a_suggestion_is_the_decision_in_words_of_classes(self, space: Any) -> None:
        proba = some_proba(space)
        for row, y in zip(proba, space.indicator(space.decide(proba)), strict=True):
            classes, confidence = space.suggestion(row)
            assert classes == np.flatnonzero(y).tolist()
            assert 0.0 <= confidence <= 1.0

    def test_a_stored_model_comes_back_with_its_space(self, space: Any) -> None:
        X = Features(None, np.random.default_rng(1).normal(size=(40, 4)).astype(np.float32))
        model = logistic.fit(X, space.decide(some_proba(space)), space, seed=0)
        again = logistic.Model.from_arrays(model.to_arrays())
        assert again.space == space
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        space.check_proba(again.predict_proba(X))

    def test_committee_of_equals_disagrees_about_nothing(self, space: Any) -> None:
        proba = some_proba(space)
        np.testing.assert_allclose(space.bald(np.stack([proba, proba])), 0.0, atol=1e-12)

    def test_bad_rows_are_named(self, space: Any) -> None:
        proba = some_proba(space)
        proba[7, 1] = np.nan
        for score in (space.margin, space.entropy, space.least_confident, space.check_proba):
            with pytest.raises(ValueError, match="row 7"):
                score(proba)
        with pytest.raises(ValueError, match="shape"):
            space.check_targets(np.zeros((2, 2, 2)), 2)


def test_only_single_labels_must_sum_to_one() -> None:
    rows = [[0.9, 0.9]]
    assert MultiLabel(2).check_proba(rows).tolist() == rows
    with pytest.raises(ValueError, match="sum"):
        SingleLabel(2).check_proba(rows)


def test_ties_between_people_are_broken_by_annotators_then_by_order() -> None:
    # Two votes each; of the second item annotators alone gave class 1.
    votes = np.array([[[1, 1], [1, 1]], [[1, 1], [0, 1]], [[0, 0], [0, 0]]])
    voters = np.array([[2, 2], [2, 1], [1, 1]])
    y, answered = SingleLabel(2).majority(votes, voters)
    assert y[answered].tolist() == [0, 1]
    assert answered.tolist() == [True, True, False]
    y, answered = MultiLabel(2).majority(votes, voters)
    assert y.tolist() == [[1, 1], [0, 1], [0, 0]]
    assert answered.all()


def test_equal_answers_have_equal_codes() -> None:
    given = np.array([[True, False], [True, True], [False, False], [True, False]])
    assert SingleLabel(2).answer_codes(given[[0, 2]]).tolist() == [0, -1]
    codes = MultiLabel(2).answer_codes(given)
    assert codes[0] == codes[3]
    assert len(set(codes.tolist())) == 3
