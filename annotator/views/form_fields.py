"""Form fields shared by several screens."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError


class PercentField(forms.FloatField):
    """A share stored as 0.15 and typed as 15."""

    def prepare_value(self, value: Any) -> Any:
        # Enough digits that an untouched value returns unchanged.
        return f"{100 * value:.12g}" if isinstance(value, float) else value

    def to_python(self, value: Any) -> Any:
        typed = super().to_python(value)
        return None if typed is None else typed / 100

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"inputmode": "decimal", "step": "any", "min": 0, "max": 100}


class LabelLinesField(forms.CharField):
    """Labels, one per line, each with its shortcut after a bar if it has one: “spam | s”."""

    widget = forms.Textarea(attrs={"rows": 6, "spellcheck": "false"})

    def to_python(self, value: Any) -> list[dict[str, str]]:  # type: ignore[override]
        lines = (super().to_python(value) or "").splitlines()
        return [self._label(line) for line in lines if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(" | ".join(filter(None, each.values())) for each in value)
        return value

    def _label(self, line: str) -> dict[str, str]:
        name, bar, hotkey = line.rpartition("|")
        if not bar or len(hotkey.strip()) > 1:
            return {"name": line.strip(), "hotkey": ""}
        return {"name": name.strip(), "hotkey": hotkey.strip()}

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        # A single textarea value; flow checks names, keys and their number.
        return


class FieldNamesField(forms.MultipleChoiceField):
    """Names of metadata fields: checkboxes for known ones, else typed with commas."""

    widget = forms.CheckboxSelectMultiple

    def to_python(self, value: Any) -> list[str]:
        names: list[str] = []
        for given in super().to_python(value):
            # A known field may have a comma in its name.
            names += [given] if super().valid_value(given) else _separated(given)
        return list(dict.fromkeys(names))

    def valid_value(self, value: str) -> bool:
        return True


def _separated(typed: str) -> list[str]:
    return [name.strip() for name in typed.split(",") if name.strip()]
