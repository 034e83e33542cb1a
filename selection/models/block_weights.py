"""Weights of the feature blocks, chosen by leave-one-out on the labels.

Where neighbours share a label, their mean is more informative than the item itself; elsewhere it
adds noise, and so it is with a pretrained encoder and with the texts of the labels. The best
weights differ between projects and change with the number of labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import linalg
from scipy.special import logsumexp

from selection.core.arrays import AnyArray, Float32Array, FloatArray
from selection.features.matrix import NO_BLOCKS, Features

WEIGHTS = (0.0, 0.7, 1.4, 2.0)
RIDGES = (0.3, 1.0, 3.0)
TEMPERATURES = (0.03, 0.06, 0.12, 0.25)
MIN_ROWS = 10
MAX_ROWS = 300  # labels that judge: the cost grows with their cube
MAX_ROWS_OF_SEVERAL = 200  # where several blocks are judged, which takes many more trials
DIGITS = 6  # of a loss: less is a tie, in which the smaller weight wins


class BlockWeights(NamedTuple):
    """What each block of the features is multiplied by; 0 leaves it out.

    `exact` are the sparse columns, `itself` the dense ones in no named block. `label_texts` tells
    how many examples the text of a label counts for.
    """

    exact: float = 1.0
    itself: float = 1.0
    neighbours: float = 1.4
    encoder: float = 1.0
    encoder_neighbours: float = 1.0
    label_texts: float = 0.0

    def present(self, X: Features) -> list[str]:
        """Return the names of the weights that bear on features like `X`.

        >>> X = Features(None, np.eye(2, dtype=np.float32))
        >>> BlockWeights().present(X), BlockWeights(label_texts=1.0).present(X)
        (['itself'], ['itself', 'label_texts'])
        """
        named = [name for name, (start, stop) in X.blocks._asdict().items() if start < stop]
        exact = [] if X.sparse is None else ["exact"]
        own = [] if X.dense is None else ["itself"]
        return [*exact, *own, *named, *(["label_texts"] if self.label_texts else [])]


FEW = BlockWeights()  # while there are too few labels to judge
# What labels are pulled towards. From 20 on, less of the encoder is as good on most sets, and
# better where one label is rare or the vectors do not tell labels apart.
USUAL = BlockWeights(encoder=0.7, encoder_neighbours=0.7)
USUAL_TEXTS = 1.0
# Columns of an encoder have length 2 already.
GRIDS = {
    "neighbours": WEIGHTS,
    "encoder": (0.0, 0.35, 0.7, 1.0, 1.5),
    "encoder_neighbours": (0.0, 0.35, 0.7, 1.0, 1.5),
    "label_texts": (0.0, 0.5, 1.0, 2.0, 4.0),
}
# Pull towards the usual weights, in log-likelihoods of one label for a weight of 0 or twice the
# usual one: a handful of labels should not throw a block away.
PULL = 1.0


def block_weights(X: Features, Y: AnyArray, *, seed: int, n_texts: int = 0) -> BlockWeights:
    """Return the best weights for the blocks of the labelled `X` (n rows).

    `Y` (n, S) is true for the classes of each row; the last `n_texts` rows are texts of labels,
    which teach but do not judge. Weights are judged by what regularised least squares would say
    about every label without having seen it, which has a closed form: the leave-one-out residual
    is that of the fit divided by the diagonal of the inverse (Allen 1974; Rifkin and Lippert 2007).
    The best log-likelihood over ridges and four temperatures wins; the smaller weight on a tie.
    Several blocks are searched one after the other, each once, with a single ridge: on eight sets
    of texts, more of either changed nothing.

    >>> from selection.features import Blocks
    >>> own, others = np.zeros((10, 1)), np.repeat([[-1.0], [1.0]], 5, axis=0)
    >>> X = Features(None, np.hstack([own, others]).astype(np.float32), blocks=Blocks((1, 2)))
    >>> block_weights(X, np.repeat(np.eye(2, dtype=bool), 5, axis=0), seed=0).neighbours > 0
    True
    """
    judged = _judged(X, n_texts)
    n = len(X) - n_texts
    texts = USUAL_TEXTS if n_texts else 0.0
    if not judged or n < MIN_ROWS:
        return FEW._replace(label_texts=texts)
    most = MAX_ROWS if len(judged) == 1 else MAX_ROWS_OF_SEVERAL
    own = np.sort(np.random.default_rng(seed).permutation(n)[:most])
    rows = np.concatenate([own, np.arange(n, len(X))])
    alone = len(judged) == 1
    trial = _Trial(
        _grams(X.take(rows)),
        Y[rows].astype(np.float64),
        n_texts,
        ridges=RIDGES if alone else RIDGES[1:2],
        pull=0.0 if alone else PULL,
    )
    weights = USUAL._replace(label_texts=texts)
    for name in judged:
        weights = trial.improved(weights, name)
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
    if dense is not None and (X.blocks != NO_BLOCKS or weights.itself != 1.0):
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


def _judged(X: Features, n_texts: int) -> list[str]:
    """Return the names of the weights that are searched."""
    named = [name for name, (start, stop) in X.blocks._asdict().items() if start < stop]
    return [*named, "label_texts"] if n_texts else named


@dataclass(frozen=True)
class _Trial:
    """Labels that judge weights: products (n, n) of their rows, block by block, and `truth` (n, S).

    The last `n_texts` of the n rows are texts of labels.
    """

    grams: dict[str, FloatArray]
    truth: FloatArray
    n_texts: int
    ridges: tuple[float, ...]
    pull: float

    def improved(self, weights: BlockWeights, name: str) -> BlockWeights:
        """Return `weights` with the best one called `name`, all others as they are."""
        tried = [weights._replace(**{name: weight}) for weight in GRIDS[name]]
        losses = [self.loss(each) + self.pull * self._distance(each) for each in tried]
        return tried[int(np.argmin(np.round(losses, DIGITS)))]

    def loss(self, weights: BlockWeights) -> float:
        """Return the mean negative log-likelihood of the labels, each left out in turn."""
        judging = len(self.truth) - self.n_texts
        used = len(self.truth) if weights.label_texts else judging
        kernel = np.ones((used, used))  # for the intercept
        for name, gram in self.grams.items():
            kernel += getattr(weights, name) ** 2 * gram[:used, :used]
        noise = np.ones(used)
        noise[judging:] /= weights.label_texts or 1.0
        return _left_out_loss(kernel, self.truth[:used], noise, judging, self.ridges)

    def _distance(self, weights: BlockWeights) -> float:
        """Return how far the weights of blocks are from the usual ones, for each label."""
        judged = [name for name in GRIDS if name in self.grams]
        usual, own = (np.array([getattr(w, name) for name in judged]) for w in (USUAL, weights))
        return float(((own / usual - 1.0) ** 2).sum()) / (len(self.truth) - self.n_texts)


def _grams(some: Features) -> dict[str, FloatArray]:
    """Return the products (n, n) of the rows of each block that is there."""
    grams: dict[str, FloatArray] = {}
    if some.sparse is not None:
        exact: Any = some.sparse.astype(np.float64)
        grams["exact"] = (exact @ exact.T).toarray()
    if some.dense is None:
        return grams
    dense = np.asarray(some.dense, dtype=np.float64)
    own = dense @ dense.T
    for name, (start, stop) in some.blocks._asdict().items():
        if start < stop:
            columns = dense[:, start:stop]
            grams[name] = columns @ columns.T
            own = own - grams[name]
    return {**grams, "itself": own}


def _left_out_loss(
    kernel: FloatArray,
    truth: FloatArray,
    noise: FloatArray,
    judging: int,
    ridges: tuple[float, ...],
) -> float:
    """Return the least loss over ridges and temperatures of the first `judging` rows.

    `noise` (n,) is how much of the ridge each row gets: a row that counts twice gets half.
    """
    losses = [np.inf]
    for ridge in ridges:
        inverse = _inverse(kernel, ridge * noise)
        if inverse is None:
            continue
        said = (truth - (inverse @ truth) / np.diag(inverse)[:, None])[:judging]
        losses.extend(_log_loss(said / t, truth[:judging]) for t in TEMPERATURES)
    return min(losses)


def _inverse(kernel: FloatArray, ridge: FloatArray) -> FloatArray | None:
    """Return the inverse of the products `kernel` (n, n) with `ridge` (n,) added.

    None where numbers are so large that rounding leaves nothing of the ridge.
    """
    raised = kernel.copy()
    raised.flat[:: len(kernel) + 1] += ridge
    lower, problem = linalg.lapack.dpotrf(raised, lower=1, overwrite_a=1)
    if problem:
        return None
    half, _ = linalg.lapack.dpotri(lower, lower=1, overwrite_c=1)
    inverse: FloatArray = np.tril(half) + np.tril(half, -1).T
    return inverse


def _log_loss(scores: FloatArray, truth: FloatArray) -> float:
    counts = truth.sum(axis=1)
    told: FloatArray = (scores * truth).sum(axis=1) - counts * logsumexp(scores, axis=1)
    return -float(told.mean())
