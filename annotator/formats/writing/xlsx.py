"""Excel: a sheet with a row for each record, written row by row."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any

from annotator.formats.base import Outgoing, Writer
from annotator.formats.long_cells import HEADER, LONG_TEXTS, MOST_CHARACTERS, MOST_ROWS, cut
from annotator.formats.writing import cells

BLOCK = 1 << 20
# Excel keeps 15 digits of a number.
MOST_NUMBER = 10**15
OPTIONS = {
    "constant_memory": True,
    "strings_to_urls": False,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
    "remove_timezone": True,
    "default_date_format": "yyyy-mm-dd hh:mm:ss",
}


def write(records: Iterator[dict[str, Any]], about: Outgoing) -> Iterator[bytes]:
    """Yield the workbook once all its rows are in it; a ZIP ends with its directory."""
    # Its 42 modules are for exports only.
    import xlsxwriter

    with tempfile.TemporaryFile() as file, tempfile.TemporaryDirectory() as folder:
        with xlsxwriter.Workbook(file, {**OPTIONS, "tmpdir": folder}) as book:
            _Sheets(book, about).fill(records)
        file.seek(0)
        yield from _blocks(file)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block


class _Sheets:
    """The sheets of an export: further ones where a sheet is full, and one for long texts."""

    def __init__(self, book: Any, about: Outgoing) -> None:
        self._book, self._columns = book, about.columns
        self._names = frozenset(about.labels)
        self._bold = book.add_format({"bold": True})
        self._sheets = 0
        self._new_sheet()
        self._long: Any = None
        self._long_row = 0

    def fill(self, records: Iterator[dict[str, Any]]) -> None:
        """Write all records."""
        for record in records:
            if self._row >= MOST_ROWS:
                self._new_sheet()
            for column, name in enumerate(self._columns):
                self._put(column, name, cells.flat(name, record.get(name), self._names))
            self._row += 1

    def _new_sheet(self) -> None:
        self._sheets += 1
        title = "Annotations" if self._sheets == 1 else f"Annotations {self._sheets}"
        self._sheet = self._with_header(title, self._columns)
        self._row = 1

    def _with_header(self, title: str, names: tuple[str, ...]) -> Any:
        sheet = self._book.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(names):
            sheet.write_string(0, column, name, self._bold)
        return sheet

    def _put(self, column: int, name: str, value: Any) -> None:
        sheet, row = self._sheet, self._row
        if value is None or value == "":
            return
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif isinstance(value, datetime):
            sheet.write_datetime(row, column, value.astimezone(UTC))
        elif isinstance(value, (int, float)) and abs(value) < MOST_NUMBER:
            sheet.write_number(row, column, value)
        else:
            sheet.write_string(row, column, self._fitting(name, str(value)))

    def _fitting(self, name: str, text: str) -> str:
        if len(text) <= MOST_CHARACTERS // 2:
            return text
        first, rest = cut(text)
        for number, part in enumerate(rest, start=2):
            self._add_long(name, number, part)
        return first

    def _add_long(self, name: str, number: int, part: str) -> None:
        if self._long is None:
            self._long = self._with_header(LONG_TEXTS, HEADER)
        self._long_row += 1
        place = [self._sheets, self._row + 1]
        for column, value in enumerate((*place, self._columns.index(name) + 1, number)):
            self._long.write_number(self._long_row, column, value)
        self._long.write_string(self._long_row, 4, part)


KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WRITER = Writer("xlsx", KIND, write, "Excel")
