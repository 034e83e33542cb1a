"""Exact nearest neighbours of one row by cosine, reading the pool once in blocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import AnyArray, FloatArray, IntArray, refuse_rows, row_blocks

# The order of summation differs between machines: smaller differences are ties.
STEP = 1e-6


class Nearest(NamedTuple):
    """The numbers `ids` (k,) of the rows, nearest first, and their `cosines` (k,)."""

    ids: IntArray
    cosines: FloatArray


def nearest(row: ArrayLike, blocks: Iterable[tuple[int, AnyArray]], k: int) -> Nearest:
    """Return the `k` rows whose cosine with `row` (d,) is highest, nearest first.

    Each block is the number of its first row with its rows (n, d), which may be memory-mapped.
    Cosines are compared in steps of 1e-6; ties go to the lower number, so the answer does not
    depend on how the pool is cut. A zero row is like nothing: it is near no other, and none is
    near to it. Raises ValueError naming a row that is not finite. Cost O(n d) in float64, memory
    O(k) and 4,096 rows.

    >>> nearest([1.0, 1.0], [(7, np.array([[0.0, 0.0], [3.0, 3.0], [0.0, -1.0]]))], 2)
    Nearest(ids=array([8, 9]), cosines=array([ 1.        , -0.70710678]))
    """
    wanted = max(k, 0)
    found = Nearest(np.zeros(0, dtype=np.int64), np.zeros(0))
    direction = _direction(row)
    if direction is None:
        return found
    for first, block in blocks:
        for rows in row_blocks(len(block)):
            near = _cosines(direction, block[rows], first + rows.start)
            both = [np.concatenate(pair) for pair in zip(found, near, strict=True)]
            found = _best(Nearest(*both), wanted)
    return found


def _direction(row: ArrayLike) -> FloatArray | None:
    values = np.asarray(row, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"the row must have one dimension, not {values.ndim}")
    length = float(np.sqrt(values @ values))
    if not np.isfinite(length):
        raise ValueError("the row is not finite")
    return values / length if length else None


def _cosines(direction: FloatArray, block: AnyArray, first: int) -> Nearest:
    """Return the numbers and cosines of the rows of `block` that are not zero."""
    values = np.asarray(block, dtype=np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))
    refuse_rows(~np.isfinite(lengths), "features are not finite", first=first)
    there = np.flatnonzero(lengths)
    return Nearest(first + there, (values @ direction)[there] / lengths[there])


def _best(found: Nearest, wanted: int) -> Nearest:
    steps = np.round(found.cosines / STEP)
    keep = np.arange(len(steps))
    if len(steps) > wanted > 0:
        # Sort only what can remain.
        keep = np.flatnonzero(steps >= np.partition(steps, -wanted)[-wanted])
    order = keep[np.lexsort((found.ids[keep], -steps[keep]))][:wanted]
    return Nearest(found.ids[order], found.cosines[order])
