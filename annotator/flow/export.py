"""Labels go out, each with how it came about; streamed, so that size does not matter."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import orjson
from django.utils.translation import gettext as _

from annotator.flow import adjudicate, naming
from annotator.flow.refusals import Invalid
from annotator.models import Annotation, Project

FORMATS = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
CHUNK = 1000
# A spreadsheet runs a cell that begins like this as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Some take these off first, and look again.
SKIPPED_STARTS = " '\""
TEXT_FIELDS = {
    "key",
    "text",
    "image",
    "labels",
    "decided",
    "annotator",
    "why",
    "meta",
    "suggestion",
    "note",
}


def stream(project: Project, format: str) -> Iterator[bytes]:
    """Yield the project's annotations in the asked format, oldest first."""
    if format not in FORMATS:
        raise Invalid(
            "unknown_format",
            _("There is no export format “%(name)s”. There are: %(names)s.")
            % {"name": format[:40], "names": ", ".join(FORMATS)},
            field="format",
        )
    return _jsonl(project) if format == "jsonl" else _csv(project)


def records(project: Project) -> Iterator[dict[str, Any]]:
    """Yield one record for each annotation that was not taken back."""
    last = 0
    while True:
        chunk = list(_rows(project).filter(pk__gt=last)[:CHUNK])
        if not chunk:
            return
        decided = adjudicate.decided({annotation.item_id for annotation in chunk})
        for annotation in chunk:
            yield {**_record(project, annotation), "decided": decided.get(annotation.item_id)}
        last = chunk[-1].pk


def _rows(project: Project) -> Any:
    return (
        Annotation.objects.filter(project=project, withdrawn_at=None)
        .select_related("item", "user", "round", "model", "lease")
        .prefetch_related("given__label", "revisions")
        .order_by("pk")
    )


def _record(project: Project, annotation: Annotation) -> dict[str, Any]:
    item = annotation.item
    given = sorted(annotation.given.all(), key=lambda each: (each.label.position, each.label_id))
    return {
        "id": annotation.pk,
        "item": item.pk,
        "key": item.key,
        **({"image": item.image} if item.image else {"text": item.text}),
        "meta": item.meta,
        "labels": [each.label.name for each in given],
        "annotator": annotation.user.username if annotation.user else None,
        "source": annotation.source,
        "audit": annotation.source == "audit",
        "blind": annotation.blind,
        "counted": annotation.counted,
        "strategy": annotation.strategy,
        "round": annotation.round.number if annotation.round else None,
        "model": annotation.model.number if annotation.model else None,
        "score": annotation.score,
        "probability": annotation.probability,
        "suggestion": naming.named(project, annotation.suggestion),
        "why": naming.untranslated(project, annotation.lease.why) if annotation.lease else "",
        "seconds": annotation.seconds,
        "unsure": annotation.unsure,
        "note": annotation.note,
        "created_at": annotation.created_at,
        "updated_at": annotation.updated_at,
        "corrections": len(annotation.revisions.all()),
    }


def _jsonl(project: Project) -> Iterator[bytes]:
    for record in records(project):
        yield orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)


def _csv(project: Project) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer: Any = None
    # A byte order mark, or spreadsheets take the file for Windows-1252.
    buffer.write("\ufeff")
    for record in records(project):
        flat = {name: _cell(name, value) for name, value in record.items()}
        if writer is None:
            writer = csv.DictWriter(buffer, list(flat))
            writer.writeheader()
        writer.writerow(flat)
        yield _taken(buffer)
    if writer is None:
        yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    data = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return data


def _cell(name: str, value: Any) -> Any:
    if isinstance(value, list):
        value = "|".join(value)
    elif isinstance(value, dict):
        value = orjson.dumps(value).decode()
    elif hasattr(value, "isoformat"):
        value = value.isoformat()
    return guarded(value) if name in TEXT_FIELDS and isinstance(value, str) else value


def guarded(text: str) -> str:
    """Return the text such that no spreadsheet takes it for a formula."""
    return f"'{text}" if _is_formula(text) else text


def _is_formula(text: str) -> bool:
    return text.lstrip(SKIPPED_STARTS).startswith(FORMULA_STARTS)
