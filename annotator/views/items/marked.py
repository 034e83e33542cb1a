"""Answers of marks as their text with the marks in it, as pages show them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from annotator.flow.labels import naming
from annotator.models import Project
from annotator.tasktypes.mark_differences import Difference, differences
from annotator.tasktypes.marks import Mark
from annotator.views.snippets import MarkedPiece, ShownMark, marked


def pieces(project: Project, text: str, marks: Sequence[Mark]) -> list[MarkedPiece]:
    """Return the text with the marks of one answer, whose labels are names."""
    places = _places(project)
    return marked(text, [_shown(each, places) for each in marks])


def compared(
    project: Project, text: str, answers: Sequence[Sequence[Mark]]
) -> list[list[MarkedPiece]]:
    """Return the text once for each answer, with how each mark differs from the others."""
    places, words = _places(project), _words()
    return [
        marked(text, [_shown(mark, places, how, words[how]) for mark, how in found.items()])
        for found in differences(answers)
    ]


def _places(project: Project) -> dict[str, int]:
    return {label.name: place for place, label in enumerate(naming.labels_of(project))}


def _shown(mark: Mark, places: Mapping[Any, int], how: str = "", words: str = "") -> ShownMark:
    name = f"{mark.label} ({mark.attribute})" if mark.attribute else str(mark.label)
    return ShownMark(mark, name, places.get(mark.label, len(places)), how, words)


def _words() -> dict[Difference, str]:
    return {
        Difference.SAME: "",
        Difference.ATTRIBUTE: _("other attribute"),
        Difference.LABEL: _("other label"),
        Difference.BORDER: _("other border"),
        Difference.BOTH: _("other border and label"),
        Difference.MISSING: _("not marked by all"),
    }
