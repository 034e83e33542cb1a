"""Argilla: records with responses and suggestions for a question about spans."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.spans.parsing import answer_of
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools import argilla
from annotator.formats.tools.base import Record, Tool, as_confidence, list_of, mapping_of

TEXTS = ("text", "content", "document", "body")


def reader(
    sample: Sequence[Record], wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of records; a named label column is the name of a question."""
    question = wanted.label or _question(sample)

    def given(record: Record) -> Given:
        fields = dict(mapping_of(record.get("fields")))
        name = wanted.text or next(
            (each for each in TEXTS if isinstance(fields.get(each), str)), ""
        )
        if name and name != "text":
            fields["text"] = fields.pop(name)
        answers = (*_responses(record, question), *_suggestions(record, question))
        fields = {**fields, "id": record.get("id")}
        return Given(fields, answers, (), mapping_of(record.get("metadata")))

    return given


def _question(sample: Sequence[Record]) -> str:
    """Return the first question that was answered with spans."""
    for record in sample:
        for kind in ("responses", "suggestions"):
            for name, given in mapping_of(record.get(kind)).items():
                if any(isinstance(value, list) for value in _values(given)):
                    return str(name)
    return "spans"


def _values(given: Any) -> Iterator[Any]:
    for each in list_of(given) or [given]:
        yield mapping_of(each).get("value")


def _responses(record: Record, question: str) -> Iterator[GivenAnswer]:
    given = mapping_of(record.get("responses")).get(question)
    for each in map(mapping_of, list_of(given) or [given]):
        about: dict[str, Any] = {"annotator": str(each.get("user_id") or "")}
        if each.get("status") == "discarded":
            yield GivenAnswer(kind="skip", **about)
        elif each.get("status") != "draft" and each.get("value") is not None:
            yield answer_of(each["value"], **about)


def _suggestions(record: Record, question: str) -> Iterator[GivenAnswer]:
    given = mapping_of(record.get("suggestions")).get(question)
    if not isinstance(given, Mapping) or given.get("value") is None:
        return
    scores = given.get("score")
    values = list_of(given["value"])
    if isinstance(scores, list) and len(scores) == len(values):
        values = [
            {**mapping_of(value), "score": score}
            for value, score in zip(values, scores, strict=True)
        ]
        yield answer_of(values, kind="suggestion")
    else:
        yield answer_of(values, kind="suggestion", confidence=as_confidence(scores))


TOOL = Tool("argilla", "Argilla", argilla.fits, reader)
