"""JSON: lines, arrays, objects that wrap them, and columns; JSON Lines out."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from annotator import json_values
from annotator.formats.base import (
    TEXT,
    Columns,
    Looked,
    Outgoing,
    Reader,
    RejectedRow,
    Rows,
    UnreadableFile,
    Writer,
    because,
)
from annotator.formats.sniff import refuse_other_kinds
from annotator.formats.tables import json_shape, reading
from annotator.formats.tables.lines import Encoding, encoding_of, encoding_of_start, opened

HEADER_RECORDS = 20_000
# How deep the fields are that can be named with dots.
DEEPEST_NAME = 4
MOST_NAMES = 20_000
LONGEST_START = 1000
BEGIN = re.compile(r"""\s*(\[\s*)?\{\s*("[^"]*"\s*:|\})""")


# Read ---------------------------------------------------------------------------------------------


def is_json(path: Path) -> bool:
    """Return whether a text begins as objects, or as an array of them, do."""
    try:
        with opened(path, encoding_of_start(path)) as file:
            start = file.read(LONGEST_START).lstrip("\ufeff")
    except UnreadableFile:
        return False
    return BEGIN.match(start) is not None


def look(path: Path, columns: Columns) -> Looked:
    """Check what can be checked without keeping all records.

    Raises UnreadableFile for a file without rows, or without the content fields.
    """
    refuse_other_kinds(path)
    encoding = encoding_of(path, columns.encoding)
    table = _table(path, encoding)
    looked = reading.look(table, columns)
    # An array or object that breaks off is refused before anything of it is stored.
    rows = sum(1 for _each in json_shape.records(path, encoding.name))
    return Looked(**{**vars(looked), "rows": max(rows, 1)})


def read(path: Path, wanted: Columns, looked: Looked, label_names: set[str]) -> Rows:
    """Yield every record of the file in order, numbered from 1."""
    table = _table(path, Encoding(looked.encoding, looked.rows))
    yield from reading.read(table, wanted, label_names)


def _table(path: Path, encoding: Encoding) -> reading.Table:
    about = {"encoding": encoding.name, "encoding_is_sure": encoding.is_sure}
    names = _names(path, encoding.name)
    return reading.Table(lambda: _records(path, encoding.name), names, encoding.lines, about)


def _records(path: Path, encoding: str) -> reading.Records:
    for number, value in json_shape.records(path, encoding):
        if isinstance(value, (dict, RejectedRow)):
            yield number, value
        elif isinstance(value, str):
            yield number, {TEXT.name: value}
        else:
            yield number, RejectedRow(number, because("not_an_object"))


def _names(path: Path, encoding: str) -> list[str]:
    """Return the fields that the first many records have, as one may be left out of some."""
    names: dict[str, None] = {}
    nested: dict[str, None] = {}
    for _number, record in islice(json_shape.records(path, encoding), HEADER_RECORDS):
        if isinstance(record, str):
            names.setdefault(TEXT.name)
        if isinstance(record, dict) and len(names) < MOST_NAMES:
            names.update(dict.fromkeys(record))
            for name, value in record.items():
                if isinstance(value, Mapping) and len(nested) < MOST_NAMES:
                    nested.update(dict.fromkeys(_dotted(name, value, DEEPEST_NAME)))
    return [*names, *(name for name in nested if name not in names)]


def _dotted(start: str, value: Mapping[str, Any], depth: int) -> Iterator[str]:
    """Yield the names of the fields within an object, such as “data.text”."""
    for name, inner in value.items():
        full = f"{start}.{name}"
        if isinstance(inner, Mapping) and depth > 2:
            yield from _dotted(full, inner, depth - 1)
        else:
            yield full


# Write --------------------------------------------------------------------------------------------


def write(records: Iterator[dict[str, Any]], _about: Outgoing) -> Iterator[bytes]:
    """Yield one line for each record."""
    for record in records:
        yield json_values.line(record)


READER = Reader("jsonl", "JSON Lines", (".jsonl", ".ndjson", ".json"), look, read)
WRITER = Writer("jsonl", "application/x-ndjson", write, "JSON Lines")
