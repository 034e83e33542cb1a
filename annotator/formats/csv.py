"""CSV: rows with a header, in and out."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from annotator.formats.base import (
    TEXT,
    Columns,
    Looked,
    Note,
    Outgoing,
    Reader,
    RejectedRow,
    Rows,
    UnreadableFile,
    Writer,
    because,
)
from annotator.formats.csv_guard import guarded
from annotator.formats.sniff import refuse_other_kinds
from annotator.formats.tables import csv_shape, quoting, reading
from annotator.formats.tables.columns import ID_NAMES, LABEL_NAMES
from annotator.formats.tables.csv_shape import Shape
from annotator.formats.tables.labels import tidy
from annotator.formats.tables.lines import (
    Encoding,
    Lines,
    encoding_of,
    encoding_of_start,
    opened,
)
from annotator.formats.writing import cells

__all__ = ["READER", "WRITER", "guarded", "look", "read", "write"]

LINES_AT_ONCE = 50
LONGEST_HEADER = 4096
BESIDE = (*LABEL_NAMES, *ID_NAMES)


# Read ---------------------------------------------------------------------------------------------


def is_table(path: Path) -> bool:
    """Return whether a text begins with a header that names a text and its label or id."""
    try:
        with opened(path, encoding_of_start(path)) as file:
            first = file.readline(LONGEST_HEADER).lstrip("\ufeff").strip()
    except UnreadableFile:
        return False
    for delimiter in csv_shape.DELIMITERS:
        names = {tidy(cell.strip('"')).casefold() for cell in first.split(delimiter)}
        if not names.isdisjoint(TEXT.columns) and not names.isdisjoint(BESIDE):
            return True
    return False


def look(path: Path, columns: Columns) -> Looked:
    """Check what can be checked without reading all rows.

    Raises UnreadableFile for a file without rows, or without the content columns.
    """
    refuse_other_kinds(path)
    encoding = encoding_of(path, columns.encoding)
    shape = _shape(path, encoding.name, columns)
    columns = csv_shape.only_column(shape, columns)
    table = _table(path, encoding, shape)
    if not any(_has_content(record) for _number, record in table.records()):
        raise UnreadableFile("empty_file", message="no_rows_after_header")
    try:
        return reading.look(table, replace(columns, guarded=True))
    except UnreadableFile as problem:
        raise csv_shape.without_header(problem, shape.header, columns) from problem


def read(path: Path, wanted: Columns, looked: Looked, label_names: set[str]) -> Rows:
    """Yield every row of the file in order, numbered from 1 after the header."""
    encoding = Encoding(looked.encoding, looked.rows)
    wanted = replace(wanted, delimiter=wanted.delimiter or looked.delimiter, guarded=True)
    shape = _shape(path, encoding.name, wanted)
    table = _table(path, encoding, shape)
    yield from reading.read(table, csv_shape.only_column(shape, wanted), label_names)


def _has_content(record: dict[str, Any] | RejectedRow) -> bool:
    if isinstance(record, RejectedRow):
        return True
    return any(cell.strip() for cell in record.values())


def _shape(path: Path, encoding: str, columns: Columns) -> Shape:
    lines = Lines(path, encoding)
    shape = csv_shape.shape_of(lines, columns)
    if lines.first_is_too_long:
        raise UnreadableFile("line_too_long", message="line_of_no_text_file")
    # Tab-separated files often have no quotation marks but those of their texts.
    if shape.delimiter == "\t" and quoting.are_letters(
        Lines(path, encoding), shape.delimiter, len(shape.names)
    ):
        notes = (*shape.notes, Note("quotes_are_letters"))
        return replace(shape, quote="", escapes=False, notes=notes)
    return shape


def _table(path: Path, encoding: Encoding, shape: Shape) -> reading.Table:
    about = {
        "encoding": encoding.name,
        "encoding_is_sure": encoding.is_sure,
        "delimiter": shape.delimiter,
    }
    rows = max(encoding.lines - 1, 1)
    return reading.Table(
        lambda: _records(path, encoding.name, shape), shape.header, rows, about, shape.notes
    )


def _records(path: Path, encoding: str, shape: Shape) -> reading.Records:
    lines = Lines(path, encoding)
    if shape.has_separator_line:
        while not next(lines).strip():
            pass
    reader = csv_shape.parser(_mended(lines) if shape.escapes else lines, shape)
    number = -shape.before
    while True:
        line = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            lost = max(lines.number - line + 1, 1)
            number += 1
            yield max(number, 1), _rejected(max(number, 1), problem, line, lost)
            number += lost - 1
            continue
        if lines.too_long:
            lines.too_long = False
            number += 1
            yield max(number, 1), RejectedRow(max(number, 1), because("line_too_long"))
            continue
        if shape.wrapped:
            cells = quoting.within(cells, shape.delimiter, len(shape.names))
        # Only in front of the header are blanks no cells.
        if not any(cells if number >= 0 else map(str.strip, cells)):
            continue
        number += 1
        if number > 0:
            is_header = len(shape.names) > 1 and _is_header(cells, shape.names)
            yield number, _again(number) if is_header else _record(number, shape.names, cells)


def _mended(lines: Iterator[str]) -> Iterator[str]:
    """Yield the lines with quotation marks within a field doubled, where a backslash marks them."""
    return (line.replace('\\"', '""') for line in lines)


def _is_header(cells: list[str], names: tuple[str, ...]) -> bool:
    """Return whether a line has the names of the columns once more, as joined files have it."""
    return cells[-1].strip().casefold() == names[-1].casefold() and [
        csv_shape.name_of(cell).casefold() for cell in cells
    ] == [name.casefold() for name in names]


def _again(number: int) -> RejectedRow:
    return RejectedRow(number, because("header_again"))


def _rejected(number: int, problem: csv.Error, line: int, lost: int) -> RejectedRow:
    reason = because("bad_quote", line=line, problem=str(problem))
    if "end of data" in str(problem) or "larger than" in str(problem):
        reason = because("unclosed_quote", line=line)
    if lost > 1:
        also = because("line_lost") if lost == 2 else because("lines_lost", n=lost - 1)
        reason = replace(reason, also=(also,))
    return RejectedRow(number, reason, rows=lost)


def _record(number: int, names: tuple[str, ...], cells: list[str]) -> dict[str, Any] | RejectedRow:
    """Return the cells by their columns; those without a name are kept where they have content."""
    if len(cells) == len(names) and all(names):
        return dict(zip(names, cells, strict=True))
    missing = names[len(cells) :]
    extra = cells[len(names) :]
    if any(missing) or any(cell.strip() for cell in extra):
        return RejectedRow(number, because("column_count", expected=len(names), found=len(cells)))
    pairs = zip(names, cells, strict=False)
    return {
        name or f"column {place}": cell
        for place, (name, cell) in enumerate(pairs, start=1)
        if name or cell.strip()
    }


# Write --------------------------------------------------------------------------------------------


def write(records: Iterator[dict[str, Any]], about: Outgoing) -> Iterator[bytes]:
    """Yield the header, then one line for each record."""
    buffer = io.StringIO()
    # With a byte order mark, because spreadsheets otherwise assume Windows-1252.
    buffer.write("\ufeff")
    writer = csv.DictWriter(buffer, about.columns)
    writer.writeheader()
    names = frozenset(about.labels)
    for number, record in enumerate(records, start=1):
        writer.writerow({name: _cell(name, value, names) for name, value in record.items()})
        if number % LINES_AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    data = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return data


def _cell(name: str, value: Any, names: frozenset[str]) -> Any:
    value = cells.flat(name, value, names)
    if isinstance(value, datetime):
        value = value.isoformat()
    return guarded(value) if isinstance(value, str) else value


READER = Reader("csv", "CSV", (".csv", ".tsv", ".tab", ".psv"), look, read)
WRITER = Writer("csv", "text/csv; charset=utf-8", write, "CSV")
