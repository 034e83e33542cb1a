"""Proof of nested regions by one stream of checks: the boldest region that can be proven.

Checks are drawn at random from the boldest region that is still alive, and count for each region
inside it that holds them. Regions are tested from the safest to the boldest, each at the full error
probability: a region is delivered only if all safer ones are proven too (testing in a fixed order).
The state is worked out again from the verdicts each time, so that nothing can be remembered wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta

from selection.core.arrays import BoolArray, FloatArray, IntArray
from selection.delivery import evidence

RIGHT, WRONG, OPEN = 0, 1, -1
# A proof may take so many times the checks that a faultless region needs; a quarter of a large
# region, where labels by the thousand are worth it. Hopeless ones end sooner.
BUDGET = 16
LARGEST_BUDGET = 40
# A region is hopeless if even a mild guess of its error is about what is allowed. What was expected
# of it counts as so many checks: with a less mild guess (20 %), or without these, a few wrong
# checks at the beginning ended every third proof of news that would have succeeded.
MILD = 0.05
EXPECTED_WEIGHT = 20
HOPED = 0.8
CLOSE = 0.97


@dataclass(frozen=True)
class Plan:
    """What was declared before the first draw.

    Of each region's labels that remain the model's, at most a share `allowed` is wrong; `alpha` is
    the error probability of the proof, `slips` the rate at which one person errs, `budget` the
    checks that may be spent. `expected` error rates of the regions, if given, keep a few checks
    from ending a proof.
    """

    sizes: tuple[int, ...]
    allowed: Fraction
    alpha: float
    budget: int
    slips: float = 0.0
    expected: tuple[float, ...] = ()

    @property
    def tested(self) -> Fraction:
        """Return the share of labels that two people would confirm as wrong, to be tested."""
        return evidence.less_slips(self.allowed, self.slips)


def budget(size: int, without_error: int) -> int:
    """Return how many checks may be spent on a region: at most half of it.

    >>> budget(5000, 99), budget(1000, 108), budget(12_000, 99), budget(1_000_000, 98)
    (1584, 500, 3000, 3920)
    """
    large = min(size // 4, LARGEST_BUDGET * without_error)
    return min(size // 2, max(BUDGET * without_error, large))


@dataclass(frozen=True)
class Rung:
    """A region: its checks so far, how many were wrong, and what they prove.

    `most` is the largest number of wrong labels that it can have held, wrong checks among them.
    `gone` labels were taken over by people otherwise than by a check.
    """

    size: int
    checks: int = 0
    wrong: int = 0
    gone: int = 0
    log_evidence: float = 0.0
    most: int = 0
    is_proven: bool = False
    is_dropped: bool = False

    @property
    def remaining(self) -> int:
        """Return how many of its labels are still the model's."""
        return self.size - self.checks - self.gone

    def bound(self, slips: float = 0.0) -> float:
        """Return the largest share of wrong labels among those that remain."""
        left = max(0, self.most - self.wrong)
        return min(1.0, left / (1 - slips) ** 2 / self.remaining) if self.remaining else 0.0


@dataclass(frozen=True)
class Standing:
    """Where a proof stands: its rungs, safest first, and how many checks it took.

    `drawn` is the number of places of the draw order that are dealt with. `delivered` is the rung
    that may be handed out, None as long as none may.
    """

    rungs: tuple[Rung, ...]
    drawn: int
    checks: int
    delivered: int | None
    is_over: bool

    @property
    def live(self) -> int:
        """Return the boldest rung from which checks are drawn; -1 if none is left."""
        return sum(not rung.is_dropped for rung in self.rungs) - 1

    def settled(self) -> Standing:
        """Return what is proven if nobody checks on: the rungs below the first unproven one."""
        alive = self.rungs[: self.live + 1]
        first_open = next((j for j, rung in enumerate(alive) if not rung.is_proven), len(alive))
        return replace(self, delivered=first_open - 1 if first_open else None, is_over=True)


def stand(
    plan: Plan,
    innermost: ArrayLike,
    verdicts: ArrayLike,
    taken: ArrayLike | None = None,
    *,
    level: float | None = None,
    at_once: bool = False,
) -> Standing:
    """Return what the verdicts prove.

    `innermost` (m,) is the safest rung of each item of the boldest region, in the random order of
    draws; `verdicts` (m,) are RIGHT, WRONG or OPEN, and are read up to the first open one: answers
    that came early wait, as easy items are answered first. `taken` (m,) marks items whose label
    people took over otherwise. A rung is proven at `level`, `plan.alpha` unless given. With
    `at_once`, what came after the first moment of proof is not read, as if it had been frozen then.
    """
    inside, said = np.asarray(innermost), np.asarray(verdicts)
    away = np.zeros(len(inside), bool) if taken is None else np.asarray(taken, bool)
    if not len(inside) == len(said) == len(away) == plan.sizes[-1]:
        raise ValueError("each item of the boldest region needs a place, a verdict and a mark")
    walk = _Walk(plan, inside, said, away, plan.alpha if level is None else level, at_once)
    return walk.to_the_end()


class _Walk:
    """A walk along the draw order, one stretch for each rung that is the boldest alive."""

    def __init__(
        self,
        plan: Plan,
        inside: IntArray,
        said: IntArray,
        away: BoolArray,
        level: float,
        at_once: bool,
    ) -> None:
        self._plan, self._inside, self._said, self._away = plan, inside, said, away
        self._at_once = at_once
        self._needed = -math.log(level)
        self._place = self._checks = 0
        self._rungs = [Rung(size, most=size) for size in plan.sizes]

    def to_the_end(self) -> Standing:
        """Walk until a verdict is missing, no rung is alive, or nothing is left to draw."""
        while (live := self._live()) >= 0 and self._stretch(live):
            pass
        return self._standing()

    def _live(self) -> int:
        return sum(not rung.is_dropped for rung in self._rungs) - 1

    def _stretch(self, live: int) -> bool:
        """Walk on until a rung is dropped; tell whether one was."""
        places = self._next_places(live)
        steps = [self._steps(j, places) for j in range(live + 1)]
        hopeless = np.array([each.hopeless for each in steps])
        stops = hopeless.any(axis=0)
        if self._at_once:
            stops = stops | np.all([each.proven for each in steps], axis=0)
        where = np.flatnonzero(stops)
        last = int(where[0]) if len(where) else len(places)
        for j, each in enumerate(steps):
            self._rungs[j] = each.at(last)
        self._checks += last
        if last:
            self._place = int(places[last - 1]) + 1
        if not len(where) or not hopeless[:, last].any():
            return False
        for j in range(int(hopeless[:, last].argmax()), len(self._rungs)):
            self._rungs[j] = replace(self._rungs[j], is_dropped=True)
        return True

    def _next_places(self, live: int) -> IntArray:
        ahead = np.arange(self._place, len(self._inside))
        ahead = ahead[self._inside[ahead] <= live]
        gaps = np.flatnonzero(self._said[ahead] == OPEN)
        ahead = ahead[: gaps[0]] if len(gaps) else ahead
        return ahead[: max(0, self._plan.budget - self._checks)]

    def _steps(self, j: int, places: IntArray) -> _Steps:
        """Return rung j before the first of these places and after each of them."""
        rung, mine = self._rungs[j], self._inside[places] <= j
        n = rung.checks + _from_zero(mine)
        wrong = rung.wrong + _from_zero(mine & (self._said[places] == WRONG))
        rest = np.flatnonzero(self._away & (self._inside <= j))
        end = int(places[-1]) + 1 if len(places) else self._place
        gone = int((rest >= end).sum())
        plan = self._plan
        found = evidence.log_evidence(
            n, wrong, rung.size, plan.allowed, slips=plan.slips, gone=gone
        )
        allowed = evidence.allowed_wrong(rung.size - n - gone, plan.tested)
        most = np.where(found >= self._needed, allowed + wrong, rung.size)
        most = np.minimum(rung.most, np.minimum.accumulate(most))
        proven = most - wrong <= allowed
        left = plan.budget - self._checks - np.arange(len(places) + 1)
        prior = plan.expected[j] if plan.expected else None
        hopeless = ~proven & _is_hopeless(n, wrong, found, left, plan, prior)
        return _Steps(rung, n, wrong, gone, found, most, proven, hopeless)

    def _standing(self) -> Standing:
        proven = all(rung.is_proven for rung in self._rungs[: self._live() + 1])
        found = Standing(tuple(self._rungs), self._place, self._checks, None, is_over=False)
        is_over = proven or self._checks >= self._plan.budget
        return found.settled() if is_over else found


@dataclass(frozen=True)
class _Steps:
    """A rung before the first check of a stretch and after each one: arrays (checks + 1,)."""

    rung: Rung
    n: IntArray
    wrong: IntArray
    gone: int
    log_evidence: FloatArray
    most: IntArray
    proven: BoolArray
    hopeless: BoolArray

    def at(self, step: int) -> Rung:
        """Return the rung after so many checks of the stretch."""
        return replace(
            self.rung,
            checks=int(self.n[step]),
            wrong=int(self.wrong[step]),
            gone=self.gone,
            log_evidence=float(self.log_evidence[step]),
            most=int(self.most[step]),
            is_proven=bool(self.proven[step]),
        )


def _from_zero(marks: BoolArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(marks)])


def _is_hopeless(
    n: IntArray,
    wrong: IntArray,
    found: FloatArray,
    left: IntArray,
    plan: Plan,
    expected: float | None,
) -> BoolArray:
    """Return where even a mild guess of the error leaves no hope of a proof within the budget."""
    tested = float(plan.tested)
    weight = 0 if expected is None else EXPECTED_WEIGHT
    # A region that is tried though it seems too bold gets a fair try, too.
    thought = weight * min(expected or 0.0, HOPED * tested)
    guess = beta.ppf(MILD, wrong + thought + 0.5, n - wrong + weight - thought + 0.5)
    below = np.minimum(guess, CLOSE * tested)
    distance = below * np.log(below / tested) + (1 - below) * np.log((1 - below) / (1 - tested))
    missing = -math.log(plan.alpha) - found
    hopeless: BoolArray = (n * plan.tested.numerator >= plan.tested.denominator) & (
        (guess >= CLOSE * tested) | (missing > distance * left)
    )
    return hopeless
