"""Vectors of a pretrained encoder as columns beside what was learnt from the pool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from selection.core.arrays import BLOCK, AnyArray, Float32Array, as_table, normalise_rows
from selection.features.matrix import Blocks, Columns, Features
from selection.features.neighbor_mean import EXAMPLES, Neighbours
from selection.features.text.lsa import principal_directions

# 64 directions do as well as all 384 below 100 labels and lose .002 at 300; neighbours, which are
# means, lose nothing with 64. Every column is stored and scored for every item in every round.
COLUMNS = 192
NEIGHBOUR_COLUMNS = 64
SCALE = 2.0
SHARPNESS = 12.0  # 4 to 30 were tried: broad for 20 labelled texts, sharp for 300, and for pictures


@dataclass(frozen=True)
class VectorBlock:
    """What a pool's vectors (n, d) have in common: their mean, main directions, and examples.

    A vector becomes its direction from the `mean`, since some encoders put all texts close
    together, in the main directions `fold` (d, k) of the pool, of length 1. Beside it comes the
    mean of its neighbours among the examples, folded once more by `neighbour_fold` (k, m). A vector
    of zeros says nothing and stays zero.

    >>> vectors = np.eye(4, dtype=np.float32)
    >>> block = VectorBlock.fit(vectors, seed=0)
    >>> X = block.extend(Features(None, np.ones((4, 1), dtype=np.float32)), vectors)
    >>> X.blocks.encoder, X.blocks.encoder_neighbours
    ((1, 4), (4, 7))
    """

    mean: Float32Array
    fold: Float32Array
    neighbours: Neighbours
    neighbour_fold: Float32Array

    @classmethod
    def fit(cls, vectors: AnyArray, *, seed: int = 0) -> VectorBlock:
        """Return the block of a sample `vectors` (m, d) of the pool, in random order.

        Its first 4,096 teach the directions and are the examples in which neighbours are searched.
        Raises ValueError for numbers that are not finite.
        """
        rows = _checked(vectors)
        is_there = rows.any(axis=1)
        mean = rows.sum(axis=0) / np.float32(max(is_there.sum(), 1))
        some = normalise_rows(_centred(rows[:EXAMPLES], mean))
        fold = principal_directions(some, COLUMNS, seed=seed)
        neighbours = Neighbours.fit(some @ fold, SHARPNESS)
        around = neighbours.smooth(neighbours.examples)
        neighbour_fold = principal_directions(around, NEIGHBOUR_COLUMNS, seed=seed)
        return cls(mean, fold, neighbours, neighbour_fold)

    @property
    def dimensions(self) -> int:
        """Number of columns of a vector."""
        return len(self.mean)

    def directions(self, vectors: AnyArray) -> Float32Array:
        """Return where `vectors` (n, d) point: rows (n, k) of length 1; zeros stay zero.

        This is where likeness between items, labels and what a person typed is measured.
        """
        rows = _checked(vectors)
        if rows.shape[1] != self.dimensions:
            words = f"vectors of {rows.shape[1]} columns do not fit {self.dimensions}"
            raise ValueError(words)
        return normalise_rows(_centred(rows, self.mean) @ self.fold)

    def around(self, directions: Float32Array) -> Float32Array:
        """Return the mean neighbours (n, m) of `directions` (n, k)."""
        return np.asarray(self.neighbours.smooth(directions) @ self.neighbour_fold, np.float32)

    def extend(self, features: Features, vectors: AnyArray) -> Features:
        """Return `features` (n rows) with the columns of their `vectors` (n, d) at the end.

        Diversity is then measured in the encoder's columns.
        """
        if len(features) != len(vectors):
            raise ValueError(f"{len(vectors)} vectors for {len(features)} items")
        before = 0 if features.dense is None else features.dense.shape[1]
        own = before, before + self.fold.shape[1]
        around = own[1], own[1] + self.neighbour_fold.shape[1]
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
        folds = {"fold": self.fold, "neighbour_fold": self.neighbour_fold}
        learnt = {"mean": self.mean, **folds, **self.neighbours.to_arrays()}
        return {f"vectors_{name}": array for name, array in learnt.items()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> VectorBlock:
        """Return the block that `to_arrays` described; arrays of others may lie beside its own."""
        own = {
            name.removeprefix("vectors_"): array
            for name, array in arrays.items()
            if name.startswith("vectors_")
        }
        return cls(
            np.asarray(own["mean"]),
            np.asarray(own["fold"]),
            Neighbours.from_arrays(own),
            np.asarray(own["neighbour_fold"]),
        )

    def _write(self, dense: AnyArray, own: Columns, around: Columns, vectors: AnyArray) -> None:
        directions = self.directions(vectors)
        dense[:, slice(*own)] = SCALE * directions
        dense[:, slice(*around)] = SCALE * self.around(directions)


def _checked(vectors: AnyArray) -> Float32Array:
    rows = as_table(vectors, "vectors").astype(np.float32, copy=False)
    if not np.isfinite(rows).all():
        raise ValueError("vectors are not finite")
    return rows


def _centred(rows: Float32Array, mean: Float32Array) -> Float32Array:
    centred = rows - mean
    centred[~rows.any(axis=1)] = 0.0
    return centred
