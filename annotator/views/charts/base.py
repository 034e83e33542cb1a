"""Base of a chart: rows, sentence, table and drawing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

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
    """A column of the table behind a chart; `show` formats the value."""

    field: str
    title: Lazy
    show: Callable[[Any], str] = str

    @property
    def is_number(self) -> bool:
        """Return whether it is right-aligned."""
        return self.show is not str

    def cell(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the text of a table cell."""
        value = row.get(self.field)
        return {"words": "–" if value is None else self.show(value), "is_number": self.is_number}


class Page(Enum):
    """A page that shows all charts that are declared for it."""

    DASHBOARD = "dashboard"
    WEEK = "weekly summary"


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
    # The projects on whose pages it stands.
    is_for: Callable[[Project], bool] = _always

    def tabled(self, rows: Rows) -> Rows:
        """Return the rows in table order."""
        return rows[::-1] if self.newest_first else rows


def theme_of(colours: Colours) -> str:
    """Return the name of the theme with these colours."""
    from annotator.views.charts.render import THEMES

    return next(name for name, theme in THEMES.items() if theme is colours)
