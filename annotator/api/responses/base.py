"""Fields shared by all responses."""

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from annotator import tasktypes


# A docstring here would become the description of every response without one of its own.
class Response(serializers.Serializer[Any]):
    pass


class Answered(Response):
    """It names an answer: the labels, or what the task type of the project has instead."""

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        others = sorted(set(tasktypes.ANSWER_FIELDS) - {tasktypes.LABELS})
        if others:
            fields[tasktypes.LABELS] = names(required=False)
        named = {name: serializers.CharField(required=False, allow_null=True) for name in others}
        return {**fields, **named}


class WithContent(Response):
    """What a call answers."""

    # It has the content of an item: one text, one image, or the parts of another medium.
    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        parts = {name: serializers.CharField(required=False) for name in tasktypes.ITEM_FIELDS}
        return {**parts, **fields}


def page_of(row: type[serializers.Serializer[Any]], **besides: Any) -> Any:
    """Return the response schema of a list of `row`, with the fields beside the list."""
    fields = {
        "next": serializers.CharField(allow_null=True),
        "previous": serializers.CharField(allow_null=True),
        "results": row(many=True),
    }
    return inline_serializer(f"{row.__name__}Page", {**fields, **besides})


def names(**options: Any) -> Any:
    """Return a field with label names."""
    return serializers.ListField(child=serializers.CharField(), **options)
