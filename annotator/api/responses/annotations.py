"""Items, leases, annotations, disagreements, predictions."""

from typing import Any

from rest_framework import serializers

from annotator.api.responses.base import Answered, Response, WithContent, names


class Item(WithContent):
    """An item: a text, or an image by its address and size."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    text = serializers.CharField(required=False)
    image_url = serializers.CharField(required=False)
    width = serializers.IntegerField(required=False)
    height = serializers.IntegerField(required=False)
    meta = serializers.DictField()


class FoundItem(Item):
    state = serializers.CharField()


class LookedAt(Response):
    """At which positions of the pool a search looked."""

    to = serializers.IntegerField()
    of = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; one of them has a name that Python reserves."""
        return {"from": serializers.IntegerField(), **super().get_fields()}


class Suggestion(Answered):
    """A suggestion; its `origin` is `label_descriptions` where no model made it, absent else."""

    labels = names()
    confidence = serializers.FloatField(allow_null=True)
    origin = serializers.CharField(required=False)


class Why(Response):
    """How an item was selected."""

    strategy = serializers.CharField(allow_blank=True)
    score = serializers.FloatField(allow_null=True)
    words = serializers.CharField(allow_blank=True)
    model = serializers.IntegerField(allow_null=True)
    model_age_seconds = serializers.FloatField(allow_null=True)


class HeldItem(Response):
    """An item that is held by the caller. Blind items have neither `suggestion` nor `why`."""

    lease = serializers.CharField()
    expires_at = serializers.DateTimeField()
    item = Item()
    suggestion = Suggestion(allow_null=True)
    why = Why(allow_null=True)


class LeaseEnd(Response):
    lease = serializers.CharField()
    expires_at = serializers.DateTimeField()


class Annotation(Answered):
    """An annotation with how its item was selected. `known` tells the answer of a gold item."""

    id = serializers.IntegerField()
    item = serializers.IntegerField()
    labels = names()
    source = serializers.CharField()  # type: ignore[assignment]
    blind = serializers.BooleanField()
    counted = serializers.BooleanField()
    strategy = serializers.CharField(allow_blank=True)
    round = serializers.IntegerField(allow_null=True)
    model = serializers.IntegerField(allow_null=True)
    score = serializers.FloatField(allow_null=True)
    probability = serializers.FloatField(allow_null=True)
    suggestion = Suggestion(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    unsure = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    known = serializers.JSONField(allow_null=True)


class Revision(Answered):
    action = serializers.CharField()
    labels = names()
    at = serializers.DateTimeField()


class OwnAnnotation(Annotation):
    """One's own annotation, with its item and what it said before."""

    label_ids = serializers.ListField(child=serializers.IntegerField())
    content = Item()
    history = Revision(many=True)


class Saved(Response):
    annotation = Annotation()


class SavedWithNext(Saved):
    """A saved annotation and the next item; without `next` where none was asked for."""

    next = HeldItem(required=False, allow_null=True)


class PutBack(Response):
    put_back = serializers.IntegerField()


class Opinion(Answered):
    id = serializers.IntegerField()
    annotator = serializers.CharField()
    labels = names()
    note = serializers.CharField(allow_blank=True)
    unsure = serializers.BooleanField()
    source = serializers.CharField()  # type: ignore[assignment]
    counted = serializers.BooleanField()
    why = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class Decision(Answered):
    id = serializers.IntegerField()
    labels = names()
    by = serializers.CharField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class Disagreement(Response):
    """An item on which annotations differ, and what a lead decided."""

    item = Item()
    state = serializers.CharField()
    opened_at = serializers.DateTimeField()
    opinions = Opinion(many=True)
    decision = Decision(allow_null=True)


class Prediction(Answered):
    labels = names()
    proba = serializers.DictField(child=serializers.FloatField())


class Predictions(Response):
    model = serializers.IntegerField()
    predictions = Prediction(many=True)
