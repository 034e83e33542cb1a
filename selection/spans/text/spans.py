"""Spans of a text and the checks on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

Span = tuple[int, int, str]  # start and end in code points, the end exclusive; the label's key


class Suggestion(NamedTuple):
    """A span that a model found, and the probability that exactly this span is right."""

    start: int
    end: int
    label: str
    confidence: float

    @property
    def span(self) -> Span:
        """The span without its confidence."""
        return self.start, self.end, self.label


def check_spans(text: str, spans: Iterable[Span]) -> None:
    """Raise ValueError naming the first of `spans` that is empty, reversed or outside `text`.

    >>> check_spans("Ana", [(0, 4, "person")])
    Traceback (most recent call last):
    ValueError: span 0: 0 to 4 does not lie in a text of 3 characters
    """
    for i, (start, end, _) in enumerate(spans):
        if not 0 <= start < end <= len(text):
            raise ValueError(
                f"span {i}: {start} to {end} does not lie in a text of {len(text)} characters"
            )


def overlap(one: Span, other: Span) -> int:
    """Return how many characters two spans share, whatever their labels.

    >>> overlap((0, 5, "person"), (3, 9, "place"))
    2
    """
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def in_layers(spans: Iterable[Span]) -> list[list[Span]]:
    """Return `spans` in layers without overlap: the outermost first.

    In the order of start, then the longest first, then label, a span takes the first layer where
    it overlaps nothing, as in columns of a CoNLL file.

    >>> in_layers([(0, 4, "org"), (0, 2, "place"), (6, 8, "org")])
    [[(0, 4, 'org'), (6, 8, 'org')], [(0, 2, 'place')]]
    """
    layers: list[list[Span]] = []
    for span in sorted(spans, key=lambda each: (each[0], -each[1], each[2])):
        for layer in layers:
            if layer[-1][1] <= span[0]:
                layer.append(span)
                break
        else:
            layers.append([span])
    return layers


def n_layers(spans: Iterable[Sequence[Span]]) -> int:
    """Return the number of layers that the `spans` of several texts need, at least 1.

    >>> n_layers([[(0, 4, "org")], [(0, 4, "org"), (1, 2, "place")]])
    2
    """
    return max([1, *(len(in_layers(each)) for each in spans)])
