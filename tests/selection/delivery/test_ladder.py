"""The proof of nested regions: what it delivers, how often it errs, and the traps on the way."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from selection.delivery import evidence, ladder, several
from selection.delivery.ladder import OPEN, RIGHT, WRONG, Plan, Standing, stand

TENTH = Fraction(1, 10)
PLAN = Plan((1000, 2000, 3000), TENTH, 0.05, 800)
Marks = NDArray[np.int64]


def pool(
    rng: np.random.Generator, sizes: tuple[int, ...], errors: tuple[float, ...]
) -> tuple[Marks, Marks]:
    """Return the rungs of the items and which labels are wrong, in the order of draws."""
    innermost = np.searchsorted(sizes, np.arange(sizes[-1]), side="right")
    wrong = np.zeros(sizes[-1], dtype=np.int64)
    for ring, error in enumerate(errors):
        rows = np.flatnonzero(innermost == ring)
        wrong[rng.choice(rows, round(error * len(rows)), replace=False)] = WRONG
    order = rng.permutation(sizes[-1])
    return innermost[order], wrong[order]


def is_broken(plan: Plan, found: Standing, innermost: Marks, wrong: Marks) -> bool:
    """Return whether more of what remains is wrong than was promised."""
    if found.delivered is None:
        return False
    left = innermost[found.drawn :] <= found.delivered
    assert left.sum() == found.rungs[found.delivered].remaining
    return bool(wrong[found.drawn :][left].mean() > plan.allowed)


@pytest.mark.parametrize(
    ("sizes", "errors", "delivers"),
    [
        # Everywhere just as many errors as are allowed; a boldest region with a few too many; a
        # pool as one hopes for.
        ((1000, 2000, 3000), (0.1, 0.1, 0.1), 0.0),
        ((2000, 4000, 6000), (0.025, 0.075, 0.206), 0.8),
        ((2000, 4000, 6000), (0.025, 0.065, 0.12), 0.8),
    ],
)
def test_what_is_proven_holds(
    sizes: tuple[int, ...], errors: tuple[float, ...], delivers: float
) -> None:
    rng = np.random.default_rng(7)
    plan = Plan(sizes, TENTH, 0.05, 800)
    broken = delivered = 0
    for _run in range(200):
        innermost, wrong = pool(rng, sizes, errors)
        found = stand(plan, innermost, wrong, at_once=True)
        broken += is_broken(plan, found, innermost, wrong)
        delivered += found.delivered is not None
    assert broken <= 10
    assert delivered / 200 >= delivers


def test_answers_that_come_early_wait_for_their_turn() -> None:
    innermost, wrong = pool(np.random.default_rng(1), PLAN.sizes, (0, 0, 0))
    said = np.where(np.arange(3000) < 200, wrong, OPEN)
    said[30] = OPEN
    assert stand(PLAN, innermost, said).checks == 30
    said[30] = WRONG
    assert stand(PLAN, innermost, said).checks == 200


def test_checks_of_a_safer_region_never_count_for_a_bolder_one() -> None:
    # The outer ring is bad: the boldest region is dropped, and draws go on inside.
    innermost, wrong = pool(np.random.default_rng(2), PLAN.sizes, (0, 0.0, 0.9))
    found = stand(PLAN, innermost, wrong, at_once=True)
    inner, middle, outer = found.rungs
    assert outer.is_dropped
    assert found.delivered == 1
    assert found.live == 1
    assert inner.checks < middle.checks
    assert outer.checks < found.checks
    before = innermost[: found.drawn] <= 1
    assert middle.checks == before.sum()


def test_a_safe_region_that_is_dropped_drops_the_bolder_ones() -> None:
    innermost, wrong = pool(np.random.default_rng(3), PLAN.sizes, (0.5, 0.0, 0.0))
    found = stand(PLAN, innermost, wrong, at_once=True)
    assert [rung.is_dropped for rung in found.rungs] == [True, True, True]
    assert found.is_over
    assert found.delivered is None


def test_a_few_wrong_checks_do_not_end_what_was_expected_to_be_right() -> None:
    allowed = Fraction(1, 20)
    said = np.full(3000, OPEN)
    said[:20] = RIGHT
    said[[4, 9, 14]] = WRONG
    plain = Plan((3000,), allowed, 0.05, 1600)
    told = Plan((3000,), allowed, 0.05, 1600, expected=(0.02,))
    inside = np.zeros(3000, int)
    assert stand(plain, inside, said).rungs[0].is_dropped
    assert not stand(told, inside, said).rungs[0].is_dropped
    said[20:40] = WRONG
    assert stand(told, inside, said).rungs[0].is_dropped


def test_draws_stay_in_the_boldest_region_after_it_is_proven() -> None:
    """Else right labels would leave it, and its bound would pass what was promised."""
    innermost, _wrong = pool(np.random.default_rng(4), PLAN.sizes, (0, 0, 0))
    said = np.full(3000, OPEN)
    said[:120] = RIGHT
    found = stand(PLAN, innermost, said)
    outer = found.rungs[2]
    assert outer.is_proven
    assert found.live == 2
    assert outer.checks == 120


def test_a_proof_is_worked_out_again_with_each_check() -> None:
    innermost, said = np.zeros(3000, int), np.full(3000, OPEN)
    plan = Plan((3000,), TENTH, 0.05, 800)
    first = evidence.checks_without_error(0, 0, 3000, TENTH, 0.05)
    said[:first] = RIGHT
    said[first : first + 2] = WRONG
    assert stand(plan, innermost, said).delivered == 0
    # As right labels leave the region, possible wrong ones weigh more.
    said[first + 2 : first + 28] = RIGHT
    late = stand(plan, innermost, said)
    assert late.delivered is None
    assert late.rungs[0].bound() > 0.1


def test_labels_that_people_took_over_weaken_the_proof() -> None:
    innermost, _wrong = pool(np.random.default_rng(6), PLAN.sizes, (0, 0, 0))
    said = np.full(3000, OPEN)
    said[:150] = RIGHT
    taken = np.zeros(3000, bool)
    taken[1000:2000] = True
    plain, less = stand(PLAN, innermost, said), stand(PLAN, innermost, said, taken)
    assert less.rungs[2].gone == 1000
    assert less.rungs[2].remaining == plain.rungs[2].remaining - 1000
    assert less.rungs[2].log_evidence < plain.rungs[2].log_evidence
    assert less.rungs[2].bound() <= 0.1 or not less.rungs[2].is_proven


def test_bound_with_slips_counts_what_two_people_would_miss() -> None:
    plan = Plan((4000,), TENTH, 0.04, 800, slips=0.05)
    said = np.full(4000, OPEN)
    said[:200] = RIGHT
    (rung,) = stand(plan, np.zeros(4000, int), said).rungs
    assert rung.is_proven
    assert rung.bound(0.05) == pytest.approx(rung.bound() / 0.95**2)
    assert rung.bound(0.05) <= 0.1


def test_the_budget_ends_a_proof_and_what_is_proven_by_then_is_delivered() -> None:
    innermost, wrong = pool(np.random.default_rng(8), PLAN.sizes, (0, 0.02, 0.25))
    found = stand(Plan(PLAN.sizes, TENTH, 0.05, 90), innermost, wrong)
    assert found.is_over
    assert found.checks <= 90


def test_what_is_expected_makes_no_false_proof() -> None:
    """Hopes keep a region alive, and prove nothing."""
    rng = np.random.default_rng(12)
    plan = Plan((1000, 2000, 3000), TENTH, 0.05, 800, expected=(0.01, 0.02, 0.03))
    broken = 0
    for _run in range(200):
        innermost, wrong = pool(rng, plan.sizes, (0.1, 0.105, 0.11))
        broken += is_broken(plan, stand(plan, innermost, wrong, at_once=True), innermost, wrong)
    assert broken <= 10


def test_whoever_stops_early_has_what_is_proven_by_then() -> None:
    innermost, wrong = pool(np.random.default_rng(15), PLAN.sizes, (0, 0, 0.2))
    said = np.full(3000, OPEN)
    said[:160] = wrong[:160]
    found = stand(PLAN, innermost, said)
    assert (found.delivered, found.is_over) == (None, False)
    settled = found.settled()
    assert settled.is_over
    assert settled.delivered is not None
    assert all(rung.is_proven for rung in found.rungs[: settled.delivered + 1])
    assert not found.rungs[settled.delivered + 1].is_proven
    assert stand(PLAN, innermost, np.full(3000, OPEN)).settled().delivered is None


def test_each_item_needs_a_verdict() -> None:
    with pytest.raises(ValueError, match="each item"):
        stand(PLAN, np.zeros(10, int), np.zeros(3000, int))


def test_a_proof_of_one_label_hands_its_share_to_the_others() -> None:
    rng = np.random.default_rng(9)
    parts = {}
    for label, checks in ((0, 400), (1, 55)):
        plan = Plan((3000,), TENTH, 0.025, 800)
        innermost, said = pool(rng, (3000,), (0.0,))
        said[checks:] = OPEN
        parts[label] = several.Part(plan, innermost, said, np.zeros(3000, bool))
    alone = ladder.stand(parts[1].plan, parts[1].innermost, parts[1].verdicts)
    # 49 checks prove it at 5%, 60 at 2.5%.
    assert alone.delivered is None
    together = several.stand(parts, 0.05)
    assert together[0].delivered == 0
    assert together[1].delivered == 0
    at_once = several.stand(parts, 0.05, at_once=True)
    assert [at_once[label].delivered for label in (0, 1)] == [0, 0]
    needed = [evidence.checks_without_error(0, 0, 3000, TENTH, alpha) for alpha in (0.025, 0.05)]
    assert [at_once[label].checks for label in (0, 1)] == needed == [58, 48]


def test_labels_share_the_error_probability() -> None:
    """Ten labels at just what is allowed: some proof is false in 5% of the time at most."""
    rng = np.random.default_rng(10)
    false = 0
    for _run in range(60):
        parts = {
            label: several.Part(
                Plan((1500,), TENTH, 0.005, 300),
                *pool(rng, (1500,), (0.104,)),
                np.zeros(1500, bool),
            )
            for label in range(10)
        }
        false += any(each.delivered is not None for each in several.stand(parts, 0.05).values())
    assert false <= 6
