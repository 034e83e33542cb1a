"""Sequences of many lengths in one table without padding, step by step.

The longest come first; the tokens at one step of all sequences that reach it lie side by side, so a
step of a recursion is one product of small matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from selection.core.arrays import IntArray


@dataclass(frozen=True)
class Packing:
    """How the tokens of S sequences in a row are packed.

    `order` (N,) is the token at each packed place, `sizes` how many sequences each step has,
    `starts` where each step begins (one more than steps), `rank` (S,) the place of each sequence
    within a step.
    """

    order: IntArray
    sizes: IntArray
    starts: IntArray
    rank: IntArray

    @classmethod
    def of(cls, lengths: IntArray) -> Packing:
        """Return the packing of sequences of `lengths` (S,), which lie one after the other.

        >>> Packing.of(np.array([1, 3])).order
        array([1, 0, 2, 3])
        """
        by_length = np.argsort(-lengths, kind="stable")
        rank = np.empty(len(lengths), dtype=np.int64)
        rank[by_length] = np.arange(len(lengths))
        steps = int(lengths.max(initial=0))
        sizes = np.searchsorted(-lengths[by_length], -np.arange(steps), side="left")
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        firsts = np.cumsum(lengths) - lengths
        step = np.arange(int(lengths.sum())) - np.repeat(firsts, lengths)
        place = starts[step] + np.repeat(rank, lengths)
        order = np.empty(len(place), dtype=np.int64)
        order[place] = np.arange(len(place))
        return cls(order, sizes.astype(np.int64), starts, rank)

    @property
    def steps(self) -> int:
        """Number of steps: tokens of the longest sequence."""
        return len(self.sizes)

    def rows(self, step: int) -> slice:
        """Return the packed places of a step."""
        return slice(int(self.starts[step]), int(self.starts[step + 1]))
