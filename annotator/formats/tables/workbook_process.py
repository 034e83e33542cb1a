"""Reads a workbook in a process of its own: `python workbook_process.py FILE`.

A sheet lies in memory as a whole, so a cell at its far corner asks for more than there is, and the
library then ends its process. Here that is a process with a limit of memory and of time, which
knows nothing but the file. It writes one line of JSON for each row, after one that tells the sheet.
"""

import datetime
import decimal
import json
import resource
import sys
import zipfile
from typing import Any
from xml.etree import ElementTree

import python_calamine

MOST_BYTES = 1_500 << 20
MOST_SECONDS = 60
# Whole numbers below it are written with all their digits.
LONGEST_NUMBER = 1e21
# Names of elements and attributes in an OpenDocument workbook.
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
Merged = dict[int, list[tuple[int, int]]]


def main(path: str, others: list[str]) -> None:
    """Write the rows of the first sheet that has some, then those of the sheets named `others`."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _write(path, others)
    except python_calamine.PasswordError:
        _say({"problem": "password"})
    except BaseException as problem:
        # The library's own panics are no exceptions of Python's usual kinds.
        _say({"problem": "damaged", "words": str(problem)[:200]})


def _write(path: str, others: list[str]) -> None:
    merged = _merged_of_ods(path)
    with python_calamine.CalamineWorkbook.from_path(path) as workbook:
        filled = []
        # People mean what they see; the hidden sheets are looked through after the others.
        hidden = {each.name for each in workbook.sheets_metadata if _is_hidden(each)}
        for name in sorted(workbook.sheet_names, key=hidden.__contains__):
            sheet = workbook.get_sheet_by_name(name)
            if sheet.end is not None:
                filled.append(name)
                if len(filled) == 1 or name in others:
                    _say({"sheet": name})
                    _write_rows(sheet, len(filled) == 1, merged.get(name) or _merged_down(sheet))
        _say({"filled": filled})


def _is_hidden(sheet: Any) -> bool:
    return bool(sheet.visible != python_calamine.SheetVisibleEnum.Visible)


def _write_rows(sheet: Any, skip_empty_area: bool, merged: Merged) -> None:
    above = sheet.start if skip_empty_area else (0, 0)
    held: dict[int, tuple[int, str]] = {}
    for row, cells in enumerate(sheet.to_python(skip_empty_area=skip_empty_area), above[0]):
        texts = [as_text(cell) for cell in cells]
        held = {place: each for place, each in held.items() if each[0] >= row}
        if any(texts):
            texts = [held[place][1] if place in held else text for place, text in enumerate(texts)]
        for column, last in merged.get(row, ()):
            place = column - above[1]
            if 0 <= place < len(texts):
                held[place] = (last, texts[place])
        # A stray cell far below has a million empty rows before it.
        _say(texts if any(texts) else [])
    if merged:
        _say({"merged": sum(map(len, merged.values()))})


def _merged_down(sheet: Any) -> Merged:
    """Return by their first row the cells that reach over several rows: column and last row."""
    found: Merged = {}
    for (first, left), (last, right) in getattr(sheet, "merged_cell_ranges", None) or ():
        if left == right and first < last:
            found.setdefault(first, []).append((left, last))
    return found


def _merged_of_ods(path: str) -> dict[str, Merged]:
    """Return such cells by sheet of an OpenDocument workbook, for which the library has none."""
    found: dict[str, Merged] = {}
    if not zipfile.is_zipfile(path):
        return found
    with zipfile.ZipFile(path) as archive:
        if "mimetype" not in archive.namelist():
            return found
        with archive.open("content.xml") as file:
            sheet, row, column = "", 0, 0
            # This process has little memory and little time.
            for event, tag in ElementTree.iterparse(file, ("start", "end")):  # noqa: S314
                kind = tag.tag.removeprefix(TABLE)
                if event == "start" and kind == "table":
                    sheet, row = tag.get(f"{TABLE}name", ""), 0
                elif event == "start" and kind == "table-row":
                    column = 0
                elif event == "end" and kind in ("table-cell", "covered-table-cell"):
                    last = row + _number(tag, "number-rows-spanned") - 1
                    if last > row:
                        found.setdefault(sheet, {}).setdefault(row, []).append((column, last))
                    column += _number(tag, "number-columns-repeated")
                elif event == "end" and kind == "table-row":
                    row += _number(tag, "number-rows-repeated")
                    tag.clear()
    return found


def _number(tag: Any, name: str) -> int:
    return int(tag.get(f"{TABLE}{name}", "1"))


def _say(line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


def as_text(cell: Any) -> str:
    """Return a cell as the spreadsheet shows it: whole numbers without a decimal point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < LONGEST_NUMBER:
        # A float has some digits that nobody wrote.
        return f"{decimal.Decimal(repr(cell)):.0f}"
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat()
    return str(cell)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
