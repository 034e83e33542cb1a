"""Projects and their imports."""

from typing import Any

from rest_framework import serializers

from annotator.api.responses.base import Response, WithContent
from annotator.api.responses.numbers import Pause, Progress
from annotator.api.serializers import Settings


class Label(Response):
    id = serializers.IntegerField()
    name = serializers.CharField()
    hotkey = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    examples = serializers.CharField(allow_blank=True)
    color = serializers.CharField(allow_blank=True)
    retired = serializers.BooleanField()

    def get_fields(self) -> dict[str, Any]:
        # As an attribute it would be the field that this one belongs to.
        return {**super().get_fields(), "parent": serializers.IntegerField(allow_null=True)}


class ProjectRow(Settings):
    """A project with its settings; `seed`, which tells the audit items, is for leads alone."""

    id = serializers.IntegerField()
    task = serializers.CharField()
    multi_label = serializers.BooleanField()
    labels = Label(many=True)  # type: ignore[assignment]
    items = serializers.IntegerField()
    paused = Pause(allow_null=True)
    created_at = serializers.DateTimeField()
    version = serializers.CharField()


class Project(ProjectRow):
    counts = Progress()


class ImportedRow(Response):
    row = serializers.IntegerField(allow_null=True)
    code = serializers.CharField()
    detail = serializers.CharField()
    file = serializers.CharField(required=False)
    fate = serializers.CharField(required=False)


class ImportCounts(Response):
    duplicates = serializers.IntegerField()
    conflicts = serializers.IntegerField()
    rejected = serializers.IntegerField()
    labels_added = serializers.IntegerField()
    labels_changed = serializers.IntegerField()
    updated = serializers.IntegerField()
    unlabelled = serializers.IntegerField()
    skipped_files = serializers.IntegerField()
    encoding = serializers.CharField(allow_blank=True)
    delimiter = serializers.CharField(allow_blank=True)
    errors = ImportedRow(many=True)  # type: ignore[assignment]
    notes = serializers.ListField(child=serializers.CharField())


class Undo(Response):
    """How far an import is undone; `kept` are the items that somebody labelled."""

    state = serializers.CharField()
    everything = serializers.BooleanField()
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    removed = serializers.IntegerField()
    kept = serializers.IntegerField()
    labels_withdrawn = serializers.IntegerField()
    contents_restored = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class Import(ImportCounts):
    """A file on its way into the pool. `errors` has the first 100 rows that need a look."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.CharField()
    total = serializers.IntegerField(allow_null=True)
    done = serializers.IntegerField()
    created = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    report_url = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    undo = Undo(allow_null=True)


class UnfinishedUpload(Response):
    upload = serializers.UUIDField()
    name = serializers.CharField()
    length = serializers.IntegerField()
    offset = serializers.IntegerField()
    expires_at = serializers.DateTimeField()


class UnfinishedUploads(Response):
    """Your uploads that can go on from their `offset`."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = UnfinishedUpload(many=True)


class ServerFile(Response):
    path = serializers.CharField()
    name = serializers.CharField()
    is_folder = serializers.BooleanField()
    size = serializers.IntegerField()
    changed_at = serializers.DateTimeField(allow_null=True)


class ServerFiles(Response):
    """Files on the server that can be imported."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ServerFile(many=True)


class UnknownLabel(Response):
    name = serializers.CharField()
    rows = serializers.IntegerField()
    did_you_mean = serializers.CharField(allow_null=True)


class PreviewRow(WithContent):
    row = serializers.IntegerField()
    key = serializers.CharField(allow_blank=True)
    labels = serializers.ListField(child=serializers.CharField())
    meta = serializers.DictField()
    problem = serializers.CharField(required=False)


class ImportPreview(ImportCounts):
    """What an import of an upload would do. It was read as a whole if it is `complete`."""

    upload = serializers.CharField()
    name = serializers.CharField()
    format = serializers.CharField()
    encoding_is_sure = serializers.BooleanField()
    columns = serializers.ListField(child=serializers.CharField())
    mapping = serializers.DictField(child=serializers.CharField())
    rows = PreviewRow(many=True)
    labels = serializers.DictField(child=serializers.IntegerField())
    unknown_labels = UnknownLabel(many=True)
    new = serializers.IntegerField()
    reasons = serializers.DictField(child=serializers.IntegerField())
    rows_read = serializers.IntegerField()
    total = serializers.IntegerField()
    complete = serializers.BooleanField()
