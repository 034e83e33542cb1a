"""Argilla: records with fields, responses and suggestions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import (
    Record,
    Tool,
    as_confidence,
    list_of,
    mapping_of,
    share,
    simple_labels,
)

QUESTIONS = ("label", "labels")


def fits(sample: Sequence[Record]) -> bool:
    """Return whether most records have fields, and responses or suggestions."""
    return share(sample, _is_record) > 0.5


def _is_record(record: Record) -> bool:
    return isinstance(record.get("fields"), dict) and any(
        name in record for name in ("responses", "suggestions")
    )


def reader(
    sample: Sequence[Record], wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of records; a named label column is the name of a question."""
    question = wanted.label or _question(sample)

    def given(record: Record) -> Given:
        fields = {**mapping_of(record.get("metadata")), **mapping_of(record.get("fields"))}
        fields["id"] = record.get("id")
        answers = (*_responses(record, question), *_suggestions(record, question))
        return Given(fields, answers, simple_labels(answers))

    return given


def _question(sample: Sequence[Record]) -> str:
    """Return the question that asks for the label: one that is called so, or the only one."""
    names = dict.fromkeys(
        name
        for record in sample
        for kind in ("responses", "suggestions")
        for name in mapping_of(record.get(kind))
    )
    return next((name for name in QUESTIONS if name in names), next(iter(names), ""))


def _responses(record: Record, question: str) -> Iterator[GivenAnswer]:
    for each in map(mapping_of, list_of(mapping_of(record.get("responses")).get(question))):
        status = each.get("status") or "submitted"
        if status == "draft":
            continue
        kind = "skip" if status == "discarded" else "answer"
        labels = _listed(each.get("value")) if kind == "answer" else ()
        yield GivenAnswer(labels, kind, annotator=str(each.get("user_id") or ""))


def _suggestions(record: Record, question: str) -> Iterator[GivenAnswer]:
    given = mapping_of(record.get("suggestions")).get(question)
    if isinstance(given, Mapping) and given.get("value") is not None:
        scores = given.get("score")
        score = as_confidence(scores[0] if isinstance(scores, list) and scores else scores)
        yield GivenAnswer(_listed(given["value"]), "suggestion", confidence=score)


def _listed(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else () if value is None else (value,)


TOOL = Tool("argilla", "Argilla", fits, reader)
