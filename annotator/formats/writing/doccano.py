"""doccano: a line for each text, with a list of labels."""

from collections.abc import Iterator
from typing import Any

from annotator import json_values
from annotator.formats.base import Outgoing, Writer
from annotator.formats.spans.writing import is_answered, triples

OWN = {"text", "a", "b", "image", "filename", "id", "label", "labels", "username", "Comments"}
OWN |= {"annotations"}


def write(records: Iterator[dict[str, Any]], about: Outgoing) -> Iterator[bytes]:
    """Yield one line for each record; skips and items without an answer have no labels."""
    for record in records:
        yield json_values.line(_line(record, about))


def _line(record: dict[str, Any], about: Outgoing) -> dict[str, Any]:
    content = {part: record[part] for part in about.parts}
    if about.parts == ("image",):
        content = {"filename": record["image"]}
    own = {
        **content,
        "id": record["key"],
        "label": triples(record["labels"]) if about.spans else record["labels"],
        "username": record.get("annotator") or "",
        "Comments": [record["note"]] if record.get("note") else [],
    }
    if about.spans and not is_answered(record):
        # An empty list would say that nothing is there.
        own.pop("label")
    # Other fields of a line are metadata there.
    return {**{_apart(name): value for name, value in record["meta"].items()}, **own}


def _apart(name: str) -> str:
    return f"meta.{name}" if name in OWN or name.startswith("meta.") else name


WRITER = Writer("doccano", "application/x-ndjson", write, "doccano", "jsonl", is_tool=True)
