"""Exports and project archives that a worker writes to a file."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models.jobs import Job
from annotator.models.members import User
from annotator.models.projects import Project


class Export(Job):
    """A file being written. Only a finished one has a `path`; its file goes after some days."""

    WITH: ClassVar[tuple[str, ...]] = ("project",)
    KEPT: ClassVar[timedelta] = timedelta(days=7)

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="exports")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    # The kind of its writer (`formats.registry`).
    format = models.CharField(max_length=32)
    # What goes out, by the names of the parameters.
    options = models.JSONField(default=dict)
    total = models.PositiveIntegerField(null=True)
    done = models.PositiveIntegerField(default=0)
    # When this attempt began to write.
    begun_at = models.DateTimeField(null=True)
    path = models.CharField(max_length=255, blank=True, default="")
    size = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state"], name="export_active"),
        ]

    def __str__(self) -> str:
        return f"{self.format} of {self.project_id}"

    @property
    def ends_at(self) -> datetime | None:
        """Return when it will be written, by its rate so far; None if that is unknown."""
        begun, now = self.begun_at, self.heartbeat_at
        if self.state != self.State.RUNNING or not (begun and now and self.total and self.done):
            return None
        return now + max(self.total - self.done, 0) * ((now - begun) / self.done)

    @property
    def goes_at(self) -> datetime | None:
        """Return when its file is removed."""
        return self.finished_at + self.KEPT if self.path and self.finished_at else None


class ArchiveJob(Job):
    """A project being archived, opened from an archive, or cloned.

    `source` is the project that is read, `made` the one that is made: hidden until it is complete,
    and made again from the beginning where a worker dies.
    """

    class Kind(models.TextChoices):
        ARCHIVE = "archive", _("archive")
        IMPORT = "import", _("import of an archive")
        CLONE = "clone", _("clone")

    class Scope(models.TextChoices):
        """What of a project goes along."""

        ALL = "all", _("everything")
        ITEMS = "items", _("the items, without annotations")
        SETTINGS = "settings", _("labels and settings only")

    WITH: ClassVar[tuple[str, ...]] = ("source", "made", "user")
    KEPT: ClassVar[timedelta] = timedelta(days=7)

    kind = models.CharField(max_length=16, choices=Kind)
    scope = models.CharField(max_length=16, choices=Scope, default=Scope.ALL)
    source = models.ForeignKey(
        Project, on_delete=models.CASCADE, null=True, related_name="archive_jobs"
    )
    made = models.ForeignKey(Project, on_delete=models.SET_NULL, null=True, related_name="+")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    # Of the file that is opened, and of the project that is made: empty keeps the archive's.
    file_name = models.CharField(max_length=255, blank=True, default="")
    name = models.CharField(max_length=200, blank=True, default="")
    # In steps: a row or a file that was written, checked or stored.
    total = models.PositiveBigIntegerField(null=True)
    done = models.PositiveBigIntegerField(default=0)
    # When this attempt began.
    begun_at = models.DateTimeField(null=True)
    # The archive: the one that is opened, or the one that is offered once it is whole.
    path = models.CharField(max_length=255, blank=True, default="")
    size = models.PositiveBigIntegerField(null=True)
    # Files of the project that its disk had lost before.
    missing = models.PositiveIntegerField(default=0)
    # The keys of accounts that were created for people whom nobody here is called like.
    people = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state"], name="archive_job_active"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def project_id(self) -> Any:
        """Return the key of the project that is read, or else of the one that is made."""
        return self.source_id or self.made_id

    @property
    def ends_at(self) -> datetime | None:
        """Return when it will be done, by its rate so far; None if that is unknown."""
        begun, now = self.begun_at, self.heartbeat_at
        if self.state != self.State.RUNNING or not (begun and now and self.total and self.done):
            return None
        return now + max(self.total - self.done, 0) * ((now - begun) / self.done)

    @property
    def goes_at(self) -> datetime | None:
        """Return when its file is removed."""
        is_offered = self.kind == self.Kind.ARCHIVE and self.path
        return self.finished_at + self.KEPT if is_offered and self.finished_at else None
