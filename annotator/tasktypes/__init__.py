"""Task types: what an item is, and how it is answered.

A type combines a medium with an answer, each in one module; a new one is registered by one line
here. The registry feeds the choices of forms, commands and the API, and the contract test of all
types.
"""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from annotator.errors import Invalid, NotFound
from annotator.models import Project
from annotator.tasktypes.answers.multiple_choice import MULTIPLE_CHOICE
from annotator.tasktypes.answers.pairwise import PAIRWISE
from annotator.tasktypes.answers.single_choice import SINGLE_CHOICE
from annotator.tasktypes.answers.spans import SPANS
from annotator.tasktypes.base import FEATURES, TaskType
from annotator.tasktypes.media.image import IMAGE
from annotator.tasktypes.media.text import TEXT
from annotator.tasktypes.media.text_pairs import TEXT_PAIRS

TASK_TYPES = {
    each.name: each
    for each in (
        TaskType("text", "text", False, gettext_lazy("text"), TEXT, SINGLE_CHOICE),
        TaskType("text-several", "text", True, gettext_lazy("text"), TEXT, MULTIPLE_CHOICE),
        TaskType("image", "image", False, gettext_lazy("image"), IMAGE, SINGLE_CHOICE),
        TaskType("image-several", "image", True, gettext_lazy("image"), IMAGE, MULTIPLE_CHOICE),
        TaskType(
            "text-pairs",
            "text-pairs",
            False,
            gettext_lazy("comparison of two texts"),
            TEXT_PAIRS,
            PAIRWISE,
        ),
        TaskType("text-spans", "text-spans", False, gettext_lazy("spans in texts"), TEXT, SPANS),
    )
}
DEFAULT = TASK_TYPES["text"]
BY_STORED = {(each.task, each.multi_label): each for each in TASK_TYPES.values()}

# Names of answers in the API and in exports.
LABELS = "labels"
ANSWER_FIELDS = tuple(dict.fromkeys(each.answer.field for each in TASK_TYPES.values()))
# The text parts of an item's content.
ITEM_FIELDS = tuple(dict.fromkeys(f for each in TASK_TYPES.values() for f in each.media.fields))
# The text parts of items besides “text”, for which a file may have columns of other names.
PARTS = {p.name: p for each in TASK_TYPES.values() for p in each.media.parts if p.name != "text"}
# Whether every type needs label names from the creator of a project.
ALL_NAME_LABELS = not any(each.answer.fixed_labels for each in TASK_TYPES.values())

__all__ = [
    "ALL_NAME_LABELS",
    "ANSWER_FIELDS",
    "DEFAULT",
    "FEATURES",
    "ITEM_FIELDS",
    "LABELS",
    "PARTS",
    "TASK_TYPES",
    "TaskType",
    "choices",
    "find",
    "of",
    "require",
    "titles",
]


def of(project: Project) -> TaskType:
    """Return the type of a project."""
    return BY_STORED[project.task, project.multi_label]


def find(task: str, multi_label: bool) -> TaskType:
    """Return the type with these stored values; Invalid if there is none."""
    found = BY_STORED.get((task, multi_label))
    if found is not None:
        return found
    if any(each.task == task for each in TASK_TYPES.values()):
        raise Invalid("several_answers", field="multi_label")
    names = ", ".join(name for name, _title in choices())
    raise Invalid("unknown_task", field="task", name=str(task)[:40], names=names)


def require(project: Project, feature: str) -> None:
    """Raise NotFound if projects of this type lack the feature."""
    if feature not in of(project).can:
        raise NotFound("not_for_task", detail=str(FEATURES[feature].refusal))


def titles(project: Project, names: Iterable[str]) -> list[str]:
    """Return what people read for labels of a project with these names."""
    return of(project).answer.titles_of(list(names))


def choices() -> list[tuple[str, Promise]]:
    """Return (stored value, title) of the tasks for a new project."""
    return list({each.task: each.title for each in TASK_TYPES.values()}.items())
