"""Neighbour features: the mean of an item's neighbours in the unlabelled pool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from selection.core.arrays import AnyArray, Float32Array, normalise_rows

EXAMPLES = 4096
SAME = 1 - 1e-5  # cosine from which an example is the item itself, or a copy
BLOCK = 1024  # items at once: their similarities to all examples take 16 MB


@dataclass(frozen=True)
class Neighbours:
    """A random sample (m, d) of the pool in which neighbours are searched, rows of length 1.

    An item's row becomes the mean of the examples, weighed by exp(sharpness * cosine): kernel
    smoothing (Nadaraya 1964, Watson 1964) by the pool itself. What is peculiar to one item goes,
    what it shares with others stays, so a few labels reach further. An item never counts as its
    own neighbour, so that it looks the same whether it happens to be an example or not.
    """

    examples: Float32Array
    sharpness: float

    @classmethod
    def fit(cls, rows: Float32Array, sharpness: float) -> Neighbours:
        """Return the neighbours among the first 4,096 of `rows` (n, d), in random order.

        The closer together all rows are, the sharper the difference between near and far must be.

        >>> len(Neighbours.fit(np.eye(3, dtype=np.float32), 12.0).examples)
        3
        """
        examples = normalise_rows(rows[:EXAMPLES])
        return cls(examples[np.abs(examples).sum(axis=1) > 0], sharpness)

    def smooth(self, rows: Float32Array) -> Float32Array:
        """Return the mean neighbour (n, d) of each of `rows` (n, d), of length 1.

        A zero row, which is like nothing, stays zero. Cost O(n m d).
        """
        smoothed = np.zeros_like(rows, dtype=np.float32)
        for start in range(0, len(rows) if len(self.examples) else 0, BLOCK):
            block = normalise_rows(rows[start : start + BLOCK])
            means = _weights(block @ self.examples.T, self.sharpness) @ self.examples
            means[~block.any(axis=1)] = 0.0
            smoothed[start : start + BLOCK] = normalise_rows(means)
        return smoothed

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return the fitted state as arrays."""
        return {
            "neighbour_examples": self.examples,
            "sharpness": np.array([self.sharpness], dtype=np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> Neighbours:
        """Return what `to_arrays` described."""
        return cls(np.asarray(arrays["neighbour_examples"]), float(arrays["sharpness"][0]))


def _weights(cosines: Float32Array, sharpness: float) -> Float32Array:
    # In place: this is the largest array, and most of the time is spent on it.
    cosines[cosines > SAME] = -1.0
    cosines -= cosines.max(axis=1, keepdims=True)
    cosines *= sharpness
    return np.exp(cosines, out=cosines)
