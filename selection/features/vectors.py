"""Vectors of a pretrained encoder as columns beside what was learnt from the pool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from selection.core.arrays import BLOCK, AnyArray, Float32Array, as_table, normalise_rows
from selection.features.matrix import Blocks, Columns, Features
from selection.features.neighbor_mean import Neighbours

SCALE = 2.0
SHARPNESS = 8.0


@dataclass(frozen=True)
class VectorBlock:
    """What a pool's vectors (n, d) have in common: their mean, and examples of them.

    A vector becomes its direction from the `mean`, since some encoders put all texts close
    together, and the mean of its neighbours among the examples. A vector of zeros says nothing and
    stays zero.

    >>> vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], dtype=np.float32)
    >>> block = VectorBlock.fit(vectors[:2])
    >>> X = block.extend(Features(None, np.ones((3, 1), dtype=np.float32)), vectors)
    >>> X.blocks.encoder, X.blocks.encoder_neighbours
    ((1, 3), (3, 5))
    """

    mean: Float32Array
    neighbours: Neighbours

    @classmethod
    def fit(cls, vectors: AnyArray) -> VectorBlock:
        """Return the block of a sample `vectors` (m, d) of the pool, in random order.

        Its first 4,096 are the examples in which neighbours are searched. Raises ValueError for
        numbers that are not finite.
        """
        rows = _checked(vectors)
        is_there = rows.any(axis=1)
        mean = rows.sum(axis=0) / np.float32(max(is_there.sum(), 1))
        return cls(mean, Neighbours.fit(_directions(rows, mean), SHARPNESS))

    @property
    def dimensions(self) -> int:
        """Number of columns of a vector."""
        return len(self.mean)

    def directions(self, vectors: AnyArray) -> Float32Array:
        """Return `vectors` (n, d) as seen from the mean, of length 1; zeros stay zero.

        This is where likeness between items, labels and what a person typed is measured.
        """
        rows = _checked(vectors)
        if rows.shape[1] != self.dimensions:
            words = f"vectors of {rows.shape[1]} columns do not fit {self.dimensions}"
            raise ValueError(words)
        return _directions(rows, self.mean)

    def extend(self, features: Features, vectors: AnyArray) -> Features:
        """Return `features` (n rows) with the columns of their `vectors` (n, d) at the end.

        Diversity is then measured in the encoder's columns.
        """
        if len(features) != len(vectors):
            raise ValueError(f"{len(vectors)} vectors for {len(features)} items")
        before = 0 if features.dense is None else features.dense.shape[1]
        own = before, before + self.dimensions
        around = own[1], own[1] + self.dimensions
        dense = np.empty((len(features), around[1]), dtype=np.float32)
        # Block by block: whole copies of a full shard would cost hundreds of megabytes.
        for start in range(0, len(features), BLOCK):
            rows = slice(start, start + BLOCK)
            if features.dense is not None:
                dense[rows, :before] = features.dense[rows]
            self._write(dense[rows], own, around, vectors[rows])
        blocks = Blocks(features.blocks.neighbours, own, around)
        return Features(features.sparse, dense, own, blocks)

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return what was learnt as arrays, whose names no encoder of a pool uses."""
        learnt = {"mean": self.mean, **self.neighbours.to_arrays()}
        return {f"vectors_{name}": array for name, array in learnt.items()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> VectorBlock:
        """Return the block that `to_arrays` described; arrays of others may lie beside its own."""
        own = {
            name.removeprefix("vectors_"): array
            for name, array in arrays.items()
            if name.startswith("vectors_")
        }
        return cls(np.asarray(own["mean"]), Neighbours.from_arrays(own))

    def _write(self, dense: AnyArray, own: Columns, around: Columns, vectors: AnyArray) -> None:
        directions = self.directions(vectors)
        dense[:, slice(*own)] = SCALE * directions
        dense[:, slice(*around)] = SCALE * self.neighbours.smooth(directions)


def _checked(vectors: AnyArray) -> Float32Array:
    rows = as_table(vectors, "vectors").astype(np.float32, copy=False)
    if not np.isfinite(rows).all():
        raise ValueError("vectors are not finite")
    return rows


def _directions(rows: Float32Array, mean: Float32Array) -> Float32Array:
    centred = rows - mean
    centred[~rows.any(axis=1)] = 0.0
    return normalise_rows(centred)
