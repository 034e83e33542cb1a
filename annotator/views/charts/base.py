"""Base of a chart: rows, sentence, table and drawing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.utils.translation import gettext_lazy

from annotator.models import Project
from annotator.views.charts.data import ChartData
from annotator.views.charts.render import Spec

Row = dict[str, Any]
Rows = list[Row]
Colours = Mapping[str, str]
# A text that is translated when it is shown.
Lazy = Any


def numeric(words: str) -> str:
    """Return formatted numbers unchanged."""
    return words


@dataclass(frozen=True)
class Column:
    """A column of the table behind a chart; `show` formats the value.

    `beside` names a field of the row that `show` takes as well, such as the currency.
    """

    field: str
    title: Lazy
    show: Callable[..., str] = str
    beside: str = ""

    @property
    def is_number(self) -> bool:
        """Return whether it is right-aligned."""
        return self.show is not str

    def cell(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the text of a table cell."""
        value = row.get(self.field)
        is_sortable = isinstance(value, int | float)
        more = [row[self.beside]] if self.beside else []
        return {
            "words": "–" if value is None else self.show(value, *more),
            "is_number": self.is_number,
            "value": value if is_sortable else None,
        }


class Page(Enum):
    """A page that shows all charts that are declared for it."""

    DASHBOARD = "dashboard"
    WEEK = "weekly summary"


class Section(Enum):
    """A part of the dashboard; the first is open, the others are folded."""

    FIRST = "first"
    MODEL = "model"
    SELECTION = "selection"
    COST = "cost"

    @property
    def title(self) -> Lazy:
        """Return the heading."""
        return _SECTIONS[self]


_SECTIONS = {
    Section.FIRST: gettext_lazy("Model"),
    Section.MODEL: gettext_lazy("More about the model"),
    Section.SELECTION: gettext_lazy("Selected items"),
    Section.COST: gettext_lazy("Cost and time"),
}


DASHBOARD_AND_WEEK = frozenset(Page)


def _always(_project: Project) -> bool:
    return True


@dataclass(frozen=True)
class Chart:
    """A chart of a project; its name is part of its URLs.

    `rows` are its data, as plain values; `spec` draws them; `words` is a sentence for users who
    cannot see the chart; `empty` says when data will be available.
    """

    name: str
    title: Lazy
    about: Lazy
    empty: Lazy
    columns: tuple[Column, ...]
    rows: Callable[[ChartData], Rows]
    spec: Callable[[ChartData, Rows, Colours], Spec]
    words: Callable[[Rows], str]
    newest_first: bool = True
    on: frozenset[Page] = frozenset({Page.DASHBOARD})
    section: Section = Section.MODEL
    # The page on which its subject is changed: the name of its URL, and the words of the link.
    leads_to: tuple[str, Lazy] | None = None
    # The projects on whose pages it stands.
    is_for: Callable[[Project], bool] = _always

    def drawn(self, facts: ChartData, rows: Rows, colours: Colours) -> Spec:
        """Return the specification in which each mark carries the words of its row."""
        spec = self.spec(facts, rows, colours)
        values = [{"told": self._told(row), **row} for row in spec["data"]["values"]]
        told = {"description": {"field": "told", "type": "nominal"}}
        return {
            **spec,
            "data": {"values": values},
            "encoding": {**told, **spec.get("encoding", {})},
        }

    def _told(self, row: Row) -> str:
        shown = [column for column in self.columns if row.get(column.field) is not None]
        return "; ".join(f"{column.title}: {column.cell(row)['words']}" for column in shown)

    def tabled(self, rows: Rows) -> Rows:
        """Return the rows in table order."""
        return rows[::-1] if self.newest_first else rows


def theme_of(colours: Colours) -> str:
    """Return the name of the theme with these colours."""
    from annotator.views.charts.render import THEMES

    return next(name for name, theme in THEMES.items() if theme is colours)
