"""An archive job."""

from rest_framework import serializers

from annotator.api.responses.base import Response


class ArchiveJob(Response):
    """An archive that is written or opened, or a project that is cloned.

    `project` is what it made, once that is complete; `url` is where an archive is, until it goes.
    `missing` counts pictures that were missing on the disk before.
    """

    id = serializers.IntegerField()
    kind = serializers.CharField()
    scope = serializers.CharField()
    # A choice would rename that of the items' states in the schema.
    state = serializers.CharField()
    # The name of the column; a field of the same name is overwritten by its own argument.
    source = serializers.IntegerField(allow_null=True)  # type: ignore[assignment]
    project = serializers.IntegerField(allow_null=True)
    total = serializers.IntegerField(allow_null=True)
    done = serializers.IntegerField()
    size = serializers.IntegerField(allow_null=True)
    missing = serializers.IntegerField()
    people_created = serializers.IntegerField()
    error = serializers.CharField()
    url = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    file_goes_at = serializers.DateTimeField(allow_null=True)
