"""The label space of a comparison: the first of two is better, the second, or neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import FloatArray, IntArray
from selection.models.label_space import Solver
from selection.models.single_label import SingleLabel

FIRST, SECOND, TIE = 0, 1, 2


@dataclass(frozen=True)
class Pairwise(SingleLabel):
    """One of the classes FIRST, SECOND and TIE, where rows are differences of two things.

    The model is that of Davidson (1970) for comparisons with ties: the odds of the two depend on
    the difference x alone, log(p1 / p2) = 2 w x, and a tie is likeliest near x = 0. So it treats
    both alike: with the two swapped, -x, it gives the same probabilities swapped. It is stored,
    and predicts, as a model of a single label.

    >>> space = Pairwise(3)
    >>> weights, intercept = space.fit_columns(lambda y: (np.array([[2.0, 0.0, 1.0]]),
    ...                                                   np.array([3.0, 1.0, 0.0])),
    ...                                        np.array([0, 1, 2]), 1)
    >>> weights, intercept
    (array([[ 1., -1.,  0.]]), array([2., 2., 0.]))
    """

    kind: ClassVar[str] = "pairwise"

    def classes_seen(self, y: ArrayLike) -> IntArray:
        """Return the classes that occur, and with one of the two the other: it is the same."""
        seen = set(np.unique(np.asarray(y)).tolist())
        if seen & {FIRST, SECOND}:
            seen |= {FIRST, SECOND}
        return np.array(sorted(seen), dtype=np.int64)

    def fit_columns(self, solve: Solver, y: IntArray, width: int) -> tuple[FloatArray, FloatArray]:
        """Return the mean of the solution and its mirror image, in which the two are swapped."""
        seen, given = self.classes_seen(y), np.unique(y)
        weights, intercept = np.zeros((width, len(seen))), np.zeros(len(seen))
        if len(given) < 2:
            return weights, intercept
        own = np.searchsorted(seen, given)
        weights[:, own], intercept[own] = solve(y)
        if TIE in given:
            weights, intercept = weights - weights[:, -1:], intercept - intercept[-1]
        missing = set(seen.tolist()) - set(given.tolist())
        for number in missing:
            weights[:, number] = -weights[:, 1 - number]
            intercept[number] = intercept[1 - number]
        slope = (weights[:, FIRST] - weights[:, SECOND]) / 2
        level = (intercept[FIRST] + intercept[SECOND]) / 2
        weights[:, [FIRST, SECOND]] = np.stack([slope, -slope], axis=1)
        intercept[[FIRST, SECOND]] = level
        if TIE in given:
            weights[:, -1] = 0.0
        return weights, intercept
