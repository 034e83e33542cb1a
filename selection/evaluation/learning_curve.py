"""Learning curve extrapolation: the expected gain of further labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import f as f_distribution

from selection.core.arrays import BoolArray, FloatArray
from selection.core.intervals import Estimate

MIN_POINTS = 5
MOST_LABELS = 1e7  # what needs more is out of sight
# From curves that hardly flatten to curves that are flat at once, fine enough for smooth curves.
EXPONENTS = np.geomspace(0.05, 2.0, 500)


@dataclass(frozen=True)
class Gain:
    """The expected accuracy gain (0..1) of the next 100 labels, with its interval."""

    value: float
    low: float
    high: float
    confidence: float

    def cost_per_point(self, price: float) -> tuple[float, float, float]:
        """Return the cost of 0.01 more accuracy at `price` per label: estimate, low, high.

        Infinite where nothing more is gained.

        >>> Gain(0.01, 0.005, 0.02, 0.95).cost_per_point(0.1)
        (10.0, 5.0, 20.0)
        """
        likely, most, least = (
            price / gain if gain > 0 else float("inf") for gain in (self.value, self.low, self.high)
        )
        return likely, least, most


State = Literal["reached", "in_sight", "out_of_sight"]


@dataclass(frozen=True)
class Needed:
    """The total of labels that will reach a target; None where the curve never does.

    "reached" is what the curve, or the accuracy measured last, has reached already: `value` is
    then at most the labels so far.
    """

    value: float | None
    low: float | None
    high: float | None
    confidence: float
    state: State


def expected_gain(labels: ArrayLike, accuracy: ArrayLike, confidence: float = 0.95) -> Gain | None:
    """Return the gain of 100 more labels by accuracy = a - b labels^-c; None while too early.

    `labels` (n,) counts and `accuracy` (n,) from 0 to 1, at least five different counts. For each
    exponent c from 0.05 to 2 the rest is a straight line; the best by least squares is the
    estimate. Interval: all gains whose curve fits no worse than the F test allows (the profile
    likelihood, Bates and Watts 1988), as the covariance of so bent a fit claims far too much.
    The curve never falls, so a gain is at least 0. A hint: it believes in the power law.

    >>> sizes = np.array([50, 100, 200, 400, 800])
    >>> round(expected_gain(sizes, 0.9 - sizes ** -0.5).value, 4)
    0.002
    """
    sizes, values = checked_curve(labels, accuracy)
    if len(np.unique(sizes)) < MIN_POINTS:
        return None
    fitted = _fit(sizes, values, confidence)
    steps = sizes.max() ** -EXPONENTS - (sizes.max() + 100) ** -EXPONENTS
    low, likely, high = (slopes * steps for slopes in fitted.slopes)
    return Gain(
        float(likely[fitted.likely]),
        float(low[fitted.allowed].min()),
        float(high[fitted.allowed].max()),
        confidence,
    )


def labels_needed(
    labels: ArrayLike, accuracy: ArrayLike, target: float, confidence: float = 0.95
) -> Needed | None:
    """Return the total of labels that reach `target` by the same curves; None while too early.

    `value` is None where the likeliest curve never gets there, `high` where one of those that fit
    no worse than the F test allows does not. A flat curve says as little of a target below it as
    of one above, so `state` tells the two apart. A hint, as `expected_gain`.

    >>> sizes = np.array([50, 100, 200, 400, 800])
    >>> round(labels_needed(sizes, 0.9 - sizes ** -0.5, 0.88).value, -2)
    2500.0
    >>> [labels_needed(sizes, [0.9] * 5, target).state for target in (0.85, 0.95)]
    ['reached', 'out_of_sight']
    """
    sizes, values = checked_curve(labels, accuracy)
    if len(np.unique(sizes)) < MIN_POINTS:
        return None
    fitted = _fit(sizes, values, confidence)
    needed = [_reaching(target, sizes, values, slopes) for slopes in fitted.slopes]
    value, now = _finite(needed[1][fitted.likely]), float(sizes.max())
    if values[sizes == now][-1] >= target:
        # A measured accuracy takes precedence over the fitted curve.
        value = now if value is None else min(value, now)
    return Needed(
        value,
        _finite(min(each[fitted.allowed].min() for each in needed)),
        _finite(max(each[fitted.allowed].max() for each in needed)),
        confidence,
        "out_of_sight" if value is None else "reached" if value <= now else "in_sight",
    )


class _Fit(NamedTuple):
    """The curves of all exponents (E,): lowest, best and highest slope that fit, and which do."""

    slopes: tuple[FloatArray, FloatArray, FloatArray]
    likely: int
    allowed: BoolArray


def _fit(sizes: FloatArray, values: FloatArray, confidence: float) -> _Fit:
    powers = sizes ** -EXPONENTS[:, None]
    x, y = powers - powers.mean(axis=1, keepdims=True), values - values.mean()
    spread = (x**2).sum(axis=1)
    slopes = -(x @ y) / spread
    # Squared errors with the best slope, and with the best one that does not fall.
    best = np.maximum(((y + slopes[:, None] * x) ** 2).sum(axis=1), 0.0)
    rising = best + np.minimum(slopes, 0.0) ** 2 * spread
    likely = int(rising.argmin())
    bar = _worst_allowed(float(rising[likely]), len(sizes) - 3, confidence)
    reach = np.sqrt(np.maximum(bar - best, 0.0) / spread)
    allowed = (best <= bar) & (slopes + reach >= 0)
    ends = np.maximum(slopes - reach, 0.0), np.maximum(slopes, 0.0), slopes + reach
    return _Fit(ends, likely, allowed)


def _reaching(
    target: float, sizes: FloatArray, values: FloatArray, slopes: FloatArray
) -> FloatArray:
    """Return the labels at which the curve of each exponent and slope (E,) reaches `target`."""
    middle = (sizes ** -EXPONENTS[:, None]).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        power = middle + (values.mean() - target) / slopes
        found = np.where(power > 0, np.abs(power) ** (-1 / EXPONENTS), np.inf)
    flat = 0.0 if values.mean() >= target else np.inf
    return np.asarray(np.where(slopes > 0, found, flat), dtype=np.float64)


def _finite(labels: float) -> float | None:
    return float(labels) if labels < MOST_LABELS else None


def recent_gain(labels: ArrayLike, accuracies: Sequence[Estimate]) -> Gain | None:
    """Return the gain of 100 more labels at the rate of the last doubling; None while too early.

    `labels` (n,) counts, rising, and `accuracies` measured on audits at each. What was gained
    since half as many labels is spread evenly over the logarithm of the labels, which power laws
    never exceed from there on. Both ends take the newest interval's own half: the earlier audits
    are among the newest, so the two err together; that is a rule of thumb, and what it is worth is
    measured (tests/bench/stopping_advice.py). A fall counts as no gain. None while no accuracy was
    measured at half as many labels. Raises ValueError for counts that do not rise.

    >>> first, last = Estimate(0.8, 0.7, 0.87, 50, 0.95), Estimate(0.82, 0.74, 0.88, 100, 0.95)
    >>> gain = recent_gain([300, 600], [first, last])
    >>> round(gain.value, 4), round(gain.high, 4)
    (0.0044, 0.0178)
    """
    values = [accuracy.value for accuracy in accuracies]
    sizes, _ = checked_curve(labels, values)
    if (np.diff(sizes) <= 0).any():
        raise ValueError("label counts must rise")
    before = np.flatnonzero(sizes <= sizes.max(initial=0.0) / 2)
    if not len(before):
        return None
    earlier, newest = int(before[-1]), accuracies[-1]
    share = float(np.log1p(100 / sizes[-1]) / np.log(sizes[-1] / sizes[earlier]))
    gained = newest.value - values[earlier]
    return Gain(
        max(gained, 0.0) * share,
        max(gained - (newest.value - newest.low), 0.0) * share,
        (max(gained, 0.0) + newest.high - newest.value) * share,
        newest.confidence,
    )


def checked_curve(labels: ArrayLike, accuracy: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return label counts and accuracies (n,) as floats, or raise ValueError if not a curve.

    >>> checked_curve([10], [0.5])
    (array([10.]), array([0.5]))
    """
    sizes = np.asarray(labels, dtype=np.float64)
    values = np.asarray(accuracy, dtype=np.float64)
    if sizes.shape != values.shape or sizes.ndim != 1:
        raise ValueError(f"labels {sizes.shape} and accuracy {values.shape} must match")
    if (sizes <= 0).any() or not np.isfinite(values).all():
        raise ValueError("label counts must be positive and accuracies numbers")
    return sizes, values


def _worst_allowed(least: float, freedom: int, confidence: float) -> float:
    return least * (1 + float(f_distribution.ppf(confidence, 1, freedom)) / freedom)
