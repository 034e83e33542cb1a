"""Spans as other tools write them. Records have marks: start, end and the name of the label."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def is_answered(record: Mapping[str, Any]) -> bool:
    """Return whether a record has an answer, which may be that nothing is there."""
    return record.get("id") is not None or record.get("resolved_by") is not None


def triples(marks: Iterable[Any]) -> list[list[Any]]:
    """Return spans as doccano's `[start, end, label]`."""
    return [[start, end, label] for start, end, label in marks]


def objects(marks: Iterable[Any]) -> list[dict[str, Any]]:
    """Return spans as objects, as Prodigy and Argilla have them."""
    return [{"start": start, "end": end, "label": label} for start, end, label in marks]


def scored(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the spans of a suggestion with the confidence in each, where it is known."""
    found = objects(given["labels"])
    for entry, sure in zip(found, given.get("each") or [None] * len(found), strict=True):
        if sure is not None:
            entry["score"] = sure
    return found


def regions(number: Any, given: Mapping[str, Any], text: str, to: str) -> list[dict[str, Any]]:
    """Return spans as Label Studio's regions of a text."""
    sure: Sequence[Any] = given.get("each") or [None] * len(given["labels"])
    found = []
    for place, (start, end, label) in enumerate(given["labels"]):
        region = {
            "id": f"s{number}-{place}",
            "from_name": "label",
            "to_name": to,
            "type": "labels",
            "value": {"start": start, "end": end, "text": text[start:end], "labels": [label]},
        }
        found.append(region if sure[place] is None else {**region, "score": sure[place]})
    return found
