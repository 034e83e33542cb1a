"""Marks: stretches of an item that carry a label, as answers store and compare them.

A stored answer refers to its labels. Where an answer has marks, each reference is a mark instead:
`[start, end, label id]` in JSON, with a fourth element where it has an attribute. Offsets count
Unicode code points of the text, the end excluded.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

# Whether marks may overlap: values of a setting of the project.
NONE, NESTED, ANY = "none", "nested", "any"


class MarkRules(NamedTuple):
    """What marks of a project may be: whether they overlap, and the attributes to choose from."""

    overlap: str = NONE
    attributes: tuple[str, ...] = ()


class Mark(tuple[Any, ...]):
    """A stretch with its label: an id where it is stored, a name where it is shown.

    It is a tuple of start, end and label, and of an attribute where it has one.
    """

    __slots__ = ()

    def __new__(cls, start: int, end: int, label: int | str, attribute: str = "") -> Self:
        """Return a mark, of four parts where it has an attribute."""
        parts = (start, end, label, attribute) if attribute else (start, end, label)
        return super().__new__(cls, parts)

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Return what makes a copy."""
        return tuple(self)

    @property
    def start(self) -> int:
        """Return where it starts."""
        return int(self[0])

    @property
    def end(self) -> int:
        """Return where it ends: the first code point after it."""
        return int(self[1])

    @property
    def label(self) -> Any:
        """Return its label."""
        return self[2]

    @property
    def attribute(self) -> str:
        """Return its attribute; empty without one."""
        return str(self[3]) if len(self) > 3 else ""

    @property
    def bare(self) -> "Mark":
        """Return it without its attribute."""
        return Mark(*self[:3]) if len(self) > 3 else self

    def with_label(self, label: int | str) -> "Mark":
        """Return it with another label."""
        return Mark(self[0], self[1], label, *self[3:])


class QuotedMark(NamedTuple):
    """A mark of a request, with the text that it should cover."""

    start: int
    end: int
    label: int | str
    quote: str
    attribute: str = ""

    @classmethod
    def of(cls, mark: Mark, quote: str) -> "QuotedMark":
        """Return a mark with its text."""
        return cls(mark.start, mark.end, mark.label, quote, mark.attribute)

    @property
    def mark(self) -> Mark:
        """Return the mark alone."""
        return Mark(self.start, self.end, self.label, self.attribute)

    def with_label(self, label: int | str) -> "QuotedMark":
        """Return it with another label."""
        return self._replace(label=label)


def as_ref(stored: Any) -> Any:
    """Return a stored reference as it is compared: JSON has lists in place of marks."""
    if isinstance(stored, QuotedMark):
        return stored.mark
    return Mark(*stored[:4]) if isinstance(stored, (list, tuple)) else stored


def as_refs(stored: Iterable[Any]) -> list[Any]:
    """Return stored references as they are compared."""
    return [as_ref(each) for each in stored]


def merged_into(merged: Mapping[str, Any], ref: Any) -> Any:
    """Return what a reference means now: a merged label means the one that it went into.

    `merged` has the ids of such labels by the ids, as text, of those that went into them.
    """
    if isinstance(ref, (Mark, QuotedMark)):
        return ref.with_label(merged_into(merged, ref.label))
    seen: set[Any] = set()
    while isinstance(ref, int) and ref not in seen and str(ref) in merged:
        seen.add(ref)
        ref = int(merged[str(ref)])
    return ref


def current(merged: Mapping[str, Any], refs: Iterable[Any]) -> list[Any]:
    """Return what stored references mean now, each once (`merged_into`)."""
    there = [each if isinstance(each, QuotedMark) else as_ref(each) for each in refs]
    if not merged:
        return there
    return list(dict.fromkeys(merged_into(merged, ref) for ref in there))


def is_mark(ref: Any) -> bool:
    """Return whether a reference has a place beside its label."""
    return isinstance(ref, (list, tuple))


def label_of(ref: Any) -> Any:
    """Return the label that a reference is or carries."""
    return ref[2] if isinstance(ref, (list, tuple)) else ref


def labels_of(refs: Iterable[Any]) -> list[Any]:
    """Return the labels of references, each once, in order."""
    return list(dict.fromkeys(label_of(each) for each in refs))


def first_overlap(marks: Sequence[Mark], *, nested: bool) -> tuple[Mark, Mark] | None:
    """Return two marks that overlap, or, where `nested` ones may, that cross; None if none do.

    Marks of the same stretch are nested in one another.
    """
    open_marks: list[Mark] = []
    for mark in sorted(marks, key=lambda each: (each.start, -each.end)):
        open_marks = [each for each in open_marks if each.end > mark.start]
        for other in open_marks:
            if not nested or mark.end > other.end:
                return other, mark
        open_marks.append(mark)
    return None
