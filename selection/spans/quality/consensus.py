"""Consensus of several people on the spans of one text: what most marked, and what is disputed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from selection.spans.text.spans import Span, overlap


class Dispute(NamedTuple):
    """Spans that touch each other and that no majority marked: `votes` of each, and a `proposal`.

    The proposal is the span that shares most with what all marked here, where a majority marked
    something; None where most marked nothing.
    """

    votes: dict[Span, int]
    proposal: Span | None


class SpanConsensus(NamedTuple):
    """The spans that more than half marked just so, in order, and the disputes beside them."""

    agreed: list[Span]
    disputes: list[Dispute]


def span_consensus(answers: Sequence[Sequence[Span]]) -> SpanConsensus:
    """Return the consensus of the `answers` of several people to one text.

    Identical spans are one, also two labels on one stretch. A span that a minority marked is
    disputed with what it overlaps; where it overlaps an agreed span of its label, it is another
    reading of that one, and is left to it.

    >>> found = span_consensus([[(0, 3, "x"), (5, 9, "x")], [(0, 3, "x")], [(0, 3, "x")]])
    >>> found.agreed, [dispute.votes for dispute in found.disputes]
    ([(0, 3, 'x')], [{(5, 9, 'x'): 1}])
    """
    votes = Counter(span for answer in answers for span in set(answer))
    agreed = sorted(span for span, n in votes.items() if 2 * n > len(answers))
    open_spans = sorted(
        span
        for span in votes
        if span not in agreed
        and not any(each[2] == span[2] and overlap(each, span) for each in agreed)
    )
    groups = _groups(open_spans)
    return SpanConsensus(agreed, [_dispute(group, votes, answers) for group in groups])


def _groups(spans: Sequence[Span]) -> list[list[Span]]:
    """Return `spans`, in order, in groups that touch each other, directly or through others."""
    groups: list[list[Span]] = []
    reach = 0
    for span in spans:
        if groups and span[0] < reach:
            groups[-1].append(span)
        else:
            groups.append([span])
        reach = max(reach, span[1]) if len(groups[-1]) > 1 else span[1]
    return groups


def _dispute(
    group: Sequence[Span], votes: Counter[Span], answers: Sequence[Sequence[Span]]
) -> Dispute:
    people = sum(any(span in answer for span in group) for answer in answers)
    counts = {span: votes[span] for span in group}
    if 2 * people <= len(answers):
        return Dispute(counts, None)
    return Dispute(counts, max(group, key=lambda span: (_support(span, counts), -span[0], span)))


def _support(span: Span, counts: dict[Span, int]) -> float:
    """Return how much `span` shares with all that was marked here, labels counting half."""
    total = 0.0
    for other, n in counts.items():
        shared = overlap(span, other)
        union = (span[1] - span[0]) + (other[1] - other[0]) - shared
        total += n * (shared / union + (span[2] == other[2])) / 2
    return total
