"""Request bodies: every field is checked, and an unknown field is refused by name."""

from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from rest_framework import serializers

from annotator import tasktypes
from annotator.flow.annotation.submit import LONGEST_NOTE
from annotator.flow.annotation.sync_decisions import HANDLERS
from annotator.flow.labels.naming import check_names
from annotator.flow.projects.label_set import MAX_LABELS
from annotator.formats import registry
from annotator.formats.tables import LONGEST_VECTOR
from annotator.models import Import, Role
from annotator.projectsettings import SETTINGS, Setting


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know, since a typing error would go unseen otherwise."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            words = _("Unknown field. There are: %(names)s.")
            told = words % {"names": ", ".join(self.fields) or "–"}
            raise serializers.ValidationError(
                dict.fromkeys(sorted(map(str, unknown)), told), code="unknown_field"
            )
        return super().to_internal_value(data)


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


class Token(StrictSerializer):
    username = Text()
    password = Text(trim_whitespace=False)


class NewUser(StrictSerializer):
    username = Text(max_length=150)
    password = Text(trim_whitespace=False, required=False)


class Member(StrictSerializer):
    username = Text()
    role = serializers.ChoiceField(Role.choices, default=Role.ANNOTATOR)


class Username(StrictSerializer):
    username = Text()


def _setting_field(setting: Setting) -> serializers.Field[Any, Any, Any, Any]:
    """Return the field of a setting, from the type that it declares."""
    declared = setting.type
    options: dict[str, Any] = {"required": False, **setting.in_api}
    if declared.null:
        options["allow_null"] = True
    if declared.choices:
        return serializers.ChoiceField(declared.choices, **options)
    if isinstance(declared, models.JSONField):
        return serializers.ListField(child=Text(trim_whitespace=False), **options)
    if isinstance(declared, models.DecimalField):
        digits, places = declared.max_digits, declared.decimal_places
        return serializers.DecimalField(digits, places, **options)
    if isinstance(declared, models.TextField):
        return Text(allow_blank=True, trim_whitespace=False, **options)
    return next(made(**options) for kind, made in PLAIN.items() if isinstance(declared, kind))


PLAIN: dict[type["models.Field[Any, Any]"], Any] = {
    models.BooleanField: serializers.BooleanField,
    models.IntegerField: serializers.IntegerField,
    models.FloatField: serializers.FloatField,
    models.CharField: Text,
    # By its name.
    models.ForeignKey: Text,
}


class Settings(StrictSerializer):
    """The settings of a project; ranges are checked where they are stored."""

    name = Text(max_length=200, required=False)
    labels = serializers.ListField(child=serializers.JSONField(), required=False)

    def get_fields(self) -> dict[str, Any]:
        settings = {name: _setting_field(each) for name, each in SETTINGS.items()}
        return {**settings, **super().get_fields()}


class ProjectChange(Settings):
    """Settings to change; `version` is that of the project which the change is based on."""

    version = Text(required=False)


class NewProject(Settings):
    name = Text(max_length=200)
    task = serializers.ChoiceField(tasktypes.choices(), default=tasktypes.DEFAULT.task)
    multi_label = serializers.BooleanField(default=False)
    labels = serializers.ListField(
        child=serializers.JSONField(), required=tasktypes.ALL_NAME_LABELS
    )


class NewExport(StrictSerializer):
    """What goes out, and how; by the names of the parameters of an export."""

    format = serializers.CharField(required=False, max_length=32)
    unit = serializers.CharField(required=False, max_length=20)
    to = serializers.CharField(required=False, max_length=40)
    agreed = serializers.BooleanField(required=False)

    def get_fields(self) -> dict[str, Any]:
        texts = {
            name: serializers.ListField(
                child=serializers.CharField(max_length=200), required=False, max_length=200
            )
            for name in ("annotator", "label", "state", "source", "include")
        }
        # No Python name.
        start = {"from": serializers.CharField(required=False, max_length=40)}
        return {**super().get_fields(), **texts, **start}


class NewImport(StrictSerializer):
    """A file, or several, or the upload of a dry run; what is left out is as in the dry run."""

    file = serializers.FileField(required=False, allow_empty_file=True, max_length=None)
    upload = serializers.CharField(required=False, max_length=64)
    format = serializers.ChoiceField(registry.choices(), required=False, allow_blank=True)
    text_column = serializers.CharField(required=False, allow_blank=True, max_length=200)
    label_column = serializers.CharField(required=False, allow_blank=True, max_length=200)
    id_column = serializers.CharField(required=False, allow_blank=True, max_length=200)
    vector_column = serializers.CharField(required=False, allow_blank=True, max_length=200)
    labels_are = serializers.ChoiceField(Import.LabelsAre.choices, required=False)
    encoding = serializers.CharField(required=False, allow_blank=True, max_length=32)
    delimiter = serializers.CharField(
        required=False, allow_blank=True, max_length=9, trim_whitespace=False
    )
    ignore_ids = serializers.BooleanField(required=False, allow_null=True)
    existing = serializers.ChoiceField(Import.Existing.choices, required=False)
    same_id = serializers.ChoiceField(Import.SameId.choices, required=False)
    unknown_labels = serializers.ChoiceField(Import.UnknownLabels.choices, required=False)
    label_map = serializers.JSONField(required=False)
    # An .npy table with a row for each item, and a text file with the id of each, one a line.
    vectors = serializers.FileField(required=False, max_length=None)
    vector_ids = serializers.FileField(required=False, max_length=None)

    def get_fields(self) -> dict[str, Any]:
        parts = {
            f"{name}_column": serializers.CharField(
                required=False, allow_blank=True, max_length=200, help_text=str(part.title)
            )
            for name, part in tasktypes.PARTS.items()
        }
        return {**super().get_fields(), **parts}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Put the columns of the parts together, as they are stored."""
        sent = [name for name in ("file", "upload") if name in attrs]
        if len(sent) > 1 or not (sent or "vectors" in attrs):
            words = _("Send a file, or the id of an upload.")
            raise serializers.ValidationError({"file": words}, code="required")
        named = {name: attrs.pop(f"{name}_column", None) for name in tasktypes.PARTS}
        if any(column is not None for column in named.values()):
            attrs["part_columns"] = {name: column or "" for name, column in named.items()}
        return {name: value for name, value in attrs.items() if value is not None}


class Next(StrictSerializer):
    holding = Keys(default=list, max_length=100)


class Answer(StrictSerializer):
    lease = Text()
    labels = Names()
    client_id = Text()
    seconds = serializers.FloatField(required=False, allow_null=True, min_value=0)
    note = Text(required=False, allow_blank=True, max_length=LONGEST_NOTE)
    unsure = serializers.BooleanField(required=False)


class Seed(StrictSerializer):
    labels = Names()
    client_id = Text()


class Verdict(StrictSerializer):
    """What a lead decides where people disagree."""

    labels = Names()
    note = Text(required=False, allow_blank=True, max_length=LONGEST_NOTE)
    replaces = serializers.IntegerField(required=False, allow_null=True, min_value=1)


class Correction(StrictSerializer):
    labels = Names()
    note = Text(required=False, allow_blank=True, max_length=LONGEST_NOTE)
    unsure = serializers.BooleanField(required=False)


class Decision(StrictSerializer):
    """One decision of a window; what its kind needs is checked where it is stored."""

    kind = serializers.ChoiceField(list(HANDLERS))
    client_id = serializers.UUIDField()
    lease = Text(required=False)
    annotation = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    labels = Names(required=False)
    label_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, max_length=MAX_LABELS
    )
    seconds = serializers.FloatField(required=False, allow_null=True, min_value=0)
    note = Text(required=False, allow_blank=True, trim_whitespace=False)
    unsure = serializers.BooleanField(required=False)
    reason = Text(required=False, allow_blank=True, max_length=500)

    NEEDS = {"label": ("lease",), "skip": ("lease",), "correct": ("annotation",)}
    WITH_LABELS = ("label", "correct")
    SAYING = {*tasktypes.ANSWER_FIELDS, "label_ids"}

    def get_fields(self) -> dict[str, Any]:
        # If the answer has another name, its own validation describes it.
        others = set(tasktypes.ANSWER_FIELDS) - {tasktypes.LABELS}
        named = {name: serializers.JSONField(required=False) for name in sorted(others)}
        return {**super().get_fields(), **named}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name in self.NEEDS.get(attrs["kind"], ()):
            if attrs.get(name) is None:
                raise serializers.ValidationError(
                    {name: _("This field is required.")}, code="required"
                )
        if attrs["kind"] in self.WITH_LABELS and not self.SAYING & set(attrs):
            raise serializers.ValidationError(
                {"labels": _("This field is required.")}, code="required"
            )
        return attrs


class Window(StrictSerializer):
    """A window of the desk: what it has, what it wants, and what was decided in it."""

    page = Text(max_length=60)
    person = serializers.IntegerField()
    # Version of the labels and guidelines that it shows (`naming.version`); the response has newer
    # ones.
    version = Text(required=False, allow_blank=True, default="", max_length=32)
    holding = Keys(default=list, max_length=100)
    want = serializers.IntegerField(default=0, min_value=0)
    spares = serializers.IntegerField(default=0, min_value=0)
    decisions = serializers.ListField(child=Decision(), default=list, max_length=100)


class Leaving(StrictSerializer):
    page = Text(max_length=60)
    leases = serializers.ListField(child=Text(), max_length=100)


class Reason(StrictSerializer):
    reason = Text(required=False, allow_blank=True, default="", max_length=500)


class Nothing(StrictSerializer):
    """A call that takes no fields."""


class TextItem(StrictSerializer):
    text = Text(trim_whitespace=False, max_length=1_000_000)
    # Where the vectors of the project came with its items.
    vector = serializers.ListField(
        child=serializers.FloatField(),
        required=False,
        allow_empty=False,
        max_length=LONGEST_VECTOR,
    )


class Predict(StrictSerializer):
    items = serializers.ListField(child=TextItem(), allow_empty=False, max_length=1000)


class PredictAny(StrictSerializer):
    """Items of a medium that validates them itself."""

    items = serializers.ListField(
        child=serializers.DictField(child=Text(trim_whitespace=False, max_length=1_000_000)),
        allow_empty=False,
        max_length=1000,
    )
