"""Argilla 1: records of a text with its annotation and its predictions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import (
    Record,
    Tool,
    as_confidence,
    mapping_of,
    share,
    simple_labels,
)

OWN = {"annotation", "annotation_agent", "prediction", "prediction_agent", "status", "metadata"}
OWN |= {"inputs", "explanation", "multi_label", "event_timestamp", "metrics", "vectors"}


def fits(sample: Sequence[Record]) -> bool:
    """Return whether most records have an annotation, a prediction and a status."""
    return share(sample, _is_record) > 0.5


def _is_record(record: Record) -> bool:
    has_text = isinstance(record.get("text"), str) or isinstance(record.get("inputs"), Mapping)
    about = {"prediction", "annotation_agent", "prediction_agent"}
    return has_text and "annotation" in record and "status" in record and bool(about & set(record))


def reader(
    _sample: Sequence[Record], _wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of records."""
    return _given


def _given(record: Record) -> Given:
    fields = {name: value for name, value in record.items() if name not in OWN}
    fields = {**mapping_of(record.get("inputs")), **fields}
    answers = tuple(_answers(record))
    return Given(fields, answers, simple_labels(answers), mapping_of(record.get("metadata")))


def _answers(record: Record) -> Iterator[GivenAnswer]:
    said, person = _listed(record.get("annotation")), str(record.get("annotation_agent") or "")
    if record.get("status") == "Discarded":
        yield GivenAnswer(kind="skip", annotator=person)
    elif said:
        yield GivenAnswer(said, annotator=person)
    predicted = [_scored(each) for each in _listed(record.get("prediction"))]
    best = max(predicted, key=lambda each: each[1] or 0.0, default=None)
    if best is not None:
        yield GivenAnswer((best[0],), "suggestion", confidence=best[1])


def _scored(given: Any) -> tuple[Any, float | None]:
    """Return a predicted label with its score: a pair, or an object with both."""
    if isinstance(given, Mapping):
        return given.get("label"), as_confidence(given.get("score"))
    if isinstance(given, list) and len(given) == 2:
        return given[0], as_confidence(given[1])
    return given, None


def _listed(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else () if value is None else (value,)


TOOL = Tool("argilla-1", "Argilla 1", fits, reader)
