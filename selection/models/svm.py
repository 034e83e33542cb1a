"""Linear support vector machine with calibrated probabilities."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from selection.core.arrays import FloatArray, IntArray
from selection.features.matrix import Features
from selection.models import SingleLabel
from selection.models.block_weights import block_weights, scale_blocks
from selection.models.logistic import (
    Model,
    assemble,
    check_labelled,
    class_weights,
    fit,
    unscale_model,
)
from selection.models.row_space import Reduction, reduce_rows

STRENGTH = 0.3  # inverse regularisation C of the squared hinge loss
FOLDS = 5
SHARPEST = 50.0  # where no answer left out was wrong, the best temperature would be zero


def fit_svm(X: Features, y: ArrayLike, space: SingleLabel, *, seed: int = 0) -> Model:
    """Return a one-against-rest linear SVM (squared hinge) whose probabilities are calibrated.

    `X` (n rows) and `y` (n,) as in `logistic.fit`, for one label per item. Probabilities
    come from a softmax with one temperature, fitted to out-of-fold scores in 5 folds (Guo et al.
    2017), so the result is a plain linear `Model`. With a single class, or one example per class,
    nothing can be calibrated and `logistic.fit` takes over. Raises ValueError as that does.

    >>> X = Features(None, np.repeat([[0.0, 1.0], [1.0, 0.0]], 4, axis=0).astype(np.float32))
    >>> fit_svm(X, [0] * 4 + [2] * 4, SingleLabel(3)).predict_proba(X.take([0])).argmax()
    np.int64(0)
    """
    labels = check_labelled(X, y, space)
    classes, numbers = np.unique(labels, return_inverse=True)
    if len(classes) < 2 or np.bincount(numbers).min() < 2:
        return fit(X, y, space, seed=seed)
    weighed = block_weights(X, labels[:, None] == classes, seed=seed)
    reduction = reduce_rows(scale_blocks(X, weighed))
    sharpness = _sharpness(reduction, numbers, seed)
    weights, intercept = _solve(reduction, numbers, np.arange(len(numbers)), seed)
    model = assemble(reduction, sharpness * weights, sharpness * intercept, space, classes)
    return unscale_model(model, X, weighed)


def _sharpness(reduction: Reduction, numbers: IntArray, seed: int) -> float:
    scores = np.zeros((len(numbers), numbers.max() + 1))
    for rows in _folds(numbers, seed):
        rest = np.setdiff1d(np.arange(len(numbers)), rows)
        weights, intercept = _solve(reduction, numbers, rest, seed)
        scores[rows] = reduction.rows[rows] @ weights + intercept

    def loss(sharpness: float) -> float:
        return -float(log_softmax(sharpness * scores, axis=1)[range(len(numbers)), numbers].mean())

    return float(minimize_scalar(loss, bounds=(0.1, SHARPEST), method="bounded").x)


def _folds(numbers: IntArray, seed: int) -> list[IntArray]:
    # Stratified by class, so that every class is in each fold's training rows.
    shuffled = np.random.default_rng(seed).permutation(len(numbers))
    order = shuffled[np.argsort(numbers[shuffled], kind="stable")]
    return [order[fold::FOLDS] for fold in range(min(FOLDS, len(order)))]


def _solve(
    reduction: Reduction, numbers: IntArray, rows: IntArray, seed: int
) -> tuple[FloatArray, FloatArray]:
    y = numbers[rows]
    solver = LinearSVC(C=STRENGTH, class_weight=class_weights(y), random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        solver.fit(reduction.rows[rows], y)
    weights, intercept = solver.coef_.T, solver.intercept_
    if weights.shape[1] == 1:
        # Two opposite scores, because the softmax expects one per class.
        return np.hstack([-weights, weights]), np.concatenate([-intercept, intercept])
    return weights, intercept
