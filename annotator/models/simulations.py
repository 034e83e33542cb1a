"""Simulations: replays of active learning on labelled data."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models.jobs import Job
from annotator.models.members import User
from annotator.models.projects import Project
from annotator.models.training import ACTIVE


class Simulation(Job):
    """Strategies compared on a labelled file, or on the project's own labels if `path` is empty.

    Features are computed first, then the runs: `done` of `total` are finished. `facts` describe the
    data, `summary` has the results.
    """

    class Stage(models.TextChoices):
        PREPARE = "prepare", _("reading the data")
        RUN = "run", _("running")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="simulations")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=255, blank=True)
    path = models.CharField(max_length=255, blank=True)
    format = models.CharField(max_length=8, blank=True)
    text_column = models.CharField(max_length=200, blank=True)
    label_column = models.CharField(max_length=200, blank=True)
    strategies = models.JSONField()
    # Those to compare, as they were asked for; none means "pool".
    features = models.JSONField(null=True)
    seeds = models.PositiveSmallIntegerField()
    labels = models.PositiveIntegerField()
    batch = models.PositiveIntegerField()
    audit_share = models.FloatField()
    # The id of the rare label.
    rare = models.CharField(max_length=200, blank=True)
    stage = models.CharField(max_length=16, choices=Stage, default=Stage.PREPARE)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    facts = models.JSONField(default=dict)
    summary = models.JSONField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state"], name="simulation_active")]
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=ACTIVE, name="one_active_simulation_per_project"
            ),
        ]

    def __str__(self) -> str:
        return f"simulation {self.pk}"
