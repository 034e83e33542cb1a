"""Agreement of each annotator with the others, with confidence intervals.

Answers are lists: `items` (m,) and `people` (m,) integers, and `codes` (m,), equal for equal
answers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import FloatArray
from selection.core.intervals import Estimate, beta_interval


def agreement_of_each(
    items: ArrayLike, people: ArrayLike, codes: ArrayLike, confidence: float = 0.95
) -> dict[int, Estimate]:
    """Return each annotator's share of matching answers by others on the same items.

    Averaged over the items that they share with somebody; who shares none is missing. Interval:
    Clopper and Pearson's for that mean, exact where two judged each item, and wider than it has to
    be where more did, as shares between 0 and 1 vary less than yes and no.

    >>> agreement_of_each([0, 0, 1, 1], [7, 8, 7, 8], [1, 1, 1, 2])[7].value
    0.5
    """
    rows, who, said = np.asarray(items), np.asarray(people), np.asarray(codes)
    if not len(rows):
        return {}
    _, place, number = np.unique(rows, return_inverse=True, return_counts=True)
    answers = np.stack([place, said])
    _, group, same = np.unique(answers, axis=1, return_inverse=True, return_counts=True)
    others = number[place] - 1
    shared = others > 0
    shares = (same[group.ravel()] - 1)[shared] / others[shared]
    asked = who[shared]
    return {int(person): _mean(shares[asked == person], confidence) for person in np.unique(asked)}


def confusions(answers: ArrayLike, proba: ArrayLike) -> FloatArray:
    """Return confusion counts (people, C, C): rows are the right class, columns the answer.

    `answers` (items, people) with -1 for none, and `proba` (items, C) of what is right: the counts
    are expected ones, and those of a person add up to their answers.

    >>> confusions([[0], [1]], [[1.0, 0.0], [0.75, 0.25]])
    array([[[1.  , 0.75],
            [0.  , 0.25]]])
    """
    table, right = np.asarray(answers), np.asarray(proba, dtype=np.float64)
    n_classes = right.shape[1]
    counts = np.zeros((table.shape[1], n_classes, n_classes))
    for person, said in enumerate(table.T):
        for answer in np.unique(said[said >= 0]):
            counts[person, :, answer] = right[said == answer].sum(axis=0)
    return counts


def share_right(counts: ArrayLike, confidence: float = 0.95) -> Estimate | None:
    """Return an annotator's accuracy with its interval, from their `confusions` (C, C).

    The interval takes what is right for known; None without answers.

    >>> share_right([[9.0, 1.0], [0.0, 10.0]]).value
    0.95
    """
    table = np.asarray(counts, dtype=np.float64)
    n = round(float(table.sum()))
    if not n:
        return None
    right = min(float(np.trace(table)), float(n))
    low, high = beta_interval(right, n, confidence)
    return Estimate(right / n, low, high, n, confidence)


def _mean(shares: FloatArray, confidence: float) -> Estimate:
    low, high = beta_interval(float(shares.sum()), len(shares), confidence)
    return Estimate(float(shares.mean()), low, high, len(shares), confidence)
