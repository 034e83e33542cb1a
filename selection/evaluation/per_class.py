"""Precision, recall and F1 per class, and changes between models, with intervals from audits.

`truth` and `said` are tables (n, C) of booleans, the right and the predicted classes of each item
(`LabelSpace.indicator`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from selection.core.arrays import BoolArray, FloatArray
from selection.core.intervals import Estimate, accuracy_interval

RESAMPLES = 1000
# The number of values computed at once: resamples of large audits are drawn in parts.
MOST_CELLS = 4_000_000


@dataclass(frozen=True)
class ClassPerformance:
    """Precision and recall of one class; None if the model, or the truth, never has it."""

    precision: Estimate | None
    recall: Estimate | None


def per_class(
    truth: ArrayLike, said: ArrayLike, confidence: float = 0.95
) -> list[ClassPerformance]:
    """Return precision and recall of each class with exact intervals, in the order of columns.

    Each interval holds by itself; among twenty of them one is expected to miss.

    >>> per_class([[True], [True], [False]], [[True], [False], [False]])[0].recall.value
    0.5
    """
    is_so, is_said = _pair(truth, said)
    right = is_so & is_said
    return [
        ClassPerformance(
            precision=accuracy_interval(right[is_said[:, c], c], confidence),
            recall=accuracy_interval(right[is_so[:, c], c], confidence),
        )
        for c in range(is_so.shape[1])
    ]


def macro_f1(
    truth: ArrayLike, said: ArrayLike, confidence: float = 0.95, seed: int = 0
) -> Estimate | None:
    """Return the mean F1 over the classes that occur in the truth; None where none does.

    Interval: bootstrap over items (Efron 1979, percentiles of 1,000 resamples), as F1 is no plain
    share; but nowhere shorter than the exact one of accuracy, since where no error was seen yet no
    resample has one. The classes are those of the whole sample: no resample forgets a rare one.

    >>> macro_f1([[True], [True]], [[True], [False]]).value.__round__(3)
    0.667
    """
    is_so, is_said = _pair(truth, said)
    present = is_so.any(axis=0)
    if not present.any():
        return None
    counts = np.stack([is_so & is_said, is_so, is_said])[:, :, present].astype(np.float64)
    n = len(is_so)
    value = float(_mean_f1(counts.sum(axis=1)))
    found = np.concatenate([_mean_f1(w @ counts) for w in _resamples(n, seed)])
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(found, [tail, 100 - tail])
    least = accuracy_interval((is_so == is_said).all(axis=1), confidence)
    if least is not None:
        low = min(low, value - (least.value - least.low))
        high = max(high, value + (least.high - least.value))
    return Estimate(value, max(float(low), 0.0), min(float(high), 1.0), n, confidence, "bootstrap")


def change(before: ArrayLike, after: ArrayLike, confidence: float = 0.95) -> Estimate | None:
    """Return the change in the share of true from `before` (n,) to `after` (n,): -1 to 1.

    The same items both times, so that what they have in common cancels out. Interval: Agresti and
    Min 2005, Wald's with half an item added to each of the four cells. None without items.

    >>> change([True, False, False, True] * 10, [True, True, False, True] * 10).value
    0.25
    """
    first, second = np.asarray(before, dtype=bool), np.asarray(after, dtype=bool)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"before {first.shape} and after {second.shape} must be two equal rows")
    n = len(first)
    if not n:
        return None
    won, lost = float((second & ~first).sum()), float((first & ~second).sum())
    value, wide = (won - lost) / n, n + 2.0
    middle = (won - lost) / wide
    spread = (won + lost + 1.0) / wide - middle**2
    reach = float(norm.ppf((1 + confidence) / 2) * np.sqrt(spread / wide))
    low, high = max(middle - reach, -1.0), min(middle + reach, 1.0)
    return Estimate(value, min(low, value), max(high, value), n, confidence, "Agresti-Min")


def contrast(
    right: int, n: int, other_right: int, other_n: int, confidence: float = 0.95
) -> Estimate | None:
    """Return the difference between the shares `right` / `n` and `other_right` / `other_n`.

    Two groups of different items. Interval: Newcombe 1998, method 10, from Wilson's score
    intervals of both. None where a group is empty. The `n` of the estimate is that of both.

    >>> found = contrast(56, 70, 48, 80)
    >>> [round(end, 4) for end in (found.value, found.low, found.high)]
    [0.2, 0.0524, 0.3339]
    """
    if not n or not other_n:
        return None
    share, other = right / n, other_right / other_n
    low, high = _wilson(right, n, confidence)
    other_low, other_high = _wilson(other_right, other_n, confidence)
    below = np.hypot(share - low, other_high - other)
    above = np.hypot(high - share, other - other_low)
    value = share - other
    return Estimate(
        value, float(value - below), float(value + above), n + other_n, confidence, "Newcombe"
    )


def _wilson(right: int, n: int, confidence: float) -> tuple[float, float]:
    z = float(norm.ppf((1 + confidence) / 2))
    middle = (right + z**2 / 2) / (n + z**2)
    reach = z / (n + z**2) * float(np.sqrt(right * (n - right) / n + z**2 / 4))
    return middle - reach, middle + reach


def _pair(truth: ArrayLike, said: ArrayLike) -> tuple[BoolArray, BoolArray]:
    is_so, is_said = np.asarray(truth, dtype=bool), np.asarray(said, dtype=bool)
    if is_so.shape != is_said.shape or is_so.ndim != 2:
        raise ValueError(f"truth {is_so.shape} and said {is_said.shape} must be two equal tables")
    return is_so, is_said


def _mean_f1(counts: FloatArray) -> FloatArray:
    """Return the mean F1 of (3, ..., C) counts: right, so, said; a class never met counts 0."""
    right, so, said = counts
    return np.asarray((2 * right / np.maximum(so + said, 1)).mean(axis=-1))


def _resamples(n: int, seed: int) -> list[FloatArray]:
    """Return how often each of `n` items is in each resample, in parts of (few, n)."""
    rng = np.random.default_rng(seed)
    few = max(1, min(RESAMPLES, MOST_CELLS // n))
    left = RESAMPLES
    parts: list[FloatArray] = []
    while left:
        drawn = rng.multinomial(n, np.full(n, 1 / n), size=min(few, left))
        parts.append(drawn.astype(np.float64))
        left -= len(parts[-1])
    return parts
