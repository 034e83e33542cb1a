"""The task types: what an item is, and what people say of it.

A type is a medium with an answer, each one module; a new one is registered by one line here. It
feeds the choices of forms, commands and the API, and the contract test that every type passes.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.errors import Invalid, NotFound
from annotator.models import Project
from annotator.tasktypes.answers.multiple_choice import MULTIPLE_CHOICE
from annotator.tasktypes.answers.pairwise import PAIRWISE
from annotator.tasktypes.answers.single_choice import SINGLE_CHOICE
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
    )
}
DEFAULT = TASK_TYPES["text"]
BY_STORED = {(each.task, each.multi_label): each for each in TASK_TYPES.values()}

# What answers are called in the API and in exports.
LABELS = "labels"
ANSWER_FIELDS = tuple(dict.fromkeys(each.answer.field for each in TASK_TYPES.values()))
# What an item of texts is made of.
ITEM_FIELDS = tuple(dict.fromkeys(f for each in TASK_TYPES.values() for f in each.media.fields))
# Whether every type needs its labels named by whoever creates a project.
ALL_NAME_LABELS = not any(each.answer.fixed_labels for each in TASK_TYPES.values())

__all__ = [
    "ALL_NAME_LABELS",
    "ANSWER_FIELDS",
    "DEFAULT",
    "FEATURES",
    "ITEM_FIELDS",
    "LABELS",
    "TASK_TYPES",
    "TaskType",
    "choices",
    "find",
    "of",
    "require",
]


def of(project: Project) -> TaskType:
    """Return the type of a project."""
    return BY_STORED[project.task, project.multi_label]


def find(task: str, multi_label: bool) -> TaskType:
    """Return the type that is stored so; Invalid where there is none."""
    found = BY_STORED.get((task, multi_label))
    if found is not None:
        return found
    if any(each.task == task for each in TASK_TYPES.values()):
        words = _("Projects of this type take one answer for an item.")
        raise Invalid("several_answers", words, field="multi_label")
    words = _("There is no task “%(name)s”. There are: %(names)s.")
    names = ", ".join(name for name, _title in choices())
    raise Invalid("unknown_task", words % {"name": str(task)[:40], "names": names}, field="task")


def require(project: Project, feature: str) -> None:
    """Raise NotThere where projects of this type lack the feature."""
    if feature not in of(project).can:
        raise NotFound("not_for_task", str(FEATURES[feature].refusal))


def choices() -> list[tuple[str, Promise]]:
    """Return (stored value, title) of the tasks that a new project may have."""
    return list({each.task: each.title for each in TASK_TYPES.values()}.items())
