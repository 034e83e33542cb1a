"""What asking well was worth: the interval holds the truth, and little evidence says little."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from selection.evaluation.label_savings import (
    MIN_AUDITS,
    RandomCurve,
    audits_missing,
    estimate_savings,
    random_baseline_curve,
)
from selection.features import Features
from selection.models import MultiLabel, SingleLabel


def drawn_curve(rng: np.random.Generator, m: int, extra: float = 0.0) -> Any:
    """A curve and the marks of today, as if every audit were told right by its own luck."""
    sizes, hard = np.array([10, 20, 40, 80]), rng.random(m)
    right = np.array([hard > error(size) for size in sizes], dtype=float)
    return RandomCurve(sizes, right, np.zeros(4)), hard > error(400) - extra


def error(labels: float) -> float:
    return 0.1 + 0.4 * (labels / 10) ** -0.5


def test_the_same_seed_tells_the_same(blobs: Any) -> None:
    X, y = blobs
    audits = np.arange(60)
    first, second = (random_baseline_curve(X, y, audits, SingleLabel(3), seed=4) for _ in range(2))
    assert (first.right == second.right).all()
    marks = np.ones(60, dtype=bool)
    assert estimate_savings(first, marks, 300, seed=1) == estimate_savings(
        second, marks, 300, seed=1
    )


def test_few_audits_tell_nothing_but_how_many_are_missing(blobs: Any) -> None:
    X, y = blobs
    curve = random_baseline_curve(X, y, np.arange(MIN_AUDITS - 1), SingleLabel(3), seed=0)
    assert curve is None
    assert estimate_savings(curve, [], 200, seed=0) is None
    assert audits_missing(MIN_AUDITS - 1) == 1
    assert audits_missing(MIN_AUDITS) == audits_missing(500) == 0


def test_the_curve_rises_where_there_is_something_to_learn(topics: Any) -> None:
    texts, y = topics
    X = Features(None, np.eye(4, dtype=np.float32)[y] + 0.8 * noise(len(texts), 4))
    curve = random_baseline_curve(X, y, np.arange(200), SingleLabel(4), seed=0)
    assert curve.accuracy[-1] > curve.accuracy[0]
    assert (np.diff(curve.sizes) > 0).all()


def test_nothing_is_saved_where_labels_are_chance(rng: Any) -> None:
    X = Features(None, noise(200, 3))
    y = rng.integers(2, size=200)
    curve = random_baseline_curve(X, y, np.arange(80), SingleLabel(2), seed=0)
    told = estimate_savings(curve, rng.random(80) < 0.5, 200, seed=0)
    assert told.verdict != "helps"
    assert told.low < 0


def test_all_right_from_the_start_is_not_known_to_be_saved() -> None:
    X = Features(None, np.eye(2, dtype=np.float32).repeat(40, axis=0))
    y = np.arange(2).repeat(40)
    curve = random_baseline_curve(X, y, np.arange(80), SingleLabel(2), seed=0)
    told = estimate_savings(curve, np.ones(80, dtype=bool), 400, seed=0)
    assert told.verdict == "unknown"
    assert told.low < 0


def test_several_labels_an_item(rng: Any) -> None:
    X = Features(None, noise(120, 4))
    y = (X.dense > 0).astype(int)
    curve = random_baseline_curve(X, y, np.arange(60), MultiLabel(4), seed=0)
    assert curve.right.shape == (len(curve.sizes), 60)
    assert ((curve.right >= 0) & (curve.right <= 1)).all()
    assert curve.accuracy[-1] > curve.accuracy[0]


def test_as_good_as_random_leaves_nought_in_the_interval() -> None:
    held = 0
    for seed in range(100):
        curve, right = drawn_curve(np.random.default_rng(seed), 120)
        told = estimate_savings(curve, right, 400, seed=0)
        held += told.low is not None and told.low <= 0 and (told.high is None or told.high >= 0)
    assert held >= 90


def test_far_better_than_random_helps_and_far_worse_does_not() -> None:
    rng = np.random.default_rng(0)
    curve, right = drawn_curve(rng, 3000, extra=0.06)
    assert estimate_savings(curve, right, 400, seed=0).verdict == "helps"
    curve, right = drawn_curve(rng, 3000, extra=-0.15)
    assert estimate_savings(curve, right, 400, seed=0).verdict == "does_not_help"


@pytest.mark.parametrize("m", [30, 60, 300])
@pytest.mark.parametrize("extra", [-0.2, 0.0, 0.1])
def test_an_interval_holds_its_value(m: int, extra: float) -> None:
    curve, right = drawn_curve(np.random.default_rng(m), m, extra)
    told = estimate_savings(curve, right, 400, seed=0)
    low, value, high = (
        told.most if end is None else end for end in (told.low, told.value, told.high)
    )
    assert -told.n <= low <= value <= high <= told.most
    for mark in told.curve:
        assert 0 <= mark.low <= mark.value <= mark.high <= 1
    values = [mark.value for mark in told.curve]
    assert values == sorted(values)


def test_what_does_not_fit_is_refused(blobs: Any) -> None:
    X, y = blobs
    with pytest.raises(ValueError, match="no labelled row"):
        random_baseline_curve(X, y, [300], SingleLabel(3), seed=0)
    with pytest.raises(ValueError, match="twice"):
        random_baseline_curve(X, y, [1, 1], SingleLabel(3), seed=0)
    curve = random_baseline_curve(X, y, np.arange(40), SingleLabel(3), seed=0)
    with pytest.raises(ValueError, match="40 booleans"):
        estimate_savings(curve, [True], 100, seed=0)


def noise(n: int, d: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(n, d)).astype(np.float32)
