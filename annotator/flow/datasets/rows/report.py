"""The report of an import: a line for each row or file that did not become an item as it stood."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from annotator.flow.datasets.upload import report_path
from annotator.formats import Reason
from annotator.formats.csv import guarded
from annotator.i18n import reasons
from annotator.models import Import

ERRORS_SHOWN = 100
HEADER = ("row", "code", "detail", "file", "fate")


class Fate(StrEnum):
    """What became of a row or a file. A row has one, named after the counter of an import."""

    CREATED = "created"
    DUPLICATE = "duplicates"
    CONFLICT = "conflicts"
    REJECTED = "rejected"
    LABELS_ADDED = "labels_added"
    LABELS_CHANGED = "labels_changed"
    UPDATED = "updated"
    SKIPPED_FILE = "skipped_files"


# What somebody has to decide or to correct. The other fates are what was asked for.
TO_SEE = {Fate.REJECTED, Fate.CONFLICT, Fate.SKIPPED_FILE, Fate.CREATED}


@dataclass(frozen=True)
class Line:
    """A line of the report; `row` is None for a file."""

    row: int | None
    reason: Reason
    fate: Fate
    file: str = ""

    @property
    def code(self) -> str:
        """Return the stable code of the reason."""
        return self.reason.code

    @property
    def detail(self) -> str:
        """Return the reason in words; a worker's are English, and translated when they are read."""
        return reasons.worded(self.reason)

    def as_error(self) -> dict[str, Any]:
        """Return the line as it is shown with the import; without a fate, it was rejected."""
        told: dict[str, Any] = {"row": self.row, "code": self.code}
        told["detail"] = storable(self.detail)
        if self.fate != Fate.REJECTED:
            told["fate"] = str(self.fate)
        return {**told, "file": storable(self.file)} if self.file else told


def errors(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """Return the lines to show with the import."""
    return [line.as_error() for line in lines if line.fate in TO_SEE]


def encoded(work: Import, lines: list[Line]) -> bytes:
    """Return the lines as they are written at the end of the report so far."""
    if not lines:
        return b""
    out = io.StringIO()
    writer = csv.writer(out)
    if not work.report_bytes:
        writer.writerow(HEADER)
    writer.writerows(
        [line.row or "", line.code, guarded(storable(line.detail)), guarded(line.file), line.fate]
        for line in lines
    )
    return out.getvalue().encode("utf-8", "replace")


def append(work: Import, start: int, content: bytes) -> None:
    """Write the content at that byte, and drop what follows it: lines that were rolled back."""
    if not content:
        return
    path = report_path(work)
    path.touch()
    with path.open("r+b") as file:
        file.truncate(start)
        file.seek(start)
        file.write(content)


def cut(work: Import) -> None:
    """Drop the lines of a chunk whose transaction was rolled back."""
    path = report_path(work)
    if not path.exists():
        return
    if work.done and not work.entries:
        # From before lengths were kept: it has the lines of the chunks so far.
        work.report_bytes = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(work.report_bytes)


def storable(text: str) -> str:
    """Return a text as every database can store it: it may quote the bytes of a file."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
