"""Shared parts of table formats: encoding, columns, and row checks."""

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


# File ---------------------------------------------------------------------------------------------


def encoding_of(path: Path) -> tuple[str, int]:
    """Return (encoding, lines) after one pass over the bytes.

    If no line with a non-ASCII character is UTF-8, the file is Windows-1252, which spreadsheets in
    Western locales still write; if most are UTF-8, the other rows are broken and rejected one by
    one.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise UnreadableFile("empty_file", _("The file is empty."))
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        # Before UTF-16, whose byte order mark is a prefix of this one.
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
    """Yield the lines of the file; UnreadableFile if one is too long for a text."""
    # Bytes that are not UTF-8 become lone surrogates, for which the row is rejected.
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
    """The columns of a table: the content parts by name, label and id."""

    parts: dict[str, str]
    label: str = ""
    id: str = ""
    vector: str = ""


def find_columns(header: list[str], wanted: Columns) -> Found:
    """Return the column of each kind of content; UnreadableFile if a required one is missing."""
    parts = {part.name: _find_part(header, part, wanted) for part in wanted.parts}
    if len(set(parts.values())) < len(parts):
        names = _shown(list(dict.fromkeys(parts.values())))
        words = _(
            "Two texts can't come from the same column (%(names)s). Name one column for each."
        )
        raise UnreadableFile("same_column", words % {"names": names})
    return Found(
        parts,
        label=_find(header, wanted.label, LABEL_NAMES),
        id=_find(header, wanted.id, ID_NAMES),
        vector=_find(header, wanted.vector, ()),
    )


def _find_part(header: list[str], part: Part, wanted: Columns) -> str:
    found = _find(header, wanted.of(part), part.columns)
    if not found:
        raise UnreadableFile("missing_column", str(part.missing) % {"there": _shown(header)})
    return found


def _find(header: list[str], wanted: str, names: tuple[str, ...]) -> str:
    """Return the requested column, else the first one with an accepted name, else nothing."""
    if wanted and wanted not in header:
        words = _("Column “%(name)s” not found. The columns are: %(there)s.")
        raise UnreadableFile("missing_column", words % {"name": wanted, "there": _shown(header)})
    by_name = {name.strip().casefold(): name for name in reversed(header)}
    return wanted or next((by_name[name] for name in names if name in by_name), "")


def _shown(header: list[str]) -> str:
    return ", ".join(f"“{name[:60]}”" for name in header[:30])


# Rows ---------------------------------------------------------------------------------------------


def checked(
    number: int, values: dict[str, Any], columns: Found, labels: list[str] | None
) -> Row | RejectedRow:
    """Return the row of these values, or its rejection; other columns become metadata."""
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
        words = _("“%(name)s” isn't a list of finite numbers.") % {"name": columns.vector}
        problems.append(("bad_vector", words))
    problem = next(filter(None, problems), None)
    if problem:
        return RejectedRow(number, *problem)
    whole = content["text"] if list(content) == ["text"] else content
    meta = _meta(values)
    return Row(number, whole, key=str(key).strip(), labels=labels, meta=meta, vector=vector)


def as_vector(given: Any) -> NDArray[np.float32] | None:
    """Return the numbers of a vector (d,), in a list or as a text such as “[0.1, -2]” or “0.1 -2”.

    None if they are not numbers, or not finite, or if there are none.
    """
    is_string = isinstance(given, str)
    numbers = given.strip("[] \t\r\n").replace(",", " ").split() if is_string else given
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= LONGEST_VECTOR:
        return None
    try:
        # A number that is too large becomes infinite.
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
    """Return whether every database and every JSON parser accepts it unchanged."""
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
