"""Interfaces of file readers and writers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from django.utils.functional import Promise

# What becomes of spans that begin or end within a token.
WIDEN, SHRINK, LEAVE_OUT = "widen", "shrink", "leave-out"
# From a text to the borders of its tokens, in order.
Tokeniser = Callable[[str], list[tuple[int, int]]]


@dataclass(frozen=True)
class Reason:
    """Why something cannot be used: a stable code, and the values of its sentence.

    `message` is the key of the sentence where the code has several. A value may be a reason itself.
    The sentences of `also` follow.
    """

    code: str
    message: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    also: tuple["Reason", ...] = ()
    # The option of the import that it is about, such as "text_column"; empty for the file.
    option: str = ""

    @property
    def key(self) -> str:
        """Return the key of the sentence."""
        return self.message or self.code


def because(code: str, *, message: str = "", **values: Any) -> Reason:
    """Return the reason with these values."""
    return Reason(code, message, values)


def named(name: str, reason: Reason) -> Reason:
    """Return the reason with the name of what it is about in front, if that has one."""
    if not name:
        return reason
    return because(reason.code, message="named", name=name[:200], problem=reason)


class Unusable(Exception):
    """An error with a reason, which the catalogue words (`i18n.reasons`)."""

    def __init__(self, code: str, *, message: str = "", option: str = "", **values: Any) -> None:
        super().__init__(code)
        self.reason = Reason(code, message, values, option=option)

    def __str__(self) -> str:
        """Return code and values, for logs."""
        return " ".join([self.code, *map(str, self.reason.values.values())])

    @classmethod
    def because(cls, reason: Reason) -> Self:
        """Return the error with the reason of another one."""
        error = cls(reason.code)
        error.reason = reason
        return error

    @property
    def code(self) -> str:
        """Return the stable code of the reason."""
        return self.reason.code


class UnreadableFile(Unusable):
    """The file as a whole is unusable."""


class BadContent(Unusable):
    """This content cannot become an item."""


class NotFetched(Exception):
    """This file of a bucket is still to be fetched; what comes before it is at hand."""


@dataclass(frozen=True)
class Note:
    """What people should know about a file: a stable code, and the values of its sentence."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


class Paragraph(str):
    """A part of a longer text; `place` tells equal parts of different texts apart."""

    place: str

    def __new__(cls, text: str, place: str) -> "Paragraph":
        """Return the part with its place."""
        made = super().__new__(cls, text)
        made.place = place
        return made


@dataclass(frozen=True)
class GivenSpan:
    """A labelled stretch of a text, in code points, the end excluded; a `quote` if given is it."""

    start: int
    end: int
    label: str
    quote: str | None = None
    confidence: float | None = None
    attribute: str = ""


@dataclass(frozen=True)
class GivenAnswer:
    """An answer that a file has for an item, with what it says about it.

    `kind` is "answer", "suggestion" or "skip". `confidence` belongs to suggestions. Where a file
    has `spans`, its labels are theirs. `problem` is why it cannot be read.
    """

    labels: tuple[str, ...] = ()
    kind: str = "answer"
    annotator: str = ""
    confidence: float | None = None
    created_at: datetime | None = None
    seconds: float | None = None
    note: str = ""
    unsure: bool = False
    spans: tuple[GivenSpan, ...] | None = None
    problem: Reason | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its labels, for each span one."""
        return self.labels if self.spans is None else tuple(each.label for each in self.spans)


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
    # What of the row is not taken.
    told: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class RejectedRow:
    """One rejected row, and the reason."""

    number: int
    reason: Reason
    # How many rows are lost with it: an open quote swallows hundreds.
    rows: int = 1
    # The file's name within a ZIP or folder.
    name: str = ""

    @property
    def code(self) -> str:
        """Return the stable code of the reason."""
        return self.reason.code


@dataclass(frozen=True)
class SkippedFile:
    """A file in a ZIP or folder that becomes no item, or a row of its table without its file."""

    name: str
    reason: Reason

    @property
    def code(self) -> str:
        """Return the stable code of the reason."""
        return self.reason.code


Rows = Iterator[Row | RejectedRow | SkippedFile]


@dataclass(frozen=True)
class Part:
    """A text column of an item's content: its name, and accepted column names.

    `title` is what people read for the name of the column. `missing` is the sentence where there is
    none, or its key in the catalogue; it takes %(there)s, the columns that exist.
    """

    name: str
    title: Promise | str
    columns: tuple[str, ...]
    missing: Promise | str


TEXT = Part(
    "text",
    "",
    ("text", "content", "sentence", "message", "body", "document", "abstract", "question", "title"),
    "no_text_column",
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
    # Answers are spans of the text.
    spans: bool = False
    # The records are what they are, even if they look like those of another tool.
    plain: bool = False
    # The name of the file, where it is known.
    file_name: str = ""
    # Names that are no label of the project become one.
    new_labels: bool = False
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
    it gets the result of `look`, and the names of the project's labels. `fits` tells whether a file
    whose bytes several readers know is one of its own.
    """

    kind: str
    title: str
    endings: tuple[str, ...]
    look: Callable[[Path, Columns], Looked]
    read: Callable[[Path, Columns, Looked, set[str]], Rows]
    fits: Callable[[Path], bool] = lambda _path: True


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
    # The labels of records are spans of their text.
    spans: bool = False
    # What becomes of spans that begin or end within a token, where the format has tokens.
    unaligned: str = WIDEN


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
    # It has nothing but spans.
    of_spans: bool = False
    # How it cuts texts into tokens, whose borders its spans keep to.
    tokeniser: Callable[[], Tokeniser] | None = None
    # Its spans cannot overlap.
    is_flat: bool = False

    @property
    def suffix(self) -> str:
        """Return the extension of a file's name, without a dot."""
        return self.ending or self.kind
