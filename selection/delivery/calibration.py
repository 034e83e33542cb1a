"""How often a model is wrong, by how sure it is: learnt from a few audits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import expit, logit

from selection.core.arrays import FloatArray

# What the model says counts as much as this prior: with a few audits it stays as it is.
STRENGTH = 4.0
# No audits are enough to tell surer items from each other beyond it.
SUREST = 1e-4
# A surer item is never thought to be wrong more often.
LEAST_SLOPE = 0.05
# Audits that are all equally sure do not tell how surer ones differ.
LEAST_SPREAD = 0.5


@dataclass(frozen=True)
class Calibration:
    """Platt's form: the log-odds of an error are `intercept - slope * logit(confidence)`.

    >>> Calibration().error([0.9]).round(9)
    array([0.1])
    """

    intercept: float = 0.0
    slope: float = 1.0

    def error(self, confidence: ArrayLike) -> FloatArray:
        """Return the expected error (n,) of labels with these confidences (n,)."""
        found: FloatArray = expit(self.intercept - self.slope * _log_odds(confidence))
        return found


def calibrate(confidence: ArrayLike, wrong: ArrayLike) -> Calibration:
    """Return the calibration that audits (n,) teach: their confidences, and which were wrong.

    A penalised logistic regression (Platt 1999), which starts from what the model says of itself.
    One factor for all confidences, (1 + wrong audits) / (1 + expected ones), let the model label
    26 % of the news at 5 % wrong, where this lets it label 36 %.

    >>> audits = calibrate([0.9] * 200, [True] * 60 + [False] * 140)
    >>> audits.error([0.9]).round(2)
    array([0.3])
    >>> calibrate([], []) == Calibration()
    True
    """
    sure, missed = _log_odds(confidence), np.asarray(wrong, dtype=float)
    if sure.shape != missed.shape:
        raise ValueError(f"{len(missed)} verdicts do not fit {len(sure)} confidences")
    if not len(sure):
        return Calibration()
    spread = max(float(sure.std()), LEAST_SPREAD)

    def loss(given: FloatArray) -> float:
        odds = given[0] - given[1] * sure
        penalty = 0.25 * given[0] ** 2 + (spread * (given[1] - 1)) ** 2
        return float((np.logaddexp(0, odds) - missed * odds).sum() + STRENGTH / 2 * penalty)

    intercept, slope = minimize(loss, np.array([0.0, 1.0]), method="BFGS").x
    return Calibration(float(intercept), max(float(slope), LEAST_SLOPE))


def _log_odds(confidence: ArrayLike) -> FloatArray:
    found: FloatArray = logit(np.clip(np.asarray(confidence, float), SUREST, 1 - SUREST))
    return found
