"""What is right where people differ: on real crowds with known answers, and on made-up teams."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from selection.agreement import coefficients, consensus
from tests.selection.crowds import crowd


@pytest.mark.parametrize(
    ("name", "share", "voted"),
    [("crowd_ducks", 0.889, 0.759), ("crowd_products", 0.937, 0.897)],
)
def test_dawid_skene_finds_more_of_the_known_answers_than_a_vote(
    name: str, share: float, voted: float, shared_data: Any
) -> None:
    answers, gold, names = crowd(name, shared_data)
    found = consensus.dawid_skene(answers, len(names))
    assert (found.labels == gold).mean() == pytest.approx(share, abs=5e-3)
    majority = coefficients.majority(answers, len(names)).argmax(axis=1)
    assert (majority == gold).mean() == pytest.approx(voted, abs=5e-4)


@pytest.mark.parametrize("name", ["crowd_ducks", "crowd_products"])
def test_dawid_skene_is_about_a_vote_or_better_where_few_answers_are_known(
    name: str, shared_data: Any, rng: Any
) -> None:
    answers, gold, names = crowd(name, shared_data)
    right = [_right(*_three_of_each(answers, gold, rng), len(names)) for _ in range(20)]  # type: ignore[call-arg]
    found, voted = np.mean(right, axis=0)
    assert found >= voted - 0.03


def test_dawid_skene_is_near_a_vote_where_nobody_can_be_known(rng: Any) -> None:
    # 300 people with three answers each, all alike: a vote cannot be beaten. Whoever takes three
    # answers for a person's character is right on two items of three.
    right = []
    for _ in range(10):
        truth = rng.integers(3, size=300)
        answers = np.full((300, 300), -1)
        for row, people in enumerate(rng.permuted(np.tile(np.arange(300), (300, 1)), axis=1)):
            guesses = rng.integers(3, size=3)
            answers[row, people[:3]] = np.where(rng.random(3) < 0.6, truth[row], guesses)
        right.append(_right(answers, truth, 3))
    found, voted = np.mean(right, axis=0)
    assert voted - 0.02 <= found


def _three_of_each(answers: Any, gold: Any, rng: Any) -> Any:
    rows = rng.permutation(len(answers))[:100]
    few = np.full((len(rows), answers.shape[1]), -1)
    for place, row in enumerate(rows):
        people = rng.permutation(np.flatnonzero(answers[row] >= 0))[:3]
        few[place, people] = answers[row, people]
    return few, gold[rows]


def _right(answers: Any, truth: Any, n_classes: Any) -> Any:
    found = consensus.dawid_skene(answers, n_classes).labels
    voted = coefficients.majority(answers, n_classes).argmax(axis=1)
    return (found == truth).mean(), (voted == truth).mean()


def test_dawid_skene_learns_who_turns_everything_round() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=200)
    answers = np.column_stack([truth, truth, truth, 1 - truth, rng.integers(2, size=200)])
    found = consensus.dawid_skene(answers, 2)
    np.testing.assert_array_equal(found.labels, truth)
    assert found.reliability[:3].min() > 0.99
    assert found.reliability[3] < 0.01
    assert 0.3 < found.reliability[4] < 0.7


def test_dawid_skene_on_little_or_nothing() -> None:
    assert consensus.dawid_skene(np.zeros((0, 2), dtype=int), 2).proba.shape == (0, 2)
    unanswered = consensus.dawid_skene([[-1, -1], [0, 0]], 2).proba
    assert np.isfinite(unanswered).all()
    np.testing.assert_allclose(unanswered.sum(axis=1), 1)
    assert consensus.dawid_skene([[1], [1], [1]], 3).labels.tolist() == [1, 1, 1]


def team(rng: Any, reliable: Any, n: Any, each: Any) -> Any:
    """Return (n, people) what a team says, `each` of them per item, and what is right (n,)."""
    truth = rng.choice(4, size=n, p=[0.4, 0.3, 0.2, 0.1])
    wrong = (truth[:, None] + rng.integers(1, 4, size=(n, len(reliable)))) % 4
    said = np.where(rng.random(wrong.shape) < reliable, truth[:, None], wrong)
    silent = rng.permuted(np.tile(np.arange(len(reliable)), (n, 1)), axis=1) >= each
    return np.where(silent, -1, said), truth


@pytest.mark.parametrize(
    ("reliable", "each"), [((0.95, 0.8), 2), ((0.97, 0.92, 0.75), 2), ((0.97, 0.92, 0.75), 3)]
)
def test_where_a_small_team_differs_it_is_right_as_often_as_it_says(
    reliable: Any, each: int, rng: Any
) -> None:
    # The likeliest explanation alone is wrong half the time where it says 0.95.
    said, right, voted = [], [], []
    for _ in range(25):
        answers, truth = team(rng, reliable, 150, each)
        found = consensus.dawid_skene(answers, 4)
        differ = [len(set(row[row >= 0])) > 1 for row in answers]
        said += found.proba.max(axis=1)[differ].tolist()
        right += (found.labels == truth)[differ].tolist()
        voted += (coefficients.majority(answers, 4).argmax(axis=1) == truth)[differ].tolist()
    assert np.mean(said) == pytest.approx(np.mean(right), abs=0.06)
    assert np.mean(right) >= np.mean(voted) - 0.02
    sure = np.array(said) > 0.9  # of two people's answers, none
    assert sure.sum() < 20 or np.array(right)[sure].mean() > 0.88


def test_nobody_knows_which_of_two_people_is_right(rng: Any) -> None:
    answers, _truth = team(rng, (0.9, 0.9), 200, 2)
    found = consensus.dawid_skene(answers, 4)
    differ = answers[:, 0] != answers[:, 1]
    assert differ.sum() > 20
    assert np.median(found.proba.max(axis=1)[differ]) < 0.8


def test_the_same_answers_give_the_same() -> None:
    answers = np.array([[0, 1, 1], [1, 1, -1], [0, 0, 1]])
    first, again = (consensus.dawid_skene(answers, 2, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.proba, again.proba)
    np.testing.assert_array_equal(first.confusion, again.confusion)


def test_an_answer_that_is_no_class_is_named() -> None:
    with pytest.raises(ValueError, match="row 1"):
        consensus.dawid_skene([[0, 1], [2, 0]], 2)
