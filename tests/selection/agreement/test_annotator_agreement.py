"""What each person's answers are worth beside those of others."""

import numpy as np
import pytest

from selection.agreement import annotator_agreement, consensus


def test_agreement_of_each_by_hand() -> None:
    items, people, codes = [0, 0, 0, 1, 1, 2], [1, 2, 3, 1, 2, 1], [5, 5, 6, 7, 8, 9]
    found = annotator_agreement.agreement_of_each(items, people, codes)
    assert found[1].value == pytest.approx((1 / 2 + 0) / 2)
    assert (found[1].n, found[3].n) == (2, 1)
    assert found[3].value == 0.0


def test_two_people_have_the_exact_interval() -> None:
    items, people = np.repeat(np.arange(100), 2), [7, 8] * 100
    found = annotator_agreement.agreement_of_each(items, people, [1, 1] * 93 + [1, 2] * 7)
    assert found[7] == found[8]
    assert (found[7].value, round(found[7].low, 3), round(found[7].high, 3)) == (0.93, 0.861, 0.971)


def test_who_shares_nothing_is_missing() -> None:
    assert annotator_agreement.agreement_of_each([], [], []) == {}
    assert annotator_agreement.agreement_of_each([0, 1], [7, 8], [1, 1]) == {}
    assert set(annotator_agreement.agreement_of_each([0, 0, 1], [7, 8, 9], [1, 1, 1])) == {7, 8}


def test_confusions_add_up_to_the_answers() -> None:
    answers = np.array([[0, 1], [1, -1], [2, 2]])
    proba = np.array([[0.6, 0.4, 0.0], [0.0, 1.0, 0.0], [0.1, 0.0, 0.9]])
    counts = annotator_agreement.confusions(answers, proba)
    np.testing.assert_allclose(counts.sum(axis=(1, 2)), [3, 2])
    np.testing.assert_allclose(counts[1, :, 1], [0.6, 0.4, 0.0])


def test_share_right_is_that_of_people_who_err_so_often() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=600)
    rates = (0.95, 0.8, 0.7)
    said = [np.where(rng.random(600) < rate, truth, (truth + 1) % 3) for rate in rates]
    answers = np.stack(said, axis=1)
    found = consensus.dawid_skene(answers, 3)
    for rate, counts in zip(
        rates, annotator_agreement.confusions(answers, found.proba), strict=True
    ):
        estimate = annotator_agreement.share_right(counts)
        assert estimate.low < rate < estimate.high
        assert estimate.n == 600
    assert annotator_agreement.share_right(np.zeros((3, 3))) is None
