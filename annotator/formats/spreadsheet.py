"""Spreadsheets: Excel and OpenDocument, read sheet by sheet as tables."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from annotator.formats import long_cells
from annotator.formats.archives import zip_source
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
from annotator.formats.tables import csv_shape, reading
from annotator.formats.tables.csv_shape import Shape

# A workbook is unpacked in memory: bound what it may unpack to.
MOST_BYTES = 400 << 20
HIGHEST_RATIO = 400
SAMPLE_ROWS = 200
# How many sheets are looked through for one with columns of known names.
MOST_SHEETS = 20
PROCESS = Path(__file__).with_name("tables") / "workbook_process.py"


def look(path: Path, columns: Columns) -> Looked:
    """Check the first sheet with rows; UnreadableFile if there is none."""
    table, wanted = _table(path, columns)
    try:
        return reading.look(table, wanted)
    except UnreadableFile as problem:
        raise csv_shape.without_header(problem, table.header, wanted) from problem


def read(path: Path, columns: Columns, _looked: Looked, label_names: set[str]) -> Rows:
    """Yield every row of the first sheet with rows in order, numbered from 1 after the header."""
    table, wanted = _table(path, columns)
    yield from reading.read(table, wanted, label_names)


def _table(path: Path, columns: Columns) -> tuple[reading.Table, Columns]:
    rows, notes = _cells(path, columns)
    shape = csv_shape.shape_of_cells(rows[:SAMPLE_ROWS], columns)
    wanted = csv_shape.only_column(shape, columns)
    table = reading.Table(
        lambda: _records(rows, shape),
        shape.header,
        max(len(rows) - shape.before, 1),
        notes=(*shape.notes, *notes),
    )
    return table, wanted


@dataclass
class _Sheet:
    """A sheet with its rows; `merged` counts the cells that reach over several of them."""

    name: str
    rows: list[list[str]] = field(default_factory=list)
    merged: int = 0


def _cells(path: Path, columns: Columns) -> tuple[list[list[str]], list[Note]]:
    """Return the rows of a sheet, and what to tell of it and the others.

    It is the first with rows, or one with columns of known names if the first has none.
    """
    _refuse_bomb(path)
    sheets, filled = _sheets(path, [long_cells.LONG_TEXTS])
    chosen = sheets[0]
    others = [name for name in filled[1:MOST_SHEETS] if name != long_cells.LONG_TEXTS]
    if others and not csv_shape.has_known_column(chosen.rows[:SAMPLE_ROWS], columns):
        known = (
            sheet
            for sheet in _sheets(path, others)[0][1:]
            if csv_shape.has_known_column(sheet.rows[:SAMPLE_ROWS], columns)
        )
        chosen = next(known, chosen)
    if chosen is sheets[0]:
        for each in sheets[1:]:
            long_cells.mend(chosen.rows, each.rows)
    return chosen.rows, _notes(chosen, filled)


def _sheets(path: Path, names: list[str]) -> tuple[list[_Sheet], list[str]]:
    """Return the first sheet with rows and those with the names, and the names of all."""
    sheets: list[_Sheet] = []
    filled: list[str] = []
    for line in _lines(path, names):
        if isinstance(line, list):
            sheets[-1].rows.append(line)
        elif "sheet" in line:
            sheets.append(_Sheet(line["sheet"]))
        elif "merged" in line:
            sheets[-1].merged = line["merged"]
        elif "filled" in line:
            filled = line["filled"]
        else:
            raise _unreadable(line)
    if not filled:
        raise UnreadableFile("empty_file", message="workbook_without_rows")
    return sheets, filled


def _notes(sheet: _Sheet, filled: list[str]) -> list[Note]:
    notes = []
    others = ", ".join(name for name in filled if name != sheet.name)[:200]
    if others:
        notes.append(Note("other_sheets", {"sheet": sheet.name, "others": others}))
    if sheet.merged:
        notes.append(Note("merged_cells", {"n": sheet.merged}))
    return notes


def _lines(path: Path, names: list[str]) -> Iterator[Any]:
    """Yield what the process that reads workbooks says; UnreadableFile if it did not survive."""
    command = [sys.executable, "-I", str(PROCESS), str(path), *names]
    with subprocess.Popen(  # noqa: S603 - the path is no option, as it is absolute or a name of ours
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        try:
            yield from map(orjson.loads, process.stdout)
            died = process.wait() != 0
        except orjson.JSONDecodeError:
            # It ended in the middle of a line.
            died = True
        finally:
            process.kill()
    if died:
        raise UnreadableFile("workbook_too_large")


def _unreadable(line: dict[str, str]) -> UnreadableFile:
    if line["problem"] == "password":
        return UnreadableFile("workbook_encrypted")
    return UnreadableFile("bad_workbook", problem=line["words"])


def _refuse_bomb(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except zip_source.ERRORS:
        # The library tells what is wrong with it.
        return
    if size > MOST_BYTES or size > max(HIGHEST_RATIO * path.stat().st_size, 10 << 20):
        raise UnreadableFile("workbook_too_large", message="workbook_unpacks_to_much")


def _records(rows: list[list[str]], shape: Shape) -> reading.Records:
    number = -shape.before
    for cells in rows:
        if not any(map(str.strip, cells)):
            continue
        number += 1
        if number > 0:
            yield number, _record(number, shape.names, cells)


def _record(number: int, names: tuple[str, ...], cells: list[str]) -> dict[str, Any] | RejectedRow:
    if any(cells[len(names) :]):
        return RejectedRow(number, because("column_count", expected=len(names), found=len(cells)))
    texts = cells + [""] * (len(names) - len(cells))
    return {
        name or f"column {place}": text
        for place, (name, text) in enumerate(zip(names, texts, strict=False), start=1)
        if name or text
    }


ENDINGS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
READER = Reader("xlsx", "Excel, OpenDocument", ENDINGS, look, read)
