"""Inputs and results of a simulation: labelled data sets, plans and runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from numpy.typing import ArrayLike

from selection.core.arrays import BoolArray, Float32Array, FloatArray, IntArray
from selection.features.matrix import Features
from selection.models import LabelSpace, logistic
from selection.models.label_texts import LabelTexts


class Predictor(Protocol):
    """A fitted model that predicts probabilities."""

    def predict_proba(self, X: Features) -> Float32Array:
        """Return probabilities (n, C)."""
        ...


class Learner(Protocol):
    """A function that fits a model on labelled rows, as `models.logistic.fit` does."""

    def __call__(self, X: Features, y: ArrayLike, space: LabelSpace, *, seed: int) -> Predictor:
        """Return a model fitted on the rows `X` with targets `y`."""
        ...


@dataclass(frozen=True)
class LabelledDataset:
    """A fully labelled pool, and a test set that nothing is fitted on.

    `y` are the targets of `X` (n rows) in `space`; `truth` those of the `test` rows, None without a
    test set. The found share of `rare_class` is counted; strategies know the class only if
    `rare_class_declared`. `prior` (n, C) holds imported predictions of another model, or None.
    `texts` of the labels teach committees; `taught_by` has `learner` learn from them as well.
    """

    X: Features
    y: IntArray
    space: LabelSpace
    rare_class: int
    test: Features | None = None
    truth: IntArray | None = None
    rare_class_declared: bool = False
    prior: Float32Array | None = None
    learner: Learner = logistic.fit
    texts: LabelTexts | None = None

    @property
    def rare(self) -> BoolArray:
        """Return which items (n,) have the rare class."""
        return self.space.has_class(self.y, self.rare_class)

    def taught_by(self, texts: LabelTexts) -> LabelledDataset:
        """Return the same data where models and committees learn from the labels' texts, too."""
        return replace(self, learner=partial(logistic.fit, texts=texts), texts=texts)


@dataclass(frozen=True)
class Plan:
    """Extent of a run: until `labels` are spent or the share `until_found` of rare items is found.

    Of every batch, `audit_share` goes to random items, as the audits of the app do; they are
    labels like the others, train the model and are counted. `hunts` is true where the goal is the
    recall of the declared rare class, for which `auto` then searches.
    """

    labels: int
    batch: int = 20
    audit_share: float = 0.0
    until_found: float = 1.01
    hunts: bool = False


@dataclass(frozen=True)
class Run:
    """Results of one strategy with one seed, after each batch.

    `labels` (m,) spent so far, audits included; `accuracy` and `macro_f1` (m,) on the test set, NaN
    without one; `rare_found` (m,) the share of the pool's rare items that was labelled; `asked`
    (labels[-1],) the rows in the order of asking; `audited` (m,) how many of them were audits.
    """

    strategy: str
    seed: int
    labels: IntArray
    accuracy: FloatArray
    macro_f1: FloatArray
    rare_found: FloatArray
    audited: IntArray
    asked: IntArray
    seconds_per_round: float


def macro_f1(truth: ArrayLike, said: ArrayLike, space: LabelSpace) -> float:
    """Return the mean F1 over the classes that occur in `truth`; `said` are the decisions.

    >>> from selection.models import SingleLabel
    >>> macro_f1([0, 0, 1, 1], [0, 0, 0, 1], SingleLabel(3)).__round__(3)
    0.733
    """
    is_true, is_said = space.indicator(truth), space.indicator(said)
    hits = (is_true & is_said).sum(axis=0)
    both = is_true.sum(axis=0) + is_said.sum(axis=0)
    present = is_true.any(axis=0)
    return float((2 * hits[present] / both[present]).mean()) if present.any() else 0.0
