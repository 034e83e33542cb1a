"""Review requests, disagreements and decisions."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotator.models.annotations import Annotation
from annotator.models.items import Item
from annotator.models.members import User
from annotator.models.projects import Label, Project
from annotator.models.queue import Lease


class ReviewRequest(models.Model):
    """A request to review an annotation (`about`): its item gets one more annotation."""

    class Kind(models.TextChoices):
        SUSPECT = "suspect", _("likely label error")
        CONTRADICTION = "contradiction", _("near-duplicate with a different label")
        REPEAT = "repeat", _("self-consistency check")
        CHECK = "check", _("second opinion on a delivery check")

    class State(models.IntegerChoices):
        OPEN = 0, _("open")
        LEASED = 1, _("leased")
        DONE = 2, _("done")
        DROPPED = 3, _("dismissed")

    class Outcome(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmed")
        CHANGED = "changed", _("changed")

    # Other indexes begin with these columns.
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    about = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind)
    why = models.CharField(max_length=500, blank=True)
    score = models.FloatField(default=0.0)
    # The ids of the labels that seem right instead.
    instead = models.JSONField(default=list)
    rank = models.IntegerField(default=0)
    # The reviewer; None: any user who has not answered the item.
    asked = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    state = models.SmallIntegerField(choices=State, default=State.OPEN)
    # The current or last lease; whether it expired is stored in the lease itself.
    lease = models.ForeignKey(
        Lease, on_delete=models.SET_NULL, null=True, related_name="+", db_constraint=False
    )
    answer = models.OneToOneField(
        Annotation, on_delete=models.SET_NULL, null=True, related_name="review"
    )
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        # The name before the class was renamed.
        db_table = "annotator_secondlook"
        constraints = [
            models.UniqueConstraint(
                fields=["item"], condition=Q(state__lt=2), name="one_look_at_a_time"
            ),
        ]
        indexes = [
            models.Index(fields=["project", "state", "rank", "id"], name="look_next"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about_id}"


class Decision(models.Model):
    """A lead's decision on a disagreement; earlier ones stay as history."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="decisions")
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    labels = models.ManyToManyField(Label, through="DecidedLabel", related_name="+")
    # The ids of its labels, set once one of them was deleted from the project.
    said = models.JSONField(default=list)
    # As of an annotation: what it says beyond its labels.
    value = models.JSONField(null=True)
    note = models.TextField(blank=True, max_length=2000)
    at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True)
    taken_back_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["project", "user"], name="decision_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} by {self.user_id}"


class DecidedLabel(models.Model):
    """A label given by a decision; a label in use cannot be deleted."""

    decision = models.ForeignKey(
        Decision, on_delete=models.CASCADE, related_name="given", db_index=False
    )
    label = models.ForeignKey(Label, on_delete=models.RESTRICT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["decision", "label"], name="a_label_is_decided_once"),
        ]

    def __str__(self) -> str:
        return f"{self.decision_id}: {self.label_id}"


class Disagreement(models.Model):
    """A complete item with differing annotations; open until a lead has decided it."""

    class State(models.IntegerChoices):
        OPEN = 0, _("open")
        DECIDED = 1, _("decided")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="disagreement")
    state = models.SmallIntegerField(choices=State, default=State.OPEN)
    opened_at = models.DateTimeField()
    # The current decision; None while it is open.
    decision = models.OneToOneField(
        Decision, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        indexes = [
            models.Index(fields=["project", "state", "id"], name="disagreement_by_state"),
        ]

    def __str__(self) -> str:
        return str(self.item_id)
