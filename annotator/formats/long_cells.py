"""Texts that are longer than a cell of a spreadsheet may be: on a sheet of their own."""

from collections.abc import Sequence
from typing import Any

# Excel counts UTF-16 units, and refuses the whole file where a cell has more.
MOST_CHARACTERS = 32_767
MOST_ROWS = 1_048_576
LONG_TEXTS = "Long texts"
HEADER = ("sheet", "row", "column", "part", "text")
MARK = "… [continues on the sheet “Long texts”]"


def cut(text: str) -> tuple[str, list[str]]:
    """Return what a cell holds of the text, and the parts that follow; none if it fits."""
    if len(text.encode("utf-16-le", "replace")) // 2 <= MOST_CHARACTERS:
        return text, []
    size = MOST_CHARACTERS // 2 - len(MARK)
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    return parts[0] + MARK, parts[1:]


def mend(rows: list[list[Any]], long_texts: Sequence[Sequence[Any]]) -> None:
    """Put the parts of long texts, as they stand on their sheet, into the rows of the first one."""
    if not long_texts or tuple(long_texts[0][: len(HEADER)]) != HEADER:
        return
    for each in long_texts[1:]:
        sheet, row, column, _number, part = map(str, [*each, *HEADER][: len(HEADER)])
        if sheet != "1" or not row.isdecimal() or not 0 < int(row) <= len(rows):
            continue
        cells = rows[int(row) - 1]
        if column.isdecimal() and 0 < int(column) <= len(cells):
            place = int(column) - 1
            cells[place] = str(cells[place]).removesuffix(MARK) + part
