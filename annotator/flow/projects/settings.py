"""A project, its labels, its people."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from annotator import tasktypes
from annotator.errors import Invalid
from annotator.flow.labels import naming
from annotator.flow.projects import preferences, setting_effects, versions
from annotator.flow.projects.label_set import LabelSpec, change_labels, clean_name, label_specs
from annotator.models import Label, Membership, Project, Role, User
from annotator.tasktypes import FEATURES

if TYPE_CHECKING:
    from selection.strategies.registry import Strategy

LONGEST_GUIDELINES = 20_000


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
    specs = label_specs(_named_labels(task_type, labels))
    if any("id" in spec for spec in specs):
        raise Invalid("label_form", message="new_label_with_id", field="labels")
    rare = settings.pop("rare_label", None)
    project = Project(
        name=clean_name(name, "name"), task=task, multi_label=multi_label, created_by=user
    )
    _apply(project, settings)
    project.save()
    Label.objects.bulk_create(
        Label(project=project, position=index, **spec) for index, spec in enumerate(specs)
    )
    if rare is not None:
        change_settings(project, rare_label=rare)
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
    fields, before = sorted(settings), setting_effects.settings_of(project)
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


def strategies() -> "Mapping[str, Strategy]":
    """Return every strategy that a project may use, by its name."""
    from selection.strategies.registry import STRATEGIES

    return STRATEGIES


def _apply(project: Project, settings: dict[str, Any]) -> None:
    unknown = sorted(set(settings) - {*Project.SETTINGS, "name"})
    if unknown:
        raise Invalid("unknown_field", field=unknown[0], name=unknown[0])
    if "name" in settings:
        settings = {**settings, "name": clean_name(settings["name"], "name")}
    if "strategy" in settings and settings["strategy"] not in strategies():
        raise Invalid("unknown_strategy", field="strategy")
    if settings.get("features", "auto") not in {"auto", *tasktypes.of(project).media.encoders}:
        raise Invalid("unknown_features", field="features")
    endless = [name for name, value in settings.items() if value != value or value == math.inf]
    if endless:
        raise Invalid("not_finite", field=endless[0])
    if len(settings.get("guidelines") or "") > LONGEST_GUIDELINES:
        raise Invalid("too_long", field="guidelines")
    if "shown_fields" in settings:
        preferences.check_shown_fields(settings["shown_fields"])
    for field, value in settings.items():
        setattr(project, field, value)
    try:
        project.clean_fields(exclude=["created_by", "rare_label"])
    except ValidationError as problem:
        raise Invalid(
            "invalid",
            errors=[
                {"field": field, "code": "invalid", "detail": " ".join(words)}
                for field, words in problem.message_dict.items()
            ],
        ) from problem


def _own_label(project: Project, given: Any) -> Label | None:
    if given in (None, ""):
        return None
    name = given.name if isinstance(given, Label) else given
    label = naming.by_name(project).get(name) if isinstance(name, str) else None
    if label is None:
        raise Invalid("unknown_label", message="label_not_there", field="rare_label")
    return label
