"""Form for settings, and for the deletion of a project."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator import projectsettings
from annotator.flow.projects import preferences, versions
from annotator.models import Project
from annotator.projectsettings import SETTINGS, Group, Setting
from annotator.views.form_fields import FieldNamesField
from annotator.views.projects.setting_fields import form_field
from annotator.views.versioned_forms import SharedForm

# The fields of a project that are no settings.
TITLES = {
    "name": gettext_lazy("Name"),
    "task": gettext_lazy("Data type"),
    "multi_label": gettext_lazy("Allow multiple labels per item"),
}


class SettingsForm(SharedForm, forms.ModelForm):  # type: ignore[type-arg]
    """All settings of a project, each with a help text of one sentence."""

    class Meta:
        model = Project
        fields: tuple[str, ...] = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("instance", Project())
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = TITLES.get(name, field.label)
        self.strategies = projectsettings.strategy_choices()
        self.initial = {**projectsettings.values(self.instance), **self.initial}
        lacking = projectsettings.lacking(self.instance)
        for name, setting in SETTINGS.items():
            if name not in lacking:
                self.fields[name] = form_field(setting, self.instance)
        self._offer_known_fields()
        self._limit_rare_label()
        if "rare_label" in lacking:
            self._offer_nothing_rare()

    def _offer_nothing_rare(self) -> None:
        """Leave out the choices that need a rare label."""
        self.strategies = [each for each in self.strategies if each[0] != "rare"]
        for name, without in (("strategy", "rare"), ("target_metric", "recall")):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [choice for choice in field.choices if choice[0] != without]  # type: ignore[index,union-attr,misc]

    def stored(self) -> dict[str, Any]:
        """Return the current settings."""
        return versions.settings_of(self.instance)

    def _offer_known_fields(self) -> None:
        """Offer the metadata fields of the items, and those shown already."""
        seen = preferences.field_names(self.instance) if self.instance.pk else []
        names = dict.fromkeys([*self.instance.shown_fields, *seen])
        field = self.fields["shown_fields"]
        assert isinstance(field, FieldNamesField)
        field.choices = [(name, name) for name in names]

    def typed_fields(self) -> str:
        """Return the field names typed beside the checkboxes, to show the form again."""
        known = {str(box.data["value"]) for box in self["shown_fields"]}
        typed = self["shown_fields"].value() or []
        return ", ".join(name for name in typed if name and name not in known)

    def _limit_rare_label(self) -> None:
        field = self.fields.get("rare_label")
        if field is None:
            return
        if not self.instance.pk:
            del self.fields["rare_label"]
            return
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = self.instance.labels.exclude(pk__in=list(self.instance.merged_labels))
        field.empty_label = _("none")

    def groups(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """Return the settings by group."""
        for group, settings in projectsettings.by_group().items():
            if group is not Group.GENERAL:
                yield str(group.title), self._fields_of(settings)

    def general(self) -> list[forms.BoundField]:
        """Return the settings that stand beside the name."""
        return self._fields_of(projectsettings.by_group()[Group.GENERAL])

    def _fields_of(self, settings: list[Setting]) -> list[forms.BoundField]:
        return [self[each.name] for each in settings if each.name in self.fields]

    def changes(self) -> dict[str, Any]:
        """Return the submitted settings for flow."""
        return {name: value for name, value in self.cleaned_data.items() if name != "labels"}

    def _post_clean(self) -> None:
        # A model form writes into its instance before validation; flow validates and stores
        # instead.
        return


class DeleteForm(forms.Form):
    """Deletion asks for the project's name, to prevent accidents."""

    name = forms.CharField(label=gettext_lazy("Project name to confirm"))

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(data, prefix="delete")
        self.project = project
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def clean_name(self) -> str:
        typed: str = self.cleaned_data["name"]
        if typed != self.project.name:
            raise ValidationError(
                _("Nothing was deleted: the name doesn't match. Type the project's name.")
            )
        return typed
