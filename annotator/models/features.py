"""Feature spaces and their shards."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models.jobs import Job
from annotator.models.projects import Project


class FeatureSpace(Job):
    """A set of features of the items at positions below `items`; its shards are files."""

    class Stage(models.TextChoices):
        FIT = "fit", _("learning features")
        TRANSFORM = "transform", _("computing features")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="spaces")
    recipe = models.CharField(max_length=32)
    stage = models.CharField(max_length=16, choices=Stage, default=Stage.FIT)
    items = models.PositiveIntegerField()
    quality = models.PositiveSmallIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    # The row outlives its arrays, because rounds and models refer to it.
    dropped = models.BooleanField(default=False)
    # If set on an active row, the space was ready before and is being repaired.
    damaged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state"], name="space_active")]

    def __str__(self) -> str:
        return f"{self.recipe} {self.pk}"


class FeatureShard(Job):
    """The features of the items at positions [start, stop)."""

    space = models.ForeignKey(FeatureSpace, on_delete=models.CASCADE, related_name="shards")
    number = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    stop = models.PositiveIntegerField()
    # Of each of its files (annotator.storage.checksums); empty in rows from before checksums.
    checksums = models.JSONField(default=dict)
    # When its files were last found damaged; they are computed again while the job is active.
    damaged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["space", "number"], name="one_shard_per_number"),
        ]
        indexes = [models.Index(fields=["state"], name="feature_shard_active")]

    @property
    def project_id(self) -> int:
        """Return the key of the project whose items these are."""
        return self.space.project_id

    def __str__(self) -> str:
        return f"{self.space_id}/{self.number}"
