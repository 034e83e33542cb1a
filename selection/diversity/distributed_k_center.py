"""Centres that cover a pool of any size: chosen shard by shard, with a proof of how well.

Each shard chooses k rows farthest first, and the same rule chooses k among those: two rounds.
The radius (the largest distance of an item to its nearest centre) is at most four times that of
the best k centres. For a shard's k rows and its next one are pairwise at least r apart and from
what exists, so two of these k + 1 share a best centre and r is at most twice the best radius;
choosing among the chosen adds as much once more. The same reason gives a bound that needs no
knowledge of the best: no k centres do better than r / 2. Gonzalez 1985; Malkomes et al. 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import AnyArray, IntArray
from selection.core.distances import Points, as_centres, as_points
from selection.diversity.farthest_first import farthest_first


class Cover(NamedTuple):
    """The centres `ids` (k,) and `points` (k, d) in the order of choice.

    `reach` is the distance that the next centre would have had, in this shard or any before.
    """

    ids: IntArray
    points: AnyArray
    reach: float


class Certificate(NamedTuple):
    """The measured `radius`, and the `bound` below which no k centres can bring it."""

    radius: float
    bound: float

    @property
    def ratio(self) -> float:
        """How many times the best radius this one is at most; 1 where both are 0."""
        if self.bound > 0:
            return self.radius / self.bound
        return 1.0 if self.radius == 0 else float("inf")


def cover_shard(
    features: ArrayLike, ids: ArrayLike, k: int, existing: ArrayLike | None = None
) -> Cover:
    """Return the `k` centres of one shard `features` (n, d), items `ids` (n,): the first round.

    `existing` (L, d) are centres that are there already. The answer does not depend on the order
    of the rows. Cost O(n (L + k) d), memory O(n) beyond the features unless they need sorting.

    >>> cover_shard([[0.0], [4.0], [8.0]], [7, 8, 9], 1, existing=[[0.0]])
    Cover(ids=array([9]), points=array([[8.]]), reach=4.0)
    """
    numbers, points = _by_id(features, ids)
    wanted = max(k, 0)
    found = farthest_first(Points.of(points), wanted + 1, as_centres(existing, points))
    rows = found.rows[:wanted]
    # The one row too many is no centre: it tells how far the farthest item is from all that are.
    reach = float(np.sqrt(found.gaps[wanted])) if len(found.rows) > wanted else 0.0
    return Cover(numbers[rows], points[rows], reach)


def merge_covers(parts: Sequence[Cover], k: int, existing: ArrayLike | None = None) -> Cover:
    """Return the `k` centres among those of all shards, in whatever order: the second round.

    >>> parts = [cover_shard([[0.0], [9.0]], [7, 9], 1), cover_shard([[1.0]], [8], 1)]
    >>> merge_covers(parts, 1, existing=[[0.0]]).ids
    array([8])
    """
    held = [part for part in parts if len(part.ids)]
    if not held:
        return Cover(np.zeros(0, np.int64), np.zeros((0, 0)), _widest(parts))
    points = np.concatenate([part.points for part in held])
    numbers = np.concatenate([part.ids for part in held])
    union = cover_shard(points, numbers, k, existing)
    return union._replace(reach=max(union.reach, _widest(parts)))


def measure_radius(
    features: ArrayLike, centres: ArrayLike, existing: ArrayLike | None = None
) -> float:
    """Return the distance of the worst covered row of `features` (n, d) from all centres.

    The pool's radius is the largest of its shards'; without any centre it is infinite.

    >>> measure_radius([[0.0], [3.0]], [[1.0]])
    2.0
    """
    points = as_points(features)
    anchors = np.concatenate([as_centres(centres, points), as_centres(existing, points)])
    if not len(points):
        return 0.0
    if not len(anchors):
        return float("inf")
    return float(np.sqrt(farthest_first(Points.of(points), 1, anchors).gaps[0]))


def certify(cover: Cover, radii: Sequence[float]) -> Certificate:
    """Return what `cover`, as merged, is worth, given the measured radius of every shard.

    >>> certify(Cover(np.array([7]), np.array([[1.0]]), reach=3.0), [2.0, 0.5])
    Certificate(radius=2.0, bound=1.5)
    """
    return Certificate(max(radii, default=0.0), cover.reach / 2)


def _by_id(features: ArrayLike, ids: ArrayLike) -> tuple[IntArray, AnyArray]:
    points, numbers = as_points(features), np.asarray(ids, dtype=np.int64)
    if numbers.shape != (len(points),):
        raise ValueError(f"{len(points)} rows of features for ids {numbers.shape}")
    if (np.diff(numbers) > 0).all():
        return numbers, points
    order = np.argsort(numbers, kind="stable")
    return numbers[order], points[order]


def _widest(parts: Sequence[Cover]) -> float:
    return max((part.reach for part in parts), default=0.0)
