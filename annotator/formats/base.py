"""What readers and writers of files are made of."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy


class UnreadableFile(Exception):
    """The file as a whole cannot be used; `code` is stable, the words are for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class BadContent(Exception):
    """This content cannot become an item; `code` is stable, the words are for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Row:
    """One row that can be used.

    `content` is a text, several by the names of their parts, or the bytes of a file as it came.
    """

    number: int
    content: str | dict[str, str] | bytes
    key: str = ""
    labels: list[str] | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    # What an encoder of somebody else gave for it: float32 (d,).
    vector: Any = None


@dataclass(frozen=True)
class RejectedRow:
    """One row that cannot be used, and why."""

    number: int
    code: str
    detail: str


Rows = Iterator[Row | RejectedRow]


@dataclass(frozen=True)
class Part:
    """A text of which a row's content is made: its name, and names that its column may have."""

    name: str
    columns: tuple[str, ...]
    # With %(there)s for the columns that there are.
    missing: Promise


TEXT = Part(
    "text",
    ("text", "content", "sentence", "message", "body", "document", "abstract", "question"),
    gettext_lazy("No text column found. The columns are: %(there)s."),
)


@dataclass(frozen=True)
class Columns:
    """Which column holds what; an empty name leaves it to be found.

    A row's content is made of `parts`; a column may be named for the part that is called "text".
    """

    text: str = ""
    label: str = ""
    id: str = ""
    parts: tuple[Part, ...] = (TEXT,)
    # Numbers that stand for the item; never looked for, only named.
    vector: str = ""


@dataclass(frozen=True)
class Looked:
    """What a first look at a file tells: about how many rows it has, and how they are encoded."""

    rows: int
    encoding: str = ""


@dataclass(frozen=True)
class Reader:
    """A format that comes in; `endings` are of names of files.

    `look` raises UnreadableFile for what can be seen to be no use. `read` yields the rows in
    order; it is told what the first look found, and the names of the project's labels.
    """

    kind: str
    title: str
    endings: tuple[str, ...]
    look: Callable[[Path, Columns], Looked]
    read: Callable[[Path, Columns, Looked, set[str]], Rows]


@dataclass(frozen=True)
class Writer:
    """A format that goes out: records become bytes, a part at a time."""

    kind: str
    content_type: str
    write: Callable[[Iterator[dict[str, Any]]], Iterator[bytes]]
