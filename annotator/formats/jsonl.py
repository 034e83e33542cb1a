"""JSON Lines, one object per line, or one array of objects: in and out."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from django.utils.translation import gettext as _

from annotator.formats.base import (
    Columns,
    Looked,
    Reader,
    RejectedRow,
    Row,
    Rows,
    UnreadableFile,
    Writer,
)
from annotator.formats.tables import Found, checked, encoding_of, find_columns, lines_of

LARGEST_ARRAY = 50_000_000
HEADER_RECORDS = 20_000


# Read ---------------------------------------------------------------------------------------------


def look(path: Path, columns: Columns) -> Looked:
    """Check what can be checked without reading all records.

    Raises UnreadableFile for a file without rows, or without the content fields.
    """
    encoding, lines = encoding_of(path)
    if next(iter(_json_records(path, encoding)), None) is None:
        raise UnreadableFile("empty_file", _("The file has no data rows."))
    names = _json_names(path, encoding)
    _json_columns(names, columns)
    return Looked(max(lines, 1), encoding, header=tuple(names))


def read(path: Path, wanted: Columns, looked: Looked, _label_names: set[str]) -> Rows:
    """Yield every record of the file in order, numbered from 1."""
    encoding = looked.encoding
    columns = _json_columns(_json_names(path, encoding), wanted)
    for number, record in _json_records(path, encoding):
        if isinstance(record, RejectedRow):
            yield record
        elif not isinstance(record, dict):
            yield RejectedRow(number, "not_an_object", _("The line isn't a JSON object."))
        else:
            yield _from_record(number, record, columns)


def _json_columns(names: list[str], wanted: Columns) -> Found:
    # Where no line is an object, each is refused by itself.
    return find_columns(names, wanted) if names else Found({})


def _json_names(path: Path, encoding: str) -> list[str]:
    """Return the fields that the first many records have, as one may be left out of some."""
    records = islice(_json_records(path, encoding), HEADER_RECORDS)
    named = dict.fromkeys(
        name for _number, record in records if isinstance(record, dict) for name in record
    )
    return list(named)


def _json_records(path: Path, encoding: str) -> Iterator[tuple[int, Any]]:
    lines = lines_of(path, encoding)
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip().startswith("["):
        yield from enumerate(_json_array(path, encoding), start=1)
        return
    number = 0
    for line in _chain(first, lines):
        if not line.strip():
            continue
        number += 1
        try:
            yield number, orjson.loads(line.strip().encode("utf-8", "strict"))
        except UnicodeEncodeError:
            words = _("The line isn't valid UTF-8.")
            yield number, RejectedRow(number, "invalid_utf8", words)
        except orjson.JSONDecodeError as problem:
            words = _("The line isn't valid JSON: %(problem)s.") % {"problem": problem}
            yield number, RejectedRow(number, "bad_json", words)


def _chain(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


def _json_array(path: Path, encoding: str) -> list[Any]:
    if path.stat().st_size > LARGEST_ARRAY:
        words = _("JSON files over 50 MB must be JSON Lines: one object per line.")
        raise UnreadableFile("too_large_array", words)
    try:
        records = json.loads(path.read_text(encoding=encoding))
    except (ValueError, RecursionError) as problem:
        words = _("The file isn't valid JSON: %(problem)s.") % {"problem": problem}
        raise UnreadableFile("bad_json", words) from problem
    if not isinstance(records, list):
        raise UnreadableFile("bad_json", _("The file is neither JSON Lines nor a JSON array."))
    return records


def _from_record(number: int, record: dict[str, Any], columns: Found) -> Row | RejectedRow:
    values = dict(record)
    given = values.pop(columns.label, None) if columns.label else None
    names = [given] if isinstance(given, str) else [] if given is None else given
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return RejectedRow(
            number, "label_type", _("A label must be a string or a list of strings.")
        )
    labels = [name.strip() for name in names if name.strip()]
    return checked(number, values, columns, labels or None)


# Write --------------------------------------------------------------------------------------------


def write(records: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Yield one line for each record."""
    for record in records:
        yield orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)


READER = Reader("jsonl", "JSON Lines", (".jsonl", ".ndjson", ".json"), look, read)
WRITER = Writer("jsonl", "application/x-ndjson", write)
