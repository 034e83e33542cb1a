"""The marks that count where several people marked one text: consensus of matched marks.

Training, the exports with one row per item and the search for errors take what this returns.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from annotator.tasktypes.marks import ANY, NESTED, Mark, as_refs, first_overlap

Answers = Sequence[tuple[Iterable[Any], bool]]


def most_marks(answers: Answers, overlap: str = ANY) -> list[Mark]:
    """Return the marks that most of the answers have, in order; the order of answers is no matter.

    A mark counts if more than half have exactly it. Each answer comes with whether an annotator
    gave it; these break ties, and then a mark counts. Elsewhere, of marks of one label that touch
    each other, one counts whose start more than half have, and whose end more than half have. A
    mark's attribute is the one that most of them gave it; none where two are as frequent.

    Where several answered, what counts keeps to `overlap`, one of the setting's values: the mark
    with more votes stays, of equal ones the first, then the longer.
    """
    said = [(as_refs(marks), is_own) for marks, is_own in answers]
    votes = _votes(said)
    people = len(said), sum(is_own for _marks, is_own in said)
    exact = [mark for mark, given in votes.items() if given.wins(people)]
    found = [*exact, *_by_borders(said, votes, exact)]
    if len(said) > 1 and overlap != ANY:
        found = _allowed(found, votes, nested=overlap == NESTED)
    whole = [Mark(mark.start, mark.end, mark.label, votes[mark].attribute) for mark in found]
    return sorted(whole, key=lambda each: (each.start, -each.end, each.label))


@dataclass
class _Votes:
    """How many answers have a mark, how many of them are annotators', and with which attributes."""

    all: int
    own: int
    attributes: Counter[str]

    def wins(self, people: tuple[int, int]) -> bool:
        if 2 * self.all == people[0]:
            return 2 * self.own >= people[1]
        return 2 * self.all > people[0]

    @property
    def attribute(self) -> str:
        first, *rest = self.attributes.most_common(2)
        return "" if rest and rest[0][1] == first[1] else first[0]


def _votes(said: Sequence[tuple[list[Any], bool]]) -> dict[Mark, _Votes]:
    found: dict[Mark, _Votes] = {}
    for marks, is_own in said:
        # Once an answer, whatever is in it twice.
        for mark, attribute in {each.bare: each.attribute for each in marks}.items():
            votes = found.setdefault(mark, _Votes(0, 0, Counter()))
            votes.all += 1
            votes.own += is_own
            votes.attributes[attribute] += 1
    return found


def _by_borders(
    said: Sequence[tuple[list[Any], bool]], votes: dict[Mark, _Votes], exact: Sequence[Mark]
) -> list[Mark]:
    """Return for each stretch where no mark has a majority the one whose borders both have one."""
    if len(said) < 3:
        return []
    loose = [mark for mark in votes if not any(_touch(mark, other) for other in exact)]
    found = []
    for group in _groups(loose):
        there = set(group)
        of_people = [{each.bare for each in marks} & there for marks, _is_own in said]
        starts = Counter(start for one in of_people for start in {mark.start for mark in one})
        ends = Counter(end for one in of_people for end in {mark.end for mark in one})
        common = [
            mark
            for mark in group
            if 2 * starts[mark.start] > len(said) and 2 * ends[mark.end] > len(said)
        ]
        found += sorted(common, key=lambda mark: _rank(mark, votes))[:1]
    return found


def _touch(one: Mark, other: Mark) -> bool:
    return bool(one.label == other.label and one.start < other.end and other.start < one.end)


def _groups(marks: Iterable[Mark]) -> list[list[Mark]]:
    """Return marks of one label that touch each other, directly or through others, together."""
    groups: list[list[Mark]] = []
    reach = 0
    for mark in sorted(marks, key=lambda each: (each.label, each.start, each.end)):
        if groups and groups[-1][0].label == mark.label and mark.start < reach:
            groups[-1].append(mark)
            reach = max(reach, mark.end)
        else:
            groups.append([mark])
            reach = mark.end
    return groups


def _allowed(marks: Iterable[Mark], votes: dict[Mark, _Votes], *, nested: bool) -> list[Mark]:
    kept: list[Mark] = []
    for mark in sorted(marks, key=lambda each: _rank(each, votes)):
        if first_overlap([*kept, mark], nested=nested) is None:
            kept.append(mark)
    return kept


def _rank(mark: Mark, votes: dict[Mark, _Votes]) -> tuple[Any, ...]:
    given = votes[mark]
    return -given.all, -given.own, mark.start, -mark.end, mark.label
