"""Texts of labels (name, description, examples) as teachers, where an encoder can read them.

With no label at all they give initial scores (zero-shot classification); with few, each is one
more example. They are dropped once the labels at hand disagree with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.special import softmax

from selection.core.arrays import (
    BLOCK,
    AnyArray,
    BoolArray,
    Float32Array,
    FloatArray,
    IntArray,
    normalise_rows,
    row_blocks,
)
from selection.features.matrix import Features
from selection.features.vectors import SCALE, VectorBlock
from selection.models.label_space import LabelSpace

STEPS = 3  # of k-means: the first ones move a text to the items that it means
TEMPERATURE = 0.1  # of a cosine
MIN_ROWS = 10
DOUBT = 1.64  # standard errors by which the commonest label must beat the texts


@dataclass(frozen=True)
class LabelTexts:
    """Where the texts of labels point among the items of a pool.

    `directions` (C, d) are those of the classes' texts in the encoder's columns, moved to the items
    near them; a class without a text has zeros. `around` (C, m) are the means of their neighbours.

    >>> pool = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]], dtype=np.float32)
    >>> block = VectorBlock.fit(pool, seed=0)
    >>> texts = LabelTexts.fit(block, [[1.0, 0.2], [0.2, 1.0]], pool)
    >>> X = block.extend(Features(None, np.ones((4, 1), dtype=np.float32)), pool)
    >>> texts.zero_shot(X).argmax(axis=1)
    array([0, 0, 1, 1])
    """

    directions: Float32Array
    around: Float32Array

    @classmethod
    def fit(cls, block: VectorBlock, texts: ArrayLike, pool: AnyArray) -> LabelTexts:
        """Return the texts whose vectors are `texts` (C, d), among the vectors `pool` (n, d).

        A sample of some thousand items is enough. A label without a text has a vector of zeros.
        """
        items = block.directions(pool)
        directions = _settled(block.directions(np.asarray(texts, dtype=np.float32)), items)
        return cls(directions, block.around(directions))

    @property
    def written(self) -> BoolArray:
        """Which classes (C,) have a text."""
        return np.asarray(self.directions.any(axis=1))

    def zero_shot(self, X: Features) -> Float32Array:
        """Return what the texts alone say of `X` (n rows): probabilities (n, C) that sum to 1.

        A class without a text gets 0. Needs the encoder's columns in `X`.
        """
        proba = np.zeros((len(X), len(self.directions)), dtype=np.float32)
        for rows in row_blocks(len(X), BLOCK):
            cosines = _directions_of(X.take(rows)) @ self.directions[self.written].T
            proba[np.ix_(np.arange(rows.start, rows.stop), self.written)] = softmax(
                cosines / TEMPERATURE, axis=1
            )
        return proba

    def agree(self, X: Features, y: ArrayLike, space: LabelSpace) -> bool:
        """Tell whether the labels `y` of `X` (n rows) leave the texts in the right.

        The texts are believed until the commonest answer alone is right more often than they are,
        by more than chance among the rows on which the two differ (McNemar 1947).
        """
        if len(X) < MIN_ROWS or not self.written.any():
            return bool(self.written.any())
        truth = space.indicator(y)
        by_text = truth[np.arange(len(X)), self.zero_shot(X).argmax(axis=1)]
        by_rote = truth[:, truth.sum(axis=0).argmax()]
        lost, won = int((by_rote & ~by_text).sum()), int((by_text & ~by_rote).sum())
        return bool(lost - won <= DOUBT * np.sqrt(lost + won))

    def rows(self, X: Features) -> tuple[Features, IntArray]:
        """Return one example for each class with a text, in the columns of `X`, and its class.

        All columns but the encoder's are zero: there a text says nothing.
        """
        classes = np.flatnonzero(self.written).astype(np.int64)
        width = 0 if X.dense is None else X.dense.shape[1]
        dense = np.zeros((len(classes), width), dtype=np.float32)
        for columns, values in (
            (X.blocks.encoder, self.directions),
            (X.blocks.encoder_neighbours, self.around),
        ):
            dense[:, slice(*columns)] = SCALE * values[classes]
        shape = (len(classes), 0 if X.sparse is None else X.sparse.shape[1])
        exact = None if X.sparse is None else sparse.csr_array(shape, dtype=np.float32)
        return Features(exact, dense, X.spread, X.blocks), classes

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return what `from_arrays` turns back into these texts."""
        return {"directions": self.directions, "around": self.around}

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> LabelTexts:
        """Return the texts that `to_arrays` described."""
        return cls(np.asarray(arrays["directions"]), np.asarray(arrays["around"]))


@dataclass(frozen=True)
class Taught:
    """What a model learns from: the labelled rows `X` with targets `y`, then `n_texts` texts."""

    X: Features
    y: IntArray
    n_texts: int = 0

    def counts(self, weight: float) -> FloatArray | None:
        """Return for how many items each row stands, a text for `weight`; None for one each."""
        if not self.n_texts:
            return None
        counts = np.ones(len(self.X))
        counts[-self.n_texts :] = weight
        return counts


def with_texts(X: Features, y: IntArray, space: LabelSpace, texts: LabelTexts | None) -> Taught:
    """Return the labelled rows `X` with targets `y`, and `texts` below them where these agree.

    >>> from selection.models import SingleLabel
    >>> X = Features(None, np.eye(2, dtype=np.float32))
    >>> len(with_texts(X, np.array([0, 1]), SingleLabel(2), None).X)
    2
    """
    if texts is None or X.blocks.encoder == (0, 0) or not texts.agree(X, y, space):
        return Taught(X, y)
    rows, classes = texts.rows(X)
    table = np.zeros((len(classes), space.n_classes), dtype=np.int64)
    table[np.arange(len(classes)), classes] = 1
    targets = np.concatenate([y, space.from_indicator(table)])
    return Taught(Features.concat([X, rows]), targets, len(classes))


def _settled(texts: Float32Array, items: Float32Array) -> Float32Array:
    """Return `texts` (C, d) moved halfway to where k-means among `items` (n, d) takes them.

    All rows have length 1.
    """
    written = np.flatnonzero(texts.any(axis=1))
    centres = texts.copy()
    for _ in range(STEPS if len(written) else 0):
        nearest = written[(items @ centres[written].T).argmax(axis=1)]
        shape = (len(texts), len(items))
        one = np.ones(len(items), dtype=np.float32)
        members = sparse.csr_array((one, (nearest, np.arange(len(items)))), shape=shape)
        means = normalise_rows(members @ items)
        moved = means.any(axis=1)
        centres[moved] = means[moved]
    # Halfway: the items tell what a text means here, the text keeps them from drifting away.
    return normalise_rows(texts + centres)


def _directions_of(X: Features) -> Float32Array:
    """Return the encoder's columns (n, d) of `X` as rows of length 1."""
    start, stop = X.blocks.encoder
    if start == stop or X.dense is None:
        raise ValueError("these features have no columns of an encoder")
    return normalise_rows(X.dense[:, start:stop])
