"""Recall of a rare class, with a lower bound that stays valid under repeated looks.

The total of relevant items in a pool is a fixed number, so whatever bounds it from above bounds the
recall of every later moment from below, no matter how the items in hand were found. Two kinds of
random samples bound it: the audits, a prefix of one random order of the whole pool, and proofs,
samples of declared size out of what is unread, each looked at once, when all of it is read. They
share the error that is allowed: `AUDITS` of it goes to the looks after 25, 50, 100, ... audits, the
rest to the first, second, ... proof, look j of a kind being given its 6 / (pi j)^2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import hypergeom

from selection.evaluation import stopping

AUDITS = 0.4


@dataclass(frozen=True)
class Sample:
    """`read` items drawn at random out of `size`, `seen` of them relevant.

    `known` relevant items lie outside of those `size`. `error` is the share of the time that what
    the sample says may be wrong.
    """

    known: int
    size: int
    read: int
    seen: int
    error: float

    @property
    def expected(self) -> float:
        """Return the expected number of relevant items in the pool by this sample."""
        return self.known + (self.seen / self.read * self.size if self.read else 0.0)


@dataclass(frozen=True)
class Step:
    """A recall target: its p-value, and the random reads that would prove it.

    `p_value` is below 1 - confidence where it is proven, with what all looks spend counted in.
    `reads_needed` unread items, drawn at random and none of them relevant, would prove it.
    """

    target: float
    proven: bool
    p_value: float
    reads_needed: int


def audited(relevant: ArrayLike, pool_size: int, confidence: float = 0.95) -> Sample | None:
    """Return the sample at the last look at the audits `relevant` (n,), in order; None before one.

    >>> audited([False] * 60, 1000).read
    50
    """
    marks = np.asarray(relevant, dtype=bool)
    look = stopping.looks(len(marks))
    if not look:
        return None
    n = stopping.FIRST_LOOK * 2 ** (look - 1)
    return Sample(0, pool_size, n, int(marks[:n].sum()), AUDITS * _spent(look, confidence))


def proof(
    relevant: ArrayLike, size: int, known: int, number: int, confidence: float = 0.95
) -> Sample:
    """Return proof `number` (1, 2, ...) as a sample: `relevant` (n,) out of `size` unread items.

    `known` relevant items had been read when it was drawn. It must be read to its end before.

    >>> proof([False] * 300, 1400, 95, 1).seen
    0
    """
    marks = np.asarray(relevant, dtype=bool)
    return Sample(known, size, len(marks), int(marks.sum()), proof_error(number, confidence))


def proof_error(number: int, confidence: float = 0.95) -> float:
    """Return the error probability allotted to proof `number`.

    >>> round(proof_error(1), 4)
    0.0182
    """
    return (1 - AUDITS) * _spent(number, confidence)


def most(sample: Sample) -> int:
    """Return the upper bound of the relevant items, exceeded in `error` of the samples.

    Inverts the hypergeometric test by bisection over the possible totals.

    >>> most(Sample(0, 1000, 1000, 30, 0.05)), most(Sample(40, 500, 0, 0, 0.05))
    (30, 540)
    """
    low, high = sample.seen, sample.size - (sample.read - sample.seen)
    while low < high:
        middle = (low + high + 1) // 2
        if hypergeom.cdf(sample.seen, sample.size, middle, sample.read) > sample.error:
            low = middle
        else:
            high = middle - 1
    return sample.known + low


def total(found: int, unread: int, samples: Sequence[Sample]) -> int:
    """Return the upper bound of relevant items in the pool; at least those found.

    >>> total(40, 10, []), total(40, 1000, [Sample(40, 1000, 1000, 0, 0.05)])
    (50, 40)
    """
    return max(found, min([found + unread, *map(most, samples)]))


def lower_bound(found: int, unread: int, samples: Sequence[Sample]) -> float:
    """Return the lower bound of recall for `found` items given the `samples`; 0 if none is found.

    >>> lower_bound(40, 10, [])
    0.8
    """
    return found / total(found, unread, samples) if found else 0.0


def frontier(
    found: int,
    unread: int,
    samples: Sequence[Sample],
    proofs: int,
    targets: Sequence[float] = stopping.RECALLS,
    confidence: float = 0.95,
) -> list[Step]:
    """Return for each target its p-value and the random reads that would prove it.

    `proofs` have been drawn so far; what is needed is told for the next one.

    >>> steps = frontier(95, 1100, [proof([False] * 300, 1400, 95, 1)], 1)
    >>> [(step.target, step.proven, step.reads_needed) for step in steps]
    [(0.8, True, 0), (0.9, False, 425), (0.95, False, 651), (0.99, False, 1095)]
    """
    error = proof_error(proofs + 1, confidence)
    planned = stopping.recall_frontier(found, [], unread, targets, 1 - error)
    steps = []
    for plan in planned:
        p_value = _p_value(found, unread, samples, plan.target, confidence)
        proven = bool(found) and p_value < 1 - confidence
        steps.append(Step(plan.target, proven, p_value, 0 if proven else plan.reads_needed))
    return steps


def _p_value(
    found: int, unread: int, samples: Sequence[Sample], target: float, confidence: float
) -> float:
    """Return the p-value of "recall is below `target`"; each sample's is weighed by its share."""
    # The smallest total that puts recall below the target.
    least = int(found / target) + 1
    if least > found + unread:
        return 0.0
    weighed = [_tail(each, least) * (1 - confidence) / each.error for each in samples]
    return min([1.0, *weighed])


def _tail(sample: Sample, least: int) -> float:
    hidden = least - sample.known
    if hidden > sample.size - (sample.read - sample.seen):
        return 0.0
    return float(hypergeom.cdf(sample.seen, sample.size, max(hidden, 0), sample.read))


def _spent(look: int, confidence: float) -> float:
    return (1 - confidence) * 6 / (np.pi * look) ** 2
