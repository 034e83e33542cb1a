"""Label Studio: a list of tasks with their annotations and predictions."""

from collections.abc import Iterator
from typing import Any

import orjson

from annotator.formats.base import Outgoing, Writer
from annotator.formats.spans.writing import regions
from annotator.formats.tools.label_studio import WINNOW_ID
from annotator.formats.writing.cells import as_moment
from annotator.json_values import plain

CONTROL = "label"
LINE = orjson.OPT_UTC_Z


def write(records: Iterator[dict[str, Any]], about: Outgoing) -> Iterator[bytes]:
    """Yield a JSON array, one line a task."""
    before = b"[\n"
    for record in records:
        yield before + orjson.dumps(_task(record, about), option=LINE, default=plain)
        before = b",\n"
    yield b"\n]\n" if before == b",\n" else b"[]\n"


def _task(record: dict[str, Any], about: Outgoing) -> dict[str, Any]:
    content = {part: record[part] for part in about.parts}
    given = [_annotation(each, about, content) for each in record["answers"]]
    given += [_skip(each) for each in record["skips"]]
    return {
        "id": record["item"],
        "data": {**content, WINNOW_ID: record["key"]},
        "meta": record["meta"],
        "annotations": given,
        "predictions": list(_predictions(record, about, content)),
    }


def _annotation(answer: dict[str, Any], about: Outgoing, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": answer["id"],
        "completed_by": answer["annotator"],
        "was_cancelled": False,
        "ground_truth": answer["source"] == "gold",
        "lead_time": answer["seconds"],
        "created_at": as_moment(answer["created_at"]),
        "updated_at": as_moment(answer["updated_at"]),
        "result": _result(answer["id"], answer, about, content),
    }


def _result(
    number: Any, answer: dict[str, Any], about: Outgoing, content: dict[str, Any]
) -> list[dict[str, Any]]:
    to = about.parts[0]
    about_it = {"from_name": CONTROL, "to_name": to, "type": "choices"}
    found = [{"id": f"c{number}", **about_it, "value": {"choices": answer["labels"]}}]
    if about.spans:
        found = regions(number, answer, str(content[to]), to)
    if answer.get("note"):
        note = {"from_name": "note", "to_name": to, "type": "textarea"}
        found.append({"id": f"n{number}", **note, "value": {"text": [answer["note"]]}})
    if answer.get("unsure"):
        unsure = {"from_name": "unsure", "to_name": to, "type": "rating", "value": {"rating": 1}}
        found.append({"id": f"u{number}", **unsure})
    return found


def _skip(skip: dict[str, Any]) -> dict[str, Any]:
    return {
        "completed_by": skip["annotator"],
        "was_cancelled": True,
        "ground_truth": False,
        "created_at": as_moment(skip["at"]),
        "result": [],
    }


def _predictions(
    record: dict[str, Any], about: Outgoing, content: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    for name in ("prediction", "suggestion"):
        given = record.get(name)
        if given:
            yield {
                "model_version": str(given.get("model") or name),
                "score": given.get("confidence"),
                "result": _result(name, given, about, content),
            }


WRITER = Writer(
    "label-studio", "application/json", write, "Label Studio", "json", is_tool=True, by_item=True
)
