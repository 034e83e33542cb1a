"""Random numbers keyed by item id: independent of shards and row order."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selection.core.arrays import FloatArray


def hash_bits(ids: ArrayLike, seed: int) -> NDArray[np.uint64]:
    """Return 64 well-mixed bits for each of `ids` (n,), keyed by `seed`.

    SplitMix64 (Steele, Lea and Flood 2014), applied to the mixed seed plus the id.

    >>> hash_bits([7], 1)[0] == hash_bits([3, 7], 1)[1]
    np.True_
    """
    numbers = np.asarray(ids, dtype=np.int64).astype(np.uint64)
    start = _mix(np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64))
    return _mix(numbers + start)


def uniform(ids: ArrayLike, seed: int) -> FloatArray:
    """Return a number strictly between 0 and 1 for each of `ids` (n,).

    >>> bool(0 < uniform([7], 1)[0] < 1)
    True
    """
    bits = hash_bits(ids, seed) >> np.uint64(11)
    numbers: FloatArray = (bits.astype(np.float64) + 0.5) / 2.0**53
    return numbers


def gumbel(ids: ArrayLike, seed: int) -> FloatArray:
    """Return standard Gumbel noise for each of `ids` (n,).

    The best k of `log weight + gumbel` are k draws without replacement in proportion to the
    weights (Vieira 2014; Kool, van Hoof and Welling 2019), and can be found shard by shard.

    >>> gumbel([7], 1).shape
    (1,)
    """
    noise: FloatArray = -np.log(-np.log(uniform(ids, seed)))
    return noise


def _mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))
