"""The most confident predictions of each class, found shard by shard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from selection.core import top_k
from selection.core.arrays import (
    AnyArray,
    BoolArray,
    FloatArray,
    IntArray,
    as_table,
    row_blocks,
)
from selection.models import LabelSpace


@dataclass(frozen=True)
class ConfidentItems:
    """The most confident items of each class, class by class, best first.

    `ids` (k,), their `classes` (k,), `confidence` (k,) in the whole answer, and that answer:
    `answers` (k, C). `counts` (C,) are all that were confident enough, those left out included. An
    item appears once for each class of its answer.
    """

    ids: IntArray
    classes: IntArray
    confidence: FloatArray
    answers: BoolArray
    counts: IntArray

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return plain arrays that `from_arrays` turns back into this."""
        return {
            "ids": self.ids,
            "classes": self.classes,
            "confidence": self.confidence,
            # Many classes, few of them per answer: bits keep the file small.
            "answers": np.packbits(self.answers, axis=1),
            "counts": self.counts,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> ConfidentItems:
        """Return what `to_arrays` described."""
        counts = arrays["counts"]
        answers = np.unpackbits(arrays["answers"], axis=1, count=len(counts)).astype(np.bool_)
        return cls(arrays["ids"], arrays["classes"], arrays["confidence"], answers, counts)


def most_confident(
    ids: ArrayLike,
    proba: ArrayLike,
    per_class: int,
    seed: int,
    space: LabelSpace,
    *,
    least: float = 0.8,
) -> ConfidentItems:
    """Return the `per_class` most confident items of each class among `ids` (n,), `proba` (n, C).

    An item qualifies if the confidence of its whole decision (`LabelSpace.confidence`) is at least
    `least`, since a confirmation covers every label of the answer. Ties go by a hash of the id.
    Raises ValueError for arrays that do not match, or naming a bad row.

    >>> from selection.models import SingleLabel
    >>> proba = [[0.9, 0.1], [0.6, 0.4], [0.95, 0.05]]
    >>> found = most_confident([7, 8, 9], proba, 1, 0, SingleLabel(2))
    >>> found.ids, found.classes, found.counts
    (array([9]), array([0]), array([2, 0]))
    """
    numbers, table = np.asarray(ids, dtype=np.int64), as_table(proba, "proba")
    if len(numbers) != len(table):
        raise ValueError(f"{len(numbers)} ids and {len(table)} rows of proba must match")
    answers, confidence = _answers(table, space)
    rows, classes = np.nonzero(answers & (confidence >= least)[:, None])
    order = _best_of_each(classes, confidence[rows], numbers[rows], table.shape[1], per_class, seed)
    best = rows[order]
    return ConfidentItems(
        numbers[best],
        classes[order].astype(np.int64),
        confidence[best],
        answers[best],
        np.bincount(classes, minlength=table.shape[1]),
    )


def merge(parts: Sequence[ConfidentItems], per_class: int, seed: int) -> ConfidentItems:
    """Return the most confident items of all `parts`, one for each shard of a pool, in any order.

    >>> from selection.models import SingleLabel
    >>> shards, space = [(7, 0.9), (8, 0.95)], SingleLabel(2)
    >>> parts = [most_confident([i], [[p, 1 - p]], 1, 0, space) for i, p in shards]
    >>> merge(parts, 1, seed=0).ids, merge(parts, 1, seed=0).counts
    (array([8]), array([2, 0]))
    """
    ids = np.concatenate([part.ids for part in parts])
    classes = np.concatenate([part.classes for part in parts])
    confidence = np.concatenate([part.confidence for part in parts])
    counts: IntArray = np.stack([part.counts for part in parts]).sum(axis=0)
    order = _best_of_each(classes, confidence, ids, len(counts), per_class, seed)
    answers = np.concatenate([part.answers for part in parts])[order]
    return ConfidentItems(ids[order], classes[order], confidence[order], answers, counts)


def _answers(table: AnyArray, space: LabelSpace) -> tuple[BoolArray, FloatArray]:
    """Return the model's answers (n, C) and its confidence in each whole answer (n,)."""
    answers, confidence = np.zeros(table.shape, dtype=np.bool_), np.zeros(len(table))
    for block in row_blocks(len(table)):
        proba = space.check_proba(table[block], first=block.start)
        answers[block] = space.indicator(space.decide(proba))
        confidence[block] = space.confidence(proba)
    return answers, confidence


def _best_of_each(
    classes: IntArray,
    confidence: FloatArray,
    ids: IntArray,
    n_classes: int,
    per_class: int,
    seed: int,
) -> IntArray:
    """Return the rows of the best of each class, class by class."""
    kept = [np.zeros(0, dtype=np.int64)]
    for number in range(n_classes):
        rows = np.flatnonzero(classes == number)
        kept.append(rows[top_k.best(confidence[rows], ids[rows], per_class, seed)])
    return np.concatenate(kept)
