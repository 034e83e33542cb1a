"""CSV: rows with a header, in and out."""

import csv
import io
from collections.abc import Iterable, Iterator
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
from annotator.formats.tables import (
    LONGEST_LINE,
    Found,
    checked,
    encoding_of,
    find_columns,
    lines_of,
)

# A spreadsheet runs a cell that begins like this as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Some programs strip these first, and check again.
SKIPPED_STARTS = " '\""
# The other lists contain texts, separated by bars.
LISTS_OF_OBJECTS = {"history"}

csv.field_size_limit(LONGEST_LINE)


# Read ---------------------------------------------------------------------------------------------


def look(path: Path, columns: Columns) -> Looked:
    """Check what can be checked without reading all rows.

    Raises UnreadableFile for a file without rows, or without the content columns.
    """
    encoding, lines = encoding_of(path)
    header = _header(path, encoding)
    find_columns(header, columns)
    if _only_header(path, encoding):
        raise UnreadableFile("empty_file", _("The file has a header but no data rows."))
    return Looked(max(lines - 1, 1), encoding, header=tuple(header))


def _header(path: Path, encoding: str) -> list[str]:
    lines = lines_of(path, encoding)
    first = next((line for line in lines if line.strip()), "")
    if not first:
        raise UnreadableFile("empty_file", _("The file has no data rows."))
    try:
        header = next(
            csv.reader([first, *_some(lines, 50)], delimiter=_delimiter(first), strict=True)
        )
    except csv.Error as problem:
        words = _("The header line can't be read: %(problem)s.") % {"problem": problem}
        raise UnreadableFile("bad_header", words) from problem
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        words = _("The column “%(name)s” appears twice.") % {"name": twice[:60]}
        raise UnreadableFile("duplicate_column", words)
    return header


def _some(lines: Iterable[str], number: int) -> list[str]:
    return [line for line, _n in zip(lines, range(number), strict=False)]


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _only_header(path: Path, encoding: str) -> bool:
    lines = (line for line in lines_of(path, encoding) if line.strip())
    return len(_some(lines, 2)) < 2


def read(path: Path, wanted: Columns, looked: Looked, _label_names: set[str]) -> Rows:
    """Yield every row of the file in order, numbered from 1 after the header."""
    encoding = looked.encoding
    header = _header(path, encoding)
    columns = find_columns(header, wanted)
    first = next(line for line in lines_of(path, encoding) if line.strip())
    reader = csv.reader(lines_of(path, encoding), delimiter=_delimiter(first), strict=True)
    number = -1
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            number += 1
            yield RejectedRow(max(number, 1), *_csv_problem(problem, line))
            continue
        if not cells or not any(cells):
            continue
        number += 1
        if number > 0:
            yield _from_cells(number, header, columns, cells)


def _csv_problem(problem: csv.Error, line: int) -> tuple[str, str]:
    if "end of data" in str(problem) or "larger than" in str(problem):
        words = _("The quotation mark opened at line %(line)d is never closed.")
        return "unclosed_quote", words % {"line": line}
    words = _("The quotation marks at line %(line)d do not match: %(problem)s.")
    return "bad_quote", words % {"line": line, "problem": problem}


def _from_cells(
    number: int, header: list[str], columns: Found, cells: list[str]
) -> Row | RejectedRow:
    if len(cells) != len(header):
        words = _("Expected %(expected)d columns, found %(found)d.")
        numbers = {"expected": len(header), "found": len(cells)}
        return RejectedRow(number, "column_count", words % numbers)
    values: dict[str, Any] = dict(zip(header, cells, strict=True))
    given = values.pop(columns.label, "") if columns.label else ""
    labels = [name.strip() for name in given.split("|") if name.strip()] or None
    return checked(number, values, columns, labels)


# Write --------------------------------------------------------------------------------------------


def write(records: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Yield the header, then one line for each record."""
    buffer = io.StringIO()
    writer: Any = None
    # With a byte order mark, because spreadsheets otherwise assume Windows-1252.
    buffer.write("\ufeff")
    for record in records:
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
    if isinstance(value, dict) or name in LISTS_OF_OBJECTS:
        value = "" if value is None else orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()
    elif isinstance(value, list):
        value = "|".join(value)
    elif hasattr(value, "isoformat"):
        value = value.isoformat()
    return guarded(value) if isinstance(value, str) else value


def guarded(text: str) -> str:
    """Return the text, escaped so that no spreadsheet runs it as a formula."""
    return f"'{text}" if _is_formula(text) else text


def _is_formula(text: str) -> bool:
    return text.lstrip(SKIPPED_STARTS).startswith(FORMULA_STARTS)


READER = Reader("csv", "CSV", (".csv", ".tsv"), look, read)
WRITER = Writer("csv", "text/csv; charset=utf-8", write)
