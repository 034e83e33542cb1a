"""Removal of an import's items, in the background."""

from django.db import models

from annotator.models.items import Import
from annotator.models.jobs import Job
from annotator.models.members import User
from annotator.models.projects import Project


class Removal(Job):
    """The undoing of an import: its items are removed, and the labels that it brought to others.

    Items with a person's label stay unless `everything` is to go.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="removals")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    imported = models.OneToOneField(Import, on_delete=models.CASCADE, related_name="removal")
    everything = models.BooleanField(default=False)
    # The items are dealt with in order of position; those below this one are.
    reached = models.PositiveIntegerField(default=0)
    # How many items the import brought, and what became of those dealt with.
    total = models.PositiveIntegerField()
    removed = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    # Spans of removed positions, [first, last] each: what was computed of them goes at the end.
    spans = models.JSONField(default=list)
    labels_withdrawn = models.PositiveIntegerField(default=0)
    contents_restored = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state"], name="removal_active")]

    def __str__(self) -> str:
        return f"removal of import {self.imported_id}"

    @property
    def done(self) -> int:
        """Return how many items were dealt with."""
        return self.removed + self.kept
