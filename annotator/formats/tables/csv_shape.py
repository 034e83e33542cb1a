"""Shape of a CSV file: its delimiter, its header, and what stands before the header."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from annotator.formats.base import Columns, Note, UnreadableFile, because
from annotator.formats.tables import quoting
from annotator.formats.tables.columns import ID_NAMES, LABEL_NAMES, WEAK_LABEL_NAMES
from annotator.formats.tables.labels import tidy
from annotator.formats.tables.lines import LONGEST_LINE

DELIMITERS = ",;\t|"
SAMPLE_LINES = 200
# Where a header may begin at the latest.
MOST_TITLE_ROWS = 10
# What the name of a column looks like, and what does not.
LONGEST_NAME = 30

csv.field_size_limit(LONGEST_LINE)


@dataclass(frozen=True)
class Shape:
    """How a CSV file is to be parsed; `names` are the columns, empty ones included.

    `before` counts the records in front of the first row.
    """

    delimiter: str
    names: tuple[str, ...]
    before: int
    has_separator_line: bool = False
    spaced: bool = False
    notes: tuple[Note, ...] = ()
    quote: str = '"'
    # Whether quotation marks within a field have a backslash in front of them.
    escapes: bool = False
    # Whether whole rows stand in quotation marks, as a spreadsheet saves what it took for one cell.
    wrapped: bool = False

    @property
    def header(self) -> list[str]:
        """Return the columns that have a name."""
        return [name for name in self.names if name]


def shape_of(lines: Iterator[str], wanted: Columns) -> Shape:
    """Return the shape of a file from its first lines; UnreadableFile if there is none."""
    sample = [line for line in islice(lines, SAMPLE_LINES) if line.strip()]
    if not sample:
        raise UnreadableFile("empty_file")
    given = _separator_line(sample[0])
    if given:
        sample = sample[1:]
    if not sample:
        raise UnreadableFile("empty_file")
    delimiter = _checked(wanted.delimiter) or given
    quote = _quote(sample[0], delimiter or DELIMITERS)
    known = _known(wanted)

    def parsed(sample: list[str]) -> _Parsed:
        found = (_parsed(sample, each, quote, known) for each in delimiter or DELIMITERS)
        return max(found, key=lambda each: each.fit)

    best, escapes = parsed(sample), False
    if any('\\"' in line for line in sample):
        mended = parsed([line.replace('\\"', '""') for line in sample])
        escapes = len(mended.rows) > len(best.rows) and mended.delimiter == best.delimiter
        best = mended if escapes else best
    if not best.rows:
        raise _bad_header(sample, best.delimiter)
    shape = _shape(best, bool(given), wanted)
    notes = (*shape.notes, Note("escaped_quotes")) if escapes else shape.notes
    return replace(shape, quote=quote, escapes=escapes, notes=notes)


def parser(lines: Iterator[str], shape: Shape) -> Any:
    """Return the parser of the lines of a file with this shape."""
    return csv.reader(
        lines,
        delimiter=shape.delimiter,
        quotechar=shape.quote or None,
        quoting=csv.QUOTE_MINIMAL if shape.quote else csv.QUOTE_NONE,
        strict=True,
        skipinitialspace=shape.spaced,
    )


def _quote(first: str, delimiters: str) -> str:
    """Return the quotation mark: a single one if each column's name stands in such."""
    for sign in delimiters:
        cells = [cell.strip() for cell in first.lstrip("\ufeff").strip().split(sign)]
        if len(cells) > 1 and all(len(e) > 1 and e[0] == e[-1] == "'" for e in cells):
            return "'"
    return '"'


def shape_of_cells(rows: Sequence[Sequence[Any]], wanted: Columns) -> Shape:
    """Return the shape of a sheet whose cells are known."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    filled = [row for row in texts if any(cell.strip() for cell in row)]
    if not filled:
        raise UnreadableFile("empty_file")
    return _shape(_Parsed("", filled, _known(wanted)), False, wanted)


def has_known_column(rows: Sequence[Sequence[Any]], wanted: Columns) -> bool:
    """Return whether a sheet has a header with a name that is known or was given."""
    texts = [[str(cell) for cell in row] for row in rows]
    filled = [row for row in texts if any(cell.strip() for cell in row)]
    return bool(filled) and _Parsed("", filled, _known(wanted)).recognised > 0


def only_column(shape: Shape, columns: Columns) -> Columns:
    """Return the columns, where a single one is the text whatever its name."""
    if len(shape.header) == 1 and len(columns.parts) == 1 and not columns.text:
        return replace(columns, text=shape.header[0])
    return columns


class _Parsed:
    """The first rows as they are with one of the delimiters."""

    def __init__(
        self,
        delimiter: str,
        rows: list[list[str]],
        known: frozenset[str],
        spaced: bool = False,
        wrapped: bool = False,
    ) -> None:
        self.delimiter = delimiter
        self.rows = rows
        self.spaced, self.wrapped = spaced, wrapped
        self.known = known
        self.start = self._start()
        header = [name_of(cell) for cell in rows[self.start]] if rows else []
        self.recognised = sum(name.casefold() in known for name in header)
        same = [len(row) == len(header) for row in rows[self.start : self.start + 30]]
        share = sum(same) / len(same) if same else 0.0
        several = len(header) > 1 and share >= 0.5
        self.fit = (bool(rows), self.recognised, several, round(share, 1), len(header))

    def header(self) -> tuple[list[str], int]:
        """Return the cells of the header and its place.

        Of a header of two rows, whose first has titles over several columns, the second counts
        where it has a name.
        """
        cells, place = self.rows[self.start], self.start
        below = self.rows[place + 1] if place + 1 < len(self.rows) else []
        has_more = sum(name_of(cell).casefold() in self.known for cell in below) > self.recognised
        is_of_two = not all(map(str.strip, cells)) or not all(map(str.strip, below))
        if not (has_more and is_of_two and len(below) == len(cells)):
            return cells, place
        return [low or high for high, low in zip(cells, below, strict=True)], place + 1

    def _start(self) -> int:
        """Return the place of the header: titles above it have fewer cells."""
        for place, row in enumerate(self.rows[:MOST_TITLE_ROWS]):
            if any(name_of(cell).casefold() in self.known for cell in row):
                above = max(map(_filled, self.rows[:place]), default=0)
                return place if above < _filled(row) else 0
        return 0


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _parsed(sample: list[str], delimiter: str, quote: str, known: frozenset[str]) -> _Parsed:
    """Return the rows with a delimiter, with blanks after it or in whole quotation marks."""
    rows = _rows(sample, delimiter, False, quote)
    spaced = quoting.is_spaced(rows)
    if spaced:
        rows = _rows(sample, delimiter, True, quote)
    whole = quoting.within_whole_rows(
        rows, delimiter, lambda cell: name_of(cell).casefold() in known
    )
    return _Parsed(delimiter, whole or rows, known, spaced, bool(whole))


def _rows(sample: list[str], delimiter: str, spaced: bool, quote: str = '"') -> list[list[str]]:
    """Return the rows up to the first error, without blank ones."""
    rows: list[list[str]] = []
    reader = csv.reader(
        sample, delimiter=delimiter, quotechar=quote, strict=True, skipinitialspace=spaced
    )
    while True:
        try:
            row = next(reader)
        except (csv.Error, StopIteration):
            return rows
        if any(cell.strip() for cell in row):
            rows.append(row)


def _shape(best: _Parsed, has_separator_line: bool, wanted: Columns) -> Shape:
    cells, start = best.header()
    notes = [Note("whole_rows_quoted")] if best.wrapped else []
    if start:
        notes.append(Note("lines_before_header", {"n": start}))
    before = start + 1
    names = [name_of(cell) for cell in cells]
    if not best.recognised and _has_no_header(best.rows) and not wanted.text:
        notes.append(Note("no_header", {"column": _text_name(wanted)}))
        name = _text_name(wanted)
        return Shape(best.delimiter, (name,), 0, has_separator_line, best.spaced, tuple(notes))
    if not best.recognised and len(cells) == 1 and not wanted.text and len(wanted.parts) == 1:
        notes.append(Note("only_column", {"name": names[0][:60]}))
    _refuse_repeated(names)
    rows = best.rows[before:]
    if rows and all(len(row) == len(names) + 1 and row[-1].strip() for row in rows):
        # R names no column for the names of the rows.
        names.insert(0, "")
    notes += _unnamed_notes(names, rows)
    return Shape(
        best.delimiter,
        tuple(names),
        before,
        has_separator_line,
        best.spaced,
        tuple(notes),
        wrapped=best.wrapped,
    )


def _unnamed_notes(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Note]:
    """Return what becomes of columns without a name: those with content keep it."""
    unnamed = [place for place, name in enumerate(names) if not name]
    filled = [
        place for place in unnamed if any(row[place].strip() for row in rows if place < len(row))
    ]
    notes = []
    if filled:
        told = ", ".join(f"“column {place + 1}”" for place in filled[:10])
        notes.append(Note("columns_named", {"n": len(filled), "names": told}))
    if len(unnamed) > len(filled):
        notes.append(Note("unnamed_columns", {"n": len(unnamed) - len(filled)}))
    return notes


def _text_name(wanted: Columns) -> str:
    return wanted.parts[0].columns[0] if wanted.parts else "text"


def _has_no_header(rows: list[list[str]]) -> bool:
    """Return whether a file of one column has texts from its first line on."""
    if any(len(row) > 1 for row in rows[:30]):
        return False
    first, rest = rows[0][0].strip(), [row[0] for row in rows[1:30] if row]
    looks_like_name = len(first) <= LONGEST_NAME and len(first.split()) <= 2
    others_do = all(len(cell) <= LONGEST_NAME and len(cell.split()) <= 2 for cell in rest)
    return not looks_like_name or (bool(rest) and others_do)


def looks_headless(names: Sequence[str]) -> bool:
    """Return whether what should be names of columns rather are values."""
    return any(
        len(name) > LONGEST_NAME or len(name.split()) > 3 or name.replace(".", "").isdigit()
        for name in names
        if name
    )


def without_header(
    problem: UnreadableFile, header: Sequence[str], columns: Columns
) -> UnreadableFile:
    """Return the problem, with advice where the header rather is a row."""
    usual = {name for part in columns.parts for name in (part.name, *part.columns)}
    values = [name for name in header if name.casefold() not in usual]
    looks_like_row = any(name in columns.label_names for name in values) or looks_headless(header)
    if problem.code != "missing_column" or not looks_like_row:
        return problem
    why, also = problem.reason, because("no_header", message="header_wanted")
    return UnreadableFile.because(
        replace(why, code=also.code, message=why.key, also=(*why.also, also))
    )


def name_of(cell: str) -> str:
    """Return the name of a column without blanks and quotation marks around it."""
    name = tidy(cell)
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = tidy(name[1:-1])
    return name


def _refuse_repeated(names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name and name in seen:
            raise UnreadableFile("duplicate_column", name=name[:60])
        seen.add(name)


def _separator_line(line: str) -> str:
    """Return the delimiter that a first line such as `sep=;` tells a spreadsheet."""
    text = line.lstrip("\ufeff").rstrip("\r\n").strip(' "')
    if line.rstrip("\r\n").lower().endswith("sep=\t"):
        return "\t"
    is_one = text.lower().startswith("sep=") and len(text) == 5 and text[4] in DELIMITERS
    return text[4] if is_one else ""


def _checked(delimiter: str) -> str:
    wanted = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    if wanted and (len(wanted) != 1 or wanted not in DELIMITERS):
        raise UnreadableFile("unknown_delimiter")
    return wanted


def _known(wanted: Columns) -> frozenset[str]:
    named = (wanted.text, wanted.label, wanted.id, wanted.vector, *wanted.named.values())
    usual = [name for part in wanted.parts for name in part.columns]
    every = (*usual, *LABEL_NAMES, *WEAK_LABEL_NAMES, *ID_NAMES, *filter(None, named))
    return frozenset(tidy(name).casefold() for name in every)


def _bad_header(sample: list[str], delimiter: str) -> UnreadableFile:
    problem = ""
    try:
        next(csv.reader(sample, delimiter=delimiter, strict=True))
    except csv.Error as error:
        problem = str(error)
    except StopIteration:
        pass
    return UnreadableFile("bad_header", problem=problem or "?")
