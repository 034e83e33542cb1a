"""The task types: what an item is, and what people say of it.

A type is a medium with an answer, each one module; a new one is registered by one line here. It
feeds the choices of forms, commands and the API, and the contract test that every type passes.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from annotator.models import Project
from annotator.tasktypes.answers.multiple_choice import MULTIPLE_CHOICE
from annotator.tasktypes.answers.single_choice import SINGLE_CHOICE
from annotator.tasktypes.base import TaskType
from annotator.tasktypes.media.image import IMAGE
from annotator.tasktypes.media.text import TEXT

TASK_TYPES = {
    each.name: each
    for each in (
        TaskType("text", "text", False, gettext_lazy("text"), TEXT, SINGLE_CHOICE),
        TaskType("text-several", "text", True, gettext_lazy("text"), TEXT, MULTIPLE_CHOICE),
        TaskType("image", "image", False, gettext_lazy("image"), IMAGE, SINGLE_CHOICE),
        TaskType("image-several", "image", True, gettext_lazy("image"), IMAGE, MULTIPLE_CHOICE),
    )
}
DEFAULT = TASK_TYPES["text"]
BY_STORED = {(each.task, each.multi_label): each for each in TASK_TYPES.values()}

__all__ = ["DEFAULT", "TASK_TYPES", "TaskType", "choices", "of"]


def of(project: Project) -> TaskType:
    """Return the type of a project."""
    return BY_STORED[project.task, project.multi_label]


def choices() -> list[tuple[str, Promise]]:
    """Return (stored value, title) of the tasks that a new project may have."""
    return list({each.task: each.title for each in TASK_TYPES.values()}.items())
