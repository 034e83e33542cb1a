"""Sequences of many lengths in one table without padding, step by step.

The longest come first; the tokens at one step of all sequences that reach it lie side by side, so a
step of a recursion is one product of small matrices. Long texts are cut into sequences: a step for
each token of one long document would take longer than all else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from selection.core.arrays import FloatArray, IntArray

LONGEST = 256  # tokens of a sequence, unless it can be cut nowhere
NEVER = -np.inf  # how safe a cut is within a span


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


def has_long(lengths: IntArray) -> bool:
    """Return whether a text of `lengths` (n,) is to be cut."""
    return bool(lengths.max(initial=0) > LONGEST)


def cut(lengths: IntArray, safety: FloatArray) -> IntArray:
    """Return the lengths of the sequences (S,) into which texts of `lengths` (n,) are cut.

    `safety` (N,) says of each token how safe it is to cut before it; `NEVER` forbids it. Texts of
    at most `LONGEST` tokens stay whole.

    >>> cut(np.array([2, 300]), np.r_[np.zeros(250), 1.0, np.zeros(51)])
    array([  2, 248,  52])
    """
    if not has_long(lengths):
        return lengths
    firsts = np.cumsum(lengths) - lengths
    pieces: list[int] = []
    for first, length in zip(firsts.tolist(), lengths.tolist(), strict=True):
        pieces.extend(_cut_one(safety[first : first + length]))
    return np.array(pieces, dtype=np.int64)


def _cut_one(safety: FloatArray) -> list[int]:
    pieces, start = [], 0
    while len(safety) - start > LONGEST:
        place = _safest(safety, start)
        pieces.append(place - start)
        start = place
    return [*pieces, len(safety) - start]


def _safest(safety: FloatArray, start: int) -> int:
    """Return where to cut the sequence that begins at `start`: in the second half of its length.

    Where no cut is allowed there, it goes on to the next one that is, or to the end.
    """
    half = start + LONGEST // 2
    window = safety[half : start + LONGEST + 1]
    if window.max() > NEVER:
        # The last of equal ones: longer sequences are fewer.
        return half + len(window) - 1 - int(window[::-1].argmax())
    later = np.flatnonzero(safety[start + LONGEST :] > NEVER)
    return start + LONGEST + int(later[0]) if len(later) else len(safety)
