"""Agreement of two people on the spans of the same texts: F1 per label, with chance beside it.

F1 and not kappa, because nobody counts the spans that neither marked (Hripcsak and Rothschild
2005). Chance is the F1 to expect if one of the two had put as many spans of the same lengths and
labels anywhere in each text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from selection.spans.text.spans import Span, overlap
from selection.spans.text.tokens import snap, tokens

ANY = ""  # instead of a label, where position alone counts


class Agreement(NamedTuple):
    """F1 of two people by exact borders and by overlap, each with what chance gives; `n` spans.

    NaN where neither marked anything.
    """

    exact: float
    exact_chance: float
    overlapping: float
    overlapping_chance: float
    n: int


@dataclass(frozen=True)
class SpanAgreement:
    """Agreement on all spans, on their position alone, and on the spans of each label."""

    overall: Agreement
    position: Agreement
    per_label: dict[str, Agreement]


def span_agreement(
    texts: Sequence[str], a: Sequence[Sequence[Span]], b: Sequence[Sequence[Span]]
) -> SpanAgreement:
    """Return the agreement of two people whose spans of `texts` (n) are `a` and `b` (n).

    Neither order nor who is first matters. A span counts once however often it is given.

    >>> found = span_agreement(["Ana met Bob"], [[(0, 3, "person")]], [[(0, 7, "person")]])
    >>> found.overall.exact, found.overall.overlapping
    (0.0, 1.0)
    """
    if not len(texts) == len(a) == len(b):
        raise ValueError(f"{len(texts)} texts, but spans of {len(a)} and {len(b)}")
    borders = [tokens(text) for text in texts]
    labels = sorted({span[2] for side in (a, b) for each in side for span in each})
    return SpanAgreement(
        _agree(borders, _sets(a), _sets(b)),
        _agree(borders, _sets(_unlabelled(a)), _sets(_unlabelled(b))),
        {label: _agree(borders, _sets(a, label), _sets(b, label)) for label in labels},
    )


def matched(a: Sequence[Span], b: Sequence[Span]) -> list[tuple[Span, Span]]:
    """Return pairs of spans with the same label that overlap, each span in one pair at most.

    Equal spans are paired first, then those that share most: a nested span on which both agree is
    never given to the span around it.

    >>> matched([(0, 9, "x"), (3, 5, "x")], [(3, 5, "x")])
    [((3, 5, 'x'), (3, 5, 'x'))]
    """
    possible = sorted(
        (
            (-_likeness(one, other), one, other)
            for one in set(a)
            for other in set(b)
            if one[2] == other[2] and overlap(one, other)
        ),
    )
    left, right = set(a), set(b)
    pairs = []
    for _, one, other in possible:
        if one in left and other in right:
            left.discard(one)
            right.discard(other)
            pairs.append((one, other))
    return sorted(pairs)


def _likeness(one: Span, other: Span) -> float:
    shared = overlap(one, other)
    return shared / ((one[1] - one[0]) + (other[1] - other[0]) - shared)


def _unlabelled(spans: Sequence[Sequence[Span]]) -> list[list[Span]]:
    return [[(start, end, ANY) for start, end, _ in each] for each in spans]


def _sets(spans: Sequence[Sequence[Span]], label: str | None = None) -> list[set[Span]]:
    return [{span for span in each if label is None or span[2] == label} for each in spans]


def _agree(
    borders: Sequence[list[tuple[int, int]]], a: Sequence[set[Span]], b: Sequence[set[Span]]
) -> Agreement:
    total = sum(len(each) for each in a) + sum(len(each) for each in b)
    if not total:
        return Agreement(np.nan, np.nan, np.nan, np.nan, 0)
    exact = sum(len(one & other) for one, other in zip(a, b, strict=True))
    overlapping = sum(
        len(matched(sorted(one), sorted(other))) for one, other in zip(a, b, strict=True)
    )
    chances = [
        _expected(tokens, one, other) for tokens, one, other in zip(borders, a, b, strict=True)
    ]
    return Agreement(
        2 * exact / total,
        2 * sum(each[0] for each in chances) / total,
        2 * overlapping / total,
        2 * sum(each[1] for each in chances) / total,
        total,
    )


def _expected(borders: list[tuple[int, int]], a: set[Span], b: set[Span]) -> tuple[float, float]:
    """Return how many of `b`, put anywhere, would equal or overlap a span of `a` by chance."""
    fixed, moved = _places(borders, a), _places(borders, b)
    exact = overlapping = 0.0
    for label in {each[2] for each in moved}:
        ours = [(first, last) for first, last, other in fixed if other == label]
        theirs = [(first, last) for first, last, other in moved if other == label]
        hits = [_hits(len(borders), ours, last - first + 1) for first, last in theirs]
        most = min(len(ours), len(theirs))
        exact += min(sum(hit[0] for hit in hits), most)
        overlapping += min(sum(hit[1] for hit in hits), most)
    return exact, overlapping


def _places(borders: list[tuple[int, int]], spans: set[Span]) -> list[tuple[int, int, str]]:
    """Return first and last token of each span; a span without a token is left out."""
    first = {start: i for i, (start, _) in enumerate(borders)}
    last = {end: i for i, (_, end) in enumerate(borders)}
    whole = [snapped for span in spans if (snapped := snap(borders, span))]
    return [(first[start], last[end], label) for start, end, label in whole]


def _hits(n: int, fixed: list[tuple[int, int]], length: int) -> tuple[float, float]:
    """Return the share of the places for `length` tokens that equal, or overlap, one of `fixed`."""
    starts = n - length + 1
    equal = {first for first, last in fixed if last - first + 1 == length}
    touched: set[int] = set()
    for first, last in fixed:
        touched.update(range(max(first - length + 1, 0), min(last, starts - 1) + 1))
    return len(equal) / starts, len(touched) / starts
