"""A new project from a file: its name and task type come from what the file has."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db import transaction

from annotator import tasktypes
from annotator.errors import FlowError, Invalid
from annotator.flow.datasets import preview, upload
from annotator.flow.datasets.options import Options
from annotator.flow.projects import label_set, settings
from annotator.models import Import, Project, Upload, User
from annotator.tasktypes import TaskType

LONGEST_NAME = 80
# Of so many different values, a column holds no labels.
MOST_PROPOSED = 100


def create(
    user: User, files: Any, *, name: str = "", task: str = "", multi_label: bool = False
) -> Upload:
    """Store a project and its first upload, which waits to be imported.

    Without a `task`, the first type that can read the file is taken. The refusal of the first type
    is raised if none can.
    """
    wanted = [tasktypes.find(task, multi_label)] if task else _guesses(multi_label)
    shown = upload.shown_name(upload.name_of(files))
    stored = upload.keep_files(files)
    refusal: FlowError | None = None
    for each in wanted:
        try:
            return _create(user, each, name or name_from(shown), shown, stored)
        except FlowError as problem:
            refusal = refusal or problem
    stored.unlink(missing_ok=True)
    assert refusal is not None
    raise refusal


def name_from(file: str) -> str:
    """Return a project's name for a file name.

    >>> name_from("customer_mails-2026.csv.gz")
    'Customer mails 2026'
    """
    stem = file.partition(".")[0] or file
    words = " ".join(stem.replace("_", " ").replace("-", " ").split())
    return (words[:1].upper() + words[1:])[:LONGEST_NAME] or file[:LONGEST_NAME]


def _guesses(multi_label: bool) -> Sequence[TaskType]:
    """Return the types that a file may be of, one for each medium, in the registry's order."""
    first: dict[str, TaskType] = {}
    for each in tasktypes.TASK_TYPES.values():
        if each.multi_label == multi_label or each.answer.fixed_labels:
            first.setdefault(each.media.name, each)
    return list(first.values())


@transaction.atomic
def _create(user: User, wanted: TaskType, name: str, file: str, stored: Path) -> Upload:
    project = settings.create_unlabelled_project(user, wanted, name)
    made = Upload.objects.create(project=project, user=user, name=file, path=stored.name)
    # There are no labels yet: those of the file are proposed, and chosen before the import.
    proposing = Options(unknown_labels=Import.UnknownLabels.CREATE.value)
    if not preview.preview(made, proposing).new:
        raise Invalid("no_items_in_file", field="file")
    return made


# The upload of a project that is being set up -----------------------------------------------------


def pending(project: Project) -> Upload | None:
    """Return the newest upload that waits to be imported."""
    return Upload.objects.filter(project=project).order_by("-created_at").first()


def proposed(project: Project, seen: preview.Preview | None) -> list[tuple[str, str]]:
    """Return (name, shortcut) of the labels to start with: the project's, else the file's."""
    there = list(project.labels.values_list("name", "hotkey"))
    if there or seen is None:
        return there
    found: Counter[str] = seen.labels
    if len(found) > MOST_PROPOSED:
        return []
    return [(name, "") for name, _rows in found.most_common()]


@transaction.atomic
def set_labels(project: Project, labels: Sequence[label_set.LabelSpec]) -> None:
    """Store the labels of a project that is being set up."""
    label_set.change_labels(project, labels)


def start_import(found: Upload, user: User, labels_are: str = "") -> Import:
    """Start the import of the upload as it was chosen when it was looked at last.

    A label that was taken off the list costs its rows only their label.
    """
    chosen = {**found.options, "unknown_labels": Import.UnknownLabels.UNLABELLED.value}
    if labels_are:
        chosen["labels_are"] = labels_are
    return upload.start(found, user, Options(**chosen))
