"""Spreadsheets: Excel and OpenDocument, read sheet by sheet as tables."""

import datetime
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import python_calamine
from django.utils.translation import gettext as _

from annotator.formats.base import (
    Columns,
    Looked,
    Note,
    Reader,
    RejectedRow,
    Rows,
    UnreadableFile,
)
from annotator.formats.tables import csv_shape, reading
from annotator.formats.tables.csv_shape import Shape

# A workbook is unpacked in memory: bound what it may unpack to.
MOST_BYTES = 400 << 20
HIGHEST_RATIO = 400
SAMPLE_ROWS = 200


def look(path: Path, columns: Columns) -> Looked:
    """Check the first sheet with rows; UnreadableFile if there is none."""
    table, wanted = _table(path, columns)
    return reading.look(table, wanted)


def read(path: Path, columns: Columns, _looked: Looked, label_names: set[str]) -> Rows:
    """Yield every row of the first sheet with rows in order, numbered from 1 after the header."""
    table, wanted = _table(path, columns)
    yield from reading.read(table, wanted, label_names)


def _table(path: Path, columns: Columns) -> tuple[reading.Table, Columns]:
    rows, notes = _cells(path)
    shape = csv_shape.shape_of_cells(rows[:SAMPLE_ROWS], columns)
    wanted = csv_shape.only_column(shape, columns)
    table = reading.Table(
        lambda: _records(rows, shape),
        shape.header,
        max(len(rows) - shape.before, 1),
        notes=(*shape.notes, *notes),
    )
    return table, wanted


def _cells(path: Path) -> tuple[list[list[Any]], list[Note]]:
    """Return the rows of the first sheet that has some, and what to tell of the others."""
    _refuse_bomb(path)
    with _opened(path) as workbook:
        filled = []
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.end is not None:
                filled.append((name, sheet))
        if not filled:
            raise UnreadableFile("empty_file", _("The workbook has no rows."))
        rows = filled[0][1].to_python(skip_empty_area=True)
    others = ", ".join(name for name, _sheet in filled[1:])[:200]
    notes = [Note("other_sheets", {"sheet": filled[0][0], "others": others})] if others else []
    return rows, notes


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with python_calamine.CalamineWorkbook.from_path(path) as workbook:
            yield workbook
    except python_calamine.PasswordError as problem:
        words = _("The workbook has a password. Save it without one.")
        raise UnreadableFile("workbook_encrypted", words) from problem
    except UnreadableFile:
        raise
    except BaseException as problem:
        # The library's own panics are no exceptions of Python's usual kinds.
        if isinstance(problem, (KeyboardInterrupt, SystemExit, GeneratorExit)):
            raise
        words = _("The workbook is damaged: %(problem)s.") % {"problem": str(problem)[:200]}
        raise UnreadableFile("bad_workbook", words) from problem


def _refuse_bomb(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # The library tells what is wrong with it.
        return
    if size > MOST_BYTES or size > max(HIGHEST_RATIO * path.stat().st_size, 10 << 20):
        words = _("The workbook unpacks to too much. Save it as CSV UTF-8.")
        raise UnreadableFile("workbook_too_large", words)


def _records(rows: list[list[Any]], shape: Shape) -> reading.Records:
    number = -shape.before
    for cells in rows:
        if not any(as_text(cell).strip() for cell in cells):
            continue
        number += 1
        if number > 0:
            yield number, _record(number, shape.names, cells)


def _record(number: int, names: tuple[str, ...], cells: list[Any]) -> dict[str, Any] | RejectedRow:
    texts = [as_text(cell) for cell in cells]
    if any(texts[len(names) :]):
        words = _("Expected %(expected)d columns, found %(found)d.")
        numbers = {"expected": len(names), "found": len(cells)}
        return RejectedRow(number, "column_count", words % numbers)
    texts += [""] * (len(names) - len(texts))
    return {
        name or f"column {place}": text
        for place, (name, text) in enumerate(zip(names, texts, strict=False), start=1)
        if name or text
    }


def as_text(cell: Any) -> str:
    """Return a cell as the spreadsheet shows it: whole numbers without a decimal point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat()
    return str(cell)


ENDINGS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
READER = Reader("xlsx", "Excel, OpenDocument", ENDINGS, look, read)
