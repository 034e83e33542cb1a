"""Regions that the model may label: nested, and declared before the first check is drawn.

All audits choose where to cut; none of them proves anything. A region is a list of items, not a
threshold, as confidences may tie.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import BoolArray, FloatArray, IntArray
from selection.delivery.calibration import Calibration, calibrate

# Expected errors of the regions, as shares of what is allowed: safest first. Models may be surer or
# less sure than they should be by a factor of two or three, which a few audits do not tell: a
# region that seems too bold is often proven, and one that is too bold is soon given up. Clothing at
# 5% came out at 12% of the pool with three regions (.25, .45, .70), at 43% with the first five of
# these, at 53% with all.
TARGETS = (0.2, 0.4, 0.7, 1.0, 1.4, 2.0, 2.8)
# What is likely to be proven: of it speaks the outlook.
LIKELY = 0.5
# A region in which fewer labels may be wrong is too small to prove cheaply.
FEW_WRONG = 50
# Of the checks of the next region, a smaller one gets only its share: it would hold that one up.
LEAST_OF_NEXT = 0.25


@dataclass(frozen=True)
class Regions:
    """Nested regions, safest first.

    `items` (m,) are the rows of the boldest one, the most confident first; region j holds the first
    `sizes[j]` of them. `expected[j]` is the error rate that is expected in it.
    """

    items: IntArray
    sizes: tuple[int, ...]
    expected: tuple[float, ...]

    def innermost(self) -> IntArray:
        """Return the safest region of each of the items (m,).

        >>> Regions(np.arange(5), (2, 5), (0.01, 0.02)).innermost().tolist()
        [0, 0, 1, 1, 1]
        """
        return np.searchsorted(self.sizes, np.arange(len(self.items)), side="right")


def cut(
    confidence: ArrayLike,
    allowed: Fraction,
    calibration: Calibration | None = None,
    *,
    targets: tuple[float, ...] = TARGETS,
) -> Regions:
    """Return the regions of a pool with these confidences (n,), which `calibration` corrects.

    Region j is the largest one, most confident items first, in which the expected error is at most
    `targets[j]` of what is allowed. Ties break by row, so that the same pool gives the same
    regions. A region too small to prove, by itself or beside the next one, is left out, as it would
    hold up the bolder ones.

    >>> from fractions import Fraction
    >>> regions = cut(np.linspace(0.7, 1.0, 9_000), Fraction(1, 20))
    >>> regions.sizes, [round(error, 4) for error in regions.expected]
    ((1200, 2100, 3000, 4200, 6000, 8400), [0.02, 0.035, 0.05, 0.07, 0.1, 0.14])
    """
    scores = np.asarray(confidence, dtype=float)
    order = np.argsort(-scores, kind="stable")
    error = expected_error((calibration or Calibration()).error(scores[order]))
    ends = [int(np.searchsorted(error, share * float(allowed), side="right")) for share in targets]
    sizes = _provable(ends, allowed)
    boldest = sizes[-1] if sizes else 0
    return Regions(order[:boldest], sizes, tuple(float(error[size - 1]) for size in sizes))


def cut_by_audits(
    confidence: ArrayLike, allowed: Fraction, audit_confidence: ArrayLike, audit_wrong: ArrayLike
) -> Regions:
    """Return the regions of a pool (n,) by its confidences as the audits (m,) correct them."""
    return cut(confidence, allowed, calibrate(audit_confidence, audit_wrong))


def expected_error(errors: FloatArray) -> FloatArray:
    """Return the expected error of each prefix of items with these errors (n,), surest first.

    Never falling, also where errors tie within rounding.
    """
    return np.maximum.accumulate(np.cumsum(errors) / np.arange(1, len(errors) + 1))


def _provable(ends: list[int], allowed: Fraction) -> tuple[int, ...]:
    sizes = sorted({end for end in ends if end})
    large = [size for size in sizes if size * allowed >= FEW_WRONG] or sizes[-1:]
    kept = large[-1:]
    for size in reversed(large[:-1]):
        if size >= LEAST_OF_NEXT * kept[0]:
            kept.insert(0, size)
    return tuple(kept)


def by_label(labels: ArrayLike) -> dict[int, BoolArray]:
    """Return the mask (n,) of the rows that the model gave each label.

    >>> {label: mask.tolist() for label, mask in by_label([1, 0, 1]).items()}
    {0: [False, True, False], 1: [True, False, True]}
    """
    given = np.asarray(labels)
    return {int(label): given == label for label in np.unique(given)}
