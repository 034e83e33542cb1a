"""Several models trained on parts of the labels: where they disagree, there is much to learn."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import AnyArray, Float32Array, IntArray
from selection.features.matrix import Features
from selection.models.logistic import Model, fit, neighbor_weight

MEMBERS = 5


def fit_committee(
    X: Features,
    y: ArrayLike,
    n_classes: int,
    *,
    members: int = MEMBERS,
    seed: int,
    multi_label: bool = False,
) -> list[Model]:
    """Return models trained on bootstrap samples of the labelled rows `X`, `y` as in `fit`.

    Query by bagging (Abe and Mamitsuka 1998). One row of each class is always in, the rest is
    drawn: waiting until every class happens to be drawn would take 2,800 tries with ten single
    examples. Each member draws from its own stream of `seed`.

    >>> X = Features(None, np.eye(4, dtype=np.float32))
    >>> len(fit_committee(X, [0, 0, 1, 1], 2, members=3, seed=0))
    3
    """
    labels = np.asarray(y)
    # Judged once, on rows that are all different: among a row's own copies any weight looks right.
    worth = neighbor_weight(X, labels, n_classes, seed=seed, multi_label=multi_label)
    streams = np.random.default_rng(seed).spawn(members)
    samples = [_bootstrap(labels, stream, multi_label=multi_label) for stream in streams]
    return [
        fit(
            X.take(rows),
            labels[rows],
            n_classes,
            seed=seed,
            multi_label=multi_label,
            neighbours=worth,
        )
        for rows in samples
    ]


def predict_committee(committee: list[Model], X: Features) -> Float32Array:
    """Return the probabilities (T, n, C) of all T members for `X` (n rows).

    >>> X = Features(None, np.eye(2, dtype=np.float32))
    >>> predict_committee(fit_committee(X, [0, 1], 2, seed=0), X).shape
    (5, 2, 2)
    """
    return np.stack([model.predict_proba(X) for model in committee])


def _bootstrap(labels: AnyArray, generator: np.random.Generator, *, multi_label: bool) -> IntArray:
    order = generator.permutation(len(labels))
    if multi_label:
        kept = [order[labels[order, c] == 1][:1] for c in range(labels.shape[1])]
    else:
        kept = [order[labels[order] == c][:1] for c in np.unique(labels)]
    first = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *kept]))
    drawn = generator.integers(len(labels), size=max(len(labels) - len(first), 0))
    return np.concatenate([first, drawn])
