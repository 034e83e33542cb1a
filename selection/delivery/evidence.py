"""Evidence that few of the labels that a model gave to a region are wrong.

Checks are drawn from the region at random without replacement. The e-value compares how likely
what they showed is under three error rates that keep the promise (1/4, 1/2 and 3/4 of what is
allowed) with how likely it is under the least number of wrong labels that breaks it. If the promise
is broken, the e-value ever reaches 1 / alpha with probability alpha at most, however often somebody
looks (Ville 1939); testing without replacement follows Waudby-Smith and Ramdas 2020.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, logsumexp

from selection.core.arrays import FloatArray, IntArray

BETS = (1, 2, 3)
PARTS = 4
# Above the limit of Wald 1945 by as much as the mixture needs on average.
SLACK = 1.1
BLOCK = 4096


def log_endless(n: ArrayLike, wrong: ArrayLike, allowed: Fraction) -> FloatArray:
    """Return ln E for `wrong` of `n` checks of an endless region.

    >>> from fractions import Fraction
    >>> round(float(np.exp(log_endless(2, 0, Fraction(1, 10)))) * 1944, 6)
    2167.0
    """
    n, wrong = np.asarray(n, dtype=float), np.asarray(wrong, dtype=float)
    bets = [
        wrong * math.log(bet / PARTS)
        + (n - wrong) * math.log1p(float((allowed - bet * allowed / PARTS) / (1 - allowed)))
        for bet in BETS
    ]
    return np.asarray(logsumexp(bets, axis=0) - math.log(len(BETS)))


def log_finite(
    n: ArrayLike, wrong: ArrayLike, size: int, allowed: Fraction, gone: int = 0
) -> FloatArray:
    """Return ln E for `wrong` of `n` checks of a region of `size` items; inf where it is certain.

    The promise speaks of what remains: of `size - n - gone` labels, at most a share `allowed` is
    wrong. `gone` items left the region otherwise than by a check, which may have taken right labels
    only. Without them, whatever is more than one of the bets is rejected with the least number that
    breaks the promise; with them, the most likely such number counts. Raises ValueError where the
    counts do not fit.

    >>> from fractions import Fraction
    >>> float(np.exp(log_finite(5, 0, 20, Fraction(1, 5))).round(9)) == round(1649 / 819, 9)
    True
    """
    n, wrong = np.asarray(n, dtype=np.int64), np.asarray(wrong, dtype=np.int64)
    if ((wrong < 0) | (wrong > n) | (n + gone > size)).any():
        raise ValueError(f"{wrong} wrong of {n} checks do not fit a region of {size}")
    least = allowed_wrong(size - n - gone, allowed) + wrong + 1
    if gone:
        least = np.maximum(least, _most_likely(n, wrong, size))
    broken = _log_ways(least, wrong, n, size)
    bets = [
        _log_ways(allowed.numerator * bet * size // (allowed.denominator * PARTS), wrong, n, size)
        for bet in BETS
    ]
    kept = logsumexp(bets, axis=0) - math.log(len(BETS))
    certain = np.isneginf(broken)
    return np.where(certain, np.inf, kept - np.where(certain, 0.0, broken))


def allowed_wrong(labels: Any, allowed: Fraction) -> Any:
    """Return how many of so many labels may be wrong. In integers: a float may lose the last one.

    >>> from fractions import Fraction
    >>> allowed_wrong(1900, Fraction(1, 100)), int(0.29 * 100)
    (19, 28)
    """
    return labels * allowed.numerator // allowed.denominator


def log_evidence(
    n: ArrayLike,
    wrong: ArrayLike,
    size: int,
    allowed: Fraction,
    *,
    slips: float = 0.0,
    gone: int = 0,
) -> FloatArray:
    """Return ln E where people may slip: tests what remains of `allowed` once slips are counted.

    With slips the verdicts vary around the count of wrong labels, so that the finite form is only
    nearly exact: in regions where fewer than 100 wrong labels are allowed, the endless form counts
    where it says less.
    """
    tested = less_slips(allowed, slips)
    found = log_finite(n, wrong, size, tested, gone)
    if slips and size * allowed < 100:
        found = np.minimum(found, log_endless(n, wrong, tested))
    return found


def less_slips(allowed: Fraction, slips: float) -> Fraction:
    """Return the share to test where a wrong label is confirmed by two people who slip so often.

    Rounded down, so that nothing is promised that was not tested.

    >>> from fractions import Fraction
    >>> less_slips(Fraction(1, 20), 0.0), float(less_slips(Fraction(1, 20), 0.02))
    (Fraction(1, 20), 0.04802)
    """
    if not slips:
        return allowed
    return Fraction(math.floor(float(allowed) * (1 - slips) ** 2 * 10**9), 10**9)


def _most_likely(n: IntArray, wrong: IntArray, size: int) -> IntArray:
    """Return the number of wrong labels of which `wrong` of `n` checks are most likely."""
    guess: IntArray = np.minimum(wrong * (size + 1) // np.maximum(n, 1), size - n + wrong)
    return guess


def _log_ways(wrong: ArrayLike, seen: IntArray, n: IntArray, size: int) -> FloatArray:
    """Return ln [C(wrong, seen) C(size - wrong, n - seen)]; -inf where there is no way."""
    wrong = np.asarray(wrong)
    return _log_choose(wrong, seen) + _log_choose(size - wrong, n - seen)


def _log_choose(total: ArrayLike, part: ArrayLike) -> FloatArray:
    total, part = np.broadcast_arrays(np.asarray(total, float), np.asarray(part, float))
    possible = (part >= 0) & (part <= total)
    safe = np.where(possible, total, 0.0)
    chosen = np.where(possible, part, 0.0)
    ways = gammaln(safe + 1) - gammaln(chosen + 1) - gammaln(safe - chosen + 1)
    return np.where(possible, ways, -np.inf)


# Planning -----------------------------------------------------------------------------------------


def checks_without_error(
    n: int,
    wrong: int,
    size: int,
    allowed: Fraction,
    alpha: float,
    *,
    slips: float = 0.0,
    gone: int = 0,
) -> int | None:
    """Return the fewest further checks, all of them right, that would prove it; None if none can.

    >>> from fractions import Fraction
    >>> checks_without_error(0, 0, 6200, Fraction(1, 20), 0.05)
    99
    """
    needed = -math.log(alpha)
    for start in range(0, size - n - gone + 1, BLOCK):
        more = np.arange(start, min(start + BLOCK, size - n - gone + 1))
        found = log_evidence(n + more, wrong, size, allowed, slips=slips, gone=gone) >= needed
        if found.any():
            return int(more[found.argmax()])
    return None


def checks_expected(
    error: float, allowed: float, alpha: float, log_evidence: float = 0.0
) -> float | None:
    """Return how many more checks are expected to prove it; None where the error is too high.

    1.1 ln(1 / alpha) / KL, the limit of any sequential test (Wald 1945) with the mixture's share.

    >>> round(checks_expected(0.0125, 0.05, 0.05)), checks_expected(0.06, 0.05, 0.05)
    (158, None)
    """
    if error >= allowed:
        return None
    return max(0.0, SLACK * (-math.log(alpha) - log_evidence) / divergence(error, allowed))


def divergence(first: float, second: float) -> float:
    """Return the Kullback-Leibler divergence of two coins, in nats.

    >>> round(divergence(0.0, 0.05), 6), divergence(0.5, 0.5)
    (0.051293, 0.0)
    """
    inside = first * math.log(first / second) if first else 0.0
    outside = (1 - first) * math.log((1 - first) / (1 - second)) if first < 1 else 0.0
    return inside + outside
