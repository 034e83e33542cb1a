"""Files as people have them: one module a format, each one line in `registry`."""

from annotator.formats.base import (
    TEXT,
    BadContent,
    Columns,
    Looked,
    Part,
    Reader,
    RejectedRow,
    Row,
    Rows,
    UnreadableFile,
    Writer,
)

__all__ = [
    "TEXT",
    "BadContent",
    "Columns",
    "Looked",
    "Part",
    "Reader",
    "RejectedRow",
    "Row",
    "Rows",
    "UnreadableFile",
    "Writer",
]
