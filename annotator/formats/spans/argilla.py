"""Argilla: records with responses and suggestions for a question about spans."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.spans.parsing import answer_of
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools import argilla, argilla_records
from annotator.formats.tools.base import Record, Tool, as_confidence, list_of, mapping_of, share

TEXTS = ("text", "content", "document", "body")
OF_1 = argilla_records.OWN | {"tokens"}


def reader(
    sample: Sequence[Record], wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of records; a named label column is the name of a question."""
    question = wanted.label or _question([argilla.nested(record) for record in sample])

    def given(table: Record) -> Given:
        record = argilla.nested(table)
        fields = dict(mapping_of(record.get("fields")))
        name = wanted.text or next(
            (each for each in TEXTS if isinstance(fields.get(each), str)), ""
        )
        if name and name != "text":
            fields["text"] = fields.pop(name)
        meta = dict(mapping_of(record.get("metadata")))
        names = argilla.names_of(meta.pop(argilla.PEOPLE, None))
        answers = (*_responses(record, question, names), *_suggestions(record, question))
        fields = {**fields, "id": record.get("id")}
        return Given(fields, answers, (), meta)

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


def _responses(record: Record, question: str, names: Mapping[str, str]) -> Iterator[GivenAnswer]:
    responses = mapping_of(record.get("responses"))
    given = list_of(responses.get(question)) or [responses.get(question)]
    # What was discarded answers no question.
    for each in map(mapping_of, [*given, *list_of(responses.get(""))]):
        person = str(each.get("user_id") or "")
        about: dict[str, Any] = {"annotator": names.get(person, person)}
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


# Argilla 1 ----------------------------------------------------------------------------------------


def is_of_1(sample: Sequence[Record]) -> bool:
    """Return whether most records have tokens with an annotation and a status."""
    return share(sample, lambda record: {"tokens", "annotation", "status"} <= set(record)) > 0.5


def reader_of_1(
    _sample: Sequence[Record], _wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of records whose spans are (label, start, end)."""
    return _of_1


def _of_1(record: Record) -> Given:
    fields = {name: value for name, value in record.items() if name not in OF_1}
    person = str(record.get("annotation_agent") or "")
    answers: list[GivenAnswer] = []
    if record.get("status") == "Discarded":
        answers.append(GivenAnswer(kind="skip", annotator=person))
    elif record.get("annotation") is not None:
        answers.append(
            answer_of(list(map(_turned, list_of(record["annotation"]))), annotator=person)
        )
    if list_of(record.get("prediction")):
        predicted = list(map(_turned, list_of(record["prediction"])))
        answers.append(answer_of(predicted, kind="suggestion"))
    return Given(fields, tuple(answers), (), mapping_of(record.get("metadata")))


def _turned(given: Any) -> Any:
    """Return a span as the others have it: (label, start, end) or with a score, or an object."""
    if not isinstance(given, list) or len(given) < 3:
        return given
    label, start, end, *score = given
    return {"start": start, "end": end, "label": label, **({"score": score[0]} if score else {})}


TOOL = Tool("argilla", "Argilla", argilla.fits, reader)
OF_ARGILLA_1 = Tool("argilla-1", "Argilla 1", is_of_1, reader_of_1)
