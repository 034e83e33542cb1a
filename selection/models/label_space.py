"""Label spaces: the set of answers an item can have, and all that depends on its shape.

A strategy, a model or an estimate never asks whether an item has one label or several: it calls
a method of the `LabelSpace` it is given. Another kind of answer is another class with the same
methods.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import AnyArray, BoolArray, FloatArray, IntArray

# Labels (n,) of at least two classes -> weights (r, S) and intercepts (S,) of the S classes.
Solver = Callable[[IntArray], tuple[FloatArray, FloatArray]]


class Ambiguity(NamedTuple):
    """The `classes` that a prediction is about, and what it says of them.

    "expects" one class, "hesitates" between two, or is "unsure" whether one applies.
    """

    kind: Literal["expects", "hesitates", "unsure"]
    classes: tuple[int, ...]


@dataclass(frozen=True)
class LabelSpace(ABC):
    """The answers over `n_classes` classes that an item can have.

    `kind` names the space, `code` is its number in stored models. A model needs examples of at
    least `min_classes` classes. `is_nominal` tells whether an answer is one of `n_classes`
    categories, which chance-corrected agreement and Dawid-Skene consensus require.

    Targets `y` are an array with one row an item; their shape belongs to the space. Probabilities
    `proba` (n, C) are aligned with the classes. Scores are higher where an item should be asked
    sooner.
    """

    n_classes: int

    kind: ClassVar[str]
    code: ClassVar[int]
    min_classes: ClassVar[int]
    is_nominal: ClassVar[bool]

    # Targets ---------------------------------------------------------------------------------

    @abstractmethod
    def check_targets(self, y: ArrayLike, n: int) -> IntArray:
        """Return `y` as the targets of `n` rows.

        Raises ValueError for another shape, or naming the row that holds no valid target.
        """

    @abstractmethod
    def from_indicator(self, table: ArrayLike) -> IntArray:
        """Return the targets of a 0/1 `table` (n, C) of classes; inverse of `indicator`."""

    @abstractmethod
    def indicator(self, y: ArrayLike) -> BoolArray:
        """Return the classes of each target as a table (n, C) of booleans."""

    @abstractmethod
    def has_class(self, y: ArrayLike, number: int) -> BoolArray:
        """Return which of the targets `y` (n rows) hold the class `number`: (n,)."""

    @abstractmethod
    def classes_seen(self, y: ArrayLike) -> IntArray:
        """Return the numbers of the classes that occur in `y`, ascending: (S,)."""

    @abstractmethod
    def class_counts(self, y: ArrayLike) -> list[int]:
        """Return how many of the targets `y` hold each class: C numbers."""

    @abstractmethod
    def weight_targets(self, y: IntArray) -> BoolArray:
        """Return the columns (n, S) by which the weight of neighbour features is judged."""

    def is_trainable(self, classes_seen: int) -> bool:
        """Return whether a model can be fitted on examples of that many classes."""
        return classes_seen >= self.min_classes

    # Model -----------------------------------------------------------------------------------

    @abstractmethod
    def fit_columns(self, solve: Solver, y: IntArray, width: int) -> tuple[FloatArray, FloatArray]:
        """Return the weights (r, S) and intercepts (S,) of the S classes seen in `y`.

        `solve` fits one classification problem on the r = `width` columns of the training rows;
        the space decides which problems make up its own.
        """

    @abstractmethod
    def to_proba(self, decision: FloatArray) -> FloatArray:
        """Return the probabilities of the linear scores `decision` (n, S): (n, S)."""

    @abstractmethod
    def check_proba(self, proba: ArrayLike, *, first: int = 0) -> FloatArray:
        """Return `proba` (n, C) as checked float64 in a new array.

        `first` is the number of the first row where `proba` is a block of a larger table. Raises
        ValueError naming the first row that holds no probabilities of this space.
        """

    # Decisions -------------------------------------------------------------------------------

    @abstractmethod
    def decide(self, proba: AnyArray) -> IntArray:
        """Return the most likely answer of each row of `proba` (n, C), in the shape of targets."""

    @abstractmethod
    def confidence(self, proba: AnyArray) -> AnyArray:
        """Return the probability (n,) of the least certain part of each decision."""

    @abstractmethod
    def is_same(self, decisions: ArrayLike, y: ArrayLike) -> BoolArray:
        """Return which answers of `decisions` and `y` are wholly the same: (n,)."""

    def is_right(self, proba: AnyArray, y: ArrayLike) -> BoolArray:
        """Return for which rows of `proba` (n, C) the decision is the target in `y`: (n,)."""
        return self.is_same(self.decide(proba), y)

    def suggestion(self, row: AnyArray) -> tuple[list[int], float]:
        """Return the classes that a `row` (C,) of probabilities decides on, and its confidence."""
        rows = np.asarray(row)[None]
        classes = np.flatnonzero(self.indicator(self.decide(rows))[0])
        return [int(number) for number in classes], float(self.confidence(rows)[0])

    @abstractmethod
    def ambiguity(self, row: FloatArray) -> Ambiguity:
        """Return what a `row` (C,) of probabilities is least certain of."""

    # Uncertainty -----------------------------------------------------------------------------

    @abstractmethod
    def least_confident(self, proba: ArrayLike) -> FloatArray:
        """Return 1 - p of the least certain decision in each row of `proba` (n, C): (n,)."""

    @abstractmethod
    def margin(self, proba: ArrayLike) -> FloatArray:
        """Return minus the lead of the decision over its alternative in each row: (n,), -1 to 0."""

    @abstractmethod
    def entropy(self, proba: ArrayLike) -> FloatArray:
        """Return the entropy in nats of each row of `proba` (n, C): (n,)."""

    @abstractmethod
    def bald(self, proba: ArrayLike) -> FloatArray:
        """Return the mutual information in nats of answer and member: (T, n, C) -> (n,)."""

    @abstractmethod
    def expected_model_change(self, proba: ArrayLike, features: ArrayLike) -> FloatArray:
        """Return the expected gradient length of a linear head: (n, C), (n, d) -> (n,)."""

    @abstractmethod
    def gradient_errors(self, proba: ArrayLike) -> FloatArray:
        """Return p minus the decision for each row of `proba` (n, C), the factor of BADGE."""

    def uncertainty(self, proba: ArrayLike) -> FloatArray:
        """Return how close each decision is to its alternative: (n,), 0 (sure) to 1 (level)."""
        return np.asarray(1.0 + self.margin(proba))

    # Predictions of another model ------------------------------------------------------------

    @property
    @abstractmethod
    def undecided(self) -> float:
        """The probability of each class where nothing is known of an item."""

    @abstractmethod
    def imported_proba(self, classes: Sequence[int], confidence: float) -> FloatArray | None:
        """Return the probabilities (C,) of an imported answer; None where it says nothing.

        `classes` are the numbers of the answer, `confidence` in [0, 1] is how sure the other
        model was. The other classes share the rest.
        """

    # Answers of several annotators ----------------------------------------------------------------

    @abstractmethod
    def majority(self, votes: IntArray, voters: IntArray) -> tuple[IntArray, BoolArray]:
        """Return the targets that most votes give, and which items have one: (n,).

        `votes` (n, 2, C) counts all votes for each class and those of annotators alone, who break
        ties; `voters` (n, 2) counts the people likewise.
        """

    @abstractmethod
    def answer_codes(self, given: BoolArray) -> IntArray:
        """Return one number for each answer `given` (m, C), equal for equal ones; -1 for none."""
