"""Quotation marks of a CSV file that are not as the standard has them."""

import csv
from collections.abc import Callable, Iterable, Sequence


def is_spaced(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether blanks follow the delimiters, also in front of quotation marks.

    Where they do not, the blanks in front of a text are its own.
    """
    if not rows:
        return False
    quoted = sum(any(cell[:1] == " " and cell.lstrip()[:1] == '"' for cell in row) for row in rows)
    header = rows[0][1:]
    is_of_header = bool(header) and all(cell[:1] == " " for cell in header)
    return 2 * quoted >= len(rows) or (is_of_header and quoted > 0)


def within_whole_rows(
    rows: Sequence[list[str]], delimiter: str, is_name: Callable[[str], bool]
) -> list[list[str]]:
    """Return the rows that stand in quotation marks as a whole; none if they do not.

    A spreadsheet saves such where it took each row for one cell, perhaps except for the header.
    """
    if len(rows) < 2 or any(len(row) > 1 for row in rows[1:]):
        return []
    header = rows[0] if len(rows[0]) > 1 else _cells(rows[0][0], delimiter)
    if len(header) < 2 or sum(map(is_name, header)) < 2:
        return []
    inner = [within(row, delimiter, len(header)) for row in rows[1:]]
    if 2 * sum(len(row) > 1 for row in inner) <= len(inner):
        return []
    return [header, *inner]


def within(cells: list[str], delimiter: str, number: int) -> list[str]:
    """Return the cells that are within a single one if they are so many, else this one."""
    if len(cells) != 1 or delimiter not in cells[0]:
        return cells
    inner = _cells(cells[0], delimiter)
    return inner if len(inner) == number else cells


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def are_letters(lines: Iterable[str], delimiter: str, number: int) -> bool:
    """Return whether the quotation marks are a part of the texts, as many data sets have them.

    Then each line has all its cells, and one begins with a mark that does not close.
    """
    is_open = False
    for line in lines:
        cells = line.rstrip("\r\n").split(delimiter)
        if len(cells) != number and line.strip():
            return False
        is_open = is_open or ('"' in line and any(map(_is_open, cells)))
    return is_open


def _is_open(cell: str) -> bool:
    if not cell.startswith('"'):
        return False
    return len(cell) < 2 or not cell.endswith('"') or '"' in cell[1:-1].replace('""', "")
