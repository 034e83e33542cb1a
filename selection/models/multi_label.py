"""The label space of any number of labels per item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr, expit

from selection import scores
from selection.core.arrays import AnyArray, BoolArray, FloatArray, IntArray, as_proba, refuse_rows
from selection.models.label_space import Ambiguity, LabelSpace, Solver


@dataclass(frozen=True)
class MultiLabel(LabelSpace):
    """Any subset of C classes; targets `y` (n, C) are 0/1, each column of `proba` its own yes/no.

    >>> space = MultiLabel(2)
    >>> proba = np.array([[0.9, 0.6], [0.2, 0.1]])
    >>> space.decide(proba).tolist(), space.uncertainty(proba).round(9)
    ([[1, 1], [0, 0]], array([0.8, 0.4]))
    >>> space.is_right(proba, [[1, 0], [0, 0]])
    array([False,  True])
    """

    kind: ClassVar[str] = "multi"
    code: ClassVar[int] = 1
    min_classes: ClassVar[int] = 1
    is_nominal: ClassVar[bool] = False

    def check_targets(self, y: ArrayLike, n: int) -> IntArray:
        """Return `y` as a table (n, C) of 0 and 1."""
        labels = np.asarray(y)
        if labels.shape != (n, self.n_classes):
            raise ValueError(f"y has shape {labels.shape} for {n} rows and {self.n_classes} labels")
        refuse_rows(~np.isin(labels, (0, 1)).all(axis=1), "y holds something other than 0 and 1")
        return labels.astype(np.int64)

    def from_indicator(self, table: ArrayLike) -> IntArray:
        """Return the `table` (n, C) itself, as 0 and 1."""
        return np.asarray(table).astype(np.int64)

    def indicator(self, y: ArrayLike) -> BoolArray:
        """Return which targets are 1: (n, C)."""
        return np.asarray(np.asarray(y) == 1)

    def has_class(self, y: ArrayLike, number: int) -> BoolArray:
        """Return which rows have a 1 in column `number`: (n,)."""
        return np.asarray(np.asarray(y)[:, number] == 1)

    def classes_seen(self, y: ArrayLike) -> IntArray:
        """Return the columns with a 1: (S,)."""
        return np.flatnonzero(np.asarray(y).any(axis=0))

    def class_counts(self, y: ArrayLike) -> list[int]:
        """Return the number of ones in each column."""
        return [int(n) for n in np.asarray(y, dtype=np.int64).sum(axis=0)]

    def weight_targets(self, y: IntArray) -> BoolArray:
        """Return all columns, as a class that no item has was answered, too."""
        return y.astype(bool)

    def fit_columns(self, solve: Solver, y: IntArray, width: int) -> tuple[FloatArray, FloatArray]:
        """Return one binary problem for each class seen (binary relevance)."""
        seen = self.classes_seen(y)
        weights = np.zeros((width, len(seen)))
        # A class that every item has so far has no boundary to learn: it is always predicted.
        intercept = np.full(len(seen), np.inf)
        for column, number in enumerate(seen):
            if not y[:, number].all():
                pair, offset = solve(y[:, number])
                # Two opposite columns, because the softmax of a yes/no needs their difference.
                weights[:, column] = pair[:, 1] - pair[:, 0]
                intercept[column] = offset[1] - offset[0]
        return weights, intercept

    def to_proba(self, decision: FloatArray) -> FloatArray:
        """Return the sigmoid of each score."""
        return np.asarray(expit(decision))

    def check_proba(self, proba: ArrayLike, *, first: int = 0) -> FloatArray:
        """Return rows whose columns lie in 0..1."""
        return as_proba(proba, first=first)

    def decide(self, proba: AnyArray) -> IntArray:
        """Return 1 for each class with a probability of at least 0.5: (n, C)."""
        return (proba >= 0.5).astype(np.int64)

    def confidence(self, proba: AnyArray) -> AnyArray:
        """Return the probability of the least certain yes or no: (n,)."""
        return np.asarray(np.maximum(proba, 1.0 - proba).min(axis=1))

    def is_same(self, decisions: ArrayLike, y: ArrayLike) -> BoolArray:
        """Return which rows agree in every column: (n,)."""
        return np.asarray((np.asarray(decisions) == np.asarray(y)).all(axis=1))

    def ambiguity(self, row: FloatArray) -> Ambiguity:
        """Return the class whose probability is nearest to 0.5."""
        return Ambiguity("unsure", (int(np.abs(2 * row - 1).argmin()),))

    def least_confident(self, proba: ArrayLike) -> FloatArray:
        """Return min(p, 1 - p) of the least certain column: 0 to 0.5."""
        return scores.score_by_block(_least_confident, proba, as_proba)

    def margin(self, proba: ArrayLike) -> FloatArray:
        """Return -|2p - 1| of the least certain column."""
        return scores.score_by_block(_margin, proba, as_proba)

    def entropy(self, proba: ArrayLike) -> FloatArray:
        """Return the mean entropy of the columns: 0 to ln 2."""
        return scores.score_by_block(_entropy, proba, as_proba)

    def bald(self, proba: ArrayLike) -> FloatArray:
        """Return the mean mutual information of the columns: 0 to ln 2."""
        return scores.mutual_information(_entropy, proba, as_proba)

    def expected_model_change(self, proba: ArrayLike, features: ArrayLike) -> FloatArray:
        """Return the sum over the columns of 2 p (1 - p) |[features, 1]|."""
        change = scores.score_by_block(_model_change, proba, as_proba)
        return change * scores.lengths_with_bias(features, len(change))

    def gradient_errors(self, proba: ArrayLike) -> FloatArray:
        """Return p minus its rounded value in each column: (n, C)."""
        errors = as_proba(proba)
        errors -= errors > 0.5
        return errors

    @property
    def undecided(self) -> float:
        """0.5, as each class is its own yes/no."""
        return 0.5

    def imported_proba(self, classes: Sequence[int], confidence: float) -> FloatArray | None:
        """Return the confidence for each class given, and for each other one that it is not."""
        proba = np.full(self.n_classes, 1.0 - confidence)
        proba[list(classes)] = confidence
        return proba

    def majority(self, votes: IntArray, voters: IntArray) -> tuple[IntArray, BoolArray]:
        """Return each class by its own majority; annotators alone break ties, then yes wins."""
        twice, people = 2 * votes, voters[:, :, None]
        is_tie = twice[:, 0] == people[:, 0]
        y = np.where(is_tie, twice[:, 1] >= people[:, 1], twice[:, 0] > people[:, 0])
        return y.astype(np.int64), np.ones(len(votes), dtype=np.bool_)

    def answer_codes(self, given: BoolArray) -> IntArray:
        """Return one number for each combination of classes."""
        _answers, codes = np.unique(given, axis=0, return_inverse=True)
        return np.asarray(codes, dtype=np.int64).reshape(-1)


def _least_confident(proba: FloatArray) -> FloatArray:
    return np.asarray(np.minimum(proba, 1 - proba).max(axis=1, initial=0.0))


def _margin(proba: FloatArray) -> FloatArray:
    return np.asarray((-np.abs(2 * proba - 1)).max(axis=1, initial=-1.0))


def _entropy(proba: FloatArray) -> FloatArray:
    pairs = entr(proba) + entr(1 - proba)
    return np.asarray(pairs.sum(axis=1) / max(proba.shape[1], 1))


def _model_change(proba: FloatArray) -> FloatArray:
    return np.asarray((2 * proba * (1 - proba)).sum(axis=1))
