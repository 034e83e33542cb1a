"""The parts of a task type: a medium (what an item is) and an answer (how it is labelled).

No code outside this package checks which task a project has: it asks the project's type
(`annotator.tasktypes.of`) for what it needs.
"""

from collections.abc import Iterator, Mapping
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
    """The largest number of items for each purpose, limited by memory or the screen."""

    # For fitting an encoder.
    fit: int
    # Per batch of encoding, and of importing.
    encode: int
    import_: int
    # Per bulk page.
    bulk: int


@dataclass(frozen=True)
class Feature:
    """A part of the app that a type may lack."""

    refusal: Promise


FEATURES = {
    "bulk": Feature(gettext_lazy("Bulk labelling isn't available for this task type.")),
    "labels": Feature(
        gettext_lazy("The answers of this task type are fixed; it takes no other labels.")
    ),
    "predict": Feature(gettext_lazy("This endpoint predicts labels for texts only.")),
    "simulate": Feature(gettext_lazy("Simulations aren't available for this task type.")),
}
EVERYTHING = frozenset(FEATURES)


class Media(Protocol):
    """A medium: what an item is. `content` comes from a reader of `annotator.formats`."""

    name: str
    # The import formats of this medium (`annotator.formats`).
    formats: tuple[str, ...]
    # The text columns of a table that make up its content; none for files.
    parts: tuple[Part, ...] = ()
    # The medium of the pretrained encoders that read its documents; empty where none do.
    pretrained: str = ""
    limits: Limits
    # The features of the app that apply to it (`FEATURES`).
    can: frozenset[str]
    # The folder of its templates: item (labelling page), card (bulk page), excerpt and whole
    # (lists).
    templates: str
    # What the labelling page loads for it, by static file name. Scripts register the medium, and
    # import the modules.
    scripts: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    # The groups of keys with actions on it (`flow.projects.shortcuts`).
    key_groups: frozenset[str] = frozenset({"deciding", "moving"})
    # Whether it is read, so that scrolling keys first move through it.
    is_read: bool = False
    # The layout of cards on the bulk page.
    bulk_class: str
    # What a file for import or simulation contains: a sentence each.
    import_hint: Promise
    simulation_hint: Promise
    # Whether such a file has columns that may need to be named.
    has_columns: bool

    # The request fields of an item to predict.
    fields: tuple[str, ...] = ("text",)

    @property
    def encoders(self) -> dict[str, Promise]:
        """Return the recipes of features for it with their titles, the best one last."""
        # Web processes start without the maths.
        from selection.features import RECIPES

        own = {name: each for name, each in RECIPES.items() if each.reads == self.name}
        return {name: gettext_lazy(each.title) for name, each in own.items()}

    def document(self, given: dict[str, Any]) -> Any:
        """Return what the encoders read of an item that is not stored; Invalid for no such item."""
        raise Invalid("task", detail=str(FEATURES["predict"].refusal), field="items")

    def digest(self, content: Any) -> bytes:
        """Return a 16-byte digest of the content."""
        ...

    def size(self, content: Any) -> int:
        """Return its approximate size in memory, in bytes."""
        ...

    def store(self, project: Project, content: Any, digest: bytes) -> dict[str, Any]:
        """Store the files of an item and return its fields; BadContent if unusable."""
        ...

    def check(self, content: Any) -> None:
        """Raise BadContent if the content cannot become an item; nothing is stored."""
        return

    def preview(self, content: Any) -> dict[str, Any]:
        """Return the content of an item that is not stored, like `listed`."""
        return dict(content) if isinstance(content, dict) else {"text": content}

    def documents(self, rows: "QuerySet[Item]") -> Iterator[Any]:
        """Yield the encoder's input for each item, in the order of the rows."""
        ...

    def payload(self, item: Item) -> dict[str, Any]:
        """Return the content of an item for the labelling page and the API."""
        ...

    def listed(self, item: Item) -> dict[str, Any]:
        """Like `payload`, without anything that requires reading a file, for long lists."""
        ...

    def export(self, item: Item) -> dict[str, Any]:
        """Return the content columns of an item in an export."""
        ...


class Answer(Protocol):
    """An answer: how an item is labelled; it is stored as labels of the project."""

    name: str
    # Its name in the API and exports.
    field: str = "labels"
    can: frozenset[str] = EVERYTHING
    # The labels and their keys, if they are the same in every project.
    fixed_labels: dict[str, str] = {}
    # What people read for such labels, where their names are values.
    titles: Mapping[str, Promise] = {}
    # Whether an answer may have several labels, or none.
    takes_several: bool
    # The folder of its template: input (labelling page).
    templates: str
    # As for a medium.
    scripts: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()

    def labels(self, given: Any) -> list[int | str]:
        """Return the labels (ids or names) of an answer in the API; Invalid if malformed."""
        found: list[int | str] = given
        return found

    def title(self, name: str) -> str:
        """Return what people read for the label of that name."""
        return str(self.titles.get(name, name))

    def told(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return a record, or a response, with its answers in the API's form."""
        return record

    def label_space(self, n_classes: int) -> "LabelSpace":
        """Return the label space over that many labels."""
        ...

    def check_number(self, labels: int) -> None:
        """Raise Invalid unless an answer may have that many labels."""
        ...


@dataclass(frozen=True)
class TaskType:
    """A medium with an answer. A project stores it as `task` and `multi_label`."""

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
        """Return the template of the item on the labelling page."""
        return f"{self.media.templates}/item.html"

    @property
    def card_template(self) -> str:
        """Return the template of an item on the bulk page."""
        return f"{self.media.templates}/card.html"

    @property
    def excerpt_template(self) -> str:
        """Return the template of an item in a list, shortened around the search terms."""
        return f"{self.media.templates}/excerpt.html"

    @property
    def whole_template(self) -> str:
        """Return the template of a complete item in a list."""
        return f"{self.media.templates}/whole.html"

    @property
    def input_template(self) -> str:
        """Return the template of the input on the labelling page."""
        return f"{self.answer.templates}/input.html"
