"""Input and output of batch selection: candidates and selection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from selection.core.arrays import AnyArray, BoolArray, FloatArray, IntArray, as_proba, refuse_rows
from selection.models import LabelSpace, SingleLabel

ONE_LABEL = SingleLabel(0)  # of classes that nobody counts here


@dataclass(frozen=True)
class Candidates:
    """The M best items of the pool by score, with the arrays that selection may need.

    `ids` (M,) positions in the project, `scores` (M,) higher = ask sooner, `proba` (M, C),
    `spread` (M, d) the features in which diversity is measured, `existing` (L, d) the same of the
    labelled items and `labels` their targets in `space`. `classes_seen` counts classes
    with a label, `class_counts` (C,) their labels. `pool_size` and `total_weight` (the sum of
    `strategy.weights` over the pool) let a strategy that draws say with what probability.
    `rare_class` is the class that is looked for. `drawn` (M,) is true for a random sample of the
    whole pool; without it the candidates count as the pool.
    """

    ids: IntArray
    scores: FloatArray
    proba: AnyArray | None = None
    spread: AnyArray | None = None
    existing: AnyArray | None = None
    labels: IntArray | None = None
    n_labelled: int = 0
    space: LabelSpace = ONE_LABEL
    classes_seen: int = 0
    pool_size: int | None = None
    total_weight: float | None = None
    class_counts: Sequence[int] | None = None
    rare_class: int | None = None
    drawn: BoolArray | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: IntArray) -> Candidates:
        """Return the candidates of `rows`, in that order."""
        return replace(
            self,
            ids=np.asarray(self.ids)[rows],
            scores=np.asarray(self.scores)[rows],
            proba=None if self.proba is None else np.asarray(self.proba)[rows],
            spread=None if self.spread is None else np.asarray(self.spread)[rows],
            drawn=None if self.drawn is None else np.asarray(self.drawn)[rows],
        )

    def check(self) -> None:
        """Raise ValueError where the arrays do not fit together or hold something unusable."""
        ids, scores = np.asarray(self.ids), np.asarray(self.scores)
        if ids.ndim != 1 or ids.shape != scores.shape:
            raise ValueError(f"ids {ids.shape} and scores {scores.shape} must match")
        if len(np.unique(ids)) < len(ids):
            raise ValueError("an item is a candidate twice")
        refuse_rows(np.isnan(scores), "the score is not a number")
        if self.proba is not None and len(as_proba(self.proba)) != len(ids):
            raise ValueError(f"{len(self.proba)} rows of proba for {len(ids)} candidates")
        if self.spread is not None:
            if len(self.spread) != len(ids):
                raise ValueError(f"{len(self.spread)} rows of spread for {len(ids)} candidates")
            refuse_rows(~np.isfinite(self.spread).all(axis=1), "spread is not finite")
        if self.labels is not None and len(self.labels) != self._n_existing():
            raise ValueError(f"{len(self.labels)} labels for {self._n_existing()} labelled items")

    def _n_existing(self) -> int:
        return 0 if self.existing is None else len(self.existing)


@dataclass(frozen=True)
class Selection:
    """The chosen `rows` (k,) of the candidates in the order to ask, and why.

    `probability` (k,) is that of each draw given those before it, NaN where
    the rule is deterministic or the pool's size was not told. `reasons` are short machine codes.
    """

    rows: IntArray
    scores: FloatArray
    probability: FloatArray
    reasons: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)


def nothing() -> Selection:
    """Return an empty selection.

    >>> len(nothing())
    0
    """
    return Selection(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), [])
