"""Plain text: each line is an item, or a row of fastText with its labels in front."""

import re
from pathlib import Path
from typing import Any

from annotator.formats.base import (
    Columns,
    Looked,
    Note,
    Reader,
    RejectedRow,
    Rows,
    UnreadableFile,
    because,
)
from annotator.formats.sniff import refuse_other_kinds
from annotator.formats.tables import reading
from annotator.formats.tables.lines import Encoding, Lines, encoding_of, encoding_of_start, opened

FASTTEXT = re.compile(r"((?:__label__\S+[ \t]+)+)(.*)", re.DOTALL)
PREFIX = "__label__"


def look(path: Path, columns: Columns) -> Looked:
    """Check that there is a line with text; UnreadableFile if there is none."""
    refuse_other_kinds(path)
    encoding = encoding_of(path, columns.encoding)
    return reading.look(_table(path, encoding), _wanted(columns))


def read(path: Path, columns: Columns, looked: Looked, label_names: set[str]) -> Rows:
    """Yield each line with text in order, numbered from 1."""
    table = _table(path, Encoding(looked.encoding, looked.rows))
    yield from reading.read(table, _wanted(columns), label_names)


def is_fasttext(path: Path) -> bool:
    """Return whether a text begins with a label of fastText."""
    try:
        with opened(path, encoding_of_start(path)) as file:
            return file.read(len(PREFIX) + 1).lstrip("\ufeff").startswith(PREFIX)
    except UnreadableFile:
        return False


def _wanted(columns: Columns) -> Columns:
    if len(columns.parts) != 1:
        raise UnreadableFile("one_text")
    return Columns(parts=columns.parts, text="text", plain=True)


def _table(path: Path, encoding: Encoding) -> reading.Table:
    about = {"encoding": encoding.name, "encoding_is_sure": encoding.is_sure}
    records = _records(path, encoding.name)
    first = next((record for _n, record in records if isinstance(record, dict)), {})
    notes = (Note("read_as_tool", {"tool": "fastText"}),) if "label" in first else ()
    return reading.Table(
        lambda: _records(path, encoding.name),
        ("text", "label") if notes else ("text",),
        encoding.lines,
        about,
        notes,
    )


def _records(path: Path, encoding: str) -> reading.Records:
    lines = Lines(path, encoding)
    number = 0
    for line in lines:
        if lines.too_long:
            lines.too_long = False
            number += 1
            yield number, RejectedRow(number, because("line_too_long"))
        elif line.strip():
            number += 1
            yield number, _record(line.rstrip("\r\n"))


def _record(line: str) -> dict[str, Any]:
    found = FASTTEXT.fullmatch(line)
    if not found:
        return {"text": line}
    labels = [label.removeprefix(PREFIX) for label in found[1].split()]
    return {"text": found[2], "label": labels}


READER = Reader("text", "Plain text", (".txt", ".text", ".ft"), look, read)
