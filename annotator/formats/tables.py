"""CSV and JSON Lines: texts with their columns, streamed row by row."""

import codecs
import csv
import json
import math
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from django.utils.translation import gettext as _

from annotator.formats import BadRow, Columns, Row, Rows, Unreadable

LONGEST_TEXT = 1_000_000
LONGEST_LINE = 10_000_000
LONGEST_META = 2_000
LARGEST_ARRAY = 50_000_000
HEADER_RECORDS = 20_000
LONGEST_ID = 200
HEAD = 262_144

TEXT_NAMES = ["text", "content", "sentence", "message", "body", "document", "abstract", "question"]
LABEL_NAMES = ["label", "labels", "category", "class", "target"]
ID_NAMES = ["id", "key", "uid", "item_id"]

csv.field_size_limit(LONGEST_LINE)


# The file as a whole -----------------------------------------------------------------------------


def look(path: Path, kind: str, columns: Columns) -> tuple[int, str]:
    """Check what can be checked at once; return (rows as far as lines tell, encoding).

    Raises Unreadable for a file without rows, without the column for the text, or with no text
    in it at all.
    """
    encoding, lines = _encoding(path)
    if kind == "csv":
        header = _header(path, encoding)
        _find_columns(header, columns)
        if _only_header(path, encoding):
            raise Unreadable("empty_file", _("The file has a header, but no data rows."))
        return max(lines - 1, 1), encoding
    if next(iter(_json_records(path, encoding)), None) is None:
        raise Unreadable("empty_file", _("The file has no data rows."))
    _json_columns(path, encoding, columns)
    return max(lines, 1), encoding


def read(path: Path, kind: str, columns: Columns, encoding: str) -> Rows:
    """Yield every row of the file in order, numbered from 1 without the header."""
    if kind == "csv":
        yield from _read_csv(path, columns, encoding)
    else:
        yield from _read_json(path, columns, encoding)


def _encoding(path: Path) -> tuple[str, int]:
    """Return (encoding, lines) after one pass over the bytes.

    A file that is no UTF-8 in any line with an accent was written as Windows-1252, which Western
    spreadsheets still do; one that is UTF-8 in most lines has some broken rows, told one by one.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise Unreadable("empty_file", _("The file is empty."))
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        # Before UTF-16, whose mark is the beginning of theirs.
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if start.startswith(mark):
            return name, _line_count(path)
    lines = valid = broken = 0
    with path.open("rb") as file:
        for line in iter(lambda: file.readline(LONGEST_LINE), b""):
            lines += 1
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                valid += 1
            except UnicodeDecodeError:
                broken += 1
    return ("cp1252" if broken and not valid else "utf-8"), lines


def _line_count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _lines(path: Path, encoding: str) -> Iterator[str]:
    # Bytes that are no UTF-8 become lone surrogates, which the row is then refused for.
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    with path.open(encoding=encoding, errors=errors, newline="") as file:
        for line in iter(lambda: file.readline(LONGEST_LINE), ""):
            if len(line) >= LONGEST_LINE:
                raise Unreadable(
                    "line_too_long", _("A line is longer than 10 MB; is this a text file?")
                )
            yield line


def _find_columns(header: list[str], wanted: Columns) -> Columns:
    return Columns(
        text=_find(header, wanted.text, TEXT_NAMES, "text", needed=True),
        label=_find(header, wanted.label, LABEL_NAMES, "label", needed=False),
        id=_find(header, wanted.id, ID_NAMES, "id", needed=False),
    )


def _find(header: list[str], wanted: str, names: list[str], what: str, needed: bool) -> str:
    if wanted:
        if wanted in header:
            return wanted
    else:
        by_name = {name.strip().casefold(): name for name in reversed(header)}
        found = next((by_name[name] for name in names if name in by_name), "")
        if found or not needed:
            return found
    there = ", ".join(f"“{name[:60]}”" for name in header[:30])
    missing = {
        "text": _("There is no column for the text. The columns are: %(there)s."),
        "label": _("There is no column for the label. The columns are: %(there)s."),
        "id": _("There is no column for the id. The columns are: %(there)s."),
    }
    named = _("There is no column “%(name)s”. The columns are: %(there)s.")
    words = (named if wanted else missing[what]) % {"name": wanted, "there": there}
    raise Unreadable("missing_column", words)


# CSV ---------------------------------------------------------------------------------------------


def _header(path: Path, encoding: str) -> list[str]:
    lines = _lines(path, encoding)
    first = next((line for line in lines if line.strip()), "")
    if not first:
        raise Unreadable("empty_file", _("The file has no data rows."))
    try:
        header = next(
            csv.reader([first, *_some(lines, 50)], delimiter=_delimiter(first), strict=True)
        )
    except csv.Error as problem:
        words = _("The header line cannot be read: %(problem)s.") % {"problem": problem}
        raise Unreadable("bad_header", words) from problem
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        words = _("The column “%(name)s” is there twice.") % {"name": twice[:60]}
        raise Unreadable("duplicate_column", words)
    return header


def _some(lines: Iterable[str], number: int) -> list[str]:
    return [line for line, _n in zip(lines, range(number), strict=False)]


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _only_header(path: Path, encoding: str) -> bool:
    lines = (line for line in _lines(path, encoding) if line.strip())
    return len(_some(lines, 2)) < 2


def _read_csv(path: Path, wanted: Columns, encoding: str) -> Rows:
    header = _header(path, encoding)
    columns = _find_columns(header, wanted)
    first = next(line for line in _lines(path, encoding) if line.strip())
    reader = csv.reader(_lines(path, encoding), delimiter=_delimiter(first), strict=True)
    number = -1
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            number += 1
            yield BadRow(max(number, 1), *_csv_problem(problem, line))
            continue
        if not cells or not any(cells):
            continue
        number += 1
        if number > 0:
            yield _from_cells(number, header, columns, cells)


def _csv_problem(problem: csv.Error, line: int) -> tuple[str, str]:
    if "end of data" in str(problem) or "larger than" in str(problem):
        words = _("A quotation mark that opens at line %(line)d is never closed.")
        return "unclosed_quote", words % {"line": line}
    words = _("The quotation marks at line %(line)d do not match: %(problem)s.")
    return "bad_quote", words % {"line": line, "problem": problem}


def _from_cells(number: int, header: list[str], columns: Columns, cells: list[str]) -> Row | BadRow:
    if len(cells) != len(header):
        words = _("Expected %(expected)d columns, found %(found)d.")
        numbers = {"expected": len(header), "found": len(cells)}
        return BadRow(number, "column_count", words % numbers)
    values: dict[str, Any] = dict(zip(header, cells, strict=True))
    given = values.pop(columns.label, "") if columns.label else ""
    labels = [name.strip() for name in given.split("|") if name.strip()] or None
    return _checked(number, values, columns, labels)


# JSON Lines --------------------------------------------------------------------------------------


def _read_json(path: Path, wanted: Columns, encoding: str) -> Rows:
    columns = _json_columns(path, encoding, wanted)
    for number, record in _json_records(path, encoding):
        if isinstance(record, BadRow):
            yield record
        elif not isinstance(record, dict):
            yield BadRow(number, "not_an_object", _("The line is no JSON object."))
        else:
            yield _from_record(number, record, columns)


def _json_columns(path: Path, encoding: str, wanted: Columns) -> Columns:
    """Find the columns in what the first many records have, as a field may be left out of some."""
    records = islice(_json_records(path, encoding), HEADER_RECORDS)
    named = dict.fromkeys(
        name for _number, record in records if isinstance(record, dict) for name in record
    )
    # Where no line is an object, each is refused by itself.
    return _find_columns(list(named), wanted) if named else wanted


def _json_records(path: Path, encoding: str) -> Iterator[tuple[int, Any]]:
    lines = _lines(path, encoding)
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
            words = _("The line holds bytes that are no UTF-8.")
            yield number, BadRow(number, "invalid_utf8", words)
        except orjson.JSONDecodeError as problem:
            words = _("The line is no JSON: %(problem)s.") % {"problem": problem}
            yield number, BadRow(number, "bad_json", words)


def _chain(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


def _json_array(path: Path, encoding: str) -> list[Any]:
    if path.stat().st_size > LARGEST_ARRAY:
        words = _("Write one JSON object a line for more than 50 MB.")
        raise Unreadable("too_large_array", words)
    try:
        records = json.loads(path.read_text(encoding=encoding))
    except (ValueError, RecursionError) as problem:
        words = _("The file is no JSON: %(problem)s.") % {"problem": problem}
        raise Unreadable("bad_json", words) from problem
    if not isinstance(records, list):
        raise Unreadable("bad_json", _("The file is neither JSON Lines nor a JSON array."))
    return records


def _from_record(number: int, record: dict[str, Any], columns: Columns) -> Row | BadRow:
    values = dict(record)
    given = values.pop(columns.label, None) if columns.label else None
    names = [given] if isinstance(given, str) else [] if given is None else given
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return BadRow(number, "label_type", _("A label must be a text, or a list of texts."))
    labels = [name.strip() for name in names if name.strip()]
    return _checked(number, values, columns, labels or None)


# Either ------------------------------------------------------------------------------------------


def _checked(
    number: int, values: dict[str, Any], columns: Columns, labels: list[str] | None
) -> Row | BadRow:
    text = values.pop(columns.text, None)
    key = values.pop(columns.id, "") if columns.id else ""
    if not isinstance(text, str):
        words = _("“%(name)s” is missing or no text.") % {"name": columns.text}
        return BadRow(number, "text_type", words)
    if isinstance(key, (dict, list)) or len(str(key)) > LONGEST_ID:
        words = _("An id is a text of at most %(most)d characters.") % {"most": LONGEST_ID}
        return BadRow(number, "bad_id", words)
    problem = _text_problem(text) or _text_problem(str(key), empty=True)
    if problem:
        return BadRow(number, *problem)
    return Row(number, text, key=str(key).strip(), labels=labels, meta=_meta(values))


def _text_problem(text: str, empty: bool = False) -> tuple[str, str] | None:
    if not empty and not text.strip():
        return "empty_text", _("The text is empty.")
    if len(text) > LONGEST_TEXT:
        return "text_too_long", _("The text is longer than 1,000,000 characters.")
    if "\x00" in text:
        return "nul_byte", _("The text holds a NUL byte.")
    try:
        text.encode()
    except UnicodeEncodeError:
        return "invalid_utf8", _("The text holds bytes that are no UTF-8.")
    return None


def _meta(values: dict[str, Any]) -> dict[str, Any]:
    return {
        _plain(name)[:200]: value if _is_plain_number(value) else _plain(_as_text(value))
        for name, value in values.items()
        if value not in (None, "")
    }


def _is_plain_number(value: Any) -> bool:
    """Tell whether every database and every JSON reader takes it as it is."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return isinstance(value, float) and math.isfinite(value)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value[:LONGEST_META]
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))[:LONGEST_META]
    except RecursionError:
        return "…"


def _plain(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
