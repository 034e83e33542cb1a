"""Answers about deliveries."""

from rest_framework import serializers

from annotator.api.responses.base import Response


class DeliveryPoint(Response):
    """Expected error of the most confident `share` of the unlabelled items, and its interval."""

    share = serializers.FloatField()
    error = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class LabelTotal(Response):
    """How many items of the pool have a label, estimated from the model and the audits."""

    label = serializers.CharField()  # type: ignore[assignment]
    items = serializers.IntegerField()
    low = serializers.IntegerField()
    high = serializers.IntegerField()


class LabelOutlook(Response):
    """What could be delivered of one label, with a promise of its own."""

    label = serializers.CharField()  # type: ignore[assignment]
    machine = serializers.IntegerField()
    threshold = serializers.FloatField(allow_null=True)
    checks_needed = serializers.IntegerField(allow_null=True)
    advice = serializers.CharField()


class DeliveryOutlook(Response):
    """What could be delivered now, and what it would take. `advice` is a code."""

    max_error = serializers.FloatField()
    confidence = serializers.FloatField()
    model = serializers.IntegerField(allow_null=True)
    people = serializers.IntegerField()
    machine = serializers.IntegerField()
    left = serializers.IntegerField()
    hours_left = serializers.FloatField(allow_null=True)
    threshold = serializers.FloatField(allow_null=True)
    checks_done = serializers.IntegerField()
    checks_needed = serializers.IntegerField(allow_null=True)
    curve = DeliveryPoint(many=True)
    advice = serializers.CharField()
    totals = LabelTotal(many=True)
    labels = LabelOutlook(many=True, allow_null=True)
    delivery = serializers.IntegerField(allow_null=True)


class Delivery(Response):
    """A delivery. `state` is proving, proven, given_up or frozen.

    `bound` is the largest share of wrong labels among the model's, as far as it is proven.
    `checks_needed` is expected; `without_error` would do if no further check were wrong. `proven`
    labels of the model could go out at once, at most the share `proven_bound` of them wrong.
    """

    id = serializers.IntegerField()
    state = serializers.CharField()
    reason = serializers.CharField()
    error = serializers.CharField()
    max_error = serializers.FloatField()
    confidence = serializers.FloatField()
    per_label = serializers.ListField(child=serializers.CharField())
    attempt = serializers.IntegerField()
    model = serializers.IntegerField(allow_null=True)
    people = serializers.IntegerField()
    machine = serializers.IntegerField()
    left = serializers.IntegerField()
    checks_done = serializers.IntegerField()
    checks_wrong = serializers.IntegerField()
    checks_needed = serializers.IntegerField(allow_null=True)
    without_error = serializers.IntegerField(allow_null=True)
    bound = serializers.FloatField(allow_null=True)
    proven = serializers.IntegerField()
    proven_bound = serializers.FloatField(allow_null=True)
    parts = serializers.ListField(child=serializers.DictField())
    created_at = serializers.DateTimeField()
    frozen_at = serializers.DateTimeField(allow_null=True)
    sha256 = serializers.CharField()


class DeliveryDifference(Response):
    """How the labels of a delivery differ from those of the one before, whose number is `from`."""

    added = serializers.IntegerField()
    gone = serializers.IntegerField()
    kept = serializers.IntegerField()
    changed = serializers.ListField(child=serializers.DictField())


class DeliveryLabels(Response):
    """How many of the labels each source gave."""

    person = serializers.IntegerField()
    consensus = serializers.IntegerField()
    adjudication = serializers.IntegerField()
    model = serializers.IntegerField()


class DeliveryProof(Response):
    """One promise, of all labels or of `label`, and what proved it."""

    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    machine = serializers.IntegerField()
    checks = serializers.IntegerField()
    wrong = serializers.IntegerField()
    bound = serializers.FloatField(allow_null=True)


class DeliveryPromise(Response):
    """What was promised."""

    max_error = serializers.FloatField()
    confidence = serializers.FloatField()
    attempt = serializers.IntegerField()
    alpha = serializers.FloatField()
    slips = serializers.FloatField(allow_null=True)
    parts = DeliveryProof(many=True)


class DeliveryCard(Response):
    """What is in a frozen delivery, what was promised, and how that was proven."""

    card = serializers.IntegerField()
    project = serializers.CharField()
    delivery = serializers.IntegerField()
    items = serializers.IntegerField()
    people = serializers.IntegerField()
    machine = serializers.IntegerField()
    left = serializers.IntegerField()
    by = DeliveryLabels()
    labels = serializers.DictField(child=serializers.IntegerField())
    promise = DeliveryPromise()
    accuracy = serializers.DictField(allow_null=True)
    totals = LabelTotal(many=True)
    model = serializers.DictField(allow_null=True)
    sha256 = serializers.CharField()
