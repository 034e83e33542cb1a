"""The settings of a project: each is one declaration in a module here.

The registry feeds the form, the API, the docs, the checks and what is said of a change. A module
of settings is registered by one line.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from annotator import tasktypes
from annotator.models import Project
from annotator.projectsettings import (
    annotator_view,
    currency,
    general,
    item_selection,
    marking,
    quality_control,
    reproducibility,
    stopping_criteria,
)
from annotator.projectsettings.base import Effect, Group, Setting, When
from annotator.projectsettings.item_selection import (
    feature_titles,
    strategy_choices,
    strategy_titles,
)

# In the order of the form and the docs.
SETTINGS: dict[str, Setting] = {
    each.name: each
    for each in (
        *general.SETTINGS,
        *item_selection.SETTINGS,
        *quality_control.SETTINGS,
        *marking.SETTINGS,
        *stopping_criteria.SETTINGS,
        *currency.SETTINGS,
        *annotator_view.SETTINGS,
        *reproducibility.SETTINGS,
    )
}

__all__ = [
    "SETTINGS",
    "Effect",
    "Group",
    "Setting",
    "When",
    "by_group",
    "by_when",
    "changed_since",
    "columns",
    "feature_titles",
    "lacking",
    "strategy_choices",
    "strategy_titles",
    "values",
]


def values(project: Project) -> dict[str, Any]:
    """Return all settings as they are stored now."""
    return {name: each.stored(project) for name, each in SETTINGS.items()}


def changed_since(project: Project, before: Mapping[str, Any]) -> list[str]:
    """Return the settings that differ from `before`, which `values` returned then."""
    return [name for name, value in values(project).items() if value != before[name]]


def by_when(names: Iterable[str]) -> dict[When, list[Setting]]:
    """Return the settings among `names` by the moment from which they hold."""
    wanted = set(names)
    settings = [each for name, each in SETTINGS.items() if name in wanted]
    found = {when: [each for each in settings if each.applies is when] for when in When}
    return {when: these for when, these in found.items() if these}


def columns(names: Iterable[str]) -> list[str]:
    """Return the columns of `Project` that hold these settings; other names are columns."""
    return sorted({SETTINGS[name].column if name in SETTINGS else name for name in names})


def by_group() -> dict[Group, list[Setting]]:
    """Return the settings of each group."""
    return {group: [each for each in SETTINGS.values() if each.group is group] for group in Group}


def lacking(project: Project) -> set[str]:
    """Return the settings that mean nothing for projects of this type."""
    can = tasktypes.of(project).can
    return {name for name, each in SETTINGS.items() if each.needs and each.needs not in can}
