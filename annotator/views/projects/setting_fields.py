"""Form fields of settings, made from the type that each declares."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from annotator.models import Project
from annotator.projectsettings import Setting
from annotator.views.form_fields import FieldNamesField, PercentField


def form_field(setting: Setting, project: Project) -> forms.Field:
    """Return the form field of a setting, with its title and help text."""
    field = _bare_field(setting, project)
    field.label, field.help_text = setting.title, setting.help  # type: ignore[assignment]
    return field


def _bare_field(setting: Setting, project: Project) -> forms.Field:
    declared = setting.type
    if setting.choices:
        choices = setting.choices(project if project.pk else None)
        return forms.ChoiceField(choices=choices, required=not declared.blank)
    if setting.is_share:
        return _percent_field(declared)
    if isinstance(declared, models.JSONField):
        return FieldNamesField(required=False)
    field = declared.formfield()
    assert field is not None
    if isinstance(declared, models.TextField):
        field.widget.attrs["rows"] = 8
    return field


def _percent_field(declared: "models.Field[object, object]") -> PercentField:
    limits: dict[type, Any] = {
        type(each): each.limit_value
        for each in declared.validators
        if isinstance(each, (MinValueValidator, MaxValueValidator))
    }
    return PercentField(
        required=not declared.blank,
        min_value=limits.get(MinValueValidator),
        max_value=limits.get(MaxValueValidator),
    )
