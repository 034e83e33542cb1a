"""The parts of a task type: a medium (what an item is) and an answer (what a person says of it).

Nothing outside this package asks what a project's task is: it asks the type of the project
(`annotator.tasktypes.of`) for what it needs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import QuerySet
from django.utils.functional import Promise

from annotator.models import Item, Project


@dataclass(frozen=True)
class Limits:
    """The largest number of items for each purpose, which memory or a screen allows."""

    # That an encoder learns from.
    fit: int
    # That are encoded, and that are imported, at once.
    encode: int
    import_: int
    # On a page of the bulk desk.
    bulk: int


class Media(Protocol):
    """What an item is. `content` is what a reader of `annotator.formats` gives for a row."""

    name: str
    # The kinds of files that hold it (`annotator.formats`).
    formats: tuple[str, ...]
    # Recipes of features in the order in which they are made, each better than the one before.
    encoders: tuple[str, ...]
    limits: Limits
    # The features of the app that make sense for it (`annotator.tasktypes.FEATURES`).
    can: frozenset[str]
    # What a file to import holds, in a sentence.
    import_hint: Promise

    def digest(self, content: Any) -> bytes:
        """Return 16 bytes that tell this content from any other."""
        ...

    def store(self, project: Project, content: Any, digest: bytes) -> dict[str, Any]:
        """Store the files of an item and return its fields; BadContent for no use."""
        ...

    def documents(self, rows: "QuerySet[Item]") -> Iterator[Any]:
        """Yield what the encoders read of each item, in the order of the rows."""
        ...

    def payload(self, item: Item) -> dict[str, Any]:
        """Return the content of an item as the desk and the API show it."""
        ...

    def listed(self, item: Item) -> dict[str, Any]:
        """Return the same without what costs a look at a file, for long lists."""
        ...

    def export(self, item: Item) -> dict[str, Any]:
        """Return the columns of an item's content in an export."""
        ...


class Answer(Protocol):
    """What a person says of an item; it is stored as labels of the project."""

    name: str
    can: frozenset[str]

    def check_number(self, labels: int) -> None:
        """Raise Invalid unless so many labels can be an answer."""
        ...


@dataclass(frozen=True)
class TaskType:
    """A medium with an answer. `task` and `multi_label` are what a project stores of it."""

    name: str
    task: str
    multi_label: bool
    title: Promise
    media: Media
    answer: Answer

    @property
    def can(self) -> frozenset[str]:
        """Return the features of the app that a project of this type has."""
        return self.media.can & self.answer.can
