"""Diminishing returns: the power law is found, and its interval covers what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from selection.core.intervals import Estimate
from selection.evaluation import learning_curve
from selection.evaluation.learning_curve import Gain, expected_gain, recent_gain

SIZES = np.arange(20, 401, 20)


def rise(a: float, b: float, c: float, sizes: np.ndarray) -> float:
    last = float(sizes.max())
    return b * (last**-c - (last + 100) ** -c)


@pytest.mark.parametrize("c", [0.2, 0.5, 1.0])
def test_a_curve_without_noise_is_continued_exactly(c: float) -> None:
    got = expected_gain(SIZES, 0.9 - 0.5 * SIZES**-c)
    assert got.value == pytest.approx(rise(0.9, 0.5, c, SIZES), rel=0.01)
    assert got.low <= got.value <= got.high
    assert got.high - got.low < 0.05 * got.value


@pytest.mark.parametrize("sizes", [SIZES, np.arange(50, 301, 50)])
@pytest.mark.parametrize("c", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("noise", [0.01, 0.03])
def test_the_interval_covers_the_true_gain(sizes: Any, c: float, noise: float) -> None:
    rng = np.random.default_rng(int(100 * c))
    truth, covered = rise(0.9, 1.0, c, sizes), []
    for _ in range(300):
        got = expected_gain(sizes, 0.9 - sizes**-c + rng.normal(0, noise, len(sizes)))
        covered.append(got.low <= truth <= got.high)
    assert np.mean(covered) >= 0.93


def test_a_level_curve_gains_nothing_and_says_how_little_it_could(rng: Any) -> None:
    got = expected_gain(SIZES, 0.9 + rng.normal(0, 0.005, len(SIZES)))
    assert got.low == 0.0
    assert got.value < 0.002
    assert 0 < got.high < 0.01


def test_a_falling_curve_gains_nothing() -> None:
    got = expected_gain([10, 20, 30, 40, 50], [0.9, 0.8, 0.7, 0.6, 0.5])
    assert (got.value, got.low) == (0.0, 0.0)
    assert got.high >= 0.0
    flat = expected_gain([10, 20, 30, 40, 50], [0.5] * 5)
    assert (flat.value, flat.low, flat.high) == (0.0, 0.0, 0.0)


def test_more_confidence_is_wider(rng: Any) -> None:
    values = 0.9 - SIZES**-0.5 + rng.normal(0, 0.01, len(SIZES))
    wide, narrow = expected_gain(SIZES, values, 0.99), expected_gain(SIZES, values, 0.8)
    assert wide.low <= narrow.low <= narrow.value == wide.value <= narrow.high <= wide.high


def test_few_points_are_no_curve() -> None:
    assert expected_gain([10, 20, 30, 40], [0.5, 0.6, 0.7, 0.8]) is None
    assert expected_gain([10, 20, 30, 40, 40], [0.5, 0.6, 0.7, 0.8, 0.8]) is None
    assert expected_gain([], []) is None
    with pytest.raises(ValueError, match="positive"):
        expected_gain([0, 1, 2, 3, 4], [0.5] * 5)
    with pytest.raises(ValueError, match="must match"):
        expected_gain([1, 2], [0.5])


def test_cost_per_point_is_without_bound_where_nothing_is_gained() -> None:
    assert Gain(0.02, 0.0, 0.04, 0.95).cost_per_point(0.5) == (25.0, 12.5, float("inf"))
    assert Gain(0.0, 0.0, 0.0, 0.95).cost_per_point(0.5) == (float("inf"),) * 3


def test_labels_needed_is_where_the_curve_reaches_the_target() -> None:
    sizes = np.array([50, 100, 200, 400, 800])
    found = learning_curve.labels_needed(sizes, 0.95 - 2 * sizes**-0.6, 0.94)
    assert found.value == pytest.approx((2 / 0.01) ** (1 / 0.6), rel=0.05)
    assert found.low <= found.value <= found.high


def test_target_above_the_top_of_the_curve_is_out_of_sight() -> None:
    sizes = np.array([50, 100, 200, 400, 800])
    assert learning_curve.labels_needed(sizes, 0.9 - sizes**-0.5, 0.95).value is None


def test_noise_makes_the_labels_needed_uncertain() -> None:
    rng = np.random.default_rng(3)
    sizes = np.arange(50, 550, 50)
    noisy = 0.9 - sizes**-0.5 + rng.normal(0, 0.01, len(sizes))
    found = learning_curve.labels_needed(sizes, noisy, 0.875)
    assert found.low < 1600
    assert found.high is None or found.high > 1600


def test_flat_curve_never_reaches_more() -> None:
    sizes = np.array([50, 100, 200, 400, 800])
    assert learning_curve.labels_needed(sizes, np.full(5, 0.8), 0.9).value is None


def test_labels_needed_is_not_said_from_few_points() -> None:
    assert learning_curve.labels_needed([50, 100, 200], [0.5, 0.6, 0.7], 0.9) is None


def measured(value: float, low: float = 0.05, high: float = 0.04) -> Estimate:
    return Estimate(value, value - low, value + high, 150, 0.95)


@pytest.mark.parametrize("c", [0.1, 0.5, 1.0])
def test_the_recent_gain_is_never_below_that_of_a_power_law(c: float) -> None:
    sizes = np.arange(100, 1001, 100)
    got = recent_gain(sizes, [measured(0.9 - size**-c, 0, 0) for size in sizes])
    truth = rise(0.9, 1.0, c, sizes)
    assert truth <= got.low == got.value == got.high < 2.5 * truth


def test_the_recent_gain_looks_at_the_last_doubling_only() -> None:
    tail = [measured(0.8), measured(0.85), measured(0.86)]
    got = recent_gain([100, 400, 500, 1000], [measured(0.1), *tail])
    assert got == recent_gain([500, 1000], tail[1:])
    assert got.value == pytest.approx(0.01 * np.log2(1.1))
    assert got.high == pytest.approx(0.05 * np.log2(1.1))
    assert got.low == 0.0


def test_a_fall_is_no_gain_and_leaves_the_room_above() -> None:
    got = recent_gain([500, 1000], [measured(0.9), measured(0.8, high=0.08)])
    assert (got.value, got.low) == (0.0, 0.0)
    assert got.high == pytest.approx(0.08 * np.log2(1.1))


def test_no_recent_gain_before_the_labels_doubled() -> None:
    assert recent_gain([], []) is None
    assert recent_gain([100], [measured(0.8)]) is None
    assert recent_gain([100, 199], [measured(0.8)] * 2) is None
    with pytest.raises(ValueError, match="rise"):
        recent_gain([200, 100], [measured(0.8)] * 2)
    with pytest.raises(ValueError, match="match"):
        recent_gain([100, 200], [measured(0.8)])


@pytest.mark.parametrize(
    ("values", "target", "state"),
    [
        ([0.94] * 5, 0.9, "reached"),
        ([0.9] * 5, 0.9, "reached"),
        ([0.85] * 5, 0.9, "out_of_sight"),
        # It falls, and ends below or above.
        ([0.89, 0.88, 0.87, 0.86, 0.85], 0.9, "out_of_sight"),
        ([0.97, 0.96, 0.95, 0.94, 0.93], 0.9, "reached"),
        # It rose above long ago; it will be; it was measured above what the curve expects.
        ([0.5, 0.8, 0.9, 0.93, 0.94], 0.9, "reached"),
        ([0.9 - n**-0.5 for n in (50, 100, 200, 400, 800)], 0.88, "in_sight"),
        ([0.85, 0.84, 0.85, 0.84, 0.91], 0.9, "reached"),
    ],
)
def test_target_that_is_reached_is_never_out_of_sight(
    values: Any, target: float, state: str
) -> None:
    sizes = [50, 100, 200, 400, 800]
    found = learning_curve.labels_needed(sizes, values, target)
    assert found.state == state
    assert (found.value is None) == (state == "out_of_sight")
    if state == "reached":
        assert found.value <= 800
