"""Form for a new project."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator import tasktypes
from annotator.views.form_fields import LabelLinesField
from annotator.views.projects.settings_form import SettingsForm


class ProjectForm(SettingsForm):
    """A new project; all but the first five fields have sensible defaults."""

    task = forms.ChoiceField(choices=tasktypes.choices, initial=tasktypes.DEFAULT.task)
    labels = LabelLinesField(
        label=gettext_lazy("Labels"),
        help_text=gettext_lazy(
            "One per line. Add a shortcut after a bar: “spam | s”. Describe "
            "them in the settings afterwards: for texts, the model learns from descriptions."
        ),
        required=tasktypes.ALL_NAME_LABELS,
    )

    class Meta(SettingsForm.Meta):
        fields = ("name", "task", "multi_label")

    FIRST = ("name", "task", "multi_label", "labels")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fixed = [each for each in tasktypes.TASK_TYPES.values() if each.answer.fixed_labels]
        if fixed:
            tasks = ", ".join(str(each.title) for each in fixed)
            said = _("Leave this empty for: %(tasks)s.") % {"tasks": tasks}
            self.fields["labels"].help_text = f"{self.fields['labels'].help_text} {said}"

    def first(self) -> list[forms.BoundField]:
        """Return the required fields."""
        return [*(self[name] for name in self.FIRST), *self.general()]

    def has_hidden_errors(self) -> bool:
        """Return whether a field under “More settings” has an error, so that it must be open."""
        shown = {field.name for field in self.first()}
        return any(name not in shown for name in self.errors)
