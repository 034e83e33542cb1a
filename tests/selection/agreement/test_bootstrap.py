"""Intervals of agreement: they cover, they are told from few items, and nobody is infallible."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from selection.agreement import coefficients
from selection.agreement.bootstrap import MEASURES, agreement_interval
from tests.selection.crowds import CROWDS, crowd


def answers_of(rng: Any, n: Any, people: Any, right: Any, shares: Any) -> Any:
    truth = rng.choice(len(shares), n, p=shares)
    guesses = rng.integers(len(shares), size=(n, people))
    return np.where(rng.random((n, people)) < right, truth[:, None], guesses)


@pytest.mark.parametrize("n", [20, 200])
@pytest.mark.parametrize(
    ("measure", "people", "right", "shares"),
    [
        ("alpha", 2, 0.9, (0.5, 0.5)),
        ("alpha", 2, 0.97, (0.4, 0.3, 0.2, 0.1)),
        ("alpha", 3, 0.7, (0.5, 0.3, 0.2)),
        ("fleiss", 3, 0.5, (0.6, 0.4)),
        ("cohen", 2, 0.9, (0.9, 0.1)),
        ("pairs", 2, 0.9, (0.5, 0.5)),
    ],
)
def test_the_interval_covers_the_true_agreement(
    n: int, measure: str, people: int, right: float, shares: Any
) -> None:
    rng = np.random.default_rng(n)
    truth = MEASURES[measure].measure(answers_of(rng, 100_000, people, right, shares))
    found = [
        agreement_interval(answers_of(rng, n, people, right, shares), measure) for _ in range(200)
    ]
    covered = [each.low <= truth <= each.high for each in found if each is not None]
    assert len(covered) > 150
    # 200 runs of a true 95 % lie below 0.91 once in 200 times.
    assert np.mean(covered) >= 0.91


@pytest.mark.parametrize("name", CROWDS)
def test_sums_over_patterns_measure_what_the_whole_table_does(name: Any, shared_data: Any) -> None:
    answers, _, _ = crowd(name, shared_data)
    found = agreement_interval(answers)
    assert found.value == coefficients.krippendorff_alpha(answers)
    assert found.low < found.value < found.high
    assert found.n == len(answers)


@pytest.mark.parametrize("measure", sorted(MEASURES))
def test_patterns_drawn_as_they_are_give_the_value_itself(measure: Any, rng: Any) -> None:
    answers = answers_of(rng, 60, 2, 0.6, (0.5, 0.3, 0.2))
    how = MEASURES[measure]
    sums = how.columns(answers).sum(axis=0, keepdims=True)
    assert how.from_sums(sums)[0] == pytest.approx(how.measure(answers))


@pytest.mark.parametrize("measure", sorted(MEASURES))
def test_few_items_without_a_quarrel_prove_little(measure: Any) -> None:
    quiet = [[0, 0], [1, 1]]
    few, many = (agreement_interval(quiet * n, measure) for n in (5, 500))
    assert few.value == many.value == few.high == many.high == 1.0
    assert few.low < 0.85
    assert 0.98 < many.low < 1.0


def test_what_cannot_be_told_is_not_told() -> None:
    assert agreement_interval(np.zeros((0, 2), dtype=int)) is None
    assert agreement_interval([[0, -1], [-1, 1]]) is None
    assert agreement_interval([[1, 1]] * 50, "cohen") is None
    assert agreement_interval([[1, 1]] * 50, "pairs").low > 0.85
    with pytest.raises(ValueError, match="none of alpha"):
        agreement_interval([[0, 0]], "kappa")
    with pytest.raises(ValueError, match="two people"):
        agreement_interval([[0, 0, 1]], "cohen")
    with pytest.raises(ValueError, match="another number"):
        agreement_interval([[0, 0, 1], [0, 1, -1]], "fleiss")


def test_items_without_two_answers_do_not_count() -> None:
    table = [[0, 0], [1, 1], [0, 1]] * 10
    assert agreement_interval([*table, [1, -1], [-1, -1]]) == agreement_interval(table)


def test_the_same_seed_gives_the_same_interval_in_any_order(rng: Any) -> None:
    answers = answers_of(rng, 200, 3, 0.7, (0.5, 0.5))
    shuffled = rng.permutation(answers)
    assert agreement_interval(answers, seed=3) == agreement_interval(shuffled, seed=3)
    assert agreement_interval(answers, seed=3) != agreement_interval(answers, seed=4)


def test_more_patterns_than_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch, rng: Any) -> None:
    answers = answers_of(rng, 300, 4, 0.6, (0.25,) * 4)
    whole = agreement_interval(answers)
    monkeypatch.setattr("selection.agreement.bootstrap.AT_ONCE", 500)
    parts = agreement_interval(answers)
    assert parts.low == pytest.approx(whole.low, abs=0.03)
    assert parts.high == pytest.approx(whole.high, abs=0.03)


def test_a_higher_confidence_is_wider() -> None:
    table = [[0, 0], [1, 1], [0, 1]] * 10
    sure, less = (agreement_interval(table, confidence=c) for c in (0.99, 0.8))
    assert sure.low < less.low < less.high < sure.high
