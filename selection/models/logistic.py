"""The model: a balanced logistic regression, trained in a moment and stored as plain arrays."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression

from selection.core.arrays import (
    BLOCK,
    AnyArray,
    BoolArray,
    Float32Array,
    FloatArray,
    IntArray,
    refuse_rows,
)
from selection.features.matrix import Features
from selection.models.neighbor_weight import neighbour_weight, scale_neighbor_columns
from selection.models.row_space import Reduction, reduce_rows

STRENGTH = 1.0  # inverse regularisation C; see tests/bench/label_efficiency.py
MAX_STEPS = 200
TOLERANCE = 3e-4


@dataclass(frozen=True)
class Model:
    """Linear scores of the S classes that were seen, aligned with the project's `n_classes`.

    `columns` (s,) are the sparse columns that the labelled rows use, `sparse_weights` (s, S) and
    `dense_weights` (d, S) their weights, `intercept` (S,), `classes` (S,) the class numbers.
    """

    n_classes: int
    classes: IntArray
    columns: IntArray
    sparse_weights: Float32Array
    dense_weights: Float32Array
    intercept: Float32Array
    multi_label: bool = False

    @property
    def n_seen(self) -> int:
        """How many classes had at least one example."""
        return len(self.classes)

    def predict_proba(self, X: Features) -> Float32Array:
        """Return the probabilities (n, n_classes) of `X`; 0 for a class that was never seen.

        Rows sum to 1, except with several labels per item, where each column is its own yes/no.
        With a single class seen its probability is 1, which says nothing: ask `n_seen` first.
        """
        proba = np.zeros((len(X), self.n_classes), dtype=np.float32)
        spread_out = self._spread_out(X)
        for start in range(0, len(X), BLOCK):
            rows = slice(start, start + BLOCK)
            scores = self._decide(X.take(rows), spread_out)
            proba[rows, self.classes] = (
                expit(scores) if self.multi_label else softmax(scores, axis=1)
            )
        return proba

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return the model as numeric arrays."""
        return {
            "shape": np.array([self.n_classes, int(self.multi_label)], dtype=np.int64),
            "classes": self.classes,
            "columns": self.columns,
            "sparse_weights": self.sparse_weights,
            "dense_weights": self.dense_weights,
            "intercept": self.intercept,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> Model:
        """Return the model that `to_arrays` described."""
        n_classes, multi_label = (int(number) for number in arrays["shape"])
        return cls(
            n_classes,
            np.asarray(arrays["classes"]),
            np.asarray(arrays["columns"]),
            np.asarray(arrays["sparse_weights"]),
            np.asarray(arrays["dense_weights"]),
            np.asarray(arrays["intercept"]),
            bool(multi_label),
        )

    def _spread_out(self, X: Features) -> Float32Array | None:
        # One product with a mostly empty (V, S) matrix is far cheaper than picking columns of X.
        if X.sparse is None or not len(self.columns):
            return None
        if self.columns[-1] >= X.sparse.shape[1]:
            raise ValueError("these features come from another encoder than the model's")
        weights = np.zeros((X.sparse.shape[1], self.n_seen), dtype=np.float32)
        weights[self.columns] = self.sparse_weights
        return weights

    def _decide(self, X: Features, spread_out: Float32Array | None) -> FloatArray:
        scores = np.zeros((len(X), self.n_seen))
        scores += self.intercept
        if spread_out is not None:
            scores += X.sparse @ spread_out
        if X.dense is not None and len(self.dense_weights):
            scores += X.dense @ self.dense_weights
        return scores


def fit(
    X: Features,
    y: ArrayLike,
    n_classes: int,
    *,
    seed: int = 0,
    multi_label: bool = False,
    neighbours: float | None = None,
) -> Model:
    """Return the model that the labelled rows `X` (n rows) with labels `y` teach.

    `y` (n,) holds class numbers below `n_classes`, or with `multi_label` a 0/1 table
    (n, n_classes). Classes weigh the same however rare they are. Raises ValueError for labels out
    of range or features that are not finite, naming the row. `neighbours` weighs the neighbour
    columns; without it their worth is judged on the labels (see `blending`), for which `seed` draws
    a sample where there are many.

    >>> X = Features(None, np.array([[0.0, 1.0], [1.0, 0.0]], dtype=np.float32))
    >>> fit(X, [0, 2], n_classes=3).predict_proba(X).round(1)
    array([[0.6, 0. , 0.4],
           [0.4, 0. , 0.6]], dtype=float32)
    """
    _check_features(X)
    weight = neighbours
    if weight is None:
        weight = neighbor_weight(X, y, n_classes, seed=seed, multi_label=multi_label)
    if multi_label:
        model = _fit_many(scale_neighbor_columns(X, weight), _label_table(y, len(X), n_classes))
    else:
        model = _fit_one(
            scale_neighbor_columns(X, weight), _class_numbers(y, len(X), n_classes), n_classes
        )
    return unscale_model(model, X, weight)


def neighbor_weight(
    X: Features, y: ArrayLike, n_classes: int, *, seed: int = 0, multi_label: bool = False
) -> float:
    """Return the weight that `fit` gives the neighbour columns of `X` by itself; `y` as in `fit`.

    >>> X = Features(None, np.eye(2, dtype=np.float32))
    >>> neighbor_weight(X, [0, 1], 2)
    1.4
    """
    if multi_label:
        return neighbour_weight(X, _label_table(y, len(X), n_classes).astype(bool), seed=seed)
    labels = _class_numbers(y, len(X), n_classes)
    return neighbour_weight(X, labels[:, None] == np.unique(labels), seed=seed)


def cross_fit(
    X: Features,
    y: ArrayLike,
    held_out: ArrayLike,
    n_classes: int,
    *,
    folds: int = 5,
    seed: int,
    multi_label: bool = False,
) -> Float32Array:
    """Return probabilities (m, n_classes) of the m `held_out` rows by models that never saw them.

    `held_out` (n,) is true for the rows that are audited. Each of at most `folds` models trains on
    all rows but its share of them, and predicts that share; the answer is in row order.

    >>> X = Features(None, np.eye(4, dtype=np.float32))
    >>> cross_fit(X, [0, 1, 0, 1], [False, False, True, True], 2, seed=0).shape
    (2, 2)
    """
    audited = np.flatnonzero(_mask(held_out, len(X)))
    labels = np.asarray(y)
    proba = np.zeros((len(audited), n_classes), dtype=np.float32)
    order = np.random.default_rng(seed).permutation(len(audited))
    for fold in range(min(folds, len(audited))):
        share = order[fold::folds]
        rest = np.setdiff1d(np.arange(len(X)), audited[share])
        if not len(rest):
            raise ValueError("nothing is left to train on: add labels that are not audited")
        model = fit(X.take(rest), labels[rest], n_classes, seed=seed, multi_label=multi_label)
        proba[share] = model.predict_proba(X.take(audited[share]))
    return proba


def check_labelled(X: Features, y: ArrayLike, n_classes: int) -> IntArray:
    """Return `y` (n,) as class numbers, or raise ValueError naming the row that cannot be learnt.

    >>> check_labelled(Features(None, np.zeros((2, 1), dtype=np.float32)), [0, 1], 2)
    array([0, 1])
    """
    _check_features(X)
    return _class_numbers(y, len(X), n_classes)


def unscale_model(model: Model, X: Features, weight: float) -> Model:
    """Return the `model` of `blending.weighed(X, weight)` as one of `X` itself.

    A weight on a column is a weight on what was learnt for it, so the model stays a plain one.

    >>> X = Features(None, np.eye(2, dtype=np.float32), (0, 1), (1, 2))
    >>> unscale_model(fit(X, [0, 1], 2), X, 0.0).dense_weights[1]
    array([-0.,  0.], dtype=float32)
    """
    start, stop = X.neighbours
    if start == stop or not len(model.dense_weights):
        return model
    dense_weights = model.dense_weights.copy()
    dense_weights[start:stop] *= weight
    return replace(model, dense_weights=dense_weights)


def _fit_one(X: Features, y: IntArray, n_classes: int) -> Model:
    classes = np.unique(y)
    if len(classes) == 1:
        return _constant(X, n_classes, classes)
    reduction = reduce_rows(X)
    weights, intercept = _solve(reduction, y)
    return assemble(reduction, weights, intercept, n_classes, classes)


def _fit_many(X: Features, y: IntArray) -> Model:
    reduction = reduce_rows(X)
    seen = np.flatnonzero(y.any(axis=0))
    weights = np.zeros((reduction.width, len(seen)))
    # Always yes so far: there is no boundary to learn, the answer stays yes.
    intercept = np.full(len(seen), np.inf)
    for i, label in enumerate(seen):
        if not y[:, label].all():
            pair, offset = _solve(reduction, y[:, label])
            # Two opposite columns, of which a yes/no needs their difference.
            weights[:, i], intercept[i] = pair[:, 1] - pair[:, 0], offset[1] - offset[0]
    return assemble(reduction, weights, intercept, y.shape[1], seen, multi_label=True)


def _solve(reduction: Reduction, y: IntArray) -> tuple[FloatArray, FloatArray]:
    solver = LogisticRegression(
        C=STRENGTH, class_weight=class_weights(y), max_iter=MAX_STEPS, tol=TOLERANCE
    )
    with warnings.catch_warnings():
        # A class for every other row looks like regression to it; at the start it is normal.
        warnings.filterwarnings("ignore", message="The number of unique classes")
        solver.fit(reduction.rows, y)
    weights, intercept = solver.coef_.T, solver.intercept_
    if weights.shape[1] == 1:
        # The sigmoid of a score is the softmax of its two halves.
        weights, intercept = np.hstack([-weights, weights]) / 2, np.repeat(intercept, 2) / 2
        intercept = intercept * np.array([-1.0, 1.0])
    return weights, intercept


def class_weights(y: IntArray) -> dict[int, float]:
    """Return the weight of an item of each class in `y` (n,): the rarer, the more, 1 on average.

    >>> {c: round(weight, 2) for c, weight in class_weights(np.array([0, 0, 0, 1])).items()}
    {0: 0.67, 1: 2.0}
    """
    # The power 1 weighs all classes alike, 0 all items alike. With few labels balance helps most;
    # with many it makes the model call too much rare (question types at 1,000 labels, 1.6 % rare:
    # 0.70 right with power 1, 0.80 with 0.5). So: 1 up to 10 labels, 0.75 at 100, 0.5 at 1,000.
    power = float(np.clip(1.25 - 0.25 * np.log10(len(y)), 0.25, 1.0))
    classes, counts = np.unique(y, return_counts=True)
    weights = (len(y) / (len(classes) * counts)) ** power
    weights *= len(y) / (weights * counts).sum()
    return dict(zip(classes.tolist(), weights.tolist(), strict=True))


def assemble(
    reduction: Reduction,
    weights: FloatArray,
    intercept: FloatArray,
    n_classes: int,
    classes: IntArray,
    *,
    multi_label: bool = False,
) -> Model:
    """Return the model whose `weights` (r, S) and `intercept` (S,) were learnt on `reduction`.

    >>> rows = reduce_rows(Features(None, np.eye(2, dtype=np.float32)))
    >>> assemble(rows, np.eye(2), np.zeros(2), 3, np.array([0, 2])).n_seen
    2
    """
    sparse_weights, dense_weights = reduction.restore(weights)
    return Model(
        n_classes,
        classes.astype(np.int64),
        reduction.columns,
        sparse_weights,
        dense_weights,
        intercept.astype(np.float32),
        multi_label,
    )


def _constant(X: Features, n_classes: int, classes: IntArray) -> Model:
    nothing = np.zeros((0, 1), dtype=np.float32)
    empty = np.zeros(0, dtype=np.int64)
    return Model(
        n_classes, classes.astype(np.int64), empty, nothing, nothing, np.zeros(1, np.float32)
    )


def _check_features(X: Features) -> None:
    if not len(X):
        raise ValueError("nothing is labelled yet")
    if X.dense is not None:
        refuse_rows(~np.isfinite(X.dense).all(axis=1), "features are not finite")
    if X.sparse is not None and not np.isfinite(X.sparse.data).all():
        sums: Any = abs(X.sparse).sum(axis=1)
        refuse_rows(~np.isfinite(np.asarray(sums).ravel()), "features are not finite")


def _class_numbers(y: ArrayLike, n: int, n_classes: int) -> IntArray:
    labels = np.asarray(y)
    if labels.shape != (n,):
        raise ValueError(f"y has shape {labels.shape} for {n} rows")
    bad = ~np.isin(labels, np.arange(n_classes))
    refuse_rows(bad, f"y is not a class number below {n_classes}")
    return labels.astype(np.int64)


def _label_table(y: ArrayLike, n: int, n_classes: int) -> IntArray:
    labels = np.asarray(y)
    if labels.shape != (n, n_classes):
        raise ValueError(f"y has shape {labels.shape} for {n} rows and {n_classes} labels")
    refuse_rows(~np.isin(labels, (0, 1)).all(axis=1), "y holds something other than 0 and 1")
    return labels.astype(np.int64)


def _mask(held_out: ArrayLike, n: int) -> BoolArray:
    mask = np.asarray(held_out)
    if mask.dtype != np.bool_ or mask.shape != (n,):
        raise ValueError(f"held_out must be {n} booleans, not {mask.dtype} {mask.shape}")
    return mask
