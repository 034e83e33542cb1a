"""Items that say nearly the same and were labelled differently: one of the two is a mistake."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import AnyArray, Float32Array, IntArray, normalise_rows, row_blocks
from selection.core.distances import ROWS, as_points
from selection.diversity.nearest_neighbors import STEP

ALIKE = 0.9  # cosine of features; texts this alike mostly differ in a word or two
MOST = 1000


class Contradictions(NamedTuple):
    """Pairs of rows (m, 2), the lower row first, and their `cosines` (m,); most alike first."""

    pairs: IntArray
    cosines: Float32Array


def contradictions(
    features: ArrayLike, labels: ArrayLike, *, threshold: float = ALIKE, most: int = MOST
) -> Contradictions:
    """Return the pairs of rows that are nearly the same but labelled differently.

    `features` (n, d) as for `duplicates`, such as `Features.spread_block`; two rows are nearly the
    same where their cosine reaches `threshold`. `labels` (n,) are class numbers, -1 for an item
    that does not count, or (n, C) 0/1 tables where an item may have several labels. At most
    `most` pairs; those as alike (in steps of 1e-6) in the order of their rows. A zero row is like
    nothing. All pairs are compared, in blocks of 1024 x 1024: O(n^2 d) time, for what is labelled
    and not for a pool, and O(most) memory. Raises ValueError naming a row that is not finite.

    >>> contradictions([[1.0, 0.0], [0.0, 1.0], [0.999, 0.001]], [0, 1, 1]).pairs
    array([[0, 2]])
    """
    points, classes = as_points(features), np.asarray(labels)
    if classes.ndim not in (1, 2) or len(classes) != len(points):
        raise ValueError(f"{len(points)} rows of features for labels {classes.shape}")
    # What does not count need not be compared.
    rows = np.flatnonzero(classes != -1) if classes.ndim == 1 else np.arange(len(points))
    directions, kinds = normalise_rows(points[rows]), _numbered(classes[rows])
    found = Contradictions(np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.float32))
    for ours in row_blocks(len(rows), ROWS):
        for theirs in row_blocks(ours.stop, ROWS):
            near = directions[ours] @ directions[theirs].T
            near[kinds[ours, None] == kinds[theirs]] = 0.0
            found = _best(found, _pairs(near, ours.start, theirs.start, threshold), most)
    return Contradictions(rows[found.pairs], found.cosines)


def _numbered(labels: AnyArray) -> IntArray:
    """Return a number (n,) for each label, or each set of labels."""
    return np.unique(labels, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _pairs(near: Float32Array, first: int, second: int, threshold: float) -> Contradictions:
    # Half a step of room: what is exactly at the threshold may come out a hair below.
    here, there = np.nonzero(near >= max(threshold, STEP) - STEP / 2)
    rows, others = first + here, second + there
    once = others < rows
    pairs = np.column_stack([others[once], rows[once]]).astype(np.int64)
    return Contradictions(pairs, np.minimum(near[here[once], there[once]], 1.0))


def _best(found: Contradictions, new: Contradictions, most: int) -> Contradictions:
    if not len(new.pairs):
        return found
    pairs = np.concatenate([found.pairs, new.pairs])
    cosines = np.concatenate([found.cosines, new.cosines])
    steps = np.round(cosines.astype(np.float64) / STEP)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -steps))[: max(most, 0)]
    return Contradictions(pairs[order], cosines[order])
