"""Balanced logistic regression on sparse and dense features, stored as plain arrays."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
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
from selection.models import LABEL_SPACES, LabelSpace
from selection.models.block_weights import (
    FEW,
    BlockWeights,
    block_weights,
    column_weights,
    scale_blocks,
)
from selection.models.label_texts import LabelTexts, Taught, with_texts
from selection.models.row_space import Reduction, reduce_rows

STRENGTH = 1.0  # inverse regularisation C; see tests/bench/label_efficiency.py
MAX_STEPS = 200
TOLERANCE = 3e-4


@dataclass(frozen=True)
class Model:
    """Linear scores of the S classes that were seen, aligned with the classes of `space`.

    `columns` (s,) are the sparse columns that the labelled rows use, `sparse_weights` (s, S) and
    `dense_weights` (d, S) their weights, `intercept` (S,), `classes` (S,) the class numbers.
    `weights` tell what each block of the features counted for in training; the linear weights
    include them.
    """

    space: LabelSpace
    classes: IntArray
    columns: IntArray
    sparse_weights: Float32Array
    dense_weights: Float32Array
    intercept: Float32Array
    weights: BlockWeights = FEW

    @property
    def n_classes(self) -> int:
        """Number of classes in the label space."""
        return self.space.n_classes

    @property
    def n_seen(self) -> int:
        """Number of classes with at least one example."""
        return len(self.classes)

    def predict_proba(self, X: Features) -> Float32Array:
        """Return the probabilities (n, C) of `X` (n rows); 0 for a class that was never seen.

        With a single class seen its probability may be 1, which says nothing: check `n_seen`.
        """
        proba = np.zeros((len(X), self.n_classes), dtype=np.float32)
        spread_out = self._spread_out(X)
        for start in range(0, len(X), BLOCK):
            rows = slice(start, start + BLOCK)
            scores = self._decide(X.take(rows), spread_out)
            proba[rows, self.classes] = self.space.to_proba(scores)
        return proba

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return the model as numeric arrays."""
        return {
            "shape": np.array([self.n_classes, self.space.code], dtype=np.int64),
            "classes": self.classes,
            "columns": self.columns,
            "sparse_weights": self.sparse_weights,
            "dense_weights": self.dense_weights,
            "intercept": self.intercept,
            "block_weights": np.array(self.weights, dtype=np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> Model:
        """Return the model that `to_arrays` described."""
        n_classes, code = (int(number) for number in arrays["shape"])
        # Models of before lack them: nothing is computed from them.
        weights = arrays.get("block_weights", np.array(FEW))
        return cls(
            LABEL_SPACES[code](n_classes),
            np.asarray(arrays["classes"]),
            np.asarray(arrays["columns"]),
            np.asarray(arrays["sparse_weights"]),
            np.asarray(arrays["dense_weights"]),
            np.asarray(arrays["intercept"]),
            BlockWeights(*(float(weight) for weight in weights)),
        )

    def _spread_out(self, X: Features) -> Float32Array | None:
        # One product with a sparse (V, S) matrix is far cheaper than selecting columns of X.
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
    space: LabelSpace,
    *,
    seed: int = 0,
    weights: BlockWeights | None = None,
    texts: LabelTexts | None = None,
) -> Model:
    """Return a balanced logistic regression of the labelled rows `X` (n rows) and targets `y`.

    Classes weigh the same however rare they are. `weights` are those of the feature blocks; without
    them `judge_blocks` finds them on the labels, sampled with `seed` where there are many. The
    `texts` of labels are examples, too, as far as the labels leave them in the right.
    Raises ValueError for targets outside `space` or features that are not finite, naming the row.

    >>> from selection.models import SingleLabel
    >>> X = Features(None, np.array([[0.0, 1.0], [1.0, 0.0]], dtype=np.float32))
    >>> fit(X, [0, 2], SingleLabel(3)).predict_proba(X).round(1)
    array([[0.6, 0. , 0.4],
           [0.4, 0. , 0.6]], dtype=float32)
    """
    labels = check_labelled(X, y, space)
    taught = with_texts(X, labels, space, texts)
    if weights is None:
        weights = _judged(taught, space, seed)
    if not weights.label_texts:
        taught = Taught(X, labels)
    counts = taught.counts(weights.label_texts)
    reduction = reduce_rows(scale_blocks(taught.X, weights))
    solve = partial(_solve, reduction, counts)
    learnt, intercept = space.fit_columns(solve, taught.y, reduction.width)
    model = assemble(reduction, learnt, intercept, space, space.classes_seen(taught.y))
    return unscale_model(model, X, weights)


def judge_blocks(
    X: Features,
    y: ArrayLike,
    space: LabelSpace,
    *,
    seed: int = 0,
    texts: LabelTexts | None = None,
) -> BlockWeights:
    """Return the weights that `fit` gives the blocks of `X` and the `texts`; `y` as in `fit`.

    >>> from selection.models import SingleLabel
    >>> X = Features(None, np.eye(2, dtype=np.float32))
    >>> judge_blocks(X, [0, 1], SingleLabel(2)).neighbours
    1.4
    """
    labels = space.check_targets(y, len(X))
    return _judged(with_texts(X, labels, space, texts), space, seed)


def _judged(taught: Taught, space: LabelSpace, seed: int) -> BlockWeights:
    targets = space.weight_targets(taught.y)
    return block_weights(taught.X, targets, seed=seed, n_texts=taught.n_texts)


def cross_fit(
    X: Features,
    y: ArrayLike,
    held_out: ArrayLike,
    space: LabelSpace,
    *,
    folds: int = 5,
    seed: int,
    texts: LabelTexts | None = None,
) -> Float32Array:
    """Return cross-fitted probabilities (m, C): each `held_out` row by a model that never saw it.

    `held_out` (n,) is true for m rows. Each of at most `folds` models trains on all rows but its
    share of these, and predicts that share; the result is in row order.

    >>> from selection.models import SingleLabel
    >>> X = Features(None, np.eye(4, dtype=np.float32))
    >>> cross_fit(X, [0, 1, 0, 1], [False, False, True, True], SingleLabel(2), seed=0).shape
    (2, 2)
    """
    audited = np.flatnonzero(_mask(held_out, len(X)))
    labels = np.asarray(y)
    proba = np.zeros((len(audited), space.n_classes), dtype=np.float32)
    order = np.random.default_rng(seed).permutation(len(audited))
    for fold in range(min(folds, len(audited))):
        share = order[fold::folds]
        rest = np.setdiff1d(np.arange(len(X)), audited[share])
        if not len(rest):
            raise ValueError("nothing is left to train on: add labels that are not audited")
        model = fit(X.take(rest), labels[rest], space, seed=seed, texts=texts)
        proba[share] = model.predict_proba(X.take(audited[share]))
    return proba


def check_labelled(X: Features, y: ArrayLike, space: LabelSpace) -> IntArray:
    """Return the targets `y` of `X` (n rows), or raise ValueError naming a row that is not valid.

    >>> from selection.models import SingleLabel
    >>> X = Features(None, np.zeros((2, 1), dtype=np.float32))
    >>> check_labelled(X, [0, 1], SingleLabel(2))
    array([0, 1])
    """
    _check_features(X)
    return space.check_targets(y, len(X))


def unscale_model(model: Model, X: Features, weights: BlockWeights) -> Model:
    """Return the `model` of `scale_blocks(X, weights)` as a model of `X` itself.

    Scaling a column is scaling its coefficients, so the result is a plain linear model.

    >>> from selection.features.matrix import Blocks
    >>> from selection.models import SingleLabel
    >>> X = Features(None, np.eye(2, dtype=np.float32), (0, 1), Blocks(neighbours=(1, 2)))
    >>> model = fit(X, [0, 1], SingleLabel(2))
    >>> unscale_model(model, X, BlockWeights(neighbours=0.0)).dense_weights[1]
    array([-0.,  0.], dtype=float32)
    """
    dense_weights = model.dense_weights
    if len(dense_weights):
        dense_weights = dense_weights * column_weights(X, weights)[:, None]
    sparse_weights = model.sparse_weights * np.float32(weights.exact)
    return replace(
        model, sparse_weights=sparse_weights, dense_weights=dense_weights, weights=weights
    )


def _solve(
    reduction: Reduction, counts: FloatArray | None, y: IntArray
) -> tuple[FloatArray, FloatArray]:
    solver = LogisticRegression(
        C=STRENGTH, class_weight=class_weights(y, counts), max_iter=MAX_STEPS, tol=TOLERANCE
    )
    with warnings.catch_warnings():
        # A class for every other row looks like regression to it; at the start this is normal.
        warnings.filterwarnings("ignore", message="The number of unique classes")
        solver.fit(reduction.rows, y, sample_weight=counts)
    weights, intercept = solver.coef_.T, solver.intercept_
    if weights.shape[1] == 1:
        # The sigmoid of a score is the softmax of its two halves.
        weights, intercept = np.hstack([-weights, weights]) / 2, np.repeat(intercept, 2) / 2
        intercept = intercept * np.array([-1.0, 1.0])
    return weights, intercept


def class_weights(y: IntArray, counts: FloatArray | None = None) -> dict[int, float]:
    """Return the weight of an item of each class in `y` (n,): the rarer, the more, 1 on average.

    `counts` (n,) tell for how many items each row stands; 1 without them.

    >>> {c: round(weight, 2) for c, weight in class_weights(np.array([0, 0, 0, 1])).items()}
    {0: 0.67, 1: 2.0}
    """
    # Power 1 weighs all classes equally, 0 all items equally. With few labels, balancing helps
    # most; with many it makes the model predict rare classes too often (question types at 1,000
    # labels, 1.6 % rare: accuracy 0.70 with power 1, 0.80 with 0.5). So: 1 up to 10 labels, 0.75 at
    # 100, 0.5 at 1,000.
    power = float(np.clip(1.25 - 0.25 * np.log10(len(y)), 0.25, 1.0))
    classes, numbers = np.unique(y, return_inverse=True)
    sizes = np.bincount(numbers, weights=counts)
    weights = (sizes.sum() / (len(classes) * sizes)) ** power
    weights *= sizes.sum() / (weights * sizes).sum()
    return dict(zip(classes.tolist(), weights.tolist(), strict=True))


def assemble(
    reduction: Reduction,
    weights: FloatArray,
    intercept: FloatArray,
    space: LabelSpace,
    classes: IntArray,
) -> Model:
    """Return the model whose `weights` (r, S) and `intercept` (S,) were learnt on `reduction`.

    >>> from selection.models import SingleLabel
    >>> rows = reduce_rows(Features(None, np.eye(2, dtype=np.float32)))
    >>> assemble(rows, np.eye(2), np.zeros(2), SingleLabel(3), np.array([0, 2])).n_seen
    2
    """
    sparse_weights, dense_weights = reduction.restore(weights)
    return Model(
        space,
        classes.astype(np.int64),
        reduction.columns,
        sparse_weights,
        dense_weights,
        intercept.astype(np.float32),
    )


def _check_features(X: Features) -> None:
    if not len(X):
        raise ValueError("nothing is labelled yet")
    if X.dense is not None:
        refuse_rows(~np.isfinite(X.dense).all(axis=1), "features are not finite")
    if X.sparse is not None and not np.isfinite(X.sparse.data).all():
        sums: Any = abs(X.sparse).sum(axis=1)
        refuse_rows(~np.isfinite(np.asarray(sums).ravel()), "features are not finite")


def _mask(held_out: ArrayLike, n: int) -> BoolArray:
    mask = np.asarray(held_out)
    if mask.dtype != np.bool_ or mask.shape != (n,):
        raise ValueError(f"held_out must be {n} booleans, not {mask.dtype} {mask.shape}")
    return mask
