"""doccano: a line for each text, with a list of labels."""

from collections.abc import Iterator
from typing import Any

import orjson

from annotator.formats.base import Outgoing, Writer
from annotator.formats.writing.cells import as_moment

LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


def write(records: Iterator[dict[str, Any]], about: Outgoing) -> Iterator[bytes]:
    """Yield one line for each record; skips and items without an answer have no labels."""
    for record in records:
        yield orjson.dumps(_line(record, about), option=LINE, default=str)


def _line(record: dict[str, Any], about: Outgoing) -> dict[str, Any]:
    content = {part: record[part] for part in about.parts}
    if about.parts == ("image",):
        content = {"filename": record["image"]}
    # Other fields of a line become metadata there; its own come last.
    return {
        **record["meta"],
        **content,
        "id": record["key"],
        "label": record["labels"],
        "username": record.get("annotator") or "",
        "created_at": as_moment(record.get("created_at")),
        "Comments": [record["note"]] if record.get("note") else [],
    }


WRITER = Writer("doccano", "application/x-ndjson", write, "doccano", "jsonl", is_tool=True)
