"""Imported predictions of another model: initial scores for a cold start.

The first batch is still chosen by coverage: the uncertainty of an uncalibrated model can waste it
(accuracy 0.43 after 20 labels against 0.79 from random ones, small-text's notebooks 3 and 4).
From the second batch until the project has two labels per class, its uncertainty is used.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import AnyArray, BoolArray, Float32Array
from selection.models import LabelSpace


def suggested_proba(
    labels: Sequence[Sequence[int]],
    confidence: Sequence[float | None],
    space: LabelSpace,
) -> Float32Array:
    """Return the probabilities (n, C) of imported suggestions; NaN where they give none.

    `labels` holds the class numbers that were suggested for each item, `confidence` how sure the
    other model was of them, in [0, 1]. What is left is shared by the other classes, as nothing
    more is known. A suggestion without a confidence, or of no class, says nothing of doubt.

    >>> from selection.models import SingleLabel
    >>> suggested_proba([[1], [0]], [0.8, None], SingleLabel(3)).round(2)
    array([[0.1, 0.8, 0.1],
           [nan, nan, nan]], dtype=float32)
    """
    proba = np.full((len(labels), space.n_classes), np.nan, dtype=np.float32)
    for row, (given, sure) in enumerate(zip(labels, confidence, strict=True)):
        told = None if sure is None else space.imported_proba(given, sure)
        if told is not None:
            proba[row] = told
    return proba


def with_prior(proba: AnyArray | None, prior: ArrayLike, space: LabelSpace) -> Float32Array:
    """Return `prior` (n, C) where known, else `proba` (n, C), else undecided rows.

    >>> from selection.models import SingleLabel
    >>> with_prior(None, [[0.9, 0.1], [np.nan, np.nan]], SingleLabel(2)).round(1)
    array([[0.9, 0.1],
           [0.5, 0.5]], dtype=float32)
    """
    told = np.asarray(prior, dtype=np.float32)
    rest = np.full_like(told, space.undecided) if proba is None else np.asarray(proba, np.float32)
    unknown: BoolArray = np.isnan(told.sum(axis=1))
    return np.where(unknown[:, None], rest, told).astype(np.float32)
