"""Files as people have them: one module a format, each one line in `registry`."""

from annotator.formats.base import (
    TEXT,
    BadContent,
    BadRow,
    Columns,
    Looked,
    Part,
    Reader,
    Row,
    Rows,
    Unreadable,
    Writer,
)

__all__ = [
    "TEXT",
    "BadContent",
    "BadRow",
    "Columns",
    "Looked",
    "Part",
    "Reader",
    "Row",
    "Rows",
    "Unreadable",
    "Writer",
]
