"""Projects and their imports."""

from rest_framework import serializers

from annotator.api.responses.base import Response
from annotator.api.responses.numbers import Pause, Progress
from annotator.api.serializers import Settings


class Label(Response):
    id = serializers.IntegerField()
    name = serializers.CharField()
    hotkey = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    examples = serializers.CharField(allow_blank=True)


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
