"""Acquisition scores: how informative each item is, from class probabilities. Higher = ask sooner.

With one label per item; `selection.models.label_space` has the same scores for other answers.
Rows are processed in blocks: beyond input and output a score holds 4096 (C + d) numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr

from selection.core.arrays import (
    AnyArray,
    FloatArray,
    IntArray,
    as_distribution,
    as_matrix,
    as_table,
    refuse_rows,
    row_blocks,
)

RowScore = Callable[[FloatArray], FloatArray]  # checked probabilities (n, C) -> (n,)


class Check(Protocol):
    """A check of probabilities, such as `as_distribution`."""

    def __call__(self, proba: ArrayLike, *, first: int = 0) -> FloatArray:
        """Return the checked rows; `first` is the number of the first one."""
        ...


def least_confident(proba: ArrayLike) -> FloatArray:
    """Return 1 - max p for each row of `proba` (n, C): (n,), from 0 to 1 - 1/C.

    Lewis and Gale 1994. Raises ValueError naming a row that is not a distribution.

    >>> least_confident([[0.2, 0.5, 0.3], [0.1, 0.7, 0.2]]).round(9)
    array([0.5, 0.3])
    """
    return score_by_block(_least_confident, proba, as_distribution)


def margin(proba: ArrayLike) -> FloatArray:
    """Return -(p1 - p2), p1 and p2 the two largest of each row of `proba` (n, C): (n,), -1 to 0.

    With one class it is -p1. Scheffer, Decomain and Wrobel 2001. Raises ValueError naming a row
    that is not a distribution.

    >>> margin([[0.2, 0.5, 0.3], [0.1, 0.7, 0.2]]).round(9)
    array([-0.2, -0.5])
    """
    return score_by_block(_margin, proba, as_distribution)


def entropy(proba: ArrayLike) -> FloatArray:
    """Return the entropy in nats of each row of `proba` (n, C): (n,), from 0 to ln C.

    Shannon 1948. Raises ValueError naming a row that is not a distribution.

    >>> entropy([[0.7, 0.3, 0.0], [1.0, 0.0, 0.0]]).round(6)
    array([0.610864, 0.      ])
    """
    return score_by_block(_entropy, proba, as_distribution)


def vote_entropy(votes: ArrayLike, n_classes: int) -> FloatArray:
    """Return the entropy in nats of the classes that T members voted for: `votes` (T, n) -> (n,).

    Engelson and Dagan 1996. Raises ValueError naming a row whose vote is no class number.

    >>> vote_entropy([[0, 0, 2], [1, 0, 2], [2, 1, 2]], 3).round(6)
    array([1.098612, 0.636514, 0.      ])
    """
    ballots = np.asarray(votes)
    if ballots.ndim != 2 or not len(ballots):
        raise ValueError(f"votes must be (members, n), not {ballots.shape}")
    values = np.empty(ballots.shape[1])
    for rows in row_blocks(len(values)):
        part = ballots[:, rows]
        strange = ~np.isin(part, np.arange(n_classes)).all(axis=0)
        refuse_rows(strange, "a vote is no class number", first=rows.start)
        values[rows] = entr(_count_votes(part, n_classes) / len(part)).sum(axis=1)
    return values


def bald(proba: ArrayLike) -> FloatArray:
    """Return the mutual information of label and committee member: `proba` (T, n, C) -> (n,) nats.

    Entropy of the mean minus mean entropy (Houlsby et al. 2011), which equals the mean
    Kullback-Leibler divergence to the consensus (McCallum and Nigam 1998). Raises ValueError
    naming a row that is not a distribution.

    >>> bald([[[0.3, 0.7], [0.4, 0.6]], [[0.2, 0.8], [0.5, 0.5]]]).round(8)
    array([0.00670178, 0.00505939])
    """
    return mutual_information(_entropy, proba, as_distribution)


def expected_model_change(proba: ArrayLike, features: ArrayLike) -> FloatArray:
    """Return the expected gradient length of a linear head: (n, C), (n, d) -> (n,).

    Sum over y of p_y |p - e_y| |h|, h = [features, 1] (Settles, Craven and Ray 2008), in closed
    form: |p - e_y|^2 = sum p^2 - 2 p_y + 1. Rows of `features` should have equal length, or the
    longest are asked first. Raises ValueError naming a row that is not a distribution.

    >>> expected_model_change([[0.5, 0.5], [1.0, 0.0]], [[0.0], [0.0]]).round(6)
    array([0.707107, 0.      ])
    """
    change = score_by_block(_class_change, proba, as_distribution)
    return change * lengths_with_bias(features, len(change))


def label_dispersion(history: ArrayLike) -> FloatArray:
    """Return the label dispersion over T rounds of predictions: `history` (T, n) -> (n,), 0 to 1.

    1 - (rounds that gave the most frequent class) / (rounds that gave any), from the class
    numbers stored after each training, -1 where a round stored none (Bengar, Raducanu and
    van de Weijer 2021). An item without any is at 0. Raises ValueError naming the item whose
    prediction is no class number.

    >>> label_dispersion([[0, 0, -1], [0, 1, 2], [0, 1, 2], [0, 2, 2]])
    array([0. , 0.5, 0. ])
    """
    rounds = np.asarray(history)
    if rounds.ndim != 2:
        raise ValueError(f"history must be (rounds, n), not {rounds.shape}")
    classes = rounds.astype(np.int64)
    refuse_rows(((classes != rounds) | (classes < -1)).any(axis=0), "a prediction is no class")
    stored = (classes >= 0).sum(axis=0)
    # Compare each round with all: rounds are few, and no counter per class is needed.
    same = [(classes == row).sum(axis=0) * (row >= 0) for row in classes]
    most = np.max(same, axis=0) if same else stored
    return np.where(stored > 0, 1 - most / np.maximum(stored, 1), 0.0)


# Parts of scores ---------------------------------------------------------------------------------


def score_by_block(score: RowScore, proba: ArrayLike, check: Check) -> FloatArray:
    """Return `score` of each row of `proba` (n, C), checked and scored in blocks: (n,).

    Raises ValueError as `check` does, rows counted from the start of `proba`.

    >>> score_by_block(lambda block: block.max(axis=1), [[0.2, 0.8]], as_distribution)
    array([0.8])
    """
    table = as_table(proba, "proba")
    values = np.empty(len(table))
    for rows in row_blocks(len(table)):
        values[rows] = score(check(table[rows], first=rows.start))
    return values


def mutual_information(entropy: RowScore, proba: ArrayLike, check: Check) -> FloatArray:
    """Return entropy of the mean minus mean entropy of T members: `proba` (T, n, C) -> (n,) nats.

    >>> mutual_information(_entropy, [[[1.0, 0.0]], [[0.0, 1.0]]], as_distribution).round(6)
    array([0.693147])
    """
    members = np.asarray(proba)
    if members.ndim != 3 or not len(members):
        raise ValueError(f"proba must be (members, n, C), not {members.shape}")
    values = np.empty(members.shape[1])
    for rows in row_blocks(len(values)):
        block = [check(member[rows], first=rows.start) for member in members]
        apart = np.mean([entropy(member) for member in block], axis=0)
        # Rounding can make it slightly negative if all members agree.
        values[rows] = np.maximum(entropy(np.mean(block, axis=0)) - apart, 0.0)
    return values


def lengths_with_bias(features: ArrayLike, n: int) -> FloatArray:
    """Return the length of [h, 1] for each row h of `features` (n, d): (n,).

    Raises ValueError unless there are `n` rows, or naming a row that is not finite.

    >>> lengths_with_bias([[0.0], [0.0]], 2)
    array([1., 1.])
    """
    table = as_table(features, "features")
    if len(table) != n:
        raise ValueError(f"{n} rows of proba, {len(table)} rows of features")
    squares = np.empty(n)
    for rows in row_blocks(n):
        block = as_matrix(table[rows], "features", first=rows.start)
        squares[rows] = np.einsum("ij,ij->i", block, block)
    return np.sqrt(squares + 1)


def _least_confident(proba: FloatArray) -> FloatArray:
    return np.asarray(1 - proba.max(axis=1, initial=0.0))


def _margin(proba: FloatArray) -> FloatArray:
    first, second = np.zeros(len(proba)), np.zeros(len(proba))
    # Two running maxima, column by column: half the time of partially sorting each row.
    for column in np.ascontiguousarray(proba.T):
        np.maximum(second, np.minimum(first, column), out=second)
        np.maximum(first, column, out=first)
    return second - first


def _entropy(proba: FloatArray) -> FloatArray:
    return np.asarray(entr(proba).sum(axis=1))


def _count_votes(ballots: AnyArray, n_classes: int) -> IntArray:
    n = ballots.shape[1]
    codes = np.arange(n) * n_classes + ballots.astype(np.int64)
    return np.bincount(codes.ravel(), minlength=n * n_classes).reshape(n, n_classes)


def _class_change(proba: FloatArray) -> FloatArray:
    squares = (proba**2).sum(axis=1, keepdims=True)
    gradients = np.sqrt(np.maximum(squares - 2 * proba + 1, 0.0))
    return np.asarray((proba * gradients).sum(axis=1))
