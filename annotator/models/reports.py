"""Reports on a project, and recall samples."""

from datetime import datetime, timedelta

from django.db import models

from annotator.models.members import User
from annotator.models.projects import Label, Project

# A slow report takes at most a twentieth of a worker's time. A forecast is fast, and takes long
# only if the worker is busy.
QUICK_SECONDS = 0.5
RESTS = 20
LONGEST_REST = {"forecast": 60.0}


class Report(models.Model):
    """A background report on a project; the newest of each kind counts."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=32)
    # The label revision (`training_set.label_revision`) that it covers, so that an older report
    # replaces no newer one.
    seq = models.PositiveIntegerField()
    # The newest measured model that it covers, because a round may measure without new labels.
    model = models.PositiveIntegerField(default=0)
    found = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    made_at = models.DateTimeField()
    seconds = models.FloatField(default=0.0)
    # Set if the report was deferred, so that it is computed even without another round.
    due_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "kind"], name="one_report_per_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.project_id}"

    @property
    def rests_until(self) -> datetime:
        """Return when it may be computed again: the longer it takes, the less often."""
        rest = RESTS * self.seconds if self.seconds >= QUICK_SECONDS else 0.0
        return self.made_at + timedelta(seconds=min(rest, LONGEST_REST.get(self.kind, rest)))


class RecallProof(models.Model):
    """A random sample of unread items, drawn to prove the recall of a rare label.

    `positions` were drawn from `size` unread items, of the `items` in the pool at that time.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="recall_proofs")
    label = models.ForeignKey(Label, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    items = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    positions = models.JSONField()
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["label", "number"], name="one_proof_per_number"),
        ]

    def __str__(self) -> str:
        return f"proof {self.number} of {self.label_id}"
