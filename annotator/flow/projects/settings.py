"""A project, its labels, its people."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from annotator import projectsettings, tasktypes
from annotator.errors import Invalid
from annotator.flow.labels import naming
from annotator.flow.projects import setting_effects, versions
from annotator.flow.projects.label_set import (
    LabelSpec,
    change_labels,
    clean_name,
    label_specs,
    store_labels,
)
from annotator.models import Label, Membership, Project, Role, User
from annotator.projectsettings import SETTINGS, Setting
from annotator.tasktypes import FEATURES

# Projects ----------------------------------------------------------------------------------------


@transaction.atomic
def create_project(
    user: User | None,
    *,
    name: str,
    task: str = tasktypes.DEFAULT.task,
    multi_label: bool = False,
    labels: Sequence[LabelSpec] = (),
    **settings: Any,
) -> Project:
    """Store a new project with its labels; `user` becomes its admin."""
    task_type = tasktypes.find(task, multi_label)
    specs = label_specs(_named_labels(task_type, labels), task_type.answer.least_labels)
    if any("id" in spec for spec in specs):
        raise Invalid("label_form", message="new_label_with_id", field="labels")
    rare = settings.pop("rare_label", None)
    project = _store(user, task_type, name, specs, settings)
    if rare is not None:
        change_settings(project, rare_label=rare)
    return project


@transaction.atomic
def create_unlabelled_project(user: User, task_type: tasktypes.TaskType, name: str) -> Project:
    """Store a project that has no labels yet, unless its task type has fixed ones."""
    has_own = "labels" in task_type.can
    least = task_type.answer.least_labels
    specs = [] if has_own else label_specs(_named_labels(task_type, ()), least)
    return _store(user, task_type, name, specs, {})


def _store(
    user: User | None,
    task_type: tasktypes.TaskType,
    name: str,
    specs: Sequence[dict[str, Any]],
    settings: dict[str, Any],
) -> Project:
    project = Project(
        name=clean_name(name, "name"),
        task=task_type.task,
        multi_label=task_type.multi_label,
        created_by=user,
    )
    _apply(project, settings)
    project.save()
    store_labels(project, specs)
    if user is not None:
        Membership.objects.create(project=project, user=user, role=Role.ADMIN)
    return project


@transaction.atomic
def change_project(
    project: Project,
    labels: Sequence[LabelSpec] | None = None,
    version: str | None = None,
    **settings: Any,
) -> Project:
    """Store changed labels and settings, or neither if one is invalid.

    Nothing is stored either if `version` is given and is not the current one.
    """
    versions.hold(project)
    versions.check_version(project, version)
    if labels is not None:
        change_labels(project, labels)
    return change_settings(project, **settings)


@transaction.atomic
def change_settings(project: Project, **settings: Any) -> Project:
    """Store changed settings: all, or none if one is invalid."""
    versions.hold(project)
    fields, before = projectsettings.columns(settings), projectsettings.values(project)
    if "rare_label" in settings:
        settings["rare_label"] = _own_label(project, settings["rare_label"])
    _apply(project, settings)
    if fields:
        project.save(update_fields=fields)
    setting_effects.apply(project, before)
    return project


@transaction.atomic
def delete_project(project: Project) -> None:
    """Hide the project; its rows are deleted a week later."""
    versions.hold(project)
    project.deleted_at = timezone.now()
    project.save(update_fields=["deleted_at"])


def _named_labels(
    task_type: tasktypes.TaskType, labels: Sequence[LabelSpec]
) -> Sequence[LabelSpec]:
    """Return the labels of a new project: those given, unless its task type has fixed ones."""
    if "labels" in task_type.can:
        return labels
    if labels:
        raise Invalid("fixed_labels", detail=str(FEATURES["labels"].refusal), field="labels")
    fixed = task_type.answer.fixed_labels
    return [{"name": name, "hotkey": key} for name, key in fixed.items()]


def _apply(project: Project, given: dict[str, Any]) -> None:
    """Set the given settings in memory; Invalid where one of them is wrong."""
    unknown = sorted(set(given) - {*SETTINGS, "name"})
    if unknown:
        raise Invalid("unknown_field", field=unknown[0], name=unknown[0])
    if "name" in given:
        given = {**given, "name": clean_name(given["name"], "name")}
        project.name = given["name"]
    wanted = [each for name, each in SETTINGS.items() if name in given]
    for setting in wanted:
        _check(project, setting, given[setting.name])
    for setting in wanted:
        setting.set(project, given[setting.name])
    refused = _refused_columns(project) | _refused_options(project, wanted, given)
    if refused:
        raise Invalid(
            "invalid",
            errors=[
                {"field": field, "code": "invalid", "detail": " ".join(words)}
                for field, words in refused.items()
            ],
        )


def _check(project: Project, setting: Setting, value: Any) -> None:
    """Raise Invalid for a value that the type of the setting cannot rule out."""
    if setting.choices and value not in [name for name, _title in setting.choices(project)]:
        assert setting.refusal is not None
        raise Invalid(setting.refusal.code, detail=str(setting.refusal.words), field=setting.name)
    if value != value or value == math.inf:
        raise Invalid("not_finite", field=setting.name)
    if setting.check:
        setting.check(value)


def _refused_columns(project: Project) -> dict[str, list[str]]:
    """Return what is wrong with the columns, and clean the others."""
    try:
        project.clean_fields(exclude=["created_by", "rare_label"])
    except ValidationError as problem:
        return dict(problem.message_dict)
    return {}


def _refused_options(
    project: Project, wanted: Sequence[Setting], given: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Return what is wrong with the settings that have no column, and clean the others."""
    refused = {}
    for setting in wanted:
        if not setting.has_column:
            try:
                setting.set(project, setting.type.clean(given[setting.name], None))
            except ValidationError as problem:
                refused[setting.name] = problem.messages
    return refused


def _own_label(project: Project, given: Any) -> Label | None:
    if given in (None, ""):
        return None
    name = given.name if isinstance(given, Label) else given
    label = naming.by_name(project).get(name) if isinstance(name, str) else None
    if label is None:
        raise Invalid("unknown_label", message="label_not_there", field="rare_label")
    return label
