"""Unbiased means from items that were drawn unevenly, by the probability of each draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import FloatArray, refuse_rows

MIN_EFFECTIVE = 1 / 3  # of the draws: below, a few heavy weights decide the answer


@dataclass(frozen=True)
class Weighted:
    """A weighted mean from `n` draws that are worth `effective` even ones."""

    value: float
    n: int
    effective: float

    @property
    def is_sound(self) -> bool:
        """Whether the weights are even enough; if not, use the audit alone."""
        return self.effective >= MIN_EFFECTIVE * self.n


def lure(losses: ArrayLike, chances: ArrayLike, population: int) -> Weighted | None:
    """Return the mean loss over the pool from M draws without replacement; None without draws.

    `losses` (M,) in the order of the draws, `chances` (M,) as in `lure_weights`. The levelled
    unbiased risk estimator (Farquhar, Gal and Rainforth 2021; Kossen et al. 2021): mean(v loss).
    Unbiased for losses of a model that did not train on these labels. With 0/1 losses for "is of
    this class" it estimates how common a class is.

    >>> lure([0.0, 1.0, 0.0, 1.0], [1 / 4, 1 / 3, 1 / 2, 1.0], population=4).value
    0.5
    """
    values = np.asarray(losses, dtype=np.float64)
    weights = lure_weights(chances, population)
    if values.shape != weights.shape:
        raise ValueError(f"{len(values)} losses for {len(weights)} chances")
    refuse_rows(~np.isfinite(values), "the loss is not a number")
    if not len(values):
        return None
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    return Weighted(float((weights * values).mean()), len(values), effective)


def lure_weights(chances: ArrayLike, population: int) -> FloatArray:
    """Return the weight v (M,) of each of M draws without replacement from `population` items.

    `chances` (M,), above 0: how likely the m-th draw was to take its item, of those left then
    (`Selection.probability`). v_m = 1 + (N - M) / (N - m) (1 / ((N - m + 1) q_m) - 1): 1 for even
    draws, and 1 when the whole pool is drawn. Every item must have been possible at every draw.
    Raises ValueError naming a draw without a chance: what was certain to be left out, as in a
    deterministic choice, cannot be weighed.

    >>> lure_weights([0.25, 1 / 6], population=4).round(2)
    array([1., 2.])
    """
    q = np.asarray(chances, dtype=np.float64)
    if q.ndim != 1 or len(q) > population:
        raise ValueError(f"chances {q.shape} are no draws from {population} items")
    refuse_rows(~((q > 0) & (q <= 1)), "the chance of the draw is not above 0 and at most 1")
    drawn = np.arange(1, len(q) + 1)
    left = np.maximum(population - drawn, 1)  # 0 only for the last of a whole pool, where v = 1
    weights: FloatArray = 1 + (population - len(q)) / left * (
        1 / ((population - drawn + 1) * q) - 1
    )
    return weights
