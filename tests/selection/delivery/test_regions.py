"""Where the model's labels are cut, and how often people slip."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selection.delivery import regions, slips
from selection.delivery.calibration import Calibration, calibrate

TWENTIETH = Fraction(1, 20)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=300),
    st.integers(1, 30),
    st.floats(-2, 2),
    st.floats(0.05, 3),
)
def test_regions_are_nested_and_keep_their_targets(
    confidence: list[float], hundredths: int, intercept: float, slope: float
) -> None:
    allowed = Fraction(hundredths, 100)
    calibration = Calibration(intercept, slope)
    found = regions.cut(confidence, allowed, calibration)
    assert list(found.sizes) == sorted(set(found.sizes))
    assert len(found.items) == (found.sizes[-1] if found.sizes else 0)
    assert len(set(found.items.tolist())) == len(found.items)
    scores = np.asarray(confidence)
    for size, expected in zip(found.sizes, found.expected, strict=True):
        assert expected <= regions.TARGETS[-1] * float(allowed) + 1e-9
        assert calibration.error(scores[found.items[:size]]).mean() <= expected + 1e-9


def test_ties_break_by_row() -> None:
    scores = np.full(8000, 0.97)
    first = regions.cut(scores, Fraction(1, 20))
    assert first.sizes == (8000,)
    scores[4000:] = 0.999
    again = regions.cut(scores, TWENTIETH)
    assert again.items[:3].tolist() == [4000, 4001, 4002]
    assert set(again.items[:4000].tolist()) == set(range(4000, 8000))


def test_an_overconfident_model_gets_smaller_regions() -> None:
    scores = np.linspace(0.5, 1, 20_000)
    trusted = regions.cut(scores, TWENTIETH)
    doubted = regions.cut(scores, TWENTIETH, calibrate([0.95] * 60, [True] * 6 + [False] * 54))
    assert doubted.sizes[-1] < trusted.sizes[-1]


def test_a_region_too_small_to_prove_does_not_hold_up_bolder_ones() -> None:
    scores = np.linspace(0.8, 1, 6_000)
    found = regions.cut(scores, TWENTIETH)
    assert all(size * TWENTIETH >= regions.FEW_WRONG for size in found.sizes)
    tiny = regions.cut(np.linspace(0.8, 1, 300), TWENTIETH)
    assert len(tiny.sizes) == 1


def test_a_region_much_smaller_than_the_next_does_not_hold_it_up() -> None:
    scores = np.r_[np.full(1100, 0.999), np.full(7000, 0.97)]
    found = regions.cut(scores, TWENTIETH, targets=(0.1, 0.6))
    assert found.sizes == (8100,)
    scores = np.r_[np.full(3100, 0.999), np.full(5000, 0.97)]
    assert len(regions.cut(scores, TWENTIETH, targets=(0.1, 0.6)).sizes) == 2


def test_no_region_where_no_label_is_sure_enough() -> None:
    found = regions.cut([0.4, 0.5], TWENTIETH)
    assert found.sizes == ()
    assert not len(found.items)


def test_calibration_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        calibrate([0.9], [True, False])


@pytest.mark.parametrize(("intercept", "slope"), [(0.0, 1.0), (-1.0, 1.5), (1.0, 0.5)])
def test_many_audits_teach_how_often_a_model_is_wrong(intercept: float, slope: float) -> None:
    rng = np.random.default_rng(5)
    true = Calibration(intercept, slope)
    sure = rng.uniform(0.4, 0.999, 20_000)
    found = calibrate(sure, rng.random(20_000) < true.error(sure))
    tried = np.array([0.5, 0.8, 0.95, 0.99])
    np.testing.assert_allclose(found.error(tried), true.error(tried), rtol=0.25, atol=0.005)


def test_few_audits_leave_what_the_model_says() -> None:
    found = calibrate([0.9, 0.8, 0.95], [False, False, False])
    np.testing.assert_allclose(found.error([0.9]), [0.1], atol=0.05)


def test_a_surer_item_is_never_thought_to_be_wrong_more_often() -> None:
    sure = np.linspace(0.5, 0.99, 200)
    found = calibrate(sure, sure > 0.8)
    assert (np.diff(found.error(sure)) < 0).all()


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_slips_are_bounded_from_pairs(rate: float) -> None:
    rng = np.random.default_rng(0)
    pairs, missed = 150, 0
    for _run in range(300):
        disagreed = int((rng.random((2, pairs)) < rate).sum(axis=0).__eq__(1).sum())
        bound = slips.rate_at_most(disagreed, pairs)
        missed += bound is not None and bound < rate
    assert missed <= 9


def test_nothing_bounds_slips_without_pairs() -> None:
    assert slips.rate_at_most(0, 0) is None
    assert slips.rate_at_most(40, 50) is None
    with pytest.raises(ValueError, match="cannot disagree"):
        slips.rate_at_most(3, 2)


def test_ties_at_the_cut_do_not_widen_a_region() -> None:
    """A region is a list of items: equal confidences may lie on both sides of its edge."""
    scores = np.r_[np.full(2000, 0.999), np.full(4000, 0.97)]
    found = regions.cut(scores, TWENTIETH, targets=(0.4,))
    (size,) = found.sizes
    # Of the tied items, as many as the target allows, and no more.
    assert 2000 < size < 6000
    assert found.expected[0] <= 0.4 * 0.05
    inside = set(found.items.tolist())
    assert {0.97} == {scores[n] for n in range(2000, 6000) if n not in inside}
    assert any(scores[n] == 0.97 for n in inside)
