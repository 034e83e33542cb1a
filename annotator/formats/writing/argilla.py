"""Argilla 2: a list of records with fields, responses and suggestions."""

from collections.abc import Iterator
from typing import Any

import orjson

from annotator.formats.base import Outgoing, Writer
from annotator.formats.spans.writing import objects
from annotator.formats.tools.argilla import PEOPLE, user_id
from annotator.json_values import plain

QUESTION = "label"


def write(records: Iterator[dict[str, Any]], about: Outgoing) -> Iterator[bytes]:
    """Yield a JSON array, one line a record, as `Dataset.records.from_json` reads it."""
    before = b"[\n"
    for record in records:
        yield before + orjson.dumps(_record(record, about), option=orjson.OPT_UTC_Z, default=plain)
        before = b",\n"
    yield b"\n]\n" if before == b",\n" else b"[]\n"


def _record(record: dict[str, Any], about: Outgoing) -> dict[str, Any]:
    responses = [_response(each, about) for each in record["answers"]]
    responses += [_discarded(each) for each in record["skips"]]
    return {
        "id": record["key"],
        "fields": {part: record[part] for part in about.parts},
        "metadata": record["meta"] | _people(record),
        "suggestions": _suggestions(record, about),
        "responses": {QUESTION: responses} if responses else {},
        "vectors": {},
    }


def _people(record: dict[str, Any]) -> dict[str, list[str]]:
    names = dict.fromkeys(each["annotator"] for each in (*record["answers"], *record["skips"]))
    return {PEOPLE: list(names)} if names else {}


def _response(answer: dict[str, Any], about: Outgoing) -> dict[str, Any]:
    value = _value(answer["labels"], about)
    return {"value": value, "user_id": user_id(answer["annotator"]), "status": "submitted"}


def _discarded(skip: dict[str, Any]) -> dict[str, Any]:
    return {"value": None, "user_id": user_id(skip["annotator"]), "status": "discarded"}


def _value(labels: list[Any], about: Outgoing) -> Any:
    if about.spans:
        return objects(labels)
    if about.takes_several:
        return labels
    return labels[0] if labels else None


def _suggestions(record: dict[str, Any], about: Outgoing) -> dict[str, Any]:
    given = record.get("prediction") or record.get("suggestion")
    if not given:
        return {}
    if about.spans:
        return {QUESTION: _of_spans(given)}
    value, agent = _value(given["labels"], about), str(given.get("model") or "suggestion")
    return {QUESTION: {"value": value, "score": given.get("confidence"), "agent": agent}}


def _of_spans(given: dict[str, Any]) -> dict[str, Any]:
    agent = str(given.get("model") or "suggestion")
    return {"value": objects(given["labels"]), "score": given.get("each"), "agent": agent}


WRITER = Writer("argilla", "application/json", write, "Argilla", "json", is_tool=True, by_item=True)
