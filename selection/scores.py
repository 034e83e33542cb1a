"""How much each item would teach, judged from class probabilities. Higher = ask sooner."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr

from selection.arrays import FloatArray, as_matrix, as_proba, refuse_rows


def least_confident(proba: ArrayLike, *, multi_label: bool = False) -> FloatArray:
    """Return 1 - max p for each row of `proba` (n, C): (n,), from 0 to 1 - 1/C.

    With `multi_label`, where every column is its own yes/no, the least sure column counts.
    Lewis and Gale 1994. Raises ValueError naming a row that is not a distribution.

    >>> least_confident([[0.2, 0.5, 0.3], [0.1, 0.7, 0.2]]).round(9)
    array([0.5, 0.3])
    """
    checked = as_proba(proba, multi_label=multi_label)
    if multi_label:
        doubt = np.minimum(checked, 1 - checked)
        return np.asarray(doubt.max(axis=1, initial=0.0), dtype=np.float64)
    return np.asarray(1 - checked.max(axis=1, initial=0.0), dtype=np.float64)


def margin(proba: ArrayLike, *, multi_label: bool = False) -> FloatArray:
    """Return -(p1 - p2), p1 and p2 the two largest of each row of `proba` (n, C): (n,), -1 to 0.

    With `multi_label` it is -|2p - 1| of the least sure column. With one class it is -p1.
    Scheffer, Decomain and Wrobel 2001. Raises ValueError naming a bad row.

    >>> margin([[0.2, 0.5, 0.3], [0.1, 0.7, 0.2]]).round(9)
    array([-0.2, -0.5])
    """
    checked = as_proba(proba, multi_label=multi_label)
    if multi_label:
        surest = -np.abs(2 * checked - 1)
        return np.asarray(surest.max(axis=1, initial=-1.0), dtype=np.float64)
    if checked.shape[1] < 2:
        return np.asarray(-checked.sum(axis=1), dtype=np.float64)
    ordered = np.partition(checked, -2, axis=1)
    return np.asarray(ordered[:, -2] - ordered[:, -1], dtype=np.float64)


def entropy(proba: ArrayLike, *, multi_label: bool = False) -> FloatArray:
    """Return the entropy in nats of each row of `proba` (n, C): (n,), from 0 to ln C.

    With `multi_label` it is the mean entropy of the columns, from 0 to ln 2. Shannon 1948.
    Raises ValueError naming a bad row.

    >>> entropy([[0.7, 0.3, 0.0], [1.0, 0.0, 0.0]]).round(6)
    array([0.610864, 0.      ])
    """
    checked = as_proba(proba, multi_label=multi_label)
    if multi_label:
        pairs = entr(checked) + entr(1 - checked)
        return np.asarray(pairs.sum(axis=1) / max(checked.shape[1], 1), dtype=np.float64)
    return np.asarray(entr(checked).sum(axis=1), dtype=np.float64)


def vote_entropy(votes: ArrayLike, n_classes: int) -> FloatArray:
    """Return the entropy in nats of the classes that T members voted for: `votes` (T, n) -> (n,).

    Engelson and Dagan 1996. Raises ValueError naming a row whose vote is no class number.

    >>> vote_entropy([[0, 0, 2], [1, 0, 2], [2, 1, 2]], 3).round(6)
    array([1.098612, 0.636514, 0.      ])
    """
    ballots = np.asarray(votes)
    if ballots.ndim != 2 or not len(ballots):
        raise ValueError(f"votes must be (members, n), not {ballots.shape}")
    refuse_rows(~np.isin(ballots, np.arange(n_classes)).all(axis=0), "a vote is no class number")
    members, n = ballots.shape
    codes = np.arange(n) * n_classes + ballots.astype(np.int64)
    counts = np.bincount(codes.ravel(), minlength=n * n_classes).reshape(n, n_classes)
    return np.asarray(entr(counts / members).sum(axis=1), dtype=np.float64)


def bald(proba: ArrayLike, *, multi_label: bool = False) -> FloatArray:
    """Return what the label would tell about which of T members is right: (T, n, C) -> (n,) nats.

    Entropy of the mean minus mean entropy (Houlsby et al. 2011), which equals the mean
    Kullback-Leibler divergence to the consensus (McCallum and Nigam 1998).

    >>> bald([[[0.3, 0.7], [0.4, 0.6]], [[0.2, 0.8], [0.5, 0.5]]]).round(8)
    array([0.00670178, 0.00505939])
    """
    members = np.asarray(proba, dtype=np.float64)
    if members.ndim != 3 or not len(members):
        raise ValueError(f"proba must be (members, n, C), not {members.shape}")
    apart = np.mean([entropy(member, multi_label=multi_label) for member in members], axis=0)
    together = entropy(members.mean(axis=0), multi_label=multi_label)
    # Rounding can leave a tiny negative where all members agree.
    return np.asarray(np.maximum(together - apart, 0.0), dtype=np.float64)


def expected_model_change(
    proba: ArrayLike, features: ArrayLike, *, multi_label: bool = False
) -> FloatArray:
    """Return the expected gradient length of a linear head: (n, C), (n, d) -> (n,).

    Sum over y of p_y |p - e_y| |h|, h = [features, 1] (Settles, Craven and Ray 2008), in closed
    form: |p - e_y|^2 = sum p^2 - 2 p_y + 1. Rows of `features` should have equal length, or the
    longest are asked first. With `multi_label` each column is its own yes/no: 2 p (1 - p), added.

    >>> expected_model_change([[0.5, 0.5], [1.0, 0.0]], [[0.0], [0.0]]).round(6)
    array([0.707107, 0.      ])
    """
    checked = as_proba(proba, multi_label=multi_label)
    lengths = _lengths_with_bias(as_matrix(features, "features"), len(checked))
    if multi_label:
        return np.asarray((2 * checked * (1 - checked)).sum(axis=1) * lengths, dtype=np.float64)
    squares = (checked**2).sum(axis=1, keepdims=True)
    gradients = np.sqrt(np.maximum(squares - 2 * checked + 1, 0.0))
    return np.asarray((checked * gradients).sum(axis=1) * lengths, dtype=np.float64)


def _lengths_with_bias(features: FloatArray, n: int) -> FloatArray:
    if len(features) != n:
        raise ValueError(f"{n} rows of proba, {len(features)} rows of features")
    return np.asarray(np.sqrt((features**2).sum(axis=1) + 1), dtype=np.float64)
