"""Fields of request bodies, and the field of each project setting."""

from typing import Any, NoReturn

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotator.flow.labels.naming import check_names
from annotator.projectsettings import Setting


class Text(serializers.CharField):
    """A text field that refuses other types: 5 and true do not become "5" and "True"."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError(_("This must be a string."), code="not_a_text")
        if "\x00" in data:
            raise serializers.ValidationError(_("This contains a NUL byte."), code="nul_byte")
        return super().to_internal_value(data)


class Keys(serializers.ListField):
    """A list of short strings, such as the two dozen lease keys of a labelling window.

    Plain strings take a fast path; anything unusual is reported as for any text field.
    """

    child = Text()

    def run_child_validation(self, data: Any) -> Any:
        return list(data) if all(map(_is_plain, data)) else super().run_child_validation(data)


def _is_plain(value: Any) -> bool:
    return (
        type(value) is str and value.isascii() and value.isprintable() and value.split() == [value]
    )


class Names(serializers.JSONField):
    """A list of names of labels; which ones there are is checked where they are stored."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        check_names(value)
        return value


class Choice(serializers.ChoiceField):
    """A choice whose refusal names what there is to choose from."""

    default_error_messages = {
        "invalid_choice": gettext_lazy("“{input}” is not a valid choice. Choose one of: {names}.")
    }

    def fail(self, key: str, **values: Any) -> NoReturn:
        """Raise the error of that key, with the names that there are."""
        names = ", ".join(str(name) for name in self.choices)
        super().fail(key, **{**values, "input": str(values.get("input"))[:60], "names": names})


class SpelledChoice(Choice):
    """A choice of which some values have another name in the API as well."""

    def __init__(self, setting: Setting, **options: Any) -> None:
        self._values = {name: value for value, name in setting.spelled.items()}
        super().__init__(setting.type.choices or (), **options)
        words = {"type": "string", "enum": list(self.choices)}
        extend_schema_field({"oneOf": [{"type": "boolean"}, words]})(self)  # type: ignore[type-var]

    def to_internal_value(self, data: Any) -> Any:
        # By type: 1 is no yes.
        known = isinstance(data, bool) and data in self._values
        return self._values[data] if known else super().to_internal_value(data)


def setting_field(setting: Setting) -> serializers.Field[Any, Any, Any, Any]:
    """Return the field of a setting, from the type that it declares."""
    declared = setting.type
    options: dict[str, Any] = {"required": False, **setting.in_api}
    if declared.null:
        options["allow_null"] = True
    if setting.spelled:
        return SpelledChoice(setting, **options)
    if declared.choices:
        return Choice(declared.choices, **options)
    if isinstance(declared, models.JSONField):
        return serializers.ListField(child=Text(trim_whitespace=False), **options)
    if isinstance(declared, models.DecimalField):
        digits, places = declared.max_digits, declared.decimal_places
        return serializers.DecimalField(digits, places, **options)
    if isinstance(declared, models.CharField) and declared.blank and not declared.null:
        return Text(**{"allow_blank": True, **options})
    if isinstance(declared, models.TextField):
        return Text(**{"allow_blank": True, "trim_whitespace": False, **options})
    return next(made(**options) for kind, made in PLAIN.items() if isinstance(declared, kind))


PLAIN: dict[type["models.Field[Any, Any]"], Any] = {
    models.BooleanField: serializers.BooleanField,
    models.IntegerField: serializers.IntegerField,
    models.FloatField: serializers.FloatField,
    models.CharField: Text,
    # By its name.
    models.ForeignKey: Text,
}
