"""Committee: models trained on bootstrap samples of the labels."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import AnyArray, Float32Array, IntArray
from selection.features.matrix import Features
from selection.models import LabelSpace
from selection.models.label_texts import LabelTexts
from selection.models.logistic import Model, fit, judge_blocks

MEMBERS = 5


def fit_committee(
    X: Features,
    y: ArrayLike,
    space: LabelSpace,
    *,
    members: int = MEMBERS,
    seed: int,
    texts: LabelTexts | None = None,
) -> list[Model]:
    """Return models trained on bootstrap samples of the labelled rows `X`, `y` as in `fit`.

    Query by bagging (Abe and Mamitsuka 1998). One row of each class is always in, the rest is
    drawn: waiting until every class happens to be drawn would take 2,800 tries with ten single
    examples. Each member draws from its own stream of `seed`.

    >>> from selection.models import SingleLabel
    >>> X = Features(None, np.eye(4, dtype=np.float32))
    >>> len(fit_committee(X, [0, 0, 1, 1], SingleLabel(2), members=3, seed=0))
    3
    """
    labels = np.asarray(y)
    # Chosen once, on distinct rows: among copies of a row, any weight looks right.
    worth = judge_blocks(X, labels, space, seed=seed, texts=texts)
    streams = np.random.default_rng(seed).spawn(members)
    samples = [_bootstrap(labels, space, stream) for stream in streams]
    learn = partial(fit, space=space, seed=seed, weights=worth, texts=texts)
    return [learn(X.take(rows), labels[rows]) for rows in samples]


def predict_committee(committee: list[Model], X: Features) -> Float32Array:
    """Return the probabilities (T, n, C) of all T members for `X` (n rows).

    >>> from selection.models import SingleLabel
    >>> X = Features(None, np.eye(2, dtype=np.float32))
    >>> predict_committee(fit_committee(X, [0, 1], SingleLabel(2), seed=0), X).shape
    (5, 2, 2)
    """
    return np.stack([model.predict_proba(X) for model in committee])


def _bootstrap(labels: AnyArray, space: LabelSpace, generator: np.random.Generator) -> IntArray:
    order = generator.permutation(len(labels))
    kept = [order[space.has_class(labels[order], c)][:1] for c in space.classes_seen(labels)]
    first = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *kept]))
    drawn = generator.integers(len(labels), size=max(len(labels) - len(first), 0))
    return np.concatenate([first, drawn])
