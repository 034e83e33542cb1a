"""Rare class search: typical items first, then likely ones, then uncertain ones nearby."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain

import numpy as np

from selection.core import hashing, top_k
from selection.core.arrays import BoolArray, FloatArray, IntArray
from selection.diversity import batch_diversity
from selection.strategies.batch import Picks, needed_proba, spread_points
from selection.strategies.candidates import Candidates

# The number of items found from which the model can recognise the class.
MANY = 20
# Purposes of every 20 picks. Random ones come from the whole pool, so every item can be reached.
NONE_FOUND = {"cluster-seed": 19, "random": 1}
FEW_FOUND = {"rare": 15, "cluster-seed": 4, "random": 1}
MANY_FOUND = {"rare": 15, "near-found": 4, "random": 1}
ANCHORS = 10
NEAREST = 50


def hunt(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    """Choose likely members of the rare class, mixed with typical, doubtful and random items.

    While none is found only typical items of groups without a label are asked: the model knows
    nothing of the class yet. Up to 20 found, a fifth still goes to such groups, as a class may have
    several looks; then to doubtful items near those found (AnchorAL, Lesci and Vlachos 2024; SEALS,
    Coleman et al. 2022). A twentieth is drawn from the whole pool, always.

    >>> pool = Candidates(np.array([7, 8]), np.array([0.1, 0.9]), np.eye(2), np.eye(2),
    ...                   class_counts=[5, 2], rare_class=1)
    >>> hunt(pool, 1, np.random.default_rng(1))
    Picks(rows=array([1]), reasons=['rare'], probability=None)
    """
    needed_proba(candidates)
    turns = share_out(_shares(candidates), k, int(rng.integers(20)))
    queues = _queues(candidates, k, Counter(turns), rng)
    chosen: dict[int, str] = {}
    for reason in turns:
        row = next(row for row in queues[reason] if row not in chosen)
        chosen[row] = reason
    return Picks(np.array(list(chosen), dtype=np.int64), list(chosen.values()))


def share_out(shares: dict[str, int], k: int, start: int = 0) -> list[str]:
    """Return `k` reasons in the order to ask, spread as evenly as their `shares` allow.

    The order repeats itself after as many turns as the shares sum to; `start` tells where in it to
    begin, so that a small share comes to its turn in small batches, too.

    >>> share_out({"rare": 3, "random": 1}, 5)
    ['rare', 'rare', 'random', 'rare', 'rare']
    """
    length, given = sum(shares.values()), Counter[str]()
    order = []
    for turn in range(1, length + 1):
        behind = {reason: share * turn - given[reason] * length for reason, share in shares.items()}
        order.append(max(behind, key=behind.__getitem__))
        given[order[-1]] += 1
    return [order[(start + turn) % length] for turn in range(k)]


def rare_class(candidates: Candidates) -> int:
    """Return the wanted class: the declared one, else the one with the fewest labels.

    >>> rare_class(Candidates(np.zeros(0), np.zeros(0), class_counts=[5, 2]))
    1
    """
    if candidates.rare_class is not None:
        return candidates.rare_class
    counts = candidates.class_counts
    return 0 if counts is None or not len(counts) else int(np.argmin(np.asarray(counts)))


def near_anchors(
    points: FloatArray, found: FloatArray, rng: np.random.Generator | int
) -> BoolArray:
    """Return which of `points` (n, d) are among the 50 nearest to one of 10 anchors.

    The anchors are drawn from `found` (F, d) by k-means++, so that they stand for all its looks;
    rows have length 1 or 0. With none found nothing is near. AnchorAL, Lesci and Vlachos 2024.
    Cost O(10 (n + F) d).

    >>> near_anchors(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0]]), 0)
    array([ True,  True])
    """
    near = np.zeros(len(points), dtype=np.bool_)
    for anchor in batch_diversity.kmeans_pp(found, ANCHORS, None, rng):
        likeness = np.round(points @ found[anchor], 6)
        near[np.argsort(-likeness, kind="stable")[:NEAREST]] = True
    return near


def _shares(candidates: Candidates) -> dict[str, int]:
    counts = candidates.class_counts
    found = 0 if counts is None else counts[rare_class(candidates)]
    if not found:
        return NONE_FOUND
    return FEW_FOUND if found < MANY else MANY_FOUND


def _queues(
    candidates: Candidates, k: int, due: Counter[str], rng: np.random.Generator
) -> dict[str, Iterator[int]]:
    """Return the rows for each reason that is `due`, best first; all rows in the end."""
    likely = top_k.best(
        candidates.scores, candidates.ids, len(candidates), int(rng.integers(2**63))
    )
    lot = np.argsort(hashing.hash_bits(candidates.ids, int(rng.integers(2**63))), kind="stable")
    if candidates.drawn is not None:
        lot = lot[candidates.drawn[lot]]
    firsts = {"rare": likely[:0], "random": lot}
    if due["cluster-seed"]:
        points, existing = spread_points(candidates)
        firsts["cluster-seed"] = batch_diversity.typical(points, k, existing, rng)
    if due["near-found"]:
        firsts["near-found"] = _doubtful_near(candidates, rng)
    return {reason: chain(map(int, rows), map(int, likely)) for reason, rows in firsts.items()}


def _doubtful_near(candidates: Candidates, rng: np.random.Generator) -> IntArray:
    """Return the rows near found items, the most uncertain first."""
    points, existing = spread_points(candidates)
    if existing is None or candidates.labels is None:
        return np.zeros(0, dtype=np.int64)
    wanted, labels = rare_class(candidates), np.asarray(candidates.labels)
    is_rare = candidates.space.has_class(labels, wanted)
    rows = np.flatnonzero(near_anchors(points, existing[is_rare], rng))
    doubt = -np.abs(2 * needed_proba(candidates)[rows, wanted] - 1)
    return rows[top_k.best(doubt, candidates.ids[rows], len(rows), int(rng.integers(2**63)))]
