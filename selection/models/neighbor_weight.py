"""Weight of the neighbour features, chosen by leave-one-out on the labels.

Where neighbours share a label, their mean is more informative than the item itself; elsewhere it
adds noise. The best weight differs between projects and changes with the number of labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg
from scipy.special import logsumexp

from selection.core.arrays import AnyArray, FloatArray
from selection.features.matrix import Features

WEIGHTS = (0.0, 0.7, 1.4, 2.0)
RIDGES = (0.3, 1.0, 3.0)
TEMPERATURES = (0.03, 0.06, 0.12, 0.25)
USUAL = 1.4  # while there are too few labels to judge
MIN_ROWS = 10
MAX_ROWS = 300  # labels that judge: the cost grows with their cube, 50 ms here


def neighbour_weight(X: Features, Y: AnyArray, *, seed: int) -> float:
    """Return the best of four weights for the neighbour columns of the labelled `X` (n rows).

    `Y` (n, S) is true for the classes of each row. Each weight is judged by what regularised least
    squares would say about every label without having seen it, which has a closed form: the
    leave-one-out residual is that of the fit divided by the diagonal of the inverse (Allen 1974;
    Rifkin and Lippert 2007). The best log-likelihood over three ridges and four temperatures wins;
    the smaller weight on a tie.

    >>> own, others = np.zeros((10, 1)), np.repeat([[-1.0], [1.0]], 5, axis=0)
    >>> X = Features(None, np.hstack([own, others]).astype(np.float32), (0, 1), (1, 2))
    >>> neighbour_weight(X, np.repeat(np.eye(2, dtype=bool), 5, axis=0), seed=0) > 0
    True
    """
    start, stop = X.neighbours
    if start == stop or len(X) < MIN_ROWS:
        return USUAL
    rows = np.sort(np.random.default_rng(seed).permutation(len(X))[:MAX_ROWS])
    some, truth = X.take(rows), Y[rows].astype(np.float64)
    dense = np.asarray(some.dense, dtype=np.float64)
    around = dense[:, start:stop]
    theirs = around @ around.T
    # One for the intercept, which every kernel machine with a constant column has.
    own = 1.0 + dense @ dense.T - theirs + _products(some.sparse)
    losses = [_left_out_loss(own + weight**2 * theirs, truth) for weight in WEIGHTS]
    return WEIGHTS[int(np.argmin(np.round(losses, 6)))]


def scale_neighbor_columns(X: Features, weight: float) -> Features:
    """Return `X` with its neighbour columns times `weight`.

    >>> X = Features(None, np.ones((1, 2), dtype=np.float32), (0, 1), (1, 2))
    >>> scale_neighbor_columns(X, 0.5).dense
    array([[1. , 0.5]], dtype=float32)
    """
    start, stop = X.neighbours
    if start == stop or X.dense is None:
        return X
    dense = X.dense.copy()
    dense[:, start:stop] *= weight
    return Features(X.sparse, dense, X.spread, X.neighbours)


def _products(rows: Any) -> Any:
    if rows is None:
        return 0.0
    exact = rows.astype(np.float64)
    return (exact @ exact.T).toarray()


def _left_out_loss(kernel: FloatArray, truth: FloatArray) -> float:
    values, vectors = linalg.eigh(kernel, driver="evd")
    losses: list[float] = []
    for ridge in RIDGES:
        inverse = (vectors / (np.maximum(values, 0.0) + ridge)) @ vectors.T
        said = truth - (inverse @ truth) / np.diag(inverse)[:, None]
        losses.extend(_log_loss(said / temperature, truth) for temperature in TEMPERATURES)
    return min(losses)


def _log_loss(scores: FloatArray, truth: FloatArray) -> float:
    counts = truth.sum(axis=1)
    told: FloatArray = (scores * truth).sum(axis=1) - counts * logsumexp(scores, axis=1)
    return -float(told.mean())
