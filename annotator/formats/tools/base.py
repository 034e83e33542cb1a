"""Interface of what other tools write."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from annotator.formats.base import Columns, GivenAnswer, Note
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given

Record = dict[str, Any]


@dataclass(frozen=True)
class Tool:
    """How a tool writes its records.

    `fits` tells from the first records whether they are the tool's; `reader` returns what a record
    says. Records of one `group` are about one item.
    """

    kind: str
    title: str
    fits: Callable[[Sequence[Record]], bool]
    reader: Callable[[Sequence[Record], Columns, LabelParser], Callable[[Record], Given]]
    group: Callable[[Record], Hashable] | None = None
    # What people should know of the file.
    notes: tuple[Note, ...] = ()


def merged_answers(first: Given, all_of_item: Sequence[Given]) -> Given:
    """Return the first record of an item with the answers of all of them.

    Answers of one person that were given label by label become one.
    """
    answers: list[GivenAnswer] = []
    for given in all_of_item:
        for answer in given.answers:
            _add(answers, answer)
    simple = next((each.labels for each in answers if each.kind == "answer"), None)
    fields = {name: value for each in reversed(all_of_item) for name, value in each.fields.items()}
    fields |= first.fields
    return replace(
        first, fields=fields, answers=tuple(answers), labels=simple or first.labels or ()
    )


def _add(answers: list[GivenAnswer], answer: GivenAnswer) -> None:
    for place, other in enumerate(answers):
        if answer.kind == other.kind == "answer" and answer.annotator == other.annotator:
            answers[place] = _joined(other, answer)
            return
    answers.append(answer)


def _joined(one: GivenAnswer, other: GivenAnswer) -> GivenAnswer:
    labels = tuple(dict.fromkeys((*one.labels, *other.labels)))
    if one.spans is None:
        return replace(one, labels=labels, spans=other.spans)
    return replace(one, spans=tuple(dict.fromkeys((*one.spans, *(other.spans or ())))))


def simple_labels(answers: Sequence[GivenAnswer]) -> tuple[str, ...]:
    """Return the labels of the first answer that has some, suggestions only without one."""
    for kind in ("answer", "suggestion"):
        labels = next((each.labels for each in answers if each.kind == kind and each.labels), ())
        if labels:
            return labels
    return ()


def as_time(value: Any) -> datetime | None:
    """Return a time from a text or from seconds; None if it is none."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        found = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def as_number(value: Any) -> float | None:
    """Return a number of a table's cell or a JSON field; None if it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) < float("inf") else None


def as_confidence(value: Any) -> float | None:
    """Return a number between 0 and 1; None if it is none."""
    number = as_number(value)
    return number if number is not None and 0.0 <= number <= 1.0 else None


def mapping_of(value: Any) -> Mapping[str, Any]:
    """Return an object, empty if the value is none."""
    return value if isinstance(value, Mapping) else {}


def list_of(value: Any) -> list[Any]:
    """Return a list, empty if the value is none."""
    return value if isinstance(value, list) else []


def share(sample: Sequence[Record], is_one: Callable[[Record], bool]) -> float:
    """Return the share of records of which something is true."""
    return sum(map(is_one, sample)) / len(sample) if sample else 0.0
