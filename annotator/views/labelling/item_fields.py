"""Fields shown with an item, each value as a short text."""

import json
from typing import Any

from django.utils.translation import gettext as _

from annotator.flow.projects import preferences
from annotator.models import Item, Project

LONGEST = 200


def fields(project: Project, item: Item) -> list[tuple[str, str]]:
    """Return the fields that the lead wants to be seen, each with its value as a short text."""
    return [(name, _short(value)) for name, value in preferences.shown(project, item)]


def _short(value: Any) -> str:
    text = " ".join(_words(value).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list) and not any(isinstance(each, (list, dict)) for each in value):
        return ", ".join(_words(each) for each in value if each is not None)
    return json.dumps(value, ensure_ascii=False)
