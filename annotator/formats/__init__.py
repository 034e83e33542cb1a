"""Files as people have them: one module a format, each one line in `registry`."""

from annotator.formats.base import (
    TEXT,
    BadContent,
    Columns,
    GivenAnswer,
    Looked,
    Note,
    Outgoing,
    Part,
    Reader,
    RejectedRow,
    Row,
    Rows,
    SkippedFile,
    UnreadableFile,
    Writer,
)

__all__ = [
    "TEXT",
    "BadContent",
    "Columns",
    "GivenAnswer",
    "Looked",
    "Note",
    "Outgoing",
    "Part",
    "Reader",
    "RejectedRow",
    "Row",
    "Rows",
    "SkippedFile",
    "UnreadableFile",
    "Writer",
]
