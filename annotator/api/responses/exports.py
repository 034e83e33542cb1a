"""A record of an export."""

from rest_framework import serializers

from annotator.api.responses.base import Answered, Response, WithContent


class Change(Response):
    """What an answer said before it was corrected or withdrawn."""

    action = serializers.ChoiceField(["corrected", "reverted", "withdrawn"])
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()
    labels = serializers.ListField(child=serializers.CharField())
    unsure = serializers.BooleanField()
    note = serializers.CharField()


class Judgement(Response):
    """What the newest estimate of the accuracy says of one audit item.

    `labels` were predicted by a model that had not seen the item, `place` is the item's place in
    the order of the audits, from 0, and `model` the version whose accuracy it is.
    """

    labels = serializers.ListField(child=serializers.CharField())
    confidence = serializers.FloatField()
    truth = serializers.ListField(child=serializers.CharField())
    right = serializers.BooleanField()
    place = serializers.IntegerField()
    model = serializers.IntegerField()


class Exported(Answered, WithContent):
    """One line of an export: an answer; where they are included, a skip or an unlabelled item.

    `gold` is the known answer of the item, `audit_key` its place in the random order of the audits,
    from 0 to 2**63. With an answer that `completes` it, the item had all that it needs. Of
    `seconds`, `seconds_counted` is what counts wherever time is shown: 600 at most. `phase` is what
    the strategy “auto” did in that round; `probability` that with which the item was drawn, where
    chance drew it. `labels` count; where somebody else gave them (`corrected_by`), `author_labels`
    are what the annotator said. A `suggestion` was shown, a `hidden_suggestion` was there and was
    not.
    """

    id = serializers.IntegerField(allow_null=True)
    item = serializers.IntegerField()
    key = serializers.CharField()
    text = serializers.CharField(required=False)
    image = serializers.CharField(required=False)
    meta = serializers.DictField()
    state = serializers.ChoiceField(["pool", "queued", "labelled", "aside"])
    gold = serializers.ListField(child=serializers.CharField(), allow_null=True)
    audit_key = serializers.IntegerField()
    labels = serializers.ListField(child=serializers.CharField())
    annotator = serializers.CharField(allow_null=True)
    counted = serializers.BooleanField(allow_null=True)
    completes = serializers.BooleanField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    seconds_counted = serializers.FloatField(allow_null=True)
    unsure = serializers.BooleanField(allow_null=True)
    note = serializers.CharField()
    # The name of the column; a field of the same name is overwritten by its own argument.
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    audit = serializers.BooleanField(allow_null=True)
    blind = serializers.BooleanField(allow_null=True)
    strategy = serializers.CharField(allow_null=True)
    phase = serializers.CharField(allow_null=True)
    round = serializers.IntegerField(allow_null=True)
    model = serializers.IntegerField(allow_null=True)
    score = serializers.FloatField(allow_null=True)
    probability = serializers.FloatField(allow_null=True)
    suggestion = serializers.JSONField()
    hidden_suggestion = serializers.JSONField()
    why = serializers.CharField()
    created_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    corrections = serializers.IntegerField(allow_null=True)
    history = Change(many=True, allow_null=True)
    decided = serializers.ListField(child=serializers.CharField(), allow_null=True)
    judged = Judgement(allow_null=True)
    skip_reason = serializers.CharField(allow_null=True)
    corrected_by = serializers.CharField(allow_null=True)
    author_labels = serializers.ListField(child=serializers.CharField())


class Place(Response):
    """Where a span would begin and end, and the text there."""

    start = serializers.IntegerField()
    end = serializers.IntegerField()
    text = serializers.CharField()


class UnalignedSpan(Place):
    """A span that begins or ends within a token; `becomes` is null where it is left out."""

    item = serializers.IntegerField()
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    becomes = Place(allow_null=True)


class UnalignedSpans(Response):
    """What a format of whole tokens holds otherwise."""

    records = serializers.IntegerField()
    is_all = serializers.BooleanField()
    spans = serializers.IntegerField()
    overlapping = serializers.IntegerField()
    results = UnalignedSpan(many=True)


class Export(Response):
    """An export to a file. `url` is where the file is, once it is whole and until it goes."""

    id = serializers.IntegerField()
    format = serializers.CharField()
    # A choice would rename that of the items' states in the schema.
    state = serializers.CharField()
    choices = serializers.DictField()
    total = serializers.IntegerField(allow_null=True)
    done = serializers.IntegerField()
    size = serializers.IntegerField(allow_null=True)
    error = serializers.CharField()
    url = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    file_goes_at = serializers.DateTimeField(allow_null=True)
