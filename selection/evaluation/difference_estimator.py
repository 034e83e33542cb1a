"""Difference estimator of accuracy: model confidence, bias-corrected on the audit sample.

The expected error is known for every item of the pool, but it may be miscalibrated. Audit items
have both the true and the expected error. Where the two correlate, the pool's mean shortens the
interval; where they do not, the correction cancels it. The estimate is unbiased in either case.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import FloatArray, refuse_rows
from selection.core.intervals import Estimate, accuracy_interval, beta_interval

# Measured over doubts from honest to worthless and errors from 2 to 30 %: from 200 audits on the
# difference is never wider than the exact interval, from 100 on where several errors are expected.
MANY = 200
ENOUGH = 100
MIN_EXPECTED = 5
FOLDS = 5


def audited_accuracy(
    correct: ArrayLike,
    doubt: ArrayLike,
    *,
    pool_doubt: float,
    population: int,
    confidence: float = 0.95,
) -> Estimate | None:
    """Return the accuracy on the pool by the estimator that suits the sample; None without audits.

    `difference`, whose arguments these are, from 200 audits on, and from 100 on where the pool's
    doubt foresees at least 5 errors among them; else the exact interval, which does not look at
    `doubt`. All of that is known before the first answer. To take the shorter of two 95 %
    intervals after looking would cover less than 95 %.

    >>> audited_accuracy([True] * 9 + [False], [0.1] * 10, pool_doubt=0.1, population=500).method
    'exact'
    """
    n = len(np.asarray(correct))
    if n < MANY and (n < ENOUGH or n * pool_doubt < MIN_EXPECTED):
        return accuracy_interval(correct, confidence, population=population)
    return difference(
        correct, doubt, pool_doubt=pool_doubt, population=population, confidence=confidence
    )


def difference(
    correct: ArrayLike,
    doubt: ArrayLike,
    *,
    pool_doubt: float,
    population: int,
    confidence: float = 0.95,
) -> Estimate | None:
    """Return the accuracy by the difference estimator, with its interval; None without audits.

    `correct` (n,) booleans and `doubt` (n,) (1 - max p, or any other guess of the error) of items
    drawn evenly without replacement, both by models that did not train on them;
    `pool_doubt` the mean doubt of all `population` items, the audited ones among them.

    Error = mean(wrong - slope (doubt - pool_doubt)), the difference estimator of survey sampling
    (Cochran 1977) or prediction-powered inference (Angelopoulos et al. 2023). The slope
    Cov(wrong, doubt) / Var(doubt) of each fifth comes from the other four, so that no answer
    tunes its own correction; as the audit is part of the pool's mean it needs no factor
    1 / (1 + n / population). Interval: Clopper and Pearson's at the effective sample size (Korn
    and Graubard 1998), as the normal one covers far too little where errors are few. Where all
    answers are alike, or the whole pool is audited, the exact interval. Raises ValueError for
    arrays that do not fit.

    >>> right = np.arange(200) % 5 > 0
    >>> doubt = np.where(np.arange(200) % 10 < 3, 0.6, 0.1)
    >>> found = difference(right, doubt, pool_doubt=0.25, population=10_000)
    >>> round(found.value, 2), found.method
    (0.8, 'difference')
    """
    right = np.asarray(correct)
    n = len(right)
    if n < 2 or n >= population or (right == right[0]).all():
        # Nothing varies, or nothing is left to estimate: use the exact interval.
        return accuracy_interval(right, confidence, population=population)
    terms = _corrected(1.0 - right, _checked_doubt(doubt, n), pool_doubt)
    error = float(terms.mean())
    variance = float(terms.var(ddof=1)) / n * (1 - n / population)
    if not (variance > 0 and 0 < error < 1):
        return accuracy_interval(right, confidence, population=population)
    effective = error * (1 - error) / variance
    low, high = beta_interval((1 - error) * effective, effective, confidence)
    return Estimate(1 - error, low, high, n, confidence, "difference")


def _corrected(wrong: FloatArray, doubt: FloatArray, pool_doubt: float) -> FloatArray:
    # Random, not periodic: neither sorted nor periodic input may align with the fifths.
    fold = np.random.default_rng(0).permutation(len(wrong)) % FOLDS
    terms = wrong.copy()
    for part in range(FOLDS):
        mine = fold == part
        terms[mine] -= _slope(wrong[~mine], doubt[~mine]) * (doubt[mine] - pool_doubt)
    return terms


def _slope(wrong: FloatArray, doubt: FloatArray) -> float:
    if not len(doubt):
        return 0.0
    gaps = doubt - doubt.mean()
    spread = float(gaps @ gaps)
    return float(gaps @ wrong) / spread if spread > 0 else 0.0


def _checked_doubt(doubt: ArrayLike, n: int) -> FloatArray:
    values = np.asarray(doubt, dtype=np.float64)
    if values.shape != (n,):
        raise ValueError(f"doubt has shape {values.shape} for {n} audits")
    refuse_rows(~np.isfinite(values), "the doubt is not a number")
    return values
