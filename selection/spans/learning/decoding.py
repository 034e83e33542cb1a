"""Spans out of a chain: the probability of each span, and those worth saying."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from selection.core.arrays import AnyArray, BoolArray, FloatArray, IntArray
from selection.spans.learning.chain import TINY, Transitions
from selection.spans.learning.tags import BEGIN, END, INSIDE, SINGLE, TagScheme

FAINTEST = 0.02  # no span of a smaller probability is looked at


@dataclass(frozen=True)
class Candidates:
    """Possible spans: `first` and `last` token (m,), `label` numbers (m,), their `proba` (m,)."""

    first: IntArray
    last: IntArray
    label: IntArray
    proba: FloatArray

    def take(self, rows: AnyArray) -> Candidates:
        """Return some of them."""
        return Candidates(self.first[rows], self.last[rows], self.label[rows], self.proba[rows])


@dataclass(frozen=True)
class _Open:
    """Begun spans: where they began, their label, tag and probability so far."""

    first: IntArray
    label: IntArray
    part: int
    proba: FloatArray

    def keep(self, rows: BoolArray) -> _Open:
        return _Open(self.first[rows], self.label[rows], self.part, self.proba[rows])


def candidate_spans(
    marginals: FloatArray, onward: FloatArray, steps: Transitions, scheme: TagScheme
) -> Candidates:
    """Return every span whose probability is at least 2%, tokens of texts one after the other.

    `marginals` and `onward` (N, T) in the order of the texts. A chain is Markov: the probability of
    a span is that of its first tag times that of each next tag given the one before.
    """
    found = [_singles(marginals, scheme)]
    at, label = np.nonzero(marginals[:, scheme.tags(BEGIN)] >= FAINTEST)
    begun = _Open(at, label, BEGIN, marginals[at, scheme.tag(0, BEGIN) + 4 * label])
    length = 1
    while len(begun.first):
        begun = begun.keep(begun.first + length < len(marginals))
        place = begun.first + length
        found.append(_closed(begun, place, onward, steps, scheme))
        begun = _extended(begun, place, onward, steps, scheme)
        length += 1
    return Candidates(
        *(
            np.concatenate([getattr(each, name) for each in found])
            for name in ("first", "last", "label", "proba")
        )
    )


def choose_spans(found: Candidates, least: float) -> Candidates:
    """Return the spans of at least probability `least`, no two of them overlapping.

    The likelier of two goes first. A threshold below a half says more spans than the likeliest path
    does: the best F1 has it at half of that F1 (Lipton, Elkan and Naryanaswamy 2014).
    """
    likely = found.take(found.proba >= least)
    order = np.lexsort((likely.label, likely.last, likely.first, -likely.proba))
    taken: set[int] = set()
    kept = []
    for row in order.tolist():
        places = range(int(likely.first[row]), int(likely.last[row]) + 1)
        if taken.isdisjoint(places):
            taken.update(places)
            kept.append(row)
    chosen = likely.take(np.array(kept, dtype=np.int64))
    return chosen.take(np.argsort(chosen.first, kind="stable"))


def _singles(marginals: FloatArray, scheme: TagScheme) -> Candidates:
    at, label = np.nonzero(marginals[:, scheme.tags(SINGLE)] >= FAINTEST)
    return Candidates(at, at, label, marginals[at, scheme.tag(0, SINGLE) + 4 * label])


def _closed(
    begun: _Open, place: IntArray, onward: FloatArray, steps: Transitions, scheme: TagScheme
) -> Candidates:
    proba = begun.proba * _given(begun, place, onward, steps, scheme, END)
    kept = proba >= FAINTEST
    return Candidates(begun.first[kept], place[kept], begun.label[kept], proba[kept])


def _extended(
    begun: _Open, place: IntArray, onward: FloatArray, steps: Transitions, scheme: TagScheme
) -> _Open:
    proba = begun.proba * _given(begun, place, onward, steps, scheme, INSIDE)
    return _Open(begun.first, begun.label, INSIDE, proba).keep(proba >= FAINTEST)


def _given(
    begun: _Open,
    place: IntArray,
    onward: FloatArray,
    steps: Transitions,
    scheme: TagScheme,
    part: int,
) -> FloatArray:
    """Return the probability (m,) that the tag at `place` is that `part`, given the one before."""
    now = scheme.tag(0, begun.part) + 4 * begun.label
    then = scheme.tag(0, part) + 4 * begun.label
    # Within a span there are but two ways on: inside or end.
    inside, end = (scheme.tag(0, each) + 4 * begun.label for each in (INSIDE, END))
    ways = {
        way: steps.between[now, way_tag] * onward[place, way_tag]
        for way, way_tag in ((INSIDE, inside), (END, end))
    }
    chosen: FloatArray = ways[INSIDE if (then == inside).all() else END]
    total: FloatArray = np.maximum(ways[INSIDE] + ways[END], TINY)
    return np.asarray(chosen / total)
