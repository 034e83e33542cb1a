"""A project, its labels, its people."""

import math
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator import tasktypes
from annotator.errors import Invalid
from annotator.flow.features import encoder_choice
from annotator.flow.labels import naming
from annotator.flow.projects import preferences, setting_effects, versions
from annotator.flow.projects.label_set import LabelSpec, change_labels, clean_name, label_specs
from annotator.models import Label, Membership, Project, Role, User
from annotator.tasktypes import FEATURES

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
        raise Invalid("label_form", _("A new label can't have an id."), field="labels")
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
    """Store changed labels and settings, or neither when one of them is wrong.

    Nothing is stored either when `version` is named and is not the current one.
    """
    versions.hold(project)
    versions.check_version(project, version)
    if labels is not None:
        change_labels(project, labels)
    return change_settings(project, **settings)


@transaction.atomic
def change_settings(project: Project, **settings: Any) -> Project:
    """Store changed settings; nothing is changed when one of them is wrong."""
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
    """Take the project out of sight; its rows go for good a week later."""
    versions.hold(project)
    project.deleted_at = timezone.now()
    project.save(update_fields=["deleted_at"])


def _named_labels(
    task_type: tasktypes.TaskType, labels: Sequence[LabelSpec]
) -> Sequence[LabelSpec]:
    """Return the labels of a new project: those that are given, unless its type has its own."""
    if "labels" in task_type.can:
        return labels
    if labels:
        raise Invalid("fixed_labels", str(FEATURES["labels"].refusal), field="labels")
    fixed = task_type.answer.fixed_labels
    return [{"name": name, "hotkey": key} for name, key in fixed.items()]


def strategy_choices() -> list[tuple[str, str, str]]:
    """Return (name, title, one sentence) of every strategy that a project may use."""
    from selection.strategies.registry import STRATEGIES

    return [(name, _(each.title), _(each.description)) for name, each in STRATEGIES.items()]


def feature_choices(project: Project | None) -> list[tuple[str, str]]:
    """Return (name, title) of the features that a project, or a new one, may be given."""
    if project is None:
        return [(encoder_choice.AUTO, _("Automatic"))]
    recipes = tasktypes.of(project).media.encoders
    return [
        *encoder_choice.choices(project),
        *((name, str(title)) for name, title in recipes.items()),
    ]


def _apply(project: Project, settings: dict[str, Any]) -> None:
    unknown = sorted(set(settings) - {*Project.SETTINGS, "name"})
    if unknown:
        raise Invalid("unknown_field", _("Unknown setting %s.") % unknown[0], field=unknown[0])
    if "name" in settings:
        settings = {**settings, "name": clean_name(settings["name"], "name")}
    if "strategy" in settings and settings["strategy"] not in {
        name for name, _title, _words in strategy_choices()
    }:
        raise Invalid("unknown_strategy", _("Unknown strategy."), field="strategy")
    known = {name for name, _title in feature_choices(project)} | {project.features}
    if settings.get("features", project.features) not in known:
        raise Invalid("unknown_features", _("Unknown features."), field="features")
    endless = [name for name, value in settings.items() if value != value or value == math.inf]
    if endless:
        raise Invalid("not_finite", _("This must be a finite number."), field=endless[0])
    if len(settings.get("guidelines") or "") > LONGEST_GUIDELINES:
        raise Invalid("too_long", _("The guidelines are too long."), field="guidelines")
    if "shown_fields" in settings:
        preferences.check_shown_fields(settings["shown_fields"])
    for field, value in settings.items():
        setattr(project, field, value)
    try:
        project.clean_fields(exclude=["created_by", "rare_label"])
    except ValidationError as problem:
        raise Invalid(
            "invalid",
            _("Some settings are invalid."),
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
        raise Invalid(
            "unknown_label", _("This label doesn't exist in this project."), field="rare_label"
        )
    return label
