"""Scores of another model stand in while there are too few labels of one's own."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from selection.features.matrix import Features
from selection.models import MultiLabel, SingleLabel
from selection.simulation import loop
from selection.simulation.dataset import LabelledDataset, Plan
from selection.strategies import registry
from selection.strategies.prior import suggested_proba, with_prior

TWO = SingleLabel(2)


def test_what_the_other_model_leaves_is_shared_by_the_other_classes() -> None:
    proba = suggested_proba([[2], [0]], [0.7, 1.0], SingleLabel(4))
    np.testing.assert_allclose(proba, [[0.1, 0.1, 0.7, 0.1], [1, 0, 0, 0]], atol=1e-6)


def test_several_labels_are_each_for_themselves() -> None:
    proba = suggested_proba([[0, 2], []], [0.9, 0.8], MultiLabel(3))
    np.testing.assert_allclose(proba, [[0.9, 0.1, 0.9], [0.2, 0.2, 0.2]], atol=1e-6)


def test_suggestion_without_a_confidence_says_nothing() -> None:
    assert np.isnan(suggested_proba([[1], []], [None, 0.9], SingleLabel(2))).all()


def test_model_speaks_where_nothing_was_said_before() -> None:
    prior = np.array([[0.9, 0.1], [np.nan, np.nan]])
    own = np.array([[0.3, 0.7], [0.2, 0.8]])
    np.testing.assert_allclose(with_prior(own, prior, TWO), [[0.9, 0.1], [0.2, 0.8]], atol=1e-6)
    np.testing.assert_allclose(with_prior(None, prior, TWO), [[0.9, 0.1], [0.5, 0.5]], atol=1e-6)


@pytest.mark.parametrize("name", sorted(registry.STRATEGIES))
def test_first_batch_is_chosen_without_scores_and_the_second_may_use_them(name: Any) -> None:
    needs = registry.STRATEGIES[name].needs
    first = registry.resolve(name, 0, 0, SingleLabel(4), has_prior=True)
    assert not first.needs & {"proba", "committee"}
    second = registry.resolve(name, 5, 1, SingleLabel(4), has_prior=True)
    without = registry.resolve(name, 5, 1, SingleLabel(4))
    assert not without.needs & {"proba", "committee"}
    assert ("proba" in second.needs) == ("proba" in needs and "committee" not in needs)


def known(prior: Any) -> Any:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 8)).astype(np.float32)
    y = (X[:, 0] > 0).astype(np.int64)
    base = LabelledDataset(Features(None, X, (0, 8)), y, SingleLabel(2), rare_class=1)
    return replace(base, prior=prior)


def test_second_batch_asks_what_the_other_model_doubted() -> None:
    sure = np.full(200, 0.99)
    sure[:12] = 0.51
    prior = suggested_proba([[0]] * 200, list(sure), SingleLabel(2))
    # A small first batch leaves fewer than two labels per class.
    run = loop.replay(known(prior), "margin", 0, Plan(labels=9, batch=3), lambda: 0.0)
    assert set(run.asked[3:6]) <= set(range(12))


def test_scores_stand_in_as_long_as_one_class_is_all_that_is_known() -> None:
    one_class = replace(known(None), y=np.zeros(200, dtype=np.int64))
    prior = suggested_proba([[0]] * 200, [0.9] * 200, SingleLabel(2))
    run = loop.replay(
        replace(one_class, prior=prior), "auto", 0, Plan(labels=12, batch=3), lambda: 0.0
    )
    assert len(set(run.asked)) == 12


def test_without_such_scores_nothing_changes() -> None:
    plan = Plan(labels=30, batch=3)
    one, other = (
        loop.replay(known(prior), "auto", 1, plan, lambda: 0.0)
        for prior in (None, np.full((200, 2), np.nan, dtype=np.float32))
    )
    late = [registry.is_early(n, 2) for n in one.labels].index(False)
    assert one.asked[:3].tolist() == other.asked[:3].tolist()
    assert late > 0
