"""The e-value of a promise: golden numbers, and how often it proves what is not so."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from selection.delivery import evidence

TENTH, TWENTIETH, FIFTIETH = Fraction(1, 10), Fraction(1, 20), Fraction(1, 50)


@pytest.mark.parametrize(
    ("n", "wrong", "allowed", "expected"),
    [
        (98, 0, TWENTIETH, 20.2620272),
        (97, 0, TWENTIETH, 19.5749938),
        (133, 1, TWENTIETH, 20.3538251),
        (132, 1, TWENTIETH, 19.679366),
        (201, 3, TWENTIETH, 20.118307),
        (200, 3, TWENTIETH, 19.4890869),
        (2, 0, TENTH, 2167 / 1944),
        (48, 0, TENTH, 21.2486281),
        (249, 0, FIFTIETH, 19.9992271),
        (250, 0, FIFTIETH, 20.2719546),
    ],
)
def test_endless_region(n: int, wrong: int, allowed: Fraction, expected: float) -> None:
    assert math.exp(evidence.log_endless(n, wrong, allowed)) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("n", "wrong", "size", "allowed", "expected"),
    [
        (98, 0, 6200, TWENTIETH, 19.6042704),
        (99, 0, 6200, TWENTIETH, 20.2936327),
        (134, 1, 6200, TWENTIETH, 20.1484184),
        (400, 8, 6200, TWENTIETH, 47.5238147),
        (98, 0, 1000, TWENTIETH, 16.4317147),
        (108, 0, 1000, TWENTIETH, 20.7005819),
        (5, 0, 20, Fraction(1, 5), 1649 / 819),
        (8, 0, 20, Fraction(1, 5), 65 / 33),
        (10, 1, 20, Fraction(1, 5), 153 / 80),
    ],
)
def test_finite_region(n: int, wrong: int, size: int, allowed: Fraction, expected: float) -> None:
    found = math.exp(evidence.log_finite(n, wrong, size, allowed))
    assert found == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("allowed", "first"),
    [
        (TWENTIETH, [98, 133, 167, 201, 235, 267, 299, 331, 361, 391, 420]),
        (TENTH, [48, 65, 82, 99, 115, 132, 148, 163, 178, 193, 207]),
        (FIFTIETH, [250, 337, 423, 508, 592, 674, 754, 833, 910, 985, 1058]),
    ],
)
def test_checks_at_which_so_many_errors_are_still_proven(
    allowed: Fraction, first: list[int]
) -> None:
    n = np.arange(1200)
    for wrong, expected in enumerate(first):
        proven = evidence.log_endless(np.maximum(n, wrong), wrong, allowed) >= math.log(20)
        assert n[proven.argmax()] == expected


def test_promise_is_certain_once_more_were_right_than_a_broken_one_could_have() -> None:
    assert evidence.log_finite(20, 3, 20, Fraction(1, 5)) == math.inf
    assert evidence.log_finite(18, 0, 20, Fraction(1, 5)) < math.inf


@pytest.mark.parametrize(("size", "gone"), [(300, 0), (600, 0), (600, 30)])
def test_no_number_of_wrong_labels_is_taken_for_few_too_often(size: int, gone: int) -> None:
    """Exact, over all ways to draw: proven and broken at that moment, in 5% of the time at most."""
    n, wrong = np.mgrid[: size - gone, : size // 4]
    fits = wrong <= n
    found = evidence.log_finite(n, np.where(fits, wrong, 0), size, TENTH, gone)
    proven = (found >= math.log(20)) & fits
    around = range(size // 20, size // 4)
    worst = max(_false_proof(proven, size, total, gone) for total in around)
    assert 0 < worst <= 0.05


def _false_proof(proven: Any, size: int, total: int, gone: int) -> float:
    """Return the probability that it is proven while broken, if right labels left otherwise."""
    # By the number of wrong checks: the probability of going on so far.
    seen = np.arange(proven.shape[1])
    chances = np.where(seen == 0, 1.0, 0.0)
    false = 0.0
    for n in range(1, len(proven)):
        share = np.clip((total - seen) / (size - n + 1), 0, 1)
        hit = chances * share
        chances = chances * (1 - share)
        chances[1:] += hit[:-1]
        is_broken = 10 * (total - seen) > size - n - gone
        false += chances[proven[n] & is_broken].sum()
        chances[proven[n]] = 0.0
    return float(false)


def test_clopper_and_pearson_at_every_check_would_prove_what_is_not_so() -> None:
    rng = np.random.default_rng(0)
    n = np.arange(1, 1001)
    wrong = np.cumsum(rng.random((300, 1000)) < 0.05, axis=1)
    naive = hypergeom.cdf(wrong, 10**6, 50_000, n) < 0.05
    ours = evidence.log_endless(n, wrong, TWENTIETH) >= math.log(20)
    assert naive.any(axis=1).mean() > 0.2
    assert ours.any(axis=1).mean() < 0.08


@given(
    size=st.integers(10, 400),
    share=st.integers(1, 30),
    data=st.data(),
)
def test_evidence_is_a_number(size: int, share: int, data: st.DataObject) -> None:
    allowed = Fraction(share, 100)
    n = data.draw(st.integers(1, size))
    wrong = data.draw(st.integers(0, n))
    gone = data.draw(st.integers(0, size - n))
    found = evidence.log_finite(n, wrong, size, allowed, gone)
    assert not np.isnan(found).any()


def test_labels_that_people_took_over_are_thought_to_be_right_ones() -> None:
    whole = evidence.log_finite(100, 0, 1000, TENTH)
    less = evidence.log_finite(100, 0, 1000, TENTH, gone=300)
    assert less < whole


@given(st.integers(0, 10**6), st.integers(1, 400))
def test_how_many_may_be_wrong_is_counted_in_integers(labels: int, thousandths: int) -> None:
    found = evidence.allowed_wrong(labels, Fraction(thousandths, 1000))
    assert found * 1000 <= labels * thousandths < (found + 1) * 1000


def test_checks_without_error_are_the_fewest() -> None:
    for n, wrong in ((0, 0), (50, 0), (60, 2), (0, 0)):
        more = evidence.checks_without_error(n, wrong, 6200, TWENTIETH, 0.05)
        assert more
        assert evidence.log_finite(n + more, wrong, 6200, TWENTIETH) >= math.log(20)
        assert evidence.log_finite(n + more - 1, wrong, 6200, TWENTIETH) < math.log(20)


def test_slips_leave_less_to_test() -> None:
    plain = evidence.log_evidence(150, 1, 6200, TWENTIETH)
    careful = evidence.log_evidence(150, 1, 6200, TWENTIETH, slips=0.05)
    small = evidence.log_evidence(150, 1, 1000, TWENTIETH, slips=0.05)
    assert careful < plain
    tested = evidence.less_slips(TWENTIETH, 0.05)
    assert small == min(
        evidence.log_finite(150, 1, 1000, tested), evidence.log_endless(150, 1, tested)
    )


@pytest.mark.parametrize(("n", "wrong", "gone"), [(5, 6, 0), (5, -1, 0), (21, 0, 0), (10, 0, 11)])
def test_counts_that_do_not_fit_are_refused(n: int, wrong: int, gone: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        evidence.log_finite(n, wrong, 20, TENTH, gone)


def test_expected_checks_grow_with_the_error() -> None:
    few, many = (evidence.checks_expected(error, 0.05, 0.05) for error in (0.0125, 0.025))
    # 1.1 times the limit, 143 and 375.
    assert few == pytest.approx(157, abs=1)
    assert many == pytest.approx(412, abs=1)
    assert evidence.checks_expected(0.05, 0.05, 0.05) is None
    assert evidence.checks_expected(0.01, 0.05, 0.05, 4.0) == 0.0
