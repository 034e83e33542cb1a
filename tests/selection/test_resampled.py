"""Agreement with its interval."""

import numpy as np
import pytest

from selection import agreement, resampled


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def crowd(rng, items=200, people=4, right=0.8, classes=3):
    truth = rng.integers(classes, size=(items, 1))
    wrong = rng.random((items, people)) > right
    answers = np.where(wrong, rng.integers(classes, size=(items, people)), truth)
    return np.where(rng.random((items, people)) < 0.4, -1, answers)


def test_values_are_those_without_an_interval(rng):
    answers = crowd(rng)
    found = resampled.alpha(answers)
    assert found.value == pytest.approx(agreement.krippendorff_alpha(answers))
    a, b = answers[:, 0], answers[:, 1]
    kappa = resampled.kappa(a, b)
    assert kappa.value == pytest.approx(agreement.cohen_kappa(a, b))
    assert kappa.n == ((a >= 0) & (b >= 0)).sum()
    assert found.n == ((answers >= 0).sum(axis=1) >= 2).sum()


def test_intervals_are_those_of_resampled_items(rng):
    """The patterns' draws are the items' draws: both bootstraps end at the same places."""
    answers = crowd(rng)
    found = resampled.alpha(answers)
    again = [
        agreement.krippendorff_alpha(answers[rng.integers(len(answers), size=len(answers))])
        for _ in range(600)
    ]
    assert np.percentile(again, [2.5, 97.5]) == pytest.approx([found.low, found.high], abs=0.02)
    a, b = answers[:, 0], answers[:, 1]
    both = np.flatnonzero((a >= 0) & (b >= 0))
    kappa = resampled.kappa(a, b)
    drawn = [rng.choice(both, len(both)) for _ in range(600)]
    again = [agreement.cohen_kappa(a[rows], b[rows]) for rows in drawn]
    assert np.percentile(again, [2.5, 97.5]) == pytest.approx([kappa.low, kappa.high], abs=0.03)


def test_alpha_covers_as_it_says(rng):
    whole = agreement.krippendorff_alpha(crowd(rng, items=50_000))
    inside = 0
    for seed in range(100):
        found = resampled.alpha(crowd(rng, items=120), seed=seed)
        inside += found.low <= whole <= found.high
    assert inside >= 88


def test_half_a_million_answers_take_no_more_memory_than_a_few(rng):
    found = resampled.alpha(crowd(rng, items=60_000))
    assert found.high - found.low < 0.02


@pytest.mark.parametrize("answers", [[], [[0, -1], [-1, 1]]])
def test_without_an_overlap_nothing_is_known(answers):
    assert resampled.alpha(np.array(answers).reshape(-1, 2)) is None


def test_pair_that_shares_nothing_is_not_known():
    assert resampled.kappa([0, -1], [-1, 1]) is None


def test_one_class_alone_tells_nothing():
    for found in (resampled.alpha([[0, 0], [0, 0]]), resampled.kappa([0, 0], [0, 0])):
        assert (found.value, found.low) == (1.0, -1.0)


@pytest.mark.parametrize("n", [5, 50, 500])
def test_agreement_without_an_exception_is_not_certain(n):
    answers = np.array([[0, 0], [1, 1]] * n)
    # As many of 2 n may differ as leave a chance of 2.5 % that none was seen; by chance half do.
    expected = 1 - 2 * (1 - 0.025 ** (1 / (2 * n)))
    assert resampled.alpha(answers).low == pytest.approx(expected)
    assert resampled.kappa(*answers.T).low == pytest.approx(expected)
