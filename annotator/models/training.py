"""Rounds and the models that they train."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotator.models.features import FeatureShard, FeatureSpace
from annotator.models.jobs import Job
from annotator.models.projects import Project

ACTIVE = Q(state__in=["queued", "running"])


class ModelVersion(models.Model):
    """A trained model and what is known of it. `accuracy` comes from audit items only."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="models")
    number = models.PositiveIntegerField()
    space = models.ForeignKey(FeatureSpace, on_delete=models.CASCADE, related_name="+")
    # The label ids of its classes, in order.
    labels = models.JSONField()
    trained_on = models.PositiveIntegerField()
    # How often each label was given, by label id.
    seen = models.JSONField(default=dict)
    path = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    snapshot = models.CharField(max_length=64)
    params = models.JSONField(default=dict)
    accuracy = models.JSONField(null=True)
    macro_f1 = models.FloatField(null=True)
    # Other measurements: per class, the change, labels saved (flow.evaluation).
    measured = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_model_per_number"),
        ]

    def __str__(self) -> str:
        return f"model {self.number}"


class Round(Job):
    """One round of active learning: train, score, select, refill, evaluate."""

    class Stage(models.TextChoices):
        TRAIN = "train", _("training")
        SCORE = "score", _("scoring the pool")
        SELECT = "select", _("selecting")
        REFILL = "refill", _("refilling the queue")
        EVALUATE = "evaluate", _("measuring")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="rounds")
    number = models.PositiveIntegerField()
    stage = models.CharField(max_length=16, choices=Stage, default=Stage.TRAIN)
    trigger = models.CharField(max_length=32)
    strategy = models.CharField(max_length=32)
    phase = models.CharField(max_length=32, blank=True)
    space = models.ForeignKey(FeatureSpace, on_delete=models.CASCADE, related_name="+")
    model = models.ForeignKey(ModelVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    seq = models.PositiveIntegerField()
    # Digest of the labels' texts that it read; None if it was trained before these were noted.
    label_texts = models.CharField(max_length=64, null=True)
    picks = models.JSONField(default=list)
    timings = models.JSONField(default=dict)
    distribution = models.JSONField(default=dict)
    refilled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        indexes = [models.Index(fields=["state"], name="round_active")]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_round_per_number"),
            models.UniqueConstraint(
                fields=["project"], condition=ACTIVE, name="one_active_round_per_project"
            ),
        ]

    def __str__(self) -> str:
        return f"round {self.number}"


class RoundShard(Job):
    """The scoring of one feature shard in one round; its candidates are stored in a file."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="shards")
    shard = models.ForeignKey(FeatureShard, on_delete=models.CASCADE, related_name="+")
    histogram = models.JSONField(default=list)
    predicted = models.JSONField(default=list)
    # SHA-256 of the files with its candidates and with its confident items.
    checksums = models.JSONField(default=dict)

    # A pool has many shards, whose statements would block one another.
    WITH = ("round__project", "round__model__space", "shard__space")

    class Meta:
        ordering = ["shard__number"]
        constraints = [
            models.UniqueConstraint(fields=["round", "shard"], name="one_scoring_per_shard"),
        ]
        indexes = [models.Index(fields=["state"], name="round_shard_active")]

    @property
    def project_id(self) -> int:
        """Return the key of the project whose round this is."""
        return self.round.project_id

    def __str__(self) -> str:
        return f"{self.round_id}/{self.shard_id}"
