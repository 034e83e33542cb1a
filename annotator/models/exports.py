"""Exports that a worker writes to a file."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models

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
