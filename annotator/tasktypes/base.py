"""The parts of a task type: a medium (what an item is) and an answer (how it is labelled).

No code outside this package checks which task a project has: it asks the project's type
(`annotator.tasktypes.of`) for what it needs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from annotator.formats import Part
from annotator.models import Item, Project
from annotator.tasktypes.marks import Mark, MarkRules

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
    # Whose features are made at once; two workers share a pool of several shards.
    shard: int = 65_536


@dataclass(frozen=True)
class Feature:
    """A part of the app that a type may lack."""

    refusal: Promise


FEATURES = {
    "bulk": Feature(gettext_lazy("Bulk labelling isn't available for this task type.")),
    "labels": Feature(
        gettext_lazy("The answers of this task type are fixed; it takes no other labels.")
    ),
    "simulate": Feature(gettext_lazy("Simulations aren't available for this task type.")),
    "deliver": Feature(
        gettext_lazy(
            "Deliveries aren't available for spans: no promise is proven for them yet. Export the "
            "labels instead."
        )
    ),
    "marks": Feature(gettext_lazy("Items of this task type are labelled as a whole.")),
}
MARKS = "marks"
# What an answer has that names labels of the whole item.
EVERYTHING = frozenset(FEATURES) - {MARKS}


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
    style: str = "css/desk.css"
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
        ...

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
    # How many labels a project needs, so that there is something to decide.
    least_labels: int = 2
    # Whether the classes of its label space are all that it says.
    of_classes: bool = True
    # The import formats that only such answers have, beside those of the medium.
    formats: tuple[str, ...] = ()
    # The folder of its template: input (labelling page).
    templates: str
    # As for a medium; an empty style is that of the medium.
    scripts: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    style: str = ""
    key_groups: frozenset[str] = frozenset()

    def labels(self, given: Any) -> list[Any]:
        """Return the labels (ids or names), or marks, of an answer in the API.

        Invalid if malformed.
        """
        found: list[Any] = given
        return found

    def title(self, name: str) -> str:
        """Return what people read for the label of that name."""
        return str(self.titles.get(name, name))

    def titles_of(self, names: Sequence[Any]) -> list[str]:
        """Return what people read for the labels, or the marks, of an answer."""
        return [self.title(name) for name in names]

    def marks(self, refs: Sequence[Any], text: str, rules: MarkRules) -> list[Mark] | None:
        """Return the marks of an answer on a text, in order; None if its labels say all.

        Invalid names the mark that is wrong.
        """
        return None

    def whole(self, marks: Sequence[Mark], text: str) -> list[Mark]:
        """Return marks that cover whole visible characters: half an emoji becomes all of it."""
        return list(marks)

    def told(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return a record, or a response, with its answers in the API's form."""
        return record

    def told_to_tools(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return a record with what the formats of other tools can hold."""
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
    def style(self) -> str:
        """Return the style sheet of the labelling page."""
        return self.answer.style or self.media.style

    @property
    def key_groups(self) -> frozenset[str]:
        """Return the groups of keys of the labelling page."""
        return self.media.key_groups | self.answer.key_groups

    @property
    def formats(self) -> tuple[str, ...]:
        """Return the import formats of its files."""
        return self.media.formats + self.answer.formats

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
