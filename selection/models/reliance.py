"""What a model leans on: the share of each feature block in its scores."""

from __future__ import annotations

import numpy as np

from selection.core.arrays import AnyArray
from selection.features.matrix import Features
from selection.models.logistic import Model


def reliance(model: Model, X: Features) -> dict[str, float]:
    """Return the share of each block of `X` (n rows) in the scores of `model`; they sum to 1.

    It is the share of the variance between items that the block brings into the scores, summed over
    the classes. "exact" are the sparse columns, "itself" the dense ones in no named block. Empty if
    all items get the same scores.

    >>> from selection.features import Blocks
    >>> from selection.models import SingleLabel
    >>> from selection.models.logistic import fit
    >>> table = np.array([[0.0, 1.0], [0.0, -1.0]], dtype=np.float32)
    >>> X = Features(None, table, blocks=Blocks(encoder=(1, 2)))
    >>> reliance(fit(X, [0, 1], SingleLabel(2)), X)
    {'itself': 0.0, 'encoder': 1.0}
    """
    brought = {name: _variance(scores) for name, scores in _scores(model, X).items()}
    total = sum(brought.values())
    return {name: value / total for name, value in brought.items()} if total > 0 else {}


def _scores(model: Model, X: Features) -> dict[str, AnyArray]:
    """Return what each block adds to the scores (n, S)."""
    scores: dict[str, AnyArray] = {}
    if X.sparse is not None:
        scores["exact"] = np.asarray(X.sparse[:, model.columns] @ model.sparse_weights)
    if X.dense is None:
        return scores
    named = np.zeros(X.dense.shape[1], dtype=bool)
    blocks = {}
    for name, (start, stop) in X.blocks._asdict().items():
        if start < stop:
            named[start:stop] = True
            blocks[name] = slice(start, stop)
    if not named.all():
        scores["itself"] = np.asarray(X.dense[:, ~named] @ model.dense_weights[~named], np.float64)
    for name, columns in blocks.items():
        scores[name] = np.asarray(X.dense[:, columns] @ model.dense_weights[columns], np.float64)
    return scores


def _variance(scores: AnyArray) -> float:
    # What all classes gain alike decides nothing.
    apart = scores - scores.mean(axis=1, keepdims=True)
    return float(apart.var(axis=0, dtype=np.float64).sum())
