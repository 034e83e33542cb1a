"""Label savings of one project: the labels that random sampling would have needed in addition.

Audits are a random sample: models trained on some of them alone show the learning curve of random
sampling, measured on the audits that they did not see. Beyond the audits the curve is
extrapolated, so the number of labels to the current accuracy has a wide interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import AnyArray, BoolArray, FloatArray, IntArray, refuse_rows
from selection.features.matrix import Features
from selection.models import LabelSpace, logistic
from selection.models.label_texts import LabelTexts

MIN_AUDITS = 30
MAX_SIZE = 400  # audits that one model learns from, for the time it takes
WINDOWS = 8
STEPS = 5
DRAWS = 20_000
FARTHEST = 5.0  # times the labels spent; beyond, "at least"
EXPONENTS = (0.1, 1.0)
DELAYS = (0.0, 2.0)  # labels that pass before the power law shows, in those of the last size
FLOORS = (0.0, 0.6)  # the error that stays however many labels, as a share of that at the last size
MARKS = 25
SURE = 0.99  # before "does not help" is said: to switch is an act, to go on is none

Verdict = Literal["helps", "unknown", "does_not_help"]


@dataclass(frozen=True)
class RandomCurve:
    """Learning curve of random sampling: models of `sizes` (k,) audits, tested on the others.

    `right` (k, m) is the share of those models that told each audit right; `spread` (k,) the
    variance that comes of which audits a model learnt from.
    """

    sizes: IntArray
    right: FloatArray
    spread: FloatArray

    @property
    def accuracy(self) -> FloatArray:
        """The mean (k,) over the audits."""
        mean: FloatArray = self.right.mean(axis=1)
        return mean


@dataclass(frozen=True)
class Mark:
    """A point of the extrapolated curve: accuracy of random sampling, with its interval."""

    labels: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class LabelSavings:
    """The labels that random sampling would have needed beyond the `n` that were spent.

    Negative where it would have needed fewer. None stands for more than `most`: where `high` is
    None, at least `low` were saved. `curve` is the random curve that this was read off.
    """

    value: float | None
    low: float | None
    high: float | None
    most: float
    n: int
    audits: int
    confidence: float
    verdict: Verdict
    curve: tuple[Mark, ...]


def audits_missing(audits: int) -> int:
    """Return the number of audits missing for a first estimate.

    >>> audits_missing(12)
    18
    """
    return max(MIN_AUDITS - audits, 0)


def random_baseline_curve(
    X: Features,
    y: ArrayLike,
    audits: ArrayLike,
    space: LabelSpace,
    *,
    seed: int,
    texts: LabelTexts | None = None,
) -> RandomCurve | None:
    """Return the learning curve of random sampling on the audits; None with fewer than 30.

    `X` (n rows) and `y`, in the shape of `space`, are all labelled items; `audits` (m,) the rows
    that were drawn at random. Of a random order of the audits, windows of growing size train, and
    what lies outside a window judges. Random labels have the `texts` of labels, too.
    Raises ValueError for rows that do not exist.

    >>> from selection.models import SingleLabel
    >>> X = Features(None, np.eye(2, dtype=np.float32).repeat(20, axis=0))
    >>> y = np.arange(2).repeat(20)
    >>> random_baseline_curve(X, y, np.arange(40), SingleLabel(2), seed=0).accuracy[-1]
    np.float64(1.0)
    """
    rows = _checked_audits(audits, len(X))
    if audits_missing(len(rows)):
        return None
    order = np.random.default_rng(seed).permutation(len(rows))
    some, labels = X.take(rows[order]), np.asarray(y)[rows[order]]
    fit = partial(logistic.fit, space=space, seed=seed, texts=texts)
    sizes = _sizes(len(rows))
    right, spread = np.zeros((len(sizes), len(rows))), np.zeros(len(sizes))
    for i, size in enumerate(sizes):
        told = _judged(some, labels, int(size), fit)
        right[i, order] = np.nanmean(told, axis=0)
        spread[i] = _spread(told, int(size))
    return RandomCurve(sizes, right, spread)


def estimate_savings(
    curve: RandomCurve | None,
    right: ArrayLike,
    n: int,
    *,
    seed: int,
    confidence: float = 0.95,
) -> LabelSavings | None:
    """Return the label savings of the `n` labels so far; None without a `curve`.

    `right` (m,) tells which audits the model of today, without having seen them, told right, in
    the order of the curve. Both are judged on the same audits, so that luck with them cancels.
    The error is taken to fall as a power of the labels, with any exponent from 0.1 to 1, after a
    delay of at most two times the last size, since with many classes the curve is slow at first,
    and towards a floor of at most 0.6 of the error there; all alike likely beforehand. What the
    audits do not tell apart stays in the interval, which is that of the curves that agree with
    them, drawn by importance sampling. Raises ValueError for marks that do not fit the curve.

    >>> curve = RandomCurve(np.array([10, 40]), np.ones((2, 30)) * [[0.5], [0.7]], np.zeros(2))
    >>> estimate_savings(curve, np.arange(30) < 24, 200, seed=0).verdict
    'unknown'
    """
    if curve is None:
        return None
    marks = _checked_right(right, curve)
    generator = np.random.default_rng(seed)
    drawn = _draw(curve, marks, generator)
    beyond = drawn.needed(n * FARTHEST) - n
    ends = _percentiles(beyond, confidence)
    most = n * (FARTHEST - 1)
    value, low, high = (None if end >= most else float(end) for end in ends)
    verdict = _verdict(ends[1], _percentiles(beyond, max(SURE, confidence))[2])
    told = _marks(drawn, curve, n, confidence)
    return LabelSavings(value, low, high, most, n, len(marks), confidence, verdict, told)


def _checked_audits(audits: ArrayLike, n: int) -> IntArray:
    rows = np.asarray(audits, dtype=np.int64).ravel()
    refuse_rows((rows < 0) | (rows >= n), "the audit is no labelled row")
    if len(np.unique(rows)) < len(rows):
        raise ValueError("an audit is named twice")
    return rows


def _checked_right(right: ArrayLike, curve: RandomCurve) -> BoolArray:
    marks = np.asarray(right)
    if marks.shape != (curve.right.shape[1],) or not np.isin(marks, (0, 1)).all():
        raise ValueError(f"right must be {curve.right.shape[1]} booleans, not {marks.shape}")
    return marks.astype(bool)


# The curve ---------------------------------------------------------------------------------------


def _sizes(m: int) -> IntArray:
    # Every audit must lie outside at least one window.
    largest = min(m - -(-m // WINDOWS), MAX_SIZE)
    return np.unique(np.geomspace(max(8, largest // 8), largest, STEPS).round().astype(np.int64))


def _judged(X: Features, y: AnyArray, size: int, fit: Callable[..., logistic.Model]) -> FloatArray:
    """Return (WINDOWS, m): 1 where the model of a window is right on an audit, NaN inside it."""
    m = len(X)
    told = np.full((WINDOWS, m), np.nan)
    for window in range(WINDOWS):
        inside = (np.arange(size) + window * m // WINDOWS) % m
        outside = np.setdiff1d(np.arange(m), inside)
        model = fit(X.take(inside), y[inside])
        proba = model.predict_proba(X.take(outside))
        told[window, outside] = model.space.is_right(proba, y[outside])
    return told


def _spread(told: FloatArray, size: int) -> float:
    """Return the variance of the mean over windows that is due to their training items."""
    m = told.shape[1]
    means = np.nanmean(told, axis=1)
    # What the judging audits differ in is not due to the models.
    shift = np.array([np.nanmean(told, axis=0)[~np.isnan(row)].mean() for row in told])
    between = float(np.var(means - shift, ddof=1))
    return float(between / min(m / size, WINDOWS))


# Posterior ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Drawn:
    """Sampled curves (D,) that fit the audits, each with an error of the current model."""

    start: float
    level: FloatArray
    floor: FloatArray
    exponent: FloatArray
    delay: FloatArray
    today: FloatArray

    def error(self, labels: float) -> FloatArray:
        """Return the error (D,) of random sampling after `labels`."""
        falling = ((labels + self.delay) / (self.start + self.delay)) ** -self.exponent
        told: FloatArray = self.level * (self.floor + (1 - self.floor) * falling)
        return told

    def needed(self, most: float) -> FloatArray:
        """Return the labels (D,) that random sampling needs to get there, up to `most`."""
        left = (self.today / self.level - self.floor) / (1 - self.floor)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            labels = (self.start + self.delay) * left ** (-1 / self.exponent) - self.delay
            labels = np.where(left > 0, np.maximum(labels, 0), np.inf)
        found: FloatArray = np.minimum(labels, most)
        return found


def _draw(curve: RandomCurve, right: BoolArray, generator: np.random.Generator) -> _Drawn:
    seen = 1 - curve.accuracy
    start = float(curve.sizes[-1])
    spread = _covariance(curve, right)
    reach = 4 * np.sqrt(spread[-2, -2])
    level = np.clip(seen[-1] + reach * generator.uniform(-1, 1, DRAWS), 1e-3, 1)
    floor = generator.uniform(*FLOORS, DRAWS)
    exponent = generator.uniform(*EXPONENTS, DRAWS)
    delay = start * generator.uniform(*DELAYS, DRAWS)
    falling = ((curve.sizes[:, None] + delay) / (start + delay)) ** -exponent
    said = level * (floor + (1 - floor) * falling)
    gaps = np.linalg.solve(np.linalg.cholesky(spread[:-1, :-1]), seen[:, None] - said)
    odds = -0.5 * (gaps**2).sum(axis=0)
    odds = np.exp(odds - odds.max())
    rows = generator.choice(DRAWS, DRAWS // 4, p=odds / odds.sum())
    # The error of the current model, given how lucky the curve was with these audits.
    pull = np.linalg.solve(spread[:-1, :-1], spread[:-1, -1])
    middle = 1 - right.mean() - pull @ (seen[:, None] - said[:, rows])
    width = np.sqrt(max(spread[-1, -1] - pull @ spread[:-1, -1], 0.0))
    today = middle + width * generator.standard_normal(len(rows))
    return _Drawn(
        start, level[rows], floor[rows], exponent[rows], delay[rows], np.clip(today, 1e-4, 1)
    )


def _covariance(curve: RandomCurve, right: BoolArray) -> FloatArray:
    """Return the covariance (k + 1, k + 1) of the curve's errors and, last, the current error."""
    m = len(right)
    both = np.vstack([curve.right, right])
    spread = np.cov(both) / m
    # One audit more that each tells otherwise, or none where all are right would claim certainty.
    own = np.append(curve.spread, 0.0) + 1 / m**2
    shared: FloatArray = spread + np.diag(own)
    return shared


def _percentiles(values: FloatArray, confidence: float) -> FloatArray:
    tail = 50 * (1 - confidence)
    ends: FloatArray = np.percentile(values, [50, tail, 100 - tail])
    return ends


def _verdict(low: float, high: float) -> Verdict:
    if low > 0:
        return "helps"
    return "does_not_help" if high <= 0 else "unknown"


def _marks(drawn: _Drawn, curve: RandomCurve, n: int, confidence: float) -> tuple[Mark, ...]:
    farthest = max(2 * n, int(curve.sizes[-1]))
    labels = np.unique(np.geomspace(curve.sizes[0], farthest, MARKS).round().astype(int))
    told = [_percentiles(1 - drawn.error(float(spent)), confidence) for spent in labels]
    return tuple(
        Mark(int(spent), *map(float, ends)) for spent, ends in zip(labels, told, strict=True)
    )
