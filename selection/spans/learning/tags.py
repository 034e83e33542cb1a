"""Tags of tokens (BIOES): spans of one layer as one tag for each token, and which may follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from selection.core.arrays import BoolArray, IntArray
from selection.spans.text.spans import Span
from selection.spans.text.tokens import snap

OUTSIDE = 0
BEGIN, INSIDE, END, SINGLE = range(4)  # of a label, in the order of its tags
PER_LABEL = 4


@dataclass(frozen=True)
class TagScheme:
    """The tags over `labels` in order: outside, then begin, inside, end and single of each label.

    An end of its own tells the model more than begin and inside alone (Ratinov and Roth 2009).
    """

    labels: tuple[str, ...]

    def __len__(self) -> int:
        return 1 + PER_LABEL * len(self.labels)

    def tag(self, label: int, part: int) -> int:
        """Return the number of a label's tag.

        >>> TagScheme(("person", "place")).tag(1, SINGLE)
        8
        """
        return 1 + PER_LABEL * label + part

    def tags(self, part: int) -> IntArray:
        """Return the tags of one part, of each label in order.

        >>> TagScheme(("person", "place")).tags(BEGIN)
        array([1, 5])
        """
        return np.arange(1 + part, len(self), PER_LABEL)

    @property
    def openers(self) -> BoolArray:
        """Which tags (T,) may stand first in a text, or after a token that ends a span."""
        allowed = np.zeros(len(self), dtype=bool)
        allowed[OUTSIDE] = True
        allowed[1 + BEGIN :: PER_LABEL] = allowed[1 + SINGLE :: PER_LABEL] = True
        return allowed

    @property
    def closers(self) -> BoolArray:
        """Which tags (T,) may stand last in a text."""
        allowed = np.zeros(len(self), dtype=bool)
        allowed[OUTSIDE] = True
        allowed[1 + END :: PER_LABEL] = allowed[1 + SINGLE :: PER_LABEL] = True
        return allowed

    @property
    def successors(self) -> BoolArray:
        """Which tag (column) may follow which (row), (T, T): no inside without a begin."""
        allowed = np.outer(self.closers, self.openers)
        for label in range(len(self.labels)):
            for before in (BEGIN, INSIDE):
                for after in (INSIDE, END):
                    allowed[self.tag(label, before), self.tag(label, after)] = True
        return allowed

    def encode(self, borders: Sequence[tuple[int, int]], spans: Sequence[Span]) -> IntArray:
        """Return the tag of each token (n,), their `borders` in order; spans are one layer.

        A span that cuts a token counts for the whole of it; one without a token, or on tokens that
        a span before it took, is left out.

        >>> TagScheme(("person",)).encode([(0, 3), (4, 8), (9, 11)], [(0, 8, "person")])
        array([1, 3, 0])
        """
        tags = np.zeros(len(borders), dtype=np.int64)
        starts = {start: i for i, (start, _) in enumerate(borders)}
        ends = {end: i for i, (_, end) in enumerate(borders)}
        for span in sorted(spans):
            whole = span
            if span[0] not in starts or span[1] not in ends:
                snapped = snap(list(borders), span)
                if snapped is None:
                    continue
                whole = snapped
            first, last = starts[whole[0]], ends[whole[1]]
            if not tags[first : last + 1].any():
                self._fill(tags, first, last, self.labels.index(span[2]))
        return tags

    def _fill(self, tags: IntArray, first: int, last: int, label: int) -> None:
        if first == last:
            tags[first] = self.tag(label, SINGLE)
            return
        tags[first] = self.tag(label, BEGIN)
        tags[first + 1 : last] = self.tag(label, INSIDE)
        tags[last] = self.tag(label, END)
