"""How good the model is at each class, and whether it got better."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from selection.core.intervals import binomial_interval
from selection.evaluation import per_class
from selection.models import SingleLabel


@pytest.fixture
def audits(rng: Any) -> Any:
    truth = rng.integers(4, size=300)
    said = np.where(rng.random(300) < 0.8, truth, rng.integers(4, size=300))
    return truth, said


@pytest.fixture
def rng() -> Any:
    return np.random.default_rng(11)


def rows(audits: Any) -> Any:
    return [SingleLabel(4).indicator(each) for each in audits]


def test_classes_are_those_of_scikit_learn(audits: Any) -> None:
    found = per_class.per_class(*rows(audits))
    precision = precision_score(*audits, average=None)
    recall = recall_score(*audits, average=None)
    assert [each.precision.value for each in found] == pytest.approx(list(precision))
    assert [each.recall.value for each in found] == pytest.approx(list(recall))


def test_recall_has_the_exact_interval_of_its_items(audits: Any) -> None:
    truth, said = audits
    found = per_class.per_class(*rows(audits))[2].recall
    of_class = truth == 2
    right = int((said[of_class] == 2).sum())
    assert (found.low, found.high) == binomial_interval(right, int(of_class.sum()))


def test_class_that_nobody_names_has_no_numbers() -> None:
    found = per_class.per_class([[True, False]], [[True, False]])[1]
    assert (found.precision, found.recall) == (None, None)


def test_macro_f1_is_that_of_scikit_learn_over_the_classes_of_the_truth(audits: Any) -> None:
    truth, said = audits
    truth = np.where(truth == 3, 0, truth)
    found = per_class.macro_f1(*rows((truth, said)))
    expected = f1_score(truth, said, labels=[0, 1, 2], average="macro")
    assert found.value == pytest.approx(expected)
    assert found.low < found.value < found.high


def test_macro_f1_without_an_error_is_no_surer_than_accuracy() -> None:
    found = per_class.macro_f1([[True]] * 40, [[True]] * 40)
    assert (found.value, found.low, found.high) == (1.0, binomial_interval(40, 40)[0], 1.0)


def test_macro_f1_of_several_labels_an_item_is_that_of_scikit_learn(rng: Any) -> None:
    truth, said = rng.random((2, 200, 5)) < 0.3
    expected = f1_score(truth, said, average="macro")
    assert per_class.macro_f1(truth, said).value == pytest.approx(expected)


def test_macro_f1_interval_covers_as_it_says(rng: Any) -> None:
    """In 200 samples of 150 from a large pool, the pool's own value is nearly always inside."""
    truth = rng.integers(3, size=20_000)
    said = np.where(rng.random(20_000) < 0.85, truth, rng.integers(3, size=20_000))
    pool = f1_score(truth, said, average="macro")
    inside = 0
    for seed in range(200):
        drawn = rng.choice(20_000, 150, replace=False)
        sample = [SingleLabel(3).indicator(each[drawn]) for each in (truth, said)]
        found = per_class.macro_f1(*sample, seed=seed)  # type: ignore[misc]
        inside += found.low <= pool <= found.high
    assert inside >= 180


def test_macro_f1_is_the_same_in_parts(audits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = per_class.macro_f1(*rows(audits))
    monkeypatch.setattr(per_class, "MOST_CELLS", 1000)
    assert per_class.macro_f1(*rows(audits)).value == whole.value


def test_without_a_class_in_the_truth_there_is_no_f1() -> None:
    assert per_class.macro_f1([[False]], [[True]]) is None


def test_change_is_that_of_the_published_example() -> None:
    """Agresti and Min 2005, approval of the prime minister: 944 and 880 of 1,600, 150 and 86."""
    before = np.array([True] * (794 + 150) + [False] * (86 + 570))
    after = np.array([True] * 794 + [False] * 150 + [True] * 86 + [False] * 570)
    found = per_class.change(before, after)
    assert found.value == pytest.approx(-0.04)
    # Their Wald interval is (-0.0585, -0.0215); the adjusted one differs in the fourth place.
    assert (found.low, found.high) == pytest.approx((-0.0588, -0.0212), abs=0.0004)


def test_change_covers_as_it_says(rng: Any) -> None:
    inside = 0
    for _ in range(400):
        before = rng.random(60) < 0.8
        after = np.where(rng.random(60) < 0.1, ~before, before)
        # Of the right ones a tenth gets wrong, of the wrong ones a tenth right.
        expected = 0.2 * 0.1 - 0.8 * 0.1
        found = per_class.change(before, after)
        inside += found.low <= expected <= found.high
    assert inside >= 370


@pytest.mark.parametrize(("before", "after"), [([True], [True, False]), ([[True]], [[True]])])
def test_change_needs_the_same_items(before: Any, after: Any) -> None:
    with pytest.raises(ValueError, match="equal rows"):
        per_class.change(before, after)


def test_change_of_nothing_is_not_known() -> None:
    assert per_class.change([], []) is None


def test_tables_must_match() -> None:
    with pytest.raises(ValueError, match="equal tables"):
        per_class.per_class([[True]], [[True, False]])


def test_contrast_of_an_empty_group_is_not_known() -> None:
    assert per_class.contrast(0, 0, 1, 2) is None


def test_contrast_covers_as_it_says(rng: Any) -> None:
    inside = 0
    for _ in range(400):
        a, b = rng.binomial(60, 0.9), rng.binomial(40, 0.8)
        found = per_class.contrast(a, 60, b, 40)
        inside += found.low <= 0.1 <= found.high
    assert inside >= 370
