"""What the API answers, for its description alone: nothing is read or written through these."""

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from annotator.api.serializers import Settings


class Response(serializers.Serializer[Any]):
    """What a call answers."""


def page_of(row: type[Response], **besides: Any) -> Any:
    """Return the response of a list, whose rows are `row`, with what stands beside them."""
    fields = {
        "next": serializers.CharField(allow_null=True),
        "previous": serializers.CharField(allow_null=True),
        "results": row(many=True),
    }
    return inline_serializer(f"{row.__name__}Page", {**fields, **besides})


def names(**options: Any) -> Any:
    """Return a field with names of labels."""
    return serializers.ListField(child=serializers.CharField(), **options)


# People ------------------------------------------------------------------------------------------


class Token(Response):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class User(Response):
    id = serializers.IntegerField()
    username = serializers.CharField()
    is_active = serializers.BooleanField()
    is_superuser = serializers.BooleanField()


class NewUser(Response):
    """A new user; without a password, with the link by which they choose one."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    invitation_url = serializers.CharField(required=False)


class Member(Response):
    username = serializers.CharField()
    role = serializers.CharField()
    since = serializers.DateTimeField()


# Numbers -----------------------------------------------------------------------------------------


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
    version = serializers.IntegerField()
    trained_on = serializers.IntegerField()
    age_seconds = serializers.FloatField()


class FeatureState(Response):
    recipe = serializers.CharField(allow_null=True)
    improving = serializers.BooleanField()


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


class Progress(Response):
    """How far and how good a project is."""

    items = serializers.IntegerField()
    labelled = serializers.IntegerField()
    answers = serializers.IntegerField()
    audited = serializers.IntegerField()
    audits_skipped = serializers.IntegerField()
    audits_answered = serializers.IntegerField()
    # For leads alone: it tells which items are audits.
    audits_waiting = serializers.JSONField(required=False, allow_null=True)
    queued = serializers.IntegerField()
    leased = serializers.IntegerField()
    skipped = serializers.IntegerField()
    aside = serializers.IntegerField()
    cost = serializers.FloatField(allow_null=True)
    model = ModelInUse(allow_null=True)
    accuracy = Accuracy(allow_null=True)
    features = FeatureState()
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


# Projects ----------------------------------------------------------------------------------------


class Label(Response):
    id = serializers.IntegerField()
    name = serializers.CharField()
    hotkey = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    examples = serializers.CharField(allow_blank=True)


class ProjectRow(Settings):
    """A project with its settings. Annotators do not see `seed`, which tells the audits."""

    id = serializers.IntegerField()
    task = serializers.CharField()
    multi_label = serializers.BooleanField()
    labels = Label(many=True)  # type: ignore[assignment]  # read as objects, written as names
    items = serializers.IntegerField()
    paused = Pause(allow_null=True)
    created_at = serializers.DateTimeField()
    version = serializers.CharField()


class Project(ProjectRow):
    counts = Progress()


class ImportedRow(Response):
    row = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()


class Import(Response):
    """A file on its way into the pool. `errors` has the first 100 rejected rows."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.CharField()
    total = serializers.IntegerField(allow_null=True)
    done = serializers.IntegerField()
    created = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    rejected = serializers.IntegerField()
    errors = ImportedRow(many=True)  # type: ignore[assignment]
    notes = serializers.ListField(child=serializers.CharField())
    error = serializers.CharField(allow_blank=True)
    report_url = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


# Items and annotations ---------------------------------------------------------------------------


class Item(Response):
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
        """Return the fields, of which one has a name that Python keeps for itself."""
        return {"from": serializers.IntegerField(), **super().get_fields()}


class Suggestion(Response):
    labels = names()
    confidence = serializers.FloatField(allow_null=True)


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


class Annotation(Response):
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


class Revision(Response):
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


class Opinion(Response):
    id = serializers.IntegerField()
    annotator = serializers.CharField()
    labels = names()
    note = serializers.CharField(allow_blank=True)
    unsure = serializers.BooleanField()
    source = serializers.CharField()  # type: ignore[assignment]
    counted = serializers.BooleanField()
    why = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class Decision(Response):
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


class Prediction(Response):
    labels = names()
    proba = serializers.DictField(child=serializers.FloatField())


class Predictions(Response):
    model = serializers.IntegerField()
    predictions = Prediction(many=True)


# A window ----------------------------------------------------------------------------------------


class SyncedDecision(Response):
    """What became of a decision of a window."""

    client_id = serializers.CharField()
    state = serializers.CharField()
    code = serializers.CharField(allow_blank=True)
    words = serializers.CharField(allow_blank=True)
    annotation = Annotation(allow_null=True)
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
