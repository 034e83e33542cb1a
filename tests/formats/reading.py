"""Read bytes as an import does: looked at first, then row by row."""

from pathlib import Path
from typing import Any

from annotator.formats import Columns, Looked, RejectedRow, Row, SkippedFile
from annotator.formats.registry import READERS


def looked_at(path: Path, content: bytes | str, kind: str = "csv", **columns: Any) -> Looked:
    """Return the first look at a file with this content."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return READERS[kind].look(path, Columns(**columns))


def read(
    path: Path, content: bytes | str, kind: str = "csv", labels: Any = (), **columns: Any
) -> Any:
    """Return all entries of a file with this content."""
    looked = looked_at(path, content, kind, **columns)
    return list(READERS[kind].read(path, Columns(**columns), looked, set(labels)))


def codes(entries: Any) -> list[str]:
    """Return the codes of what became no item; an empty one for an item."""
    return ["" if isinstance(each, Row) else each.code for each in entries]


def texts(entries: Any) -> list[Any]:
    """Return the contents of the items."""
    return [each.content for each in entries if isinstance(each, Row)]


def labels_of(entries: Any) -> list[Any]:
    """Return the labels of the items."""
    return [each.labels for each in entries if isinstance(each, Row)]


def rejected(entries: Any) -> list[RejectedRow]:
    return [each for each in entries if isinstance(each, RejectedRow)]


def skipped(entries: Any) -> list[SkippedFile]:
    return [each for each in entries if isinstance(each, SkippedFile)]
