"""A project setting: one declaration that the form, the API, the docs and the checks read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.db.models import Field
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from annotator.models import Project

# (value, title) of each value that a project may have; without a project, that a new one may have.
Choices = Callable[[Project | None], list[tuple[str, str]]]


class Group(Enum):
    """A heading of the form and the docs; the form shows GENERAL beside the project's name."""

    GENERAL = "general"
    ITEM_SELECTION = "item selection"
    QUALITY_CONTROL = "quality control"
    STOPPING_CRITERIA = "stopping criteria"
    ANNOTATOR_VIEW = "annotator view"
    REPRODUCIBILITY = "reproducibility"

    @property
    def title(self) -> Promise:
        """Return the heading."""
        return _TITLES[self]


_TITLES = {
    Group.GENERAL: gettext_lazy("General"),
    Group.ITEM_SELECTION: gettext_lazy("Item selection"),
    Group.QUALITY_CONTROL: gettext_lazy("Quality control"),
    Group.STOPPING_CRITERIA: gettext_lazy("Stopping criteria"),
    Group.ANNOTATOR_VIEW: gettext_lazy("Annotator view"),
    Group.REPRODUCIBILITY: gettext_lazy("Reproducibility"),
}


class When(Enum):
    """The moment from which a changed setting holds."""

    AT_ONCE = "at once"
    NEXT_ROUND = "next round"
    RELOAD = "reload"


class Effect(Enum):
    """What follows a change beyond the value itself; `flow.projects.setting_effects` does it."""

    MATCH_OVERLAP = "the queue has the slots that the overlap asks for"
    MIX_QUEUE = "the queue has the shares of audit and gold items"
    MATCH_LEASES = "running leases have the new length"
    RENEW_FORECAST = "the forecast is calculated anew"
    DROP_RECALL = "the report about another rare label is deleted"
    MAKE_FEATURES = "missing features are made"
    KEEP_VERSION = "the guidelines have a new version"


@dataclass(frozen=True)
class Refusal:
    """The error for a value that is no choice."""

    code: str
    words: Promise


@dataclass(frozen=True)
class Setting:
    """A setting of a project.

    Its value is in the column of `Project` with its name, whose field gives type, range and
    default. Without such a column `option` gives them, and the value is in `Project.options`.
    """

    name: str
    title: Promise
    help: Promise
    group: Group
    applies: When
    option: "Field[Any, Any] | None" = None
    # Typed in percent.
    is_share: bool = False
    # Choices that depend on the project, or on a registry; `refusal` is for other values.
    choices: Choices | None = None
    refusal: Refusal | None = None
    # Raises Invalid for a value that its type and range allow and that is wrong all the same.
    check: Callable[[Any], None] | None = None
    effect: Effect | None = None
    # The feature of a task type without which it means nothing (`tasktypes.FEATURES`).
    needs: str = ""
    # Hidden from annotators.
    leads_only: bool = False
    # Values that the API knows by another name, such as a Boolean.
    spelled: Mapping[Any, Any] = field(default_factory=dict)
    # Further arguments of its field in the API.
    in_api: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_column(self) -> bool:
        """Tell whether the value is in a column of its own."""
        return self.option is None

    @property
    def type(self) -> "Field[Any, Any]":
        """Return the field that gives type, range and default."""
        return self.option or Project._meta.get_field(self.name)  # type: ignore[return-value]

    @property
    def column(self) -> str:
        """Return the column of `Project` that holds the value."""
        return self.name if self.has_column else "options"

    def value(self, project: Project) -> Any:
        """Return the value in a project."""
        if self.has_column:
            return getattr(project, self.name)
        options = project.options or {}
        # JSON lacks decimals and dates, which are texts there.
        return self.type.to_python(options[self.name]) if self.name in options else self.default()

    def stored(self, project: Project) -> Any:
        """Return the value as it is stored: the key of a row in place of the row."""
        return getattr(project, self.type.attname) if self.has_column else self.value(project)

    def set(self, project: Project, value: Any) -> None:
        """Set the value in memory."""
        if self.has_column:
            setattr(project, self.name, value)
        else:
            project.options = {**(project.options or {}), self.name: value}

    def spell(self, value: Any) -> Any:
        """Return a value by its name in the API."""
        return self.spelled.get(value, value) if self.spelled else value

    def default(self) -> Any:
        """Return the value in a project where nobody set it."""
        return self.type.get_default()
