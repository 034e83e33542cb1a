"""Deliveries: labels handed out with a promise, and the checks that prove it."""

from fractions import Fraction
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotator.models.items import Item
from annotator.models.jobs import Job
from annotator.models.members import User
from annotator.models.projects import Project
from annotator.models.training import ModelVersion


class Delivery(Job):
    """Labels by people and by a frozen model, and the promise of how many of those are wrong.

    A worker plans it (`stage`), waits while checks are answered, and writes the file once somebody
    freezes it. From then on nothing of it changes.
    """

    class Stage(models.TextChoices):
        PLAN = "plan", _("choosing where the model may label")
        PROVE = "prove", _("being proven")
        FREEZE = "freeze", _("being frozen")
        FROZEN = "frozen", _("frozen")
        GIVEN_UP = "given_up", _("given up")

    # While it is one of these, the project has no other delivery under way.
    UNDER_WAY: ClassVar[tuple[str, ...]] = (Stage.PLAN, Stage.PROVE, Stage.FREEZE)
    WITH: ClassVar[tuple[str, ...]] = ("project", "model__space")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="deliveries")
    number = models.PositiveIntegerField()
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    stage = models.CharField(max_length=16, choices=Stage, default=Stage.PLAN)
    # Decimal, as a float may lose the last label that is allowed to be wrong.
    max_error = models.DecimalField(max_digits=6, decimal_places=5)
    confidence = models.DecimalField(max_digits=6, decimal_places=5)
    # Ids of the labels that get a promise of their own; none: one promise for all.
    per_label = models.JSONField(default=list)
    # The error probability of this attempt, of those that slips of people leave for the proof.
    attempt = models.PositiveSmallIntegerField(default=1)
    alpha = models.FloatField()
    # The largest rate at which one person slips; null: checks are taken to be right.
    slips = models.FloatField(null=True)
    budget = models.PositiveIntegerField(null=True)
    model = models.ForeignKey(ModelVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    # The promises: label id or null, sizes and expected errors of the regions, budget.
    parts = models.JSONField(default=list)
    # SHA-256 of the file with the regions.
    regions = models.CharField(max_length=64, blank=True)
    # What the checks prove so far, and the label revision that it was worked out from.
    standing = models.JSONField(default=dict)
    revision = models.BigIntegerField(default=-1)
    is_proven = models.BooleanField(default=False)
    reason = models.CharField(max_length=64, blank=True)
    # Of the frozen file: its SHA-256, and its data card.
    sha256 = models.CharField(max_length=64, blank=True)
    card = models.JSONField(default=dict)
    frozen_at = models.DateTimeField(null=True)
    exported_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        indexes = [
            models.Index(fields=["state"], name="delivery_active"),
            models.Index(fields=["stage"], name="delivery_by_stage"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_delivery_per_number"),
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(stage__in=["plan", "prove", "freeze"]),
                name="one_delivery_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.number} of {self.project_id}"

    @property
    def allowed(self) -> Fraction:
        """Return the share of the model's labels that may be wrong."""
        return Fraction(self.max_error)


class DeliveryCheck(models.Model):
    """An item drawn to check the model's label, blind, in the order of `place`."""

    class Verdict(models.IntegerChoices):
        OPEN = -1, _("not answered")
        RIGHT = 0, _("right")
        WRONG = 1, _("wrong")

    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, related_name="checks", db_index=False
    )
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    # Which of the delivery's promises it belongs to, and its place in the order of draws.
    part = models.PositiveSmallIntegerField(default=0)
    place = models.PositiveIntegerField()
    # Label ids that the model gave.
    said = models.JSONField()
    verdict = models.SmallIntegerField(choices=Verdict, default=Verdict.OPEN)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["delivery", "part", "place"], name="one_check_per_draw"
            ),
        ]
        indexes = [
            models.Index(fields=["delivery", "verdict"], name="check_open"),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id}: {self.item_id}"
