"""Request bodies: every field is checked, and an unknown field is refused by name."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotator import tasktypes
from annotator.api.fields import Choice, Keys, Names, Text, setting_field
from annotator.flow.annotation.submit import LONGEST_NOTE
from annotator.flow.annotation.sync_decisions import HANDLERS
from annotator.flow.items.criteria import NAMES as FILTERS
from annotator.flow.projects.label_set import MAX_LABELS
from annotator.formats.tables import LONGEST_VECTOR
from annotator.messages.datasets import imports as import_messages
from annotator.models import BulkEdit as BulkEditRow
from annotator.models import Import, Role
from annotator.projectsettings import SETTINGS

BulkAction = BulkEditRow.Action


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


class Token(StrictSerializer):
    username = Text()
    password = Text(trim_whitespace=False)


class NewUser(StrictSerializer):
    username = Text(max_length=150)
    password = Text(trim_whitespace=False, required=False)
    email = Text(max_length=254, required=False, allow_blank=True)


class UserChange(StrictSerializer):
    active = serializers.BooleanField()


class NewInvitation(StrictSerializer):
    """A new user who becomes a member with their first password."""

    username = Text(max_length=150)
    role = Choice(Role.choices, default=Role.ANNOTATOR)
    email = Text(max_length=254, required=False, allow_blank=True)


class Member(StrictSerializer):
    username = Text()
    role = Choice(Role.choices, default=Role.ANNOTATOR)


class Username(StrictSerializer):
    username = Text()


class Settings(StrictSerializer):
    """The settings of a project; ranges are checked where they are stored."""

    name = Text(max_length=200, required=False)
    labels = serializers.ListField(child=serializers.JSONField(), required=False)

    def get_fields(self) -> dict[str, Any]:
        settings = {name: setting_field(each) for name, each in SETTINGS.items()}
        return {**settings, **super().get_fields()}


class ProjectChange(Settings):
    """Settings to change; `version` is that of the project which the change is based on."""

    version = Text(required=False)


class NewProject(Settings):
    name = Text(max_length=200)
    task = Choice(tasktypes.choices(), default=tasktypes.DEFAULT.task)
    multi_label = serializers.BooleanField(default=False)
    labels = serializers.ListField(
        child=serializers.JSONField(), required=tasktypes.ALL_NAME_LABELS
    )


class NewImport(StrictSerializer):
    """A file, or several, or the upload of a dry run; what is left out is as in the dry run."""

    file = serializers.FileField(required=False, allow_empty_file=True, max_length=None)
    # Ids of several uploads, with commas between, are one import.
    upload = serializers.CharField(required=False, max_length=400_000)
    # A file or a folder in the folder of the installation for imports, by its path there.
    server_file = serializers.CharField(required=False, max_length=2000, trim_whitespace=False)
    format = Choice(import_messages.formats(), required=False, allow_blank=True)
    text_column = serializers.CharField(required=False, allow_blank=True, max_length=200)
    label_column = serializers.CharField(required=False, allow_blank=True, max_length=200)
    id_column = serializers.CharField(required=False, allow_blank=True, max_length=200)
    vector_column = serializers.CharField(required=False, allow_blank=True, max_length=200)
    labels_are = Choice(Import.LabelUse.choices, required=False)
    encoding = serializers.CharField(required=False, allow_blank=True, max_length=32)
    delimiter = serializers.CharField(
        required=False, allow_blank=True, max_length=9, trim_whitespace=False
    )
    ignore_ids = serializers.BooleanField(required=False, allow_null=True)
    existing = Choice(Import.Existing.choices, required=False)
    same_id = Choice(Import.SameId.choices, required=False)
    unknown_labels = Choice(Import.UnknownLabels.choices, required=False)
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
        sent = [name for name in ("file", "upload", "server_file") if name in attrs]
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


class ItemFilter(serializers.JSONField):
    """Search criteria by the names of the parameters of the item list."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        given = super().to_internal_value(data)
        if not isinstance(given, dict) or not all(
            isinstance(v, (str, bool)) for v in given.values()
        ):
            raise serializers.ValidationError(_("This must be an object of texts."), code="filter")
        unknown = sorted(set(given) - set(FILTERS))
        if unknown:
            words = _("Unknown field. There are: %(names)s.") % {"names": ", ".join(FILTERS)}
            raise serializers.ValidationError(words, code="unknown_field")
        return {
            name: value if isinstance(value, str) else str(int(value))
            for name, value in given.items()
        }


class BulkEdit(StrictSerializer):
    """An action on many items; `labels` to give, `by` whom to redo."""

    items = serializers.ListField(child=serializers.IntegerField(min_value=0), required=False)
    filter = ItemFilter(required=False)
    action = Choice(BulkAction.choices)
    labels = Names(required=False)
    by = Text(required=False, allow_blank=True)
    comment = Text(required=False, allow_blank=True, max_length=LONGEST_NOTE)
    people = Names(required=False)
    until = serializers.DateTimeField(required=False, allow_null=True)


class Assignment(StrictSerializer):
    """Who gets what, and until when."""

    people = Names()
    items = serializers.ListField(child=serializers.IntegerField(min_value=0), required=False)
    filter = ItemFilter(required=False)
    share = serializers.FloatField(required=False)
    until = serializers.DateTimeField(required=False, allow_null=True)


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "integer"}]})
class Ref(serializers.Field[Any, Any, Any, Any]):
    """A label by name or id."""

    def to_internal_value(self, data: Any) -> Any:
        if type(data) not in (int, str):
            raise serializers.ValidationError(_("This must be a name or an id."), code="label_type")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class LabelMerge(StrictSerializer):
    """Two labels, by name or id: the first goes into the second."""

    def get_fields(self) -> dict[str, Any]:
        return {"from": Ref(), "into": Ref()}


class LabelSplit(StrictSerializer):
    """A label, the names of the new ones, and which of its items are asked again."""

    names = Names()
    filter = ItemFilter(required=False)
    items = serializers.ListField(child=serializers.IntegerField(min_value=0), required=False)
    retire = serializers.BooleanField(required=False)

    def get_fields(self) -> dict[str, Any]:
        # As an attribute it would be the field's own label.
        return {"label": Ref(), **super().get_fields()}


class Decision(StrictSerializer):
    """One decision of a window; what its kind needs is checked where it is stored."""

    kind = Choice(list(HANDLERS))
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
    # Marks that the window itself suggested.
    tagged = serializers.JSONField(required=False)

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
    """A text, or an item of the project by its id."""

    item = serializers.IntegerField(required=False, min_value=1)
    text = Text(required=False, trim_whitespace=False, max_length=1_000_000)
    # Where the vectors of the project came with its items.
    vector = serializers.ListField(
        child=serializers.FloatField(),
        required=False,
        allow_empty=False,
        max_length=LONGEST_VECTOR,
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "item" not in attrs and "text" not in attrs:
            raise serializers.ValidationError(
                {"text": _("This field is required.")}, code="required"
            )
        if "item" in attrs and len(attrs) > 1:
            words = _("Send an item by its id or by its content, not both.")
            raise serializers.ValidationError({"item": words}, code="both")
        return attrs


class Predict(StrictSerializer):
    items = serializers.ListField(child=TextItem(), allow_empty=False, max_length=1000)


class ItemToPredict(serializers.DictField):
    """The content of an item, or the id of one of the project."""

    child = Text(trim_whitespace=False, max_length=1_000_000)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and set(data) == {"item"}:
            return {"item": serializers.IntegerField(min_value=1).run_validation(data["item"])}
        return super().to_internal_value(data)


class PredictFiles(StrictSerializer):
    """Pictures, as files of a form."""

    items = serializers.ListField(
        child=serializers.FileField(max_length=None), allow_empty=False, max_length=100
    )


class PredictAny(StrictSerializer):
    """Items of a medium that validates them itself."""

    items = serializers.ListField(child=ItemToPredict(), allow_empty=False, max_length=1000)
