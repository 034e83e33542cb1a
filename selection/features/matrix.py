"""`Features`: the feature matrix of items, a sparse and a dense block side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from selection.core.arrays import AnyArray, Float32Array

Columns = tuple[int, int]  # [start, stop) of the dense features; (0, 0): there are none


class Blocks(NamedTuple):
    """The dense columns whose worth a model weighs; all others describe the item itself.

    `neighbours` are the mean of an item's neighbours in the pool, `encoder` comes from a pretrained
    encoder, and `encoder_neighbours` are the mean of the neighbours in that.
    """

    neighbours: Columns = (0, 0)
    encoder: Columns = (0, 0)
    encoder_neighbours: Columns = (0, 0)


NO_BLOCKS = Blocks()
ENCODED = ("encoder", "encoder_neighbours")  # stored only where there are such columns


@dataclass(frozen=True)
class Features:
    """The features of n items; row i of every block belongs to item i.

    `sparse` is a float32 CSR array (n, V) or None, `dense` a float32 array (n, d) or None, which
    may be memory-mapped. `spread` names the columns `[start, stop)` of `dense` in which distances
    mean something, so that diversity is measured there; `blocks` names those whose worth a model
    weighs.

    >>> len(Features(None, np.eye(3, dtype=np.float32), (0, 3)).take([2, 0]))
    2
    """

    sparse: Any
    dense: Float32Array | None
    spread: Columns = (0, 0)
    blocks: Blocks = NO_BLOCKS

    def __post_init__(self) -> None:
        if self.sparse is None and self.dense is None:
            raise ValueError("features need a sparse or a dense block")
        lengths = {block.shape[0] for block in (self.sparse, self.dense) if block is not None}
        if len(lengths) > 1:
            raise ValueError(f"the sparse and the dense block have {sorted(lengths)} rows")
        width = 0 if self.dense is None else self.dense.shape[1]
        for start, stop in (self.spread, *self.blocks):
            if not 0 <= start <= stop <= width:
                raise ValueError(f"({start}, {stop}) lies outside the {width} dense columns")

    def __len__(self) -> int:
        block = self.sparse if self.dense is None else self.dense
        return int(block.shape[0])

    def take(self, rows: ArrayLike | slice) -> Features:
        """Return the features of `rows` (row numbers, in that order, or a slice)."""
        wanted = rows if isinstance(rows, slice) else _row_numbers(rows, len(self))
        chosen = None if self.sparse is None else self.sparse[wanted]
        dense = None if self.dense is None else np.asarray(self.dense[wanted])
        return Features(chosen, dense, self.spread, self.blocks)

    def spread_block(self) -> Float32Array:
        """Return the columns (n, d) in which diversity is measured; (n, 0) where there are none."""
        if self.dense is None:
            return np.zeros((len(self), 0), dtype=np.float32)
        return np.asarray(self.dense[:, self.spread[0] : self.spread[1]], dtype=np.float32)

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return plain numeric arrays that `from_arrays` turns back into these features."""
        arrays: dict[str, AnyArray] = {
            "spread": np.array(self.spread, dtype=np.int64),
            "neighbours": np.array(self.blocks.neighbours, dtype=np.int64),
        }
        for name in ENCODED:
            columns = getattr(self.blocks, name)
            if columns != (0, 0):
                arrays[name] = np.array(columns, dtype=np.int64)
        if self.dense is not None:
            arrays["dense"] = self.dense
        if self.sparse is not None:
            arrays["sparse_shape"] = np.array(self.sparse.shape, dtype=np.int64)
            arrays["sparse_data"] = self.sparse.data
            arrays["sparse_indices"] = self.sparse.indices
            arrays["sparse_indptr"] = self.sparse.indptr
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> Features:
        """Return features over `arrays` as they are: memory-mapped parts are not read or copied."""
        named = {name: _columns(arrays[name]) for name in Blocks._fields if name in arrays}
        block = None
        if "sparse_shape" in arrays:
            parts = (
                arrays["sparse_data"],
                arrays["sparse_indices"],
                arrays["sparse_indptr"],
            )
            shape = (int(arrays["sparse_shape"][0]), int(arrays["sparse_shape"][1]))
            block = sparse.csr_array(parts, shape=shape, copy=False)
        return cls(block, arrays.get("dense"), _columns(arrays["spread"]), Blocks(**named))

    @classmethod
    def concat(cls, parts: Sequence[Features]) -> Features:
        """Return the rows of all `parts` under each other; they must come from one encoder.

        >>> one = Features(None, np.ones((1, 2), dtype=np.float32))
        >>> len(Features.concat([one, one]))
        2
        """
        if not parts:
            raise ValueError("nothing to concatenate")
        if len({(part.spread, part.blocks) for part in parts}) > 1:
            raise ValueError("the parts come from different encoders")
        block = None
        if parts[0].sparse is not None:
            block = sparse.csr_array(sparse.vstack([part.sparse for part in parts], format="csr"))
        dense = None
        if parts[0].dense is not None:
            dense = np.concatenate([_dense(part) for part in parts])
        return cls(block, dense, parts[0].spread, parts[0].blocks)

    @classmethod
    def gathered(cls, parts: Iterable[Features], n: int) -> Features:
        """Return the rows of all `parts`, `n` together, with one part in memory at a time.

        >>> parts = (Features(None, np.ones((1, 2), dtype=np.float32)) for _ in range(3))
        >>> len(Features.gathered(parts, 3))
        3
        """
        found = iter(parts)
        first = next(found, None)
        if first is None or first.sparse is not None or first.dense is None:
            return cls.concat([*([] if first is None else [first]), *found])
        dense, end = np.empty((n, first.dense.shape[1]), dtype=np.float32), 0
        for part in chain([first], found):
            if (part.spread, part.blocks) != (first.spread, first.blocks):
                raise ValueError("the parts come from different encoders")
            dense[end : end + len(part)] = _dense(part)
            end += len(part)
        if end != n:
            raise ValueError(f"the parts have {end} rows, not {n}")
        return cls(None, dense, first.spread, first.blocks)


def _columns(ends: AnyArray) -> Columns:
    return int(ends[0]), int(ends[1])


def _row_numbers(rows: ArrayLike, n: int) -> AnyArray:
    wanted = np.asarray(rows)
    if wanted.dtype == np.bool_:
        if wanted.shape != (n,):
            raise ValueError(f"the mask has {wanted.shape} entries for {n} rows")
        return np.flatnonzero(wanted)
    return wanted.astype(np.int64)


def _dense(part: Features) -> Float32Array:
    if part.dense is None:
        raise ValueError("a part lacks the dense block that the first one has")
    return part.dense
