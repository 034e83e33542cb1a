"""What formats of tables share: their encoding, their columns, and what a row may hold."""

import codecs
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from annotator.formats.base import Columns, Part, RejectedRow, Row, UnreadableFile

LONGEST_TEXT = 1_000_000
LONGEST_LINE = 10_000_000
LONGEST_META = 2_000
LONGEST_ID = 200
LONGEST_VECTOR = 8_192

LABEL_NAMES = ("label", "labels", "category", "class", "target")
ID_NAMES = ("id", "key", "uid", "item_id")


# The file as a whole -----------------------------------------------------------------------------


def encoding_of(path: Path) -> tuple[str, int]:
    """Return (encoding, lines) after one pass over the bytes.

    A file that is no UTF-8 in any line with an accent was written as Windows-1252, which Western
    spreadsheets still do; one that is UTF-8 in most lines has some broken rows, told one by one.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise UnreadableFile("empty_file", _("The file is empty."))
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


def lines_of(path: Path, encoding: str) -> Iterator[str]:
    """Yield the lines of the file; UnreadableFile where one is too long to be one of a text."""
    # Bytes that are no UTF-8 become lone surrogates, which the row is then refused for.
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    with path.open(encoding=encoding, errors=errors, newline="") as file:
        for line in iter(lambda: file.readline(LONGEST_LINE), ""):
            if len(line) >= LONGEST_LINE:
                raise UnreadableFile(
                    "line_too_long", _("A line is longer than 10 MB; is this a text file?")
                )
            yield line


@dataclass(frozen=True)
class Found:
    """The columns of a table: those of the parts of the content by their names, and the others."""

    parts: dict[str, str]
    label: str = ""
    id: str = ""
    vector: str = ""


def find_columns(header: list[str], wanted: Columns) -> Found:
    """Return which of the columns hold what; UnreadableFile where one that is needed is missing."""
    parts = {part.name: _find_part(header, part, wanted) for part in wanted.parts}
    return Found(
        parts,
        label=_find(header, wanted.label, LABEL_NAMES),
        id=_find(header, wanted.id, ID_NAMES),
        vector=_find(header, wanted.vector, ()),
    )


def _find_part(header: list[str], part: Part, wanted: Columns) -> str:
    named = wanted.text if part.name == "text" else ""
    found = _find(header, named, part.columns)
    if not found:
        raise UnreadableFile("missing_column", str(part.missing) % {"there": _shown(header)})
    return found


def _find(header: list[str], wanted: str, names: tuple[str, ...]) -> str:
    """Return the column that is wanted, else the first with one of the names, else nothing."""
    if wanted and wanted not in header:
        words = _("Column “%(name)s” not found. The columns are: %(there)s.")
        raise UnreadableFile("missing_column", words % {"name": wanted, "there": _shown(header)})
    by_name = {name.strip().casefold(): name for name in reversed(header)}
    return wanted or next((by_name[name] for name in names if name in by_name), "")


def _shown(header: list[str]) -> str:
    return ", ".join(f"“{name[:60]}”" for name in header[:30])


# A row -------------------------------------------------------------------------------------------


def checked(
    number: int, values: dict[str, Any], columns: Found, labels: list[str] | None
) -> Row | RejectedRow:
    """Return the row of these values, or why it is none; what no column is for is its metadata."""
    content = {part: values.pop(column, None) for part, column in columns.parts.items()}
    key = values.pop(columns.id, "") if columns.id else ""
    vector = as_vector(values.pop(columns.vector, None)) if columns.vector else None
    for part, text in content.items():
        if not isinstance(text, str):
            words = _("“%(name)s” is missing or isn't a string.") % {"name": columns.parts[part]}
            return RejectedRow(number, "text_type", words)
    if isinstance(key, (dict, list)) or len(str(key)) > LONGEST_ID:
        words = _("An id must be a string of at most %(most)d characters.") % {"most": LONGEST_ID}
        return RejectedRow(number, "bad_id", words)
    problems = [*map(_text_problem, content.values()), _text_problem(str(key), empty=True)]
    if columns.vector and vector is None:
        words = _("“%(name)s” is no list of finite numbers.") % {"name": columns.vector}
        problems.append(("bad_vector", words))
    problem = next(filter(None, problems), None)
    if problem:
        return RejectedRow(number, *problem)
    whole = content["text"] if list(content) == ["text"] else content
    meta = _meta(values)
    return Row(number, whole, key=str(key).strip(), labels=labels, meta=meta, vector=vector)


def as_vector(given: Any) -> NDArray[np.float32] | None:
    """Return the numbers of a vector (d,), in a list or as a text such as “[0.1, -2]” or “0.1 -2”.

    None where they are no such numbers, none at all, or not finite.
    """
    numbers = (
        given.strip("[] \t\r\n").replace(",", " ").split() if isinstance(given, str) else given
    )
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= LONGEST_VECTOR:
        return None
    try:
        # A number too large for it becomes infinite, which is told as such.
        with np.errstate(over="ignore"):
            vector = np.array([float(number) for number in numbers], dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        return None
    return vector if np.isfinite(vector).all() else None


def _text_problem(text: str, empty: bool = False) -> tuple[str, str] | None:
    if not empty and not text.strip():
        return "empty_text", _("The text is empty.")
    if len(text) > LONGEST_TEXT:
        return "text_too_long", _("The text is longer than 1,000,000 characters.")
    if "\x00" in text:
        return "nul_byte", _("The text contains a NUL byte.")
    try:
        text.encode()
    except UnicodeEncodeError:
        return "invalid_utf8", _("The text isn't valid UTF-8.")
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
