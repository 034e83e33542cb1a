"""Responses with figures of a project."""

from rest_framework import serializers

from annotator.api.responses.base import Response


class Interval(Response):
    """An estimate with its 95% interval, from `n` items."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField()
    confidence = serializers.FloatField(required=False)
    method = serializers.CharField(required=False)


class ModelAccuracy(Interval):
    """The accuracy of a model on the audit sample. `proven` is the lower bound at the last look."""

    metric = serializers.CharField(required=False)
    population = serializers.IntegerField(required=False)
    proven = serializers.FloatField(required=False)
    proven_at = serializers.IntegerField(required=False)


class Accuracy(ModelAccuracy):
    """The newest accuracy, with the model it describes and the labels that this model read."""

    model = serializers.IntegerField()
    labels = serializers.IntegerField()
    words = serializers.CharField()


class Pause(Response):
    """Why nothing is handed out: `cause` is lead, target, budget or done."""

    cause = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    words = serializers.CharField()


class Paused(Response):
    paused = Pause(allow_null=True)


class ModelInUse(Response):
    """The model in use; `leans_on` has the share of each feature block in its scores.

    `label_texts` tells whether the texts of the labels are among its examples.
    """

    version = serializers.IntegerField()
    trained_on = serializers.IntegerField()
    age_seconds = serializers.FloatField()
    leans_on = serializers.DictField(child=serializers.FloatField())
    label_texts = serializers.BooleanField()


class Encoding(Response):
    """How far an encoder is with the items; `state` is encoding, paused, failed or done.

    `too_long` counts texts that it cuts, `unreadable` items that it can make nothing of.
    """

    encoder = serializers.CharField()
    state = serializers.CharField()
    items = serializers.IntegerField()
    done = serializers.IntegerField()
    too_long = serializers.IntegerField()
    unreadable = serializers.IntegerField()
    seconds_left = serializers.IntegerField(allow_null=True)
    words = serializers.CharField(allow_blank=True)
    remarks = serializers.ListField(child=serializers.CharField())


class FeatureState(Response):
    """What the model sees the items by. `encoder` is the one in use, `encoding` tells of the next
    one while it is at work."""

    recipe = serializers.CharField(allow_null=True)
    improving = serializers.BooleanField()
    encoder = serializers.CharField(allow_null=True)
    encoding = Encoding(allow_null=True)


class EncodingState(Response):
    encoding = Encoding(allow_null=True)


class Advice(Response):
    advice = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField())


class Round(Response):
    """One round. `timings` has the seconds of each stage."""

    number = serializers.IntegerField()
    state = serializers.CharField()
    stage = serializers.CharField()
    trigger = serializers.CharField()
    strategy = serializers.CharField()
    phase = serializers.CharField(allow_blank=True)
    labels = serializers.IntegerField()
    model = serializers.IntegerField(allow_null=True)
    picks = serializers.IntegerField()
    timings = serializers.DictField(child=serializers.FloatField())
    error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class AuditsHeld(Response):
    user = serializers.CharField()
    items = serializers.IntegerField()
    seconds = serializers.IntegerField()


class AuditsWaiting(Response):
    """The audit items for which the accuracy waits: who holds them, and how many are queued.

    `assigned` counts those of the queued ones that wait for some people alone, by their names.
    """

    items = serializers.IntegerField()
    held = AuditsHeld(many=True)
    queued = serializers.IntegerField()
    assigned = serializers.DictField(child=serializers.IntegerField(), required=False)


class Recall(Response):
    """Recall of the rare label: an estimate, with the bound that holds with 95% confidence."""

    value = serializers.FloatField(allow_null=True)
    expected = serializers.IntegerField(allow_null=True)
    low = serializers.FloatField()
    drawn = serializers.IntegerField()


class Search(Response):
    """The search for the rare label: how many items were read, and how many have it."""

    rare_label = serializers.CharField()
    target = serializers.FloatField(allow_null=True)
    read = serializers.IntegerField(allow_null=True)
    found = serializers.IntegerField(allow_null=True)
    recall = Recall(allow_null=True)


class Progress(Response):
    """How far and how good a project is."""

    items = serializers.IntegerField()
    labelled = serializers.IntegerField()
    answers = serializers.IntegerField()
    audited = serializers.IntegerField()
    audits_skipped = serializers.IntegerField()
    audits_answered = serializers.IntegerField()
    # For leads only: it tells which items are audits.
    audits_waiting = AuditsWaiting(required=False, allow_null=True)
    queued = serializers.IntegerField()
    leased = serializers.IntegerField()
    skipped = serializers.IntegerField()
    aside = serializers.IntegerField()
    cost = serializers.FloatField(allow_null=True)
    model = ModelInUse(allow_null=True)
    accuracy = Accuracy(allow_null=True)
    features = FeatureState()
    search = Search(allow_null=True)
    round = Round(allow_null=True)
    stop = Advice()
    target_proven = serializers.BooleanField()
    paused = Pause(allow_null=True)


class ModelVersion(Response):
    """A model. `seen` has the labels that it learnt from, by name."""

    number = serializers.IntegerField()
    trained_on = serializers.IntegerField()
    seen = serializers.DictField(child=serializers.IntegerField())
    accuracy = ModelAccuracy(allow_null=True)
    macro_f1 = serializers.FloatField(allow_null=True)
    params = serializers.DictField()
    snapshot = serializers.CharField()
    sha256 = serializers.CharField()
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class Churn(Response):
    """How many predictions changed since the model before."""

    share = serializers.FloatField(required=False)
    n = serializers.IntegerField(required=False)
    kappas = serializers.ListField(child=serializers.FloatField(), required=False)


class RandomPoint(Interval):
    n = None  # type: ignore[assignment]
    labels = serializers.IntegerField()


class Baseline(Response):
    """What random labels would have reached, as far as the audits tell."""

    model = serializers.IntegerField()
    labels = serializers.IntegerField()
    curve = RandomPoint(many=True)
    measured = serializers.ListField(child=serializers.DictField())


class CurvePoint(Interval):
    """The accuracy of one model, and what its labels cost until then."""

    model = serializers.IntegerField()
    labels = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    macro_f1 = serializers.FloatField(allow_null=True)
    f1 = Interval(allow_null=True)
    change = Interval(allow_null=True)
    moved = Churn()
    spent = serializers.DictField(allow_null=True)
