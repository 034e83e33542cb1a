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
        help_text=gettext_lazy("One per line. Add a shortcut after a bar: “spam | s”."),
        required=tasktypes.ALL_NAME_LABELS,
    )

    descriptions = forms.CharField(
        label=gettext_lazy("Label descriptions"),
        help_text=gettext_lazy(
            "One per line, after the label and a colon: “spam: advertising that nobody asked for”. "
            "For texts, the model learns from them, even before the first annotation."
        ),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    class Meta(SettingsForm.Meta):
        fields = ("name", "task", "multi_label")

    FIRST = ("name", "task", "multi_label", "labels", "descriptions")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fixed = [each for each in tasktypes.TASK_TYPES.values() if each.answer.fixed_labels]
        if fixed:
            tasks = ", ".join(str(each.title) for each in fixed)
            said = _("Leave this empty for: %(tasks)s.") % {"tasks": tasks}
            self.fields["labels"].help_text = f"{self.fields['labels'].help_text} {said}"

    def clean(self) -> dict[str, Any]:
        """Put the descriptions into the labels."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        labels, lines = cleaned.get("labels"), cleaned.pop("descriptions", "").splitlines()
        if labels is None:
            return cleaned
        told: dict[str, list[str]] = {}
        for line in filter(None, map(str.strip, lines)):
            name = _described(line, [label["name"] for label in labels])
            if name is None:
                self.add_error("descriptions", _strays(line))
            else:
                told.setdefault(name, []).append(line[len(name) :].lstrip()[1:].strip())
        cleaned["labels"] = [
            {**label, "description": " ".join(told.get(label["name"], []))} for label in labels
        ]
        return cleaned

    def first(self) -> list[forms.BoundField]:
        """Return the required fields."""
        return [*(self[name] for name in self.FIRST), *self.general()]

    def has_hidden_errors(self) -> bool:
        """Return whether a field under “More settings” has an error, so that it must be open."""
        shown = {field.name for field in self.first()}
        return any(name not in shown for name in self.errors)


def _described(line: str, names: list[str]) -> str | None:
    """Return the label that a line describes: the longest name before a colon."""
    found = [
        name
        for name in names
        if line.casefold().startswith(name.casefold())
        and line[len(name) :].lstrip().startswith(":")
    ]
    return max(found, key=len, default=None)


def _strays(line: str) -> str:
    return _(
        "“%(line)s” doesn't begin with a label and a colon. Write the label as it stands above."
    ) % {"line": line[:60]}
