"""Assignments."""

from rest_framework import serializers

from annotator.api.responses.base import Response


class Assignment(Response):
    """Items, or a `share` of the queue, for some people; of `total` annotations, `done` are."""

    id = serializers.IntegerField()
    people = serializers.ListField(child=serializers.CharField())
    share = serializers.FloatField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    total = serializers.IntegerField()
    done = serializers.IntegerField()
