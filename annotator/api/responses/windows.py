"""Responses to a labelling window."""

from rest_framework import serializers

from annotator.api.responses.annotations import Annotation, HeldItem
from annotator.api.responses.base import Response
from annotator.api.responses.numbers import Pause


class SyncedDecision(Response):
    """What became of a decision of a window; `given` is what an undone one said."""

    client_id = serializers.CharField()
    state = serializers.CharField()
    code = serializers.CharField(allow_blank=True)
    words = serializers.CharField(allow_blank=True)
    annotation = Annotation(allow_null=True)
    given = serializers.DictField()
    next = HeldItem(allow_null=True)


class Today(Response):
    labels = serializers.IntegerField()
    skips = serializers.IntegerField()
    changes = serializers.IntegerField()
    seconds = serializers.FloatField()


class Counts(Response):
    items = serializers.IntegerField()
    labelled = serializers.IntegerField()
    today = Today()


class Synced(Response):
    """What a window may show next, and what became of its decisions.

    `shown` is there where the labels or guidelines have changed since the window's `version`.
    """

    decisions = SyncedDecision(many=True)
    next = HeldItem(many=True)
    spares = HeldItem(many=True)
    lost = serializers.ListField(child=serializers.CharField())
    counts = Counts()
    empty = serializers.CharField(allow_blank=True)
    paused = Pause(allow_null=True)
    lease_seconds = serializers.IntegerField()
    shown = serializers.DictField(required=False)
