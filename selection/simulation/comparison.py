"""Comparison of strategies: mean curves with intervals, labels to a target, savings ratios.

Runs are compared in pairs: the same seed means the same audit items and the same random rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from selection.core.arrays import FloatArray, IntArray

CONFIDENCE = 0.95
RESAMPLES = 2000
ROUNDING = 1e-12  # a mean of the same numbers in another order is the same mean


@dataclass(frozen=True)
class Band:
    """A mean curve (m,) over seeds with its interval (m,); NaN with a single seed."""

    mean: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class Ratio:
    """A ratio of labels needed, with its interval; `low` and `high` are None where unknown.

    `value` is None where one of the two never gets there. Where only the other one never does,
    `over` says what the ratio is at least.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    over: float | None = None


def band(curves: ArrayLike) -> Band:
    """Return mean and 95 % t-interval of `curves` (S, m), a row for each of S seeds.

    >>> [round(float(end[0]), 3) for end in vars(band([[0.5], [0.7]])).values()]
    [0.6, -0.671, 1.871]
    """
    values = _table(curves)
    mean = values.mean(axis=0)
    if len(values) < 2:
        unknown = np.full(len(mean), np.nan)
        return Band(mean, unknown, unknown)
    reach = student.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
    half = reach * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return Band(mean, mean - half, mean + half)


def difference(curves: ArrayLike, others: ArrayLike) -> Band:
    """Return mean and 95 % t-interval of `curves` - `others` (S, m), paired by seed.

    >>> difference([[0.5], [0.7]], [[0.4], [0.6]]).mean.round(3)
    array([0.1])
    """
    first, second = _table(curves), _table(others)
    if first.shape != second.shape:
        raise ValueError(f"curves {first.shape} and {second.shape} must match")
    return band(first - second)


def labels_to(labels: ArrayLike, curve: ArrayLike, target: float) -> float | None:
    """Return the `labels` (m,) at which `curve` (m,) first reaches `target`; None if never.

    Between two marks a straight line is assumed; a curve that starts above needs the first mark.

    >>> labels_to([20, 40, 60], [0.5, 0.7, 0.9], 0.8)
    50.0
    """
    spent, values = np.asarray(labels, dtype=np.float64), np.asarray(curve, dtype=np.float64)
    reached = np.flatnonzero(values >= target - ROUNDING)
    if not len(reached):
        return None
    i = int(reached[0])
    if not i:
        return float(spent[0])
    share = min((target - values[i - 1]) / (values[i] - values[i - 1]), 1.0)
    return float(spent[i - 1] + share * (spent[i] - spent[i - 1]))


def labels_interval(
    labels: ArrayLike, curves: ArrayLike, target: ArrayLike, seed: int = 0
) -> tuple[float | None, float | None]:
    """Return the 95 % bootstrap interval of `labels_to` over the S seeds of `curves` (S, m).

    `target` is a number, or (S,) what each seed contributes to it, which is then resampled, too.
    None for an end at which the mean of the resampled seeds never gets there, and for one seed.

    >>> labels_interval([20, 40], [[0.5, 0.9], [0.5, 0.9]], 0.7)
    (30.0, 30.0)
    """
    values = _table(curves)
    if len(values) < 2:
        return None, None
    goals = np.broadcast_to(np.asarray(target, dtype=np.float64), len(values))
    drawn = _resampled(len(values), seed)
    return _ends(np.array([_needed(labels, values[r], goals[r].mean()) for r in drawn]))


def saving(
    labels: ArrayLike,
    curves: ArrayLike,
    other_labels: ArrayLike,
    others: ArrayLike,
    target: ArrayLike,
    seed: int = 0,
) -> Ratio:
    """Return the ratio of labels to `target`: `others` (S, k) over `curves` (S, m).

    Both are read off the mean over the S seeds; `target` as in `labels_interval`. The interval is
    that of a bootstrap over seeds.

    >>> saving([10, 20], [[0.5, 0.9]] * 2, [10, 40], [[0.5, 0.9]] * 2, 0.9).value
    2.0
    """
    first, second = _table(curves), _table(others)
    goals = np.broadcast_to(np.asarray(target, dtype=np.float64), len(first))
    mine = _needed(labels, first, goals.mean())
    theirs = _needed(other_labels, second, goals.mean())
    if not np.isfinite(mine):
        return Ratio(None)
    if not np.isfinite(theirs):
        return Ratio(None, over=float(np.asarray(other_labels)[-1] / mine))
    if len(first) < 2 or len(first) != len(second):
        return Ratio(theirs / mine)
    found = [
        _divided(
            _needed(other_labels, second[rows], goals[rows].mean()),
            _needed(labels, first[rows], goals[rows].mean()),
        )
        for rows in _resampled(len(first), seed)
    ]
    return Ratio(theirs / mine, *_ends(np.array(found)))


def saving_to_the_end(
    labels: ArrayLike,
    curves: ArrayLike,
    other_labels: ArrayLike,
    others: ArrayLike,
    seed: int = 0,
) -> Ratio:
    """Return the ratio of labels to the last accuracy of `others`: `others` over `curves`.

    As `saving` with what `others` (S, k) reach with their last label as the target. A curve that
    ends below it counts as never getting there, even if it was above for a while: what is shipped
    is the model of the end.

    >>> saving_to_the_end([10, 20], [[0.5, 0.9]] * 2, [10, 40], [[0.5, 0.9]] * 2).value
    2.0
    >>> saving_to_the_end([10, 20], [[0.9, 0.8]], [10, 20], [[0.5, 0.85]]).value is None
    True
    """
    first, second = _table(curves), _table(others)
    if not _ends_at(first, second):
        return Ratio(None)
    goals = second[:, -1]
    mine = _needed(labels, first, goals.mean())
    theirs = _needed(other_labels, second, goals.mean())
    if len(first) < 2 or len(first) != len(second):
        return Ratio(theirs / mine)
    found = [
        _needed(other_labels, second[rows], goals[rows].mean())
        / _needed(labels, first[rows], goals[rows].mean())
        if _ends_at(first[rows], second[rows])
        else 0.0
        for rows in _resampled(len(first), seed)
    ]
    return Ratio(theirs / mine, *_ends(np.array(found)))


def _ends_at(curves: FloatArray, others: FloatArray) -> bool:
    """Return whether the mean of `curves` ends no lower than that of `others`."""
    return bool(curves[:, -1].mean() >= others[:, -1].mean() - ROUNDING)


def finding(needed: ArrayLike, others: ArrayLike, spent: float, seed: int = 0) -> Ratio:
    """Return the ratio of mean labels: `others` (S,) over `needed` (S,).

    NaN stands for a seed that did not get there within `spent` labels; then the ratio is "over".

    >>> finding([100, 100], [300, 500], 1000).value, finding([100], [np.nan], 1000).over
    (4.0, 10.0)
    """
    mine, theirs = np.asarray(needed, dtype=np.float64), np.asarray(others, dtype=np.float64)
    if np.isnan(mine).any():
        return Ratio(None)
    if np.isnan(theirs).any():
        return Ratio(None, over=float(np.nan_to_num(theirs, nan=spent).mean() / mine.mean()))
    value = float(theirs.mean() / mine.mean())
    if len(mine) < 2 or len(mine) != len(theirs):
        return Ratio(value)
    drawn = _resampled(len(mine), seed)
    return Ratio(value, *_ends(np.array([theirs[r].mean() / mine[r].mean() for r in drawn])))


def _table(curves: ArrayLike) -> FloatArray:
    values = np.asarray(curves, dtype=np.float64)
    if values.ndim != 2 or not len(values):
        raise ValueError(f"curves must be a row for each seed, not {values.shape}")
    return values


def _needed(labels: ArrayLike, curves: FloatArray, target: float) -> float:
    found = labels_to(labels, curves.mean(axis=0), target)
    return np.inf if found is None else found


def _divided(theirs: float, mine: float) -> float:
    # Neither reaches the target: nothing is known, which must not improve the lower end.
    return 0.0 if not np.isfinite(mine) else theirs / mine


def _resampled(n: int, seed: int) -> IntArray:
    return np.random.default_rng(seed).integers(n, size=(RESAMPLES, n))


def _ends(found: FloatArray) -> tuple[float | None, float | None]:
    tail = 100 * (1 - CONFIDENCE) / 2
    ends = np.percentile(found, [tail, 100 - tail], method="nearest")
    low, high = (float(end) if np.isfinite(end) else None for end in ends)
    return low, high
