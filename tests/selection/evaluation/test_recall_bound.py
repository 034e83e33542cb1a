"""The bound on recall: right at least as often as it says, however often somebody looks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import hypergeom

from selection.evaluation import recall_bound, stopping


def test_most_is_the_largest_total_that_the_sample_leaves_open() -> None:
    sample = recall_bound.Sample(10, 500, 100, 2, 0.05)
    hidden = recall_bound.most(sample) - 10
    assert hypergeom.cdf(2, 500, hidden, 100) > 0.05 >= hypergeom.cdf(2, 500, hidden + 1, 100)


def test_bound_and_p_value_agree() -> None:
    samples = [
        recall_bound.Sample(0, 2000, 100, 5, 0.01),
        recall_bound.proof([False] * 260, 1500, 80, 1),
    ]
    low = recall_bound.lower_bound(82, 1240, samples)
    for target in (low - 1e-6, low + 1e-6):
        (step,) = recall_bound.frontier(82, 1240, samples, 1, [target])
        assert step.proven == (target < low)
        assert (step.p_value < 0.05) == step.proven


def test_what_all_looks_may_err_adds_up_to_what_was_promised() -> None:
    looks = [recall_bound.audited([False] * (25 * 2**j), 10**9) for j in range(12)]
    audits = sum(look.error for look in looks)  # type: ignore[misc]
    proofs = sum(recall_bound.proof_error(number) for number in range(1, 10**4))
    assert audits + proofs <= 0.05
    assert proofs == pytest.approx(0.03, abs=1e-5)


def test_between_looks_the_last_look_counts() -> None:
    marks = np.zeros(70, dtype=bool)
    marks[55:] = True
    assert recall_bound.audited(marks, 500) == recall_bound.audited(marks[:50], 500)
    assert recall_bound.audited(marks[:24], 500) is None


def test_bound_fails_rarely_though_the_search_looks_and_draws_again_and_again(rng: Any) -> None:
    """A search that is good at first and hits at random later, with audits and four proofs."""
    n, relevant, wrong = 600, 30, 0
    for _run in range(400):
        rare = np.zeros(n, dtype=bool)
        rare[rng.choice(n, relevant, replace=False)] = True
        order = rng.permutation(n)
        read, samples = np.zeros(n, dtype=bool), []
        read[order[:50]] = True
        read[np.flatnonzero(rare)[:15]] = True
        audits = recall_bound.audited(rare[order[:50]], n)
        claims = []
        for number in range(1, 5):
            left = np.flatnonzero(~read)
            drawn = rng.choice(left, 60, replace=False)
            samples.append(
                recall_bound.proof(rare[drawn], len(left), int(rare[read].sum()), number)
            )
            read[drawn] = True
            found = int(rare[read].sum())
            low = recall_bound.lower_bound(found, int((~read).sum()), [*samples, audits])
            claims.append(low > found / relevant)
        wrong += any(claims)
    assert wrong / 400 <= 0.05


def test_more_random_reads_without_a_find_prove_more() -> None:
    lows = [
        recall_bound.lower_bound(50, 1000 - n, [recall_bound.proof([False] * n, 1000, 50, 1)])
        for n in (50, 100, 200, 400, 1000)
    ]
    assert lows == sorted(lows)
    assert lows[-1] == 1.0


def test_reads_that_are_said_to_be_needed_are_enough_and_no_fewer() -> None:
    (step,) = recall_bound.frontier(60, 2000, [], 0, [0.9])
    enough = recall_bound.proof([False] * step.reads_needed, 2000, 60, 1)
    short = recall_bound.proof([False] * (step.reads_needed - 1), 2000, 60, 1)
    assert recall_bound.lower_bound(60, 2000 - step.reads_needed, [enough]) >= 0.9
    assert recall_bound.lower_bound(60, 2001 - step.reads_needed, [short]) < 0.9


def test_nothing_found_proves_nothing() -> None:
    assert recall_bound.lower_bound(0, 100, []) == 0.0
    steps = recall_bound.frontier(0, 100, [recall_bound.proof([False] * 90, 190, 0, 1)], 1)
    assert not any(step.proven for step in steps)


def test_all_read_proves_everything() -> None:
    steps = recall_bound.frontier(7, 0, [], 0)
    assert [step.target for step in steps] == list(stopping.RECALLS)
    assert all(step.proven and step.p_value == 0.0 for step in steps)


def claims(rng: Any, *, prefix_only: bool) -> bool:
    """Tell whether the bound was ever above the truth in a search that reads its audits, too.

    It reads the likeliest items of the whole pool, audits in their order in between, and looks
    after every ten items. The permutation of the audits knows nothing of what is likely.
    """
    n, relevant = 800, 60
    rare = np.arange(n) < relevant
    likely = np.argsort(-(rare + rng.normal(scale=0.8, size=n)))
    audits = rng.permutation(n)[:240]
    read = np.zeros(n, dtype=bool)
    for turn in range(400):
        order = audits if turn % 6 == 0 and not read[audits].all() else likely
        read[order[~read[order]][0]] = True
        if turn % 10:
            continue
        waiting = np.flatnonzero(~read[audits])
        prefix = audits[: waiting[0]] if len(waiting) else audits
        sample = prefix if prefix_only else audits[read[audits]]
        looked = recall_bound.audited(rare[sample], n)
        found = int(rare[read].sum())
        low = recall_bound.lower_bound(found, int((~read).sum()), [looked] if looked else [])
        if low > found / relevant:
            return True
    return False


def test_bound_holds_where_the_search_reads_audits_before_their_turn(rng: Any) -> None:
    wrong = sum(claims(rng, prefix_only=True) for _run in range(200))
    assert wrong / 200 <= 0.05


def test_share_of_relevant_ones_among_all_reads_of_the_reserve_would_mislead(rng: Any) -> None:
    """The bound needs the order: the reads of a search are no random sample of the reserve."""
    expected = relevant_share(rng, prefix_only=True), relevant_share(rng, prefix_only=False)
    assert expected[0] == pytest.approx(0.075, abs=0.012)
    assert expected[1] > 0.1


def relevant_share(rng: Any, *, prefix_only: bool) -> float:
    """Return the mean share of relevant items in the sample after 200 reads."""
    shares = []
    for _run in range(200):
        rare = np.arange(800) < 60
        likely, audits = np.argsort(-(rare + rng.normal(scale=0.8, size=800))), rng.permutation(800)
        read = np.zeros(800, dtype=bool)
        for turn in range(200):
            order = audits[:240] if turn % 3 == 0 else likely
            read[order[~read[order]][0]] = True
        prefix = audits[: np.flatnonzero(~read[audits])[0]]
        sample = prefix if prefix_only else audits[:240][read[audits[:240]]]
        shares.append(rare[sample].mean())
    return float(np.mean(shares))
