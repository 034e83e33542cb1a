"""Baseline without active learning: plain features, one linear model, random labels.

Texts: TF-IDF of words and bigrams (of one to three characters in scripts without spaces). Images:
raw pixels, standardised.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageOps, UnidentifiedImageError
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from selection.core.arrays import Float32Array, FloatArray, IntArray
from selection.features.base import Doc
from selection.features.matrix import Features
from selection.features.text.tokenize import tokenise
from selection.models import LabelSpace
from selection.models.row_space import Reduction, reduce_rows
from selection.simulation.dataset import LabelledDataset

MOST_COLUMNS = 80_000
SIDE = 32  # pixels
STRENGTH_TEXTS, STRENGTH_PICTURES = 10.0, 0.01  # C
MAX_STEPS = 500
SAMPLE = 500  # documents that tell whether a script writes blanks


def plain(dataset: LabelledDataset, pool: Sequence[Doc], test: Sequence[Doc]) -> LabelledDataset:
    """Return `dataset` with plain features of `pool` (n) and `test` (m), and the plain model.

    Everything is fitted on the pool alone. Replay it with "random": the rows are then the same as
    those of `dataset` with the same seed, since random draws look at nothing.

    >>> from selection.models import SingleLabel
    >>> X = Features(None, np.eye(2, dtype=np.float32))
    >>> dataset = LabelledDataset(X, np.array([0, 1]), SingleLabel(2), rare_class=1)
    >>> plain(dataset, ["good day", "bad day"], []).X.sparse.shape
    (2, 5)
    """
    of_texts = not len(pool) or isinstance(pool[0], str)
    X, T = (_of_texts if of_texts else _of_pictures)(pool, test)
    return plainly(replace(dataset, X=X, test=None if dataset.test is None else T))


def plainly(dataset: LabelledDataset) -> LabelledDataset:
    """Return `dataset`, whose features are plain ones already, with the plain model.

    >>> from selection.models import SingleLabel
    >>> X = Features(None, np.eye(2, dtype=np.float32))
    >>> plainly(LabelledDataset(X, np.array([0, 1]), SingleLabel(2), rare_class=1)).learner.keywords
    {'strength': 0.01}
    """
    strength = STRENGTH_PICTURES if dataset.X.sparse is None else STRENGTH_TEXTS
    return replace(dataset, learner=partial(fit_plain, strength=strength), texts=None)


@dataclass(frozen=True)
class PlainModel:
    """Linear scores of the `classes` (S,) that were seen, over sparse `columns` or dense ones."""

    space: LabelSpace
    classes: IntArray
    columns: IntArray
    sparse_weights: Float32Array
    dense_weights: Float32Array
    intercept: FloatArray

    def predict_proba(self, X: Features) -> Float32Array:
        """Return the probabilities (n, C) of `X`; 0 for a class that was never seen."""
        scores = np.zeros((len(X), len(self.classes))) + self.intercept
        if X.sparse is not None and len(self.columns):
            weights = np.zeros((X.sparse.shape[1], len(self.classes)), dtype=np.float32)
            weights[self.columns] = self.sparse_weights
            scores += X.sparse @ weights
        if X.dense is not None:
            scores += X.dense @ self.dense_weights
        proba = np.zeros((len(X), self.space.n_classes), dtype=np.float32)
        proba[:, self.classes] = self.space.to_proba(scores)
        return proba


def fit_plain(
    X: Features,
    y: ArrayLike,
    space: LabelSpace,
    *,
    strength: float,
    seed: int = 0,
) -> PlainModel:
    """Return an unweighted logistic regression with C = `strength`, arguments as `logistic.fit`.

    >>> from selection.models import SingleLabel
    >>> X = Features(None, np.eye(2, dtype=np.float32))
    >>> fit_plain(X, [0, 1], SingleLabel(2), strength=10.0).predict_proba(X).argmax(axis=1)
    array([0, 1])
    """
    labels = np.asarray(y, dtype=np.int64)
    reduction = reduce_rows(X)
    solve = partial(_solve, reduction, strength)
    weights, intercept = space.fit_columns(solve, labels, reduction.width)
    of_sparse, of_dense = reduction.restore(weights)
    classes = space.classes_seen(labels)
    return PlainModel(space, classes, reduction.columns, of_sparse, of_dense, intercept)


def _solve(reduction: Reduction, strength: float, y: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return weights (r, S) and intercepts (S,) of the S classes in `y`."""
    solver = LogisticRegression(C=strength, max_iter=MAX_STEPS)
    with warnings.catch_warnings():
        # A class for every other row looks like regression to it; at the start this is normal.
        warnings.filterwarnings("ignore", message="The number of unique classes")
        warnings.simplefilter("ignore", ConvergenceWarning)
        solver.fit(reduction.rows, y)
    weights, intercept = solver.coef_.T, solver.intercept_
    if weights.shape[1] == 1:
        return np.hstack([0 * weights, weights]), np.array([0.0, intercept[0]])
    return weights, intercept


# Features ----------------------------------------------------------------------------------------


def _of_texts(pool: Sequence[str], test: Sequence[str]) -> tuple[Features, Features]:
    encoder = _encoder("word", (1, 2)) if writes_blanks(pool) else _encoder("char", (1, 3))
    try:
        X = encoder.fit_transform(pool)
    except ValueError:
        # The pool has no word of two letters.
        encoder = _encoder("char", (1, 3))
        X = encoder.fit_transform(pool)
    T = encoder.transform(test) if len(test) else X[:0]
    return Features(X, None), Features(T, None)


def _encoder(analyzer: str, ngrams: tuple[int, int]) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer=analyzer,
        ngram_range=ngrams,
        sublinear_tf=True,
        min_df=1,
        max_features=MOST_COLUMNS,
        dtype=np.float32,
    )


def writes_blanks(texts: Sequence[str]) -> bool:
    """Return whether most of the first `texts` are in a script with spaces between words.

    >>> writes_blanks(["good day"]), writes_blanks(["大家好"])
    (True, False)
    """
    runs = [any(mark.isalpha() for mark in tokenise(text).marks) for text in texts[:SAMPLE]]
    return 2 * sum(runs) <= len(runs)


def _of_pictures(pool: Sequence[bytes], test: Sequence[bytes]) -> tuple[Features, Features]:
    pictures = [_upright(doc, row) for row, doc in enumerate(pool)]
    side = min(SIDE, int(np.median([max(picture.size) for picture in pictures])))
    mode = "L" if all(picture.mode in {"1", "L"} for picture in pictures) else "RGB"
    X = _pixels(pictures, side, mode)
    T = _pixels([_upright(doc, row) for row, doc in enumerate(test)], side, mode)
    mean, scale = X.mean(axis=0), X.std(axis=0)
    scale[scale == 0] = 1.0
    return Features(None, (X - mean) / scale), Features(None, (T - mean) / scale)


def _upright(doc: bytes, row: int) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(doc))
        picture.draft("RGB", (2 * SIDE, 2 * SIDE))
        upright = ImageOps.exif_transpose(picture)
        upright.load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as problem:
        raise ValueError(f"the picture cannot be read (row {row})") from problem
    # Resized at once: thousands of full images would fill the memory.
    upright.thumbnail((4 * SIDE, 4 * SIDE))
    return upright


def _pixels(pictures: Sequence[Image.Image], side: int, mode: str) -> Float32Array:
    depth = 1 if mode == "L" else 3
    pixels = np.zeros((len(pictures), side * side * depth), dtype=np.float32)
    for row, picture in enumerate(pictures):
        small = picture.convert(mode).resize((side, side), Image.Resampling.BILINEAR)
        pixels[row] = np.asarray(small, dtype=np.float32).ravel()
    return pixels
