"""The label space of one label per item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax

from selection import scores
from selection.core.arrays import (
    AnyArray,
    BoolArray,
    FloatArray,
    IntArray,
    as_distribution,
    refuse_rows,
)
from selection.models.label_space import Ambiguity, LabelSpace, Solver

CERTAIN = 0.8  # from here on a prediction no longer hesitates between two classes


@dataclass(frozen=True)
class SingleLabel(LabelSpace):
    """Exactly one of C classes; targets `y` (n,) are class numbers, rows of `proba` sum to 1.

    >>> space = SingleLabel(3)
    >>> proba = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])
    >>> space.decide(proba), space.uncertainty(proba).round(9), space.is_right(proba, [1, 0])
    (array([1, 2]), array([0.8, 0.3]), array([ True, False]))
    """

    kind: ClassVar[str] = "single"
    code: ClassVar[int] = 0
    min_classes: ClassVar[int] = 2
    is_nominal: ClassVar[bool] = True

    def check_targets(self, y: ArrayLike, n: int) -> IntArray:
        """Return `y` (n,) as class numbers below C."""
        labels = np.asarray(y)
        if labels.shape != (n,):
            raise ValueError(f"y has shape {labels.shape} for {n} rows")
        bad = ~np.isin(labels, np.arange(self.n_classes))
        refuse_rows(bad, f"y is not a class number below {self.n_classes}")
        return labels.astype(np.int64)

    def from_indicator(self, table: ArrayLike) -> IntArray:
        """Return the class number (n,) of each row of `table` (n, C)."""
        return np.asarray(np.asarray(table).argmax(axis=1), dtype=np.int64)

    def indicator(self, y: ArrayLike) -> BoolArray:
        """Return a table (n, C) with one true in each row."""
        return np.asarray(np.asarray(y)[:, None] == np.arange(self.n_classes))

    def has_class(self, y: ArrayLike, number: int) -> BoolArray:
        """Return which class numbers are `number`: (n,)."""
        return np.asarray(np.asarray(y) == number)

    def classes_seen(self, y: ArrayLike) -> IntArray:
        """Return the class numbers that occur: (S,)."""
        return np.unique(np.asarray(y))

    def class_counts(self, y: ArrayLike) -> list[int]:
        """Return how often each class number occurs."""
        labels = np.asarray(y, dtype=np.int64)
        return [int(n) for n in np.bincount(labels, minlength=self.n_classes)]

    def weight_targets(self, y: IntArray) -> BoolArray:
        """Return the columns of the classes seen, as unseen ones have no model to judge."""
        return np.asarray(y[:, None] == np.unique(y))

    def fit_columns(self, solve: Solver, y: IntArray, width: int) -> tuple[FloatArray, FloatArray]:
        """Return one multinomial problem; weights of zero while only one class is seen."""
        if len(np.unique(y)) < 2:
            return np.zeros((width, 1)), np.zeros(1)
        return solve(y)

    def to_proba(self, decision: FloatArray) -> FloatArray:
        """Return the softmax of each row."""
        return np.asarray(softmax(decision, axis=1))

    def check_proba(self, proba: ArrayLike, *, first: int = 0) -> FloatArray:
        """Return rows that sum to 1 within 1e-3."""
        return as_distribution(proba, first=first)

    def decide(self, proba: AnyArray) -> IntArray:
        """Return the number of the most likely class: (n,)."""
        return np.asarray(proba.argmax(axis=1))

    def confidence(self, proba: AnyArray) -> AnyArray:
        """Return the probability of the most likely class: (n,)."""
        return np.asarray(proba.max(axis=1))

    def is_same(self, decisions: ArrayLike, y: ArrayLike) -> BoolArray:
        """Return which class numbers are equal: (n,)."""
        return np.asarray(np.asarray(decisions) == np.asarray(y))

    def ambiguity(self, row: FloatArray) -> Ambiguity:
        """Return the most likely class, with its rival while it is below 0.8."""
        order = np.argsort(-row, kind="stable")
        first = int(order[0])
        if len(order) < 2 or row[first] >= CERTAIN:
            return Ambiguity("expects", (first,))
        return Ambiguity("hesitates", (first, int(order[1])))

    def least_confident(self, proba: ArrayLike) -> FloatArray:
        """Return `scores.least_confident`: 0 to 1 - 1/C."""
        return scores.least_confident(proba)

    def margin(self, proba: ArrayLike) -> FloatArray:
        """Return `scores.margin`: -(p1 - p2)."""
        return scores.margin(proba)

    def entropy(self, proba: ArrayLike) -> FloatArray:
        """Return `scores.entropy`: 0 to ln C."""
        return scores.entropy(proba)

    def bald(self, proba: ArrayLike) -> FloatArray:
        """Return `scores.bald`."""
        return scores.bald(proba)

    def expected_model_change(self, proba: ArrayLike, features: ArrayLike) -> FloatArray:
        """Return `scores.expected_model_change`."""
        return scores.expected_model_change(proba, features)

    def gradient_errors(self, proba: ArrayLike) -> FloatArray:
        """Return p - e_argmax: (n, C)."""
        errors = as_distribution(proba)
        if errors.shape[1]:
            errors[np.arange(len(errors)), errors.argmax(axis=1)] -= 1.0
        return errors

    @property
    def undecided(self) -> float:
        """1 / C."""
        return 1.0 / max(self.n_classes, 1)

    def imported_proba(self, classes: Sequence[int], confidence: float) -> FloatArray | None:
        """Return the confidence for the class, the rest shared evenly; None without a class."""
        if not classes:
            return None
        proba = np.full(self.n_classes, (1.0 - confidence) / max(self.n_classes - 1, 1))
        proba[list(classes)] = confidence
        return proba

    def majority(self, votes: IntArray, voters: IntArray) -> tuple[IntArray, BoolArray]:
        """Return the class with most votes, the first one on a tie; none without a vote."""
        answered = np.asarray(votes[:, 0].any(axis=1))
        # All annotators together outnumber those who can break a tie.
        weights = votes[:, 0] * (1 + voters[:, :1]) + votes[:, 1]
        y = weights.argmax(axis=1) if len(weights) else np.zeros(0)
        return y.astype(np.int64), answered

    def answer_codes(self, given: BoolArray) -> IntArray:
        """Return the class number of each answer; -1 where its class is no more."""
        return np.where(given.any(axis=1), given.argmax(axis=1), -1)
