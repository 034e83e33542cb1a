"""Bodies of requests for data that goes out: exports, archives, deliveries."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotator.api.serializers import StrictSerializer


class NewExport(StrictSerializer):
    """What goes out, and how; by the names of the parameters of an export."""

    format = serializers.CharField(required=False, max_length=32)
    unit = serializers.CharField(required=False, max_length=20)
    to = serializers.CharField(required=False, max_length=40)
    agreed = serializers.BooleanField(required=False)
    unaligned = serializers.CharField(required=False, max_length=20)

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


class Clone(StrictSerializer):
    """A new project like another one. `labels` are the annotations of the items."""

    name = serializers.CharField(max_length=200)
    items = serializers.BooleanField(default=False)
    labels = serializers.BooleanField(default=False)


class OpenedArchive(StrictSerializer):
    """An archive: the file, the id of an upload that is complete, or a path on the server."""

    file = serializers.FileField(required=False, max_length=None)
    upload = serializers.CharField(required=False, max_length=60)
    server_file = serializers.CharField(required=False, max_length=2000, trim_whitespace=False)
    name = serializers.CharField(required=False, allow_blank=True, max_length=200)


@extend_schema_field({"oneOf": [{"type": "boolean"}, {"type": "array", "items": {}}]})
class LabelsOrTrue(serializers.Field[Any, Any, Any, Any]):
    """True, or a list of labels."""

    def to_internal_value(self, given: Any) -> bool | list[Any]:
        if isinstance(given, bool):
            return given
        if isinstance(given, list) and all(isinstance(each, (int, str)) for each in given):
            return list(given[:1000])
        raise serializers.ValidationError(_("Give true, or a list of labels."))

    def to_representation(self, value: Any) -> Any:
        return value


class NewDelivery(StrictSerializer):
    """The promise of a delivery."""

    max_error = serializers.DecimalField(6, 5, required=False)
    confidence = serializers.DecimalField(6, 5, required=False)
    per_label = LabelsOrTrue(required=False)
    only_attempt = serializers.BooleanField(required=False)
