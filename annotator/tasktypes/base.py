"""The parts of a task type: a medium (what an item is) and an answer (what a person says of it).

Nothing outside this package asks what a project's task is: it asks the type of the project
(`annotator.tasktypes.of`) for what it needs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from annotator.errors import Invalid
from annotator.formats import Part
from annotator.models import Item, Project

if TYPE_CHECKING:
    from selection.models import LabelSpace


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


@dataclass(frozen=True)
class Feature:
    """A part of the app that a type may lack, and the settings that mean nothing without it."""

    refusal: Promise
    settings: tuple[str, ...] = ()


FEATURES = {
    "bulk": Feature(gettext_lazy("Projects of this type have no bulk desk."), ("bulk_desk",)),
    "labels": Feature(
        gettext_lazy("The answers of this type of project are fixed; it takes no other labels."),
        ("rare_label",),
    ),
    "predict": Feature(gettext_lazy("This endpoint predicts labels for texts only.")),
    "simulate": Feature(gettext_lazy("Simulations are not there for this type of project.")),
}
EVERYTHING = frozenset(FEATURES)


class Media(Protocol):
    """What an item is. `content` is what a reader of `annotator.formats` gives for a row."""

    name: str
    # The kinds of files that hold it (`annotator.formats`).
    formats: tuple[str, ...]
    # The texts in a row of a table that are its content, none for files.
    parts: tuple[Part, ...] = ()
    # Recipes of features with their titles, in the order in which they are made: each is better
    # than the one before.
    encoders: dict[str, Promise]
    # The medium of the pretrained encoders that read its documents; empty where none do.
    pretrained: str = ""
    limits: Limits
    # The features of the app that make sense for it (`FEATURES`).
    can: frozenset[str]
    # The folder of its templates: item (at the desk), card (in bulk), excerpt and whole (in lists).
    templates: str
    # What the desk loads for it, by the names in `static`.
    # Scripts register it there, and import the modules.
    scripts: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    # The groups of keys that do something with it (`flow.projects.shortcuts`).
    key_groups: frozenset[str] = frozenset({"deciding", "moving"})
    # Whether it is read, so that the keys that scroll go through it first.
    is_read: bool = False
    # How cards are laid out on the bulk desk.
    bulk_class: str
    # What a file to import, or to simulate on, holds: a sentence each.
    import_hint: Promise
    simulation_hint: Promise
    # Whether such a file has columns that may have to be named.
    has_columns: bool

    # What an item has that a prediction is asked for.
    fields: tuple[str, ...] = ("text",)

    def document(self, given: dict[str, Any]) -> Any:
        """Return what the encoders read of an item that is not stored; Invalid for no such item."""
        raise Invalid("task", str(FEATURES["predict"].refusal), field="items")

    def digest(self, content: Any) -> bytes:
        """Return 16 bytes that tell this content from any other."""
        ...

    def size(self, content: Any) -> int:
        """Return about how many bytes it takes in memory."""
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
    # What the API and exports call it.
    field: str = "labels"
    can: frozenset[str] = EVERYTHING
    # The labels and their keys where they are the same in every project.
    fixed_labels: dict[str, str] = {}
    # Whether an answer may have several labels, or none.
    takes_several: bool
    # The folder of its template: input (at the desk).
    templates: str
    # As for a medium.
    scripts: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()

    def labels(self, given: Any) -> list[int | str]:
        """Return the labels, by ids or names, that an answer in the API means; Invalid for none."""
        found: list[int | str] = given
        return found

    def told(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return a record, or a response, with the answers in it as the API has them."""
        return record

    def label_space(self, n_classes: int) -> "LabelSpace":
        """Return what the answers over so many labels are to the maths."""
        ...

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

    @property
    def item_template(self) -> str:
        """Return the template of the item at the desk."""
        return f"{self.media.templates}/item.html"

    @property
    def card_template(self) -> str:
        """Return the template of an item on the bulk desk."""
        return f"{self.media.templates}/card.html"

    @property
    def excerpt_template(self) -> str:
        """Return the template of an item in a list, cut down to what was sought."""
        return f"{self.media.templates}/excerpt.html"

    @property
    def whole_template(self) -> str:
        """Return the template of an item in a list, as a whole."""
        return f"{self.media.templates}/whole.html"

    @property
    def input_template(self) -> str:
        """Return the template of what an answer is given with at the desk."""
        return f"{self.answer.templates}/input.html"
