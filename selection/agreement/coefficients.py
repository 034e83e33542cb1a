"""Agreement coefficients between annotators, and likely label errors.

`answers` is a table (items, people) of class numbers, -1 where somebody gave none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import FloatArray, IntArray, as_distribution, refuse_rows

TINY = 1e-300  # no probability is smaller, so that 0 may stand below a fraction


class Suspects(NamedTuple):
    """Rows (k,) with a likely label error, worst first, and the class (k,) suggested instead.

    `scores` (k,) is the other class's part of both: p(instead) / (p(label) + p(instead)). 0.5 = as
    likely as the label, 1 = the label is surely wrong.
    """

    rows: IntArray
    scores: FloatArray
    instead: IntArray


def cohen_kappa(a: ArrayLike, b: ArrayLike) -> float:
    """Return Cohen's kappa of two annotators, from their answers `a` and `b` (n,).

    Cohen 1960: (observed - chance) / (1 - chance). Items where either gave none (-1) do not
    count. 1.0 where both always gave the same single answer; NaN where nothing is shared.

    >>> cohen_kappa([0, 1, 1, 0], [0, 1, 1, 1])
    0.5
    """
    first, second = np.asarray(a), np.asarray(b)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"a {first.shape} and b {second.shape} must be two equal rows")
    both = (first != -1) & (second != -1) if first.dtype.kind in "iuf" else first == first
    first, second = first[both], second[both]
    if not len(first):
        return float("nan")
    observed = float((first == second).mean())
    values = np.union1d(first, second)
    chance = float(sum((first == v).mean() * (second == v).mean() for v in values))
    return 1.0 if chance >= 1.0 else (observed - chance) / (1 - chance)


def krippendorff_alpha(answers: ArrayLike) -> float:
    """Return Krippendorff's alpha for nominal data, from `answers` (items, people).

    Krippendorff 2011: 1 - observed / expected disagreement; 1 = always agree, 0 = as by chance.
    Items with fewer than two answers do not count. 1.0 where only one class was ever given; NaN
    where no item has two answers.

    >>> krippendorff_alpha([[0, 0, 0], [1, 1, -1], [0, 1, 1]]).__round__(3)
    0.562
    """
    counts = count_classes(as_answers(answers))
    each = counts.sum(axis=1)
    counts, each = counts[each >= 2], each[each >= 2]
    total = each.sum()
    if not total:
        return float("nan")
    # Pairs within an item weigh 1 / (answers - 1), so that an item weighs by its answers.
    observed = ((each**2 - (counts**2).sum(axis=1)) / (each - 1)).sum() / total
    shares = counts.sum(axis=0)
    expected = (total**2 - (shares**2).sum()) / (total * (total - 1))
    return 1.0 if expected == 0 else float(1 - observed / expected)


def fleiss_kappa(answers: ArrayLike) -> float:
    """Return Fleiss' kappa of `answers` (items, people), with equally many annotators per item.

    Fleiss 1971: (observed - chance) / (1 - chance), chance from the shares of all answers; who
    gave which does not matter. Items without answers do not count. 1.0 where only one class was
    ever given; NaN where no item has two answers. Raises ValueError naming an item with another
    number of answers than the first: for those there is `krippendorff_alpha`.

    >>> round(fleiss_kappa([[0, 0, 0], [1, 1, 1], [0, 1, 1]]), 3)
    0.55
    """
    counts = count_classes(as_answers(answers))
    each = counts.sum(axis=1)
    usual = each[each > 0][:1]
    refuse_rows((each > 0) & (each != usual.sum()), "another number of answers than before")
    counts = counts[each > 0]
    if not len(usual) or usual[0] < 2:
        return float("nan")
    observed = float(((counts**2).sum(axis=1) - usual).mean() / (usual[0] * (usual[0] - 1)))
    chance = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    return 1.0 if chance >= 1.0 else (observed - chance) / (1 - chance)


def pairwise_agreement(answers: ArrayLike) -> float:
    """Return the share of equal pairs, averaged over items of `answers` with at least two.

    >>> pairwise_agreement([[0, 0, 1], [1, 1, -1]]).__round__(3)
    0.667
    """
    counts = count_classes(as_answers(answers))
    each = counts.sum(axis=1)
    counts, each = counts[each >= 2], each[each >= 2]
    if not len(each):
        return float("nan")
    return float((((counts**2).sum(axis=1) - each) / (each * (each - 1))).mean())


def majority(answers: ArrayLike, n_classes: int) -> FloatArray:
    """Return the share (items, n_classes) of each class; an item without answers is uniform.

    >>> majority([[0, 0, 1, -1]], 2).round(2)
    array([[0.67, 0.33]])
    """
    counts = count_classes(as_answers(answers), n_classes)
    each = counts.sum(axis=1, keepdims=True)
    return np.where(each > 0, counts / np.maximum(each, 1), 1 / n_classes)


def suspects(labels: ArrayLike, proba: ArrayLike) -> Suspects:
    """Return the likely errors among `labels` (n,), by out-of-fold `proba` (n, C).

    How many there are is counted by confident learning (Northcutt, Jiang and Chuang 2021): a class
    is claimed where its probability reaches the mean that items labelled so have for it, and an
    item counts if its likeliest claimed class is not its label. Which ones they are is told better
    by the odds of the likeliest other class against the label (tests/bench/label_errors.py), so
    that many with the longest odds are returned, if the other class is likelier at all. The model
    must not have trained on the labels it judges. Items without a label (-1) do not count.
    Raises ValueError naming a label that is no class or a row that is no distribution.

    >>> sure = [[0.9, 0.1], [0.8, 0.2], [0.05, 0.95], [0.1, 0.9], [0.2, 0.8]]
    >>> suspects([0, 0, 0, 1, 1], sure).rows
    array([2])
    """
    checked = as_distribution(proba)
    n, n_classes = checked.shape
    given = np.asarray(labels)
    if given.shape != (n,):
        raise ValueError(f"labels has shape {given.shape} for {n} rows of proba")
    refuse_rows(~np.isin(given, np.arange(-1, n_classes)), f"a label is not below {n_classes}")
    known = np.flatnonzero(given >= 0)
    if not len(known) or n_classes < 2:
        return Suspects(known[:0], np.zeros(0), known[:0])
    own, sure = given[known].astype(np.int64), checked[known]
    label, other, instead = _rivals(own, sure)
    # The odds themselves: probabilities close to 1 would round to it.
    order = np.lexsort((known, label / np.maximum(other, TINY)))[: _count_wrong(own, sure)]
    order = order[other[order] > label[order]]
    scores = other[order] / (label[order] + other[order])
    return Suspects(known[order], scores, instead[order])


def as_answers(answers: ArrayLike) -> IntArray:
    """Return `answers` as a checked table (items, people), or raise ValueError naming the item.

    >>> as_answers([[0, 1.0], [2, -1]]).tolist()
    [[0, 1], [2, -1]]
    """
    table = np.asarray(answers)
    if table.ndim != 2:
        raise ValueError(f"answers must be (items, people), not {table.shape}")
    numbers = table.astype(np.int64)
    refuse_rows(((numbers != table) | (numbers < -1)).any(axis=1), "an answer is no class number")
    return numbers


def count_classes(table: IntArray, n_classes: int | None = None) -> FloatArray:
    """Return how many answers of each item of `table` went to each class (items, n_classes).

    >>> count_classes(np.array([[0, 1, 1], [0, -1, -1]]))
    array([[1., 2.],
           [1., 0.]])
    """
    width = n_classes or int(table.max(initial=0)) + 1
    given = table >= 0
    codes = (np.arange(len(table))[:, None] * width + table)[given]
    counts = np.bincount(codes, minlength=len(table) * width).reshape(len(table), width)
    return counts.astype(np.float64)


def _rivals(labels: IntArray, proba: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return p(label), p(likeliest other class) and that class, (n,) each."""
    rows = np.arange(len(labels))
    others = proba.copy()
    others[rows, labels] = -1.0
    # A class without answers was never learnt.
    others[:, np.setdiff1d(np.arange(proba.shape[1]), labels)] = -1.0
    instead = others.argmax(axis=1)
    return proba[rows, labels], others[rows, instead], instead


def _count_wrong(labels: IntArray, proba: FloatArray) -> int:
    claimed = np.where(proba >= _self_confidence(labels, proba), proba, -1.0)
    # In a tie the label stands.
    stands = np.maximum(claimed[np.arange(len(labels)), labels], -0.5)
    return int((claimed.max(axis=1) > stands).sum())


def _self_confidence(labels: IntArray, proba: FloatArray) -> FloatArray:
    n_classes = proba.shape[1]
    sums = np.bincount(labels, proba[np.arange(len(labels)), labels], minlength=n_classes)
    counts = np.bincount(labels, minlength=n_classes)
    # A class without answers is never claimed; a mean of equal numbers may round above them.
    return np.where(counts > 0, sums / np.maximum(counts, 1) - 1e-9, np.inf)
