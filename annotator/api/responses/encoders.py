"""Pretrained encoders."""

from rest_framework import serializers

from annotator.api.responses.base import Response


class Encoder(Response):
    """A pretrained encoder; `sha256` is the sum of the file with its weights."""

    name = serializers.CharField()
    medium = serializers.ChoiceField(choices=["text", "image"])
    dimensions = serializers.IntegerField()
    languages = serializers.ListField(child=serializers.CharField())
    licence = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    publisher = serializers.CharField()
    sha256 = serializers.CharField()
    bytes = serializers.IntegerField()
    origin = serializers.ChoiceField(choices=["package", "folder", "added"])
    ready = serializers.BooleanField()
    state = serializers.CharField()
