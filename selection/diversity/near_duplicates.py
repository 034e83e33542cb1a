"""Near-duplicates: grouped by features or content, so that a batch holds one of each group."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from selection.core.arrays import AnyArray, IntArray, normalise_rows, row_blocks
from selection.core.distances import ROWS, as_points

ALIKE = 0.99  # cosine


def group_duplicates(
    features: ArrayLike,
    ids: ArrayLike,
    *,
    hashes: ArrayLike | None = None,
    threshold: float = ALIKE,
) -> IntArray:
    """Return the group (n,) of each row: the smallest id among the items it is a near-copy of.

    Two rows of `features` (n, d) are near-copies where their cosine is above `threshold`, or where
    their `hashes` (n,) of the content are equal; so are copies of copies. A zero row has no
    direction and is like nothing but its equals by hash. All pairs are compared: O(n^2 d) time,
    for some thousand candidates and not for a pool, in blocks of 1024 x 1024.
    Raises ValueError naming a row that is not finite.

    >>> group_duplicates([[1.0, 0.0], [0.0, 1.0], [0.999, 0.001]], [9, 8, 7])
    array([7, 8, 7])
    """
    directions = normalise_rows(as_points(features))
    numbers = np.asarray(ids, dtype=np.int64)
    if numbers.shape != (len(directions),):
        raise ValueError(f"{len(directions)} rows of features for ids {numbers.shape}")
    groups = _by_hash(hashes, len(directions))
    for ours in row_blocks(len(directions), ROWS):
        for theirs in row_blocks(ours.stop, ROWS):
            near = directions[ours] @ directions[theirs].T > threshold
            groups = _join(groups, ours, theirs, near)
    return _smallest_ids(groups, numbers)


def best_of_each(ranked: ArrayLike, groups: ArrayLike) -> IntArray:
    """Return the rows `ranked` (m,), best first, the first of each group before all others.

    `groups` (n,) holds the group of every row that may be ranked. Both parts keep their order.

    >>> best_of_each([2, 0, 1], groups=[7, 8, 7])
    array([2, 1, 0])
    """
    rows = np.asarray(ranked, dtype=np.int64)
    _, first = np.unique(np.asarray(groups)[rows], return_index=True)
    repeated = np.ones(len(rows), dtype=bool)
    repeated[first] = False
    return rows[np.argsort(repeated, kind="stable")]


def _by_hash(hashes: ArrayLike | None, n: int) -> IntArray:
    if hashes is None:
        return np.arange(n)
    contents = np.asarray(hashes)
    if contents.shape != (n,):
        raise ValueError(f"{n} rows of features for hashes {contents.shape}")
    return np.unique(contents, return_inverse=True)[1].astype(np.int64)


def _join(groups: IntArray, ours: slice, theirs: slice, near: AnyArray) -> IntArray:
    rows, columns = np.nonzero(near)
    here, there = groups[ours][rows], groups[theirs][columns]
    apart = here != there
    if not apart.any():
        return groups
    n, links = len(groups), np.ones(int(apart.sum()), dtype=np.int8)
    graph = sparse.coo_array((links, (here[apart], there[apart])), shape=(n, n))
    _, joined = connected_components(graph.tocsr(), directed=False)
    return np.asarray(joined[groups], dtype=np.int64)


def _smallest_ids(groups: IntArray, ids: IntArray) -> IntArray:
    smallest = np.full(len(groups), np.iinfo(np.int64).max)
    np.minimum.at(smallest, groups, ids)
    return smallest[groups]
