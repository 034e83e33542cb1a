"""The import and export formats: a new one is a module here and a line below."""

from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from annotator.formats import csv, image_zip, jsonl
from annotator.formats.base import Reader

READERS = {each.kind: each for each in (csv.READER, jsonl.READER, image_zip.READER)}
WRITERS = {each.kind: each for each in (jsonl.WRITER, csv.WRITER)}


def choices() -> list[tuple[str, str | Promise]]:
    """Return (kind, title) of the import formats."""
    return [
        ("", gettext_lazy("Detect from file name")),
        *((each.kind, each.title) for each in READERS.values()),
    ]


def for_file(name: str, kind: str = "") -> Reader | None:
    """Return the reader of the kind, or else of the file name's extension; None without one."""
    if kind:
        return READERS.get(kind)
    ending = Path(name).suffix.lower()
    return next((each for each in READERS.values() if ending in each.endings), None)
