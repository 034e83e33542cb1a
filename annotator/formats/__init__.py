"""Files as people have them: what comes in and what goes out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


class Unreadable(Exception):
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
    """One row that can be used. `content` is a text, or the bytes of a picture as it came."""

    number: int
    content: str | bytes
    key: str = ""
    labels: list[str] | None = None
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BadRow:
    """One row that cannot be used, and why."""

    number: int
    code: str
    detail: str


Rows = Iterator[Row | BadRow]


@dataclass(frozen=True)
class Columns:
    """Which column holds what; an empty name leaves it to be found."""

    text: str = ""
    label: str = ""
    id: str = ""
