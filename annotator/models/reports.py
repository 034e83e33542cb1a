"""Reports on a project, and proofs of recall."""

from datetime import datetime, timedelta

from django.db import models

from annotator.models.members import User
from annotator.models.projects import Label, Project

# A report that is not quick takes a twentieth of a worker's time at most. A forecast is quick by
# its nature, and takes long only where the worker has much else to do.
QUICK_SECONDS = 0.5
RESTS = 20
LONGEST_REST = {"forecast": 60.0}


class Report(models.Model):
    """A background report on a project; the newest of each kind counts."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=32)
    # The work done (pool.work_done) that it knows of, so that an older one replaces no newer one.
    seq = models.PositiveIntegerField()
    # The newest measured model that it could know of, as a round measures without a label more.
    model = models.PositiveIntegerField(default=0)
    found = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    made_at = models.DateTimeField()
    seconds = models.FloatField(default=0.0)
    # Set where it was put off, so that it is made even if no round comes any more.
    due_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "kind"], name="one_report_per_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.project_id}"

    @property
    def rests_until(self) -> datetime:
        """Return when it may be made again: the longer it takes, the more seldom it is made."""
        rest = RESTS * self.seconds if self.seconds >= QUICK_SECONDS else 0.0
        return self.made_at + timedelta(seconds=min(rest, LONGEST_REST.get(self.kind, rest)))


class RecallProof(models.Model):
    """A random sample of what was unread, drawn to prove how much of a rare label is found.

    `positions` were drawn out of `size` unread items, of `items` that the pool had then.
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
