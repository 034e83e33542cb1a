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


class Skip(Response):
    annotator = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class PoolPrediction(Answered):
    """What the newest round's model says of an item, and how sure it is."""

    labels = names()
    confidence = serializers.FloatField()
    model = serializers.IntegerField()


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


class Redo(Response):
    """Why a lead sent the item back to the caller."""

    by = serializers.CharField(allow_blank=True)
    comment = serializers.CharField()


class HeldItem(Response):
    """An item that is held by the caller. Blind items have neither `suggestion` nor `why`.

    `redo` is there if a lead sent the item back to the caller, with a comment.
    """

    lease = serializers.CharField()
    expires_at = serializers.DateTimeField()
    item = Item()
    suggestion = Suggestion(allow_null=True)
    redo = Redo(required=False)
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
    corrected_by = serializers.CharField(allow_null=True)


class SaidOfItem(Annotation):
    """An annotation as a lead sees it; `author_labels` are what the annotator said."""

    annotator = serializers.CharField(allow_null=True)
    author_labels = serializers.ListField(child=serializers.CharField())
    why = serializers.CharField(allow_blank=True)

    def get_fields(self) -> dict[str, Any]:
        """Return the fields without those that a lead finds beside the annotation."""
        left_out = ("known", "withdrawn_at")
        return {n: each for n, each in super().get_fields().items() if n not in left_out}


class FoundItem(Item):
    """An item of the list. All but its content and state is for leads."""

    state = serializers.CharField()
    annotations = SaidOfItem(many=True, required=False)
    skips = Skip(many=True, required=False)
    decided = serializers.ListField(child=serializers.CharField(), required=False, allow_null=True)
    gold = serializers.ListField(child=serializers.CharField(), required=False, allow_null=True)
    prediction = PoolPrediction(required=False, allow_null=True)


class Revision(Answered):
    action = serializers.CharField()
    labels = names()
    at = serializers.DateTimeField()
    # Null for its author.
    by = serializers.CharField(allow_null=True)


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


class BulkEdit(Response):
    """A bulk edit; once `is_undo`, `undone` and `kept` say what became of its changes."""

    id = serializers.IntegerField()
    action = serializers.CharField()
    state = serializers.CharField()
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    changed = serializers.IntegerField()
    can_undo = serializers.BooleanField()
    is_undo = serializers.BooleanField()
    undone = serializers.IntegerField()
    kept = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class LabelMergePreview(Response):
    """What a merge would touch."""

    annotations = serializers.IntegerField()
    gold_items = serializers.IntegerField()
    suggestions = serializers.IntegerField()
    decisions = serializers.IntegerField()
    deliveries = serializers.IntegerField()
    open_leases = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        names = {"from": serializers.CharField(), "into": serializers.CharField()}
        return {**names, **super().get_fields()}


class LabelSplitPreview(Response):
    """How many items a split would ask again; unless `is_exact`, at least as many."""

    items = serializers.IntegerField()
    is_exact = serializers.BooleanField()

    def get_fields(self) -> dict[str, Any]:
        # As an attribute it would be the field's own label.
        return {"label": serializers.CharField(), **super().get_fields()}


class LabelEdit(Response):
    """A change of the labels; `redo` is the bulk edit that asks the items of a split again."""

    id = serializers.IntegerField()
    action = serializers.CharField()
    state = serializers.CharField()
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    can_undo = serializers.BooleanField()
    is_undo = serializers.BooleanField()
    undone = serializers.IntegerField()
    kept = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    redo = serializers.IntegerField(allow_null=True)


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
    confidence = serializers.FloatField()
    proba = serializers.DictField(child=serializers.FloatField())


class Predictions(Response):
    model = serializers.IntegerField()
    predictions = Prediction(many=True)
