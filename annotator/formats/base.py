"""Interfaces of file readers and writers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy


class UnreadableFile(Exception):
    """The file as a whole is unusable; `code` is stable, the message is for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class BadContent(Exception):
    """This content cannot become an item; `code` is stable, the message is for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Note:
    """What people should know about a file: a stable code, and the values of its sentence."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class GivenAnswer:
    """An answer that a file has for an item, with what it says about it.

    `kind` is "answer", "suggestion" or "skip". `confidence` belongs to suggestions.
    """

    labels: tuple[str, ...] = ()
    kind: str = "answer"
    annotator: str = ""
    confidence: float | None = None
    created_at: datetime | None = None
    seconds: float | None = None
    note: str = ""
    unsure: bool = False


@dataclass(frozen=True)
class Row:
    """One usable row.

    `content` is a text, a dict of texts by part name, or the raw bytes of a file.
    """

    number: int
    content: str | dict[str, str] | bytes
    key: str = ""
    labels: list[str] | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    # From the user's own encoder: float32 (d,).
    vector: Any = None
    # All of them, where the format knows more than one set of labels; `labels` is the simple case.
    answers: tuple[GivenAnswer, ...] = ()


@dataclass(frozen=True)
class RejectedRow:
    """One rejected row, and the reason."""

    number: int
    code: str
    detail: str
    # How many rows are lost with it: an open quote swallows hundreds.
    rows: int = 1
    # The file's name within a ZIP or folder.
    name: str = ""


@dataclass(frozen=True)
class SkippedFile:
    """A file in a ZIP or folder that becomes no item, or a row of its table without its file."""

    name: str
    code: str
    detail: str = ""


Rows = Iterator[Row | RejectedRow | SkippedFile]


@dataclass(frozen=True)
class Part:
    """A text column of an item's content: its name, and accepted column names."""

    name: str
    # What people read for the name of its column.
    title: Promise
    columns: tuple[str, ...]
    # With %(there)s for the columns that exist.
    missing: Promise


TEXT = Part(
    "text",
    gettext_lazy("Text column"),
    ("text", "content", "sentence", "message", "body", "document", "abstract", "question"),
    gettext_lazy("No text column found. The columns are: %(there)s."),
)


@dataclass(frozen=True)
class Columns:
    """Which column has what content; an empty name means automatic detection.

    An item's content consists of `parts`. The column of the part called "text" is `text`; those
    of other parts are in `named`, by the names of the parts.
    """

    text: str = ""
    label: str = ""
    id: str = ""
    parts: tuple[Part, ...] = (TEXT,)
    named: Mapping[str, str] = field(default_factory=dict)
    # Never detected, only named.
    vector: str = ""
    # A codec's name; empty means automatic detection.
    encoding: str = ""
    # One of , ; | and tab; empty means automatic detection.
    delimiter: str = ""
    # The ids are row numbers of the file: leave them aside.
    ignore_ids: bool = False
    # The names of the project's labels, where they are known.
    label_names: frozenset[str] = frozenset()
    # The records are what they are, even if they look like those of another tool.
    plain: bool = False
    # Cells that a spreadsheet could run were made harmless, if this was written here.
    guarded: bool = False

    def of(self, part: Part) -> str:
        """Return the column that is named for the part; empty where it is to be found."""
        return self.text if part.name == TEXT.name else self.named.get(part.name, "")


@dataclass(frozen=True)
class Looked:
    """Result of a first look at a file.

    `rows` is approximate. `encoding` is a codec's name; it is not sure where several fit. `header`
    has the columns to choose from. `mapping` tells which column the parts, "label", "id" and
    "vector" are read from.
    """

    rows: int
    encoding: str = ""
    encoding_is_sure: bool = True
    delimiter: str = ""
    header: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Reader:
    """An import format; `endings` are file name extensions.

    `look` raises UnreadableFile if the file is obviously unusable. `read` yields the rows in order;
    it gets the result of `look`, and the names of the project's labels.
    """

    kind: str
    title: str
    endings: tuple[str, ...]
    look: Callable[[Path, Columns], Looked]
    read: Callable[[Path, Columns, Looked, set[str]], Rows]


@dataclass(frozen=True)
class Outgoing:
    """What an export has, whether or not it has a record.

    `parts` are the columns of an item's content. A tool that asks one question of one text knows
    its answers by `labels`.
    """

    columns: tuple[str, ...] = ()
    parts: tuple[str, ...] = ("text",)
    labels: tuple[str, ...] = ()
    takes_several: bool = False


@dataclass(frozen=True)
class Writer:
    """An export format: records become bytes, chunk by chunk.

    Writers of other tools' formats get the labels of every task type by the same name (`is_tool`).
    Where an item has all its answers in it (`by_item`), there is one record an item. `needs` names
    the package that it cannot do without.
    """

    kind: str
    content_type: str
    write: Callable[[Iterator[dict[str, Any]], Outgoing], Iterator[bytes]]
    title: str = ""
    ending: str = ""
    is_tool: bool = False
    by_item: bool = False
    needs: str = ""

    @property
    def suffix(self) -> str:
        """Return the extension of a file's name, without a dot."""
        return self.ending or self.kind
