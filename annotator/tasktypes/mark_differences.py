"""Where the marks of several people on one text differ, and how."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from annotator.tasktypes.marks import Mark


class Difference(StrEnum):
    """How a mark differs from those of the others, the least first."""

    SAME = "same"
    ATTRIBUTE = "attribute"
    LABEL = "label"
    BORDER = "border"
    BOTH = "both"
    MISSING = "missing"


ORDER = tuple(Difference)


def differences(answers: Sequence[Collection[Mark]]) -> list[dict[Mark, Difference]]:
    """Return for each answer how each of its marks differs from the other answers.

    Where several others differ from it, the widest difference counts.

    >>> one, other = [Mark(0, 3, "person")], [Mark(0, 8, "person"), Mark(9, 12, "place")]
    >>> [[str(each) for each in found.values()] for found in differences([one, other])]
    [['border'], ['border', 'missing']]
    >>> one, other = [Mark(0, 3, "person", "negated")], [Mark(0, 3, "person")]
    >>> [[str(each) for each in found.values()] for found in differences([one, other])]
    [['attribute'], ['attribute']]
    """
    return [
        {
            mark: max(
                (_nearest(mark, other) for n, other in enumerate(answers) if n != own),
                key=ORDER.index,
                default=Difference.SAME,
            )
            for mark in sorted(answer)
        }
        for own, answer in enumerate(answers)
    ]


def _nearest(mark: Mark, others: Collection[Mark]) -> Difference:
    """Return how the mark differs from that of the others which is most like it."""
    return min((_between(mark, each) for each in others), key=ORDER.index, default=ORDER[-1])


def _between(mark: Mark, other: Mark) -> Difference:
    if mark == other:
        return Difference.SAME
    if mark.start >= other.end or other.start >= mark.end:
        return Difference.MISSING
    is_same_label = mark.label == other.label
    if (mark.start, mark.end) == (other.start, other.end):
        return Difference.ATTRIBUTE if is_same_label else Difference.LABEL
    return Difference.BORDER if is_same_label else Difference.BOTH
