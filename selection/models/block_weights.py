"""Weights of the feature blocks, chosen by leave-one-out on the labels.

Where neighbours share a label, their mean is more informative than the item itself; elsewhere it
adds noise, and so it is with a pretrained encoder and with single words. The best weights differ
between projects and change with the number of labels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import linalg
from scipy.special import logsumexp

from selection.core.arrays import AnyArray, Float32Array, FloatArray
from selection.features.matrix import Features

WEIGHTS = (0.0, 0.7, 1.4, 2.0)
RIDGES = (0.3, 1.0, 3.0)
TEMPERATURES = (0.03, 0.06, 0.12, 0.25)
MIN_ROWS = 10
MAX_ROWS = 300  # labels that judge: the cost grows with their cube
SWEEPS = 2
DIGITS = 6  # of a loss: less is a tie, in which the smaller weight wins


class BlockWeights(NamedTuple):
    """What each block of the features is multiplied by; 0 leaves it out.

    `exact` are the sparse columns, `itself` the dense ones in no named block.
    """

    exact: float = 1.0
    itself: float = 1.0
    neighbours: float = 1.4
    encoder: float = 1.0
    encoder_neighbours: float = 1.0


USUAL = BlockWeights()  # while there are too few labels to judge
GRIDS = {
    "exact": (0.0, 0.5, 1.0),
    "neighbours": WEIGHTS,
    "encoder": (0.0, 0.5, 1.0, 1.5),
    "encoder_neighbours": (0.0, 0.5, 1.0, 1.5),
}


def block_weights(X: Features, Y: AnyArray, *, seed: int) -> BlockWeights:
    """Return the best weights for the blocks of the labelled `X` (n rows).

    `Y` (n, S) is true for the classes of each row. Weights are judged by what regularised least
    squares would say about every label without having seen it, which has a closed form: the
    leave-one-out residual is that of the fit divided by the diagonal of the inverse (Allen 1974;
    Rifkin and Lippert 2007). The best log-likelihood over three ridges and four temperatures wins;
    the smaller weight on a tie. Several blocks are searched one after the other, twice.

    >>> from selection.features import Blocks
    >>> own, others = np.zeros((10, 1)), np.repeat([[-1.0], [1.0]], 5, axis=0)
    >>> X = Features(None, np.hstack([own, others]).astype(np.float32), blocks=Blocks((1, 2)))
    >>> block_weights(X, np.repeat(np.eye(2, dtype=bool), 5, axis=0), seed=0).neighbours > 0
    True
    """
    judged = _judged(X)
    if not judged or len(X) < MIN_ROWS:
        return USUAL
    rows = np.sort(np.random.default_rng(seed).permutation(len(X))[:MAX_ROWS])
    grams = _grams(X.take(rows))
    truth = Y[rows].astype(np.float64)
    weights = USUAL
    for _ in range(SWEEPS if len(judged) > 1 else 1):
        for name in judged:
            weights = _improved(weights, name, grams, truth)
    return weights


def scale_blocks(X: Features, weights: BlockWeights) -> Features:
    """Return `X` with every block times its weight.

    >>> from selection.features import Blocks
    >>> X = Features(None, np.ones((1, 2), dtype=np.float32), blocks=Blocks((1, 2)))
    >>> scale_blocks(X, BlockWeights(neighbours=0.5)).dense
    array([[1. , 0.5]], dtype=float32)
    """
    exact = X.sparse
    if exact is not None and weights.exact != 1.0:
        exact = exact * np.float32(weights.exact)
    dense = X.dense
    if dense is not None and (_judged(X) or weights.itself != 1.0):
        dense = dense * column_weights(X, weights)
    return Features(exact, dense, X.spread, X.blocks)


def column_weights(X: Features, weights: BlockWeights) -> Float32Array:
    """Return what each dense column of `X` is multiplied by: (d,).

    >>> from selection.features import Blocks
    >>> X = Features(None, np.ones((1, 2), dtype=np.float32), blocks=Blocks((1, 2)))
    >>> column_weights(X, BlockWeights(neighbours=0.5))
    array([1. , 0.5], dtype=float32)
    """
    width = 0 if X.dense is None else X.dense.shape[1]
    worth = np.full(width, weights.itself, dtype=np.float32)
    for name, (start, stop) in X.blocks._asdict().items():
        worth[start:stop] = getattr(weights, name)
    return worth


def _judged(X: Features) -> list[str]:
    """Return the names of the blocks of `X` whose weights are searched."""
    named = [name for name, (start, stop) in X.blocks._asdict().items() if start < stop]
    is_encoded = set(named) - {"neighbours"}
    return ["exact", *named] if is_encoded and X.sparse is not None else named


def _improved(
    weights: BlockWeights, name: str, grams: dict[str, FloatArray], truth: FloatArray
) -> BlockWeights:
    """Return `weights` with the best one of block `name`, all others as they are."""
    fixed = np.ones_like(grams["itself"])  # for the intercept
    for other, gram in grams.items():
        if other != name:
            fixed = fixed + getattr(weights, other) ** 2 * gram
    losses = [_left_out_loss(fixed + weight**2 * grams[name], truth) for weight in GRIDS[name]]
    best = GRIDS[name][int(np.argmin(np.round(losses, DIGITS)))]
    return weights._replace(**{name: best})


def _grams(some: Features) -> dict[str, FloatArray]:
    """Return the products (n, n) of the rows of each block that is there."""
    grams: dict[str, FloatArray] = {"itself": np.zeros((len(some), len(some)))}
    if some.sparse is not None:
        exact: Any = some.sparse.astype(np.float64)
        grams["exact"] = (exact @ exact.T).toarray()
    if some.dense is not None:
        dense = np.asarray(some.dense, dtype=np.float64)
        grams["itself"] = dense @ dense.T
        for name, (start, stop) in some.blocks._asdict().items():
            if start < stop:
                columns = dense[:, start:stop]
                grams[name] = columns @ columns.T
                grams["itself"] = grams["itself"] - grams[name]
    return grams


def _left_out_loss(kernel: FloatArray, truth: FloatArray) -> float:
    losses: list[float] = []
    for ridge in RIDGES:
        inverse = _inverse(kernel, ridge)
        said = truth - (inverse @ truth) / np.diag(inverse)[:, None]
        losses.extend(_log_loss(said / temperature, truth) for temperature in TEMPERATURES)
    return min(losses)


def _inverse(kernel: FloatArray, ridge: float) -> FloatArray:
    factor = linalg.cho_factor(kernel + ridge * np.eye(len(kernel)), overwrite_a=True)
    inverse: FloatArray = linalg.cho_solve(factor, np.eye(len(kernel)), overwrite_b=True)
    return inverse


def _log_loss(scores: FloatArray, truth: FloatArray) -> float:
    counts = truth.sum(axis=1)
    told: FloatArray = (scores * truth).sum(axis=1) - counts * logsumexp(scores, axis=1)
    return -float(told.mean())
