"""Entity F1 and its interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selection.spans.quality.f1 import audit_f1, count_spans


def test_only_exact_spans_of_the_right_label_are_right() -> None:
    truth = [[(0, 3, "a"), (5, 9, "b")], []]
    said = [[(0, 3, "a"), (5, 8, "b"), (0, 3, "b")], [(1, 2, "a")]]
    counts = count_spans(truth, said)
    assert counts.right.tolist() == [1, 0]
    assert counts.wrong.tolist() == [2, 1]
    assert counts.missed.tolist() == [1, 0]
    assert counts.f1 == pytest.approx(2 / 6)
    assert count_spans(truth, said, "a").f1 == pytest.approx(2 / 3)


@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=40))
def test_the_interval_holds_the_value_and_stays_within_bounds(
    rows: list[tuple[int, int, int]],
) -> None:
    found = audit_f1(*np.array(rows).T)
    assert found is not None
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_an_interval_is_open_where_all_is_right_or_nothing_said() -> None:
    perfect = audit_f1([1] * 50, [0] * 50, [0] * 50)
    nothing = audit_f1([0] * 50, [0] * 50, [0] * 50)
    assert perfect is not None
    assert nothing is not None
    assert (perfect.value, perfect.high) == (1.0, 1.0)
    assert perfect.low < 0.99
    assert (nothing.low, nothing.high) == (0.0, 1.0)
    assert audit_f1([], [], []) is None


def test_texts_with_many_spans_make_a_longer_interval_than_as_many_spans_apart() -> None:
    apart = audit_f1([1] * 80 + [0] * 20, [0] * 100, [0] * 80 + [1] * 20)
    lumped = audit_f1([10] * 8 + [0] * 2 + [0] * 90, [0] * 100, [0] * 8 + [10] * 2 + [0] * 90)
    assert apart is not None
    assert lumped is not None
    assert apart.value == lumped.value
    assert lumped.high - lumped.low > 1.5 * (apart.high - apart.low)


def test_intervals_cover_the_truth() -> None:
    rng = np.random.default_rng(0)
    spans = rng.poisson(0.9, 6000)
    right = rng.binomial(spans, 0.7)
    missed = spans - right
    wrong = rng.poisson(0.2, 6000)
    truth = 2 * right.sum() / (2 * right.sum() + missed.sum() + wrong.sum())
    covered = 0
    for _ in range(400):
        rows = rng.choice(6000, 200, replace=False)
        found = audit_f1(right[rows], wrong[rows], missed[rows])
        assert found is not None
        covered += found.low <= truth <= found.high
    assert 0.93 <= covered / 400 <= 0.985
