"""Prodigy: a line for each decision; a skip is one that was ignored."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from annotator import json_values
from annotator.formats.base import Outgoing, Writer
from annotator.formats.spans.writing import is_answered, objects


def write(records: Iterator[dict[str, Any]], about: Outgoing) -> Iterator[bytes]:
    """Yield one line for each record, with the labels as options."""
    options = [{"id": name, "text": name} for name in about.labels]
    for record in records:
        yield json_values.line(_task(record, about, options))


def _task(record: dict[str, Any], about: Outgoing, options: list[Any]) -> dict[str, Any]:
    content = {part: record[part] for part in about.parts}
    by = record.get("annotator") or ""
    task = {
        **content,
        "id": record["key"],
        "meta": record["meta"],
        "options": options,
        "accept": record["labels"],
        "answer": "accept" if _is_answer(record) else "ignore",
        "config": {"choice_style": "multiple" if about.takes_several else "single"},
        "_view_id": "choice",
        "_input_hash": _hash("input", record["key"]),
        "_task_hash": _hash("task", record["key"], by, str(record.get("id") or "")),
        "_annotator_id": by,
        "_session_id": by,
    }
    if about.spans:
        for name in ("options", "accept", "config"):
            task.pop(name)
        task |= {"spans": objects(record["labels"]), "_view_id": "spans_manual"}
    at = record.get("created_at")
    return {**task, "_timestamp": at.timestamp()} if isinstance(at, datetime) else task


def _is_answer(record: dict[str, Any]) -> bool:
    return bool(record["labels"]) or is_answered(record)


def _hash(*texts: str) -> int:
    """Return a number of 31 bits, as Prodigy's are."""
    digest = hashlib.blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=4).digest()
    return int.from_bytes(digest, "big") & 0x7FFFFFFF


WRITER = Writer("prodigy", "application/x-ndjson", write, "Prodigy", "jsonl", is_tool=True)
