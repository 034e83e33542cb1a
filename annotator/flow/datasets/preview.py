"""Preview of a file: its first rows as they would be read, before anything is stored."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from annotator.errors import Invalid
from annotator.flow.datasets.upload import columns_of, kind_of
from annotator.formats import Columns, RejectedRow, Row, SkippedFile, UnreadableFile
from annotator.formats.registry import READERS
from annotator.formats.tables import find_columns
from annotator.models import Project

# The beginning of a file that is read, and how much of that is shown.
MOST_BYTES = 256 << 10
ROWS = 3
LONGEST_CELL = 160


@dataclass(frozen=True)
class PreviewRow:
    """The cells of a row in the order of the columns, or why it would be rejected."""

    number: int
    cells: list[str]
    problem: str = ""


@dataclass(frozen=True)
class Preview:
    """The first rows of a file. `columns` are pairs: what a column is for, and its name."""

    columns: list[tuple[str, str]]
    rows: list[PreviewRow]
    # All columns of the file, to choose from.
    there: tuple[str, ...]


def preview(
    project: Project,
    file: Any,
    *,
    format: str = "",
    text_column: str = "",
    label_column: str = "",
    id_column: str = "",
    part_columns: Mapping[str, str] | None = None,
    **_others: Any,
) -> Preview | None:
    """Return the first rows of a file; None where its beginning does not show them.

    Raises Invalid or WrongType for what an import of the file would be refused for at once.
    """
    kind = kind_of(project, file.name, format)
    columns = columns_of(project, text_column, label_column, id_column, part_columns)
    start = _whole_lines(file.read(MOST_BYTES))
    if not columns.parts or start is None:
        return None
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(start)
        kept.flush()
        try:
            return _read(Path(kept.name), kind, columns)
        except UnreadableFile as problem:
            raise Invalid(problem.code, detail=problem.detail, field="file") from problem


def _whole_lines(start: bytes) -> bytes | None:
    """Return the beginning of a file without a last line that is cut off; None for half a list."""
    if len(start) < MOST_BYTES:
        return start
    if start.lstrip().startswith(b"["):
        return None
    return start[: start.rfind(b"\n") + 1] or None


def _read(path: Path, kind: str, columns: Columns) -> Preview:
    reader = READERS[kind]
    looked = reader.look(path, columns)
    if not looked.header:
        return Preview([], [], ())
    found = find_columns(list(looked.header), columns)
    named = {**found.parts, "label": found.label, "id": found.id}
    shown = [(use, column) for use, column in named.items() if column]
    read = reader.read(path, columns, looked, set())
    rows = islice((row for row in read if not isinstance(row, SkippedFile)), ROWS)
    return Preview(
        shown, [_row(row, [use for use, _column in shown]) for row in rows], looked.header
    )


def _row(row: Row | RejectedRow, uses: list[str]) -> PreviewRow:
    if isinstance(row, RejectedRow):
        return PreviewRow(row.number, [], row.detail)
    content = row.content if isinstance(row.content, dict) else {"text": str(row.content)}
    values = {**content, "label": " | ".join(row.labels or ()), "id": row.key}
    return PreviewRow(row.number, [_cut(values[use]) for use in uses])


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…"
