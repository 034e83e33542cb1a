"""Argilla: records with fields, responses and suggestions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.tables.labels import LabelParser, as_list
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
from annotator.formats.tools.winnow import parsed

QUESTIONS = ("label", "labels")
# What an export as a table has for each question, after its name.
RESPONSES, SUGGESTION = ".responses", ".suggestion"
# What a data set of Argilla 1 on the Hub has for each, beside a field of its name.
HUB_SUGGESTION, ABOUT = "-suggestion", "-metadata"
# Argilla knows people by UUID only, so our own export names them among the metadata.
PEOPLE = "winnow_annotators"


def user_id(name: str) -> str:
    """Return the UUID under which our exports tell of a person."""
    return str(uuid5(NAMESPACE_URL, f"winnow:{name}"))


def names_of(people: Any) -> dict[str, str]:
    """Return the names of the people that our exports list, by their UUIDs."""
    return {user_id(name): name for name in map(str, list_of(people))}


def fits(sample: Sequence[Record]) -> bool:
    """Return whether most records have fields, and responses or suggestions."""
    return share(sample, _is_record) > 0.5


def _is_record(record: Record) -> bool:
    is_nested = isinstance(record.get("fields"), dict)
    return (
        (is_nested and ("responses" in record or "suggestions" in record))
        or any(
            f"{name}.users" in record or isinstance(record[name], list)
            for name in _with(record, RESPONSES)
        )
        or any(f"{name}{ABOUT}" in record for name in _with(record, HUB_SUGGESTION))
    )


def _with(record: Record, end: str) -> list[str]:
    return [name for name in record if name.endswith(end)]


def reader(
    sample: Sequence[Record], wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of records; a named label column is the name of a question."""
    question = wanted.label or _question([nested(record) for record in sample])

    def given(table: Record) -> Given:
        record = nested(table)
        fields = {**mapping_of(record.get("fields")), "id": record.get("id")}
        meta = dict(mapping_of(record.get("metadata")))
        names = names_of(meta.pop(PEOPLE, None))
        answers = (*_responses(record, question, names), *_suggestions(record, question))
        return Given(fields, answers, simple_labels(answers), meta)

    return given


def nested(record: Record) -> Record:
    """Return a record of an export as a table, or of an earlier version, as the others have it."""
    if isinstance(record.get("responses"), list) or isinstance(record.get("suggestions"), list):
        return _of_lists(record)
    if any(f"{name}{ABOUT}" in record for name in _with(record, HUB_SUGGESTION)):
        return _of_hub(record)
    ends = (RESPONSES, SUGGESTION)
    questions = {name.removesuffix(end) for name in record for end in ends if name.endswith(end)}
    if not questions:
        return record
    own = {name for name in record if any(name.startswith(f"{each}.") for each in questions)}
    own |= {"id", "status", "_server_id", "metadata", "fields"}
    fields = {name: value for name, value in record.items() if name not in own}
    return {
        "id": record.get("id"),
        "fields": {**mapping_of(record.get("fields")), **fields},
        "metadata": record.get("metadata"),
        "responses": {each: list(_answers(record, each + RESPONSES)) for each in questions},
        "suggestions": {
            each: {
                "value": record.get(each + SUGGESTION) or None,
                "score": record.get(f"{each}{SUGGESTION}.score"),
            }
            for each in questions
        },
    }


def _of_hub(record: Record) -> Record:
    """Return a record of a data set of Argilla 1 on the Hub, with a field for each question."""
    questions = [name.removesuffix(HUB_SUGGESTION) for name in _with(record, HUB_SUGGESTION)]
    own = {f"{each}{end}" for each in questions for end in ("", HUB_SUGGESTION)}
    own |= {f"{each}{HUB_SUGGESTION}{ABOUT}" for each in questions}
    own |= {"id", "external_id", "metadata", "status", "vectors"}
    return {
        "id": record.get("external_id") or record.get("id"),
        "fields": {name: value for name, value in record.items() if name not in own},
        "metadata": parsed(record.get("metadata")),
        "responses": {each: _of_columns(parsed(record.get(each))) for each in questions},
        "suggestions": {each: _of_suggestion(record, each) for each in questions},
    }


def _of_columns(responses: Any) -> list[Any]:
    """Return the responses of a question; the Hub may have a list for each field of theirs."""
    if not isinstance(responses, Mapping):
        return list_of(responses)
    columns = {name: values for name, values in responses.items() if isinstance(values, list)}
    return [dict(zip(columns, each, strict=True)) for each in zip_longest(*columns.values())]


def _of_suggestion(record: Record, question: str) -> Record:
    about = mapping_of(parsed(record.get(f"{question}{HUB_SUGGESTION}{ABOUT}")))
    return {"value": record.get(f"{question}{HUB_SUGGESTION}") or None, "score": about.get("score")}


def _of_lists(record: Record) -> Record:
    """Return a record of Argilla 1.8 and later, whose responses have all questions in each."""
    responses: dict[str, list[Record]] = {}
    for each in map(mapping_of, list_of(record.get("responses"))):
        values = mapping_of(each.get("values"))
        about = {"user_id": each.get("user_id"), "status": each.get("status")}
        for question, given in values.items():
            value = given.get("value") if isinstance(given, Mapping) else given
            responses.setdefault(question, []).append({"value": value, **about})
        if not values and each.get("status") == "discarded":
            responses.setdefault("", []).append(about)
    suggested = [mapping_of(each) for each in list_of(record.get("suggestions"))]
    return {
        **record,
        "id": record.get("external_id") or record.get("id"),
        "responses": responses,
        "suggestions": {str(each.get("question_name")): each for each in suggested},
    }


def _answers(record: Record, column: str) -> Iterator[Record]:
    """Yield the responses of a question, whose people and states are lists of the same length."""
    ends = ("", ".users", ".status")
    values, people, states = (_elements(record.get(f"{column}{end}")) for end in ends)
    for value, person, state in zip_longest(values, people, states):
        yield {"value": value, "user_id": person, "status": state}


def _elements(value: Any) -> list[Any]:
    """Return a list, which a cell of a table has as a text."""
    return (as_list(value) or []) if isinstance(value, str) else list_of(value)


def _question(sample: Sequence[Record]) -> str:
    """Return the question that asks for the label: one that is called so, or the only one."""
    names = dict.fromkeys(
        name
        for record in sample
        for kind in ("responses", "suggestions")
        for name in mapping_of(record.get(kind))
    )
    names.pop("", None)
    return next((name for name in QUESTIONS if name in names), next(iter(names), ""))


def _responses(record: Record, question: str, names: Mapping[str, str]) -> Iterator[GivenAnswer]:
    responses = mapping_of(record.get("responses"))
    # What was discarded answers no question.
    given = [*list_of(responses.get(question)), *list_of(responses.get("") if question else None)]
    for each in map(mapping_of, given):
        status = each.get("status") or "submitted"
        if status == "draft":
            continue
        kind = "skip" if status == "discarded" else "answer"
        labels = _listed(each.get("value")) if kind == "answer" else ()
        person = str(each.get("user_id") or "")
        yield GivenAnswer(labels, kind, annotator=names.get(person, person))


def _suggestions(record: Record, question: str) -> Iterator[GivenAnswer]:
    given = mapping_of(record.get("suggestions")).get(question)
    if isinstance(given, Mapping) and given.get("value") is not None:
        scores = given.get("score")
        score = as_confidence(scores[0] if isinstance(scores, list) and scores else scores)
        yield GivenAnswer(_listed(given["value"]), "suggestion", confidence=score)


def _listed(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else () if value is None else (value,)


TOOL = Tool("argilla", "Argilla", fits, reader)
