"""The queue: sources of items, assignments, entries, leases, daily counts."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotator.models.items import Item
from annotator.models.members import User
from annotator.models.projects import Project
from annotator.models.training import ModelVersion, Round


class Source(models.TextChoices):
    """The reason why an item is labelled."""

    ACTIVE = "active", _("selected by the strategy")
    AUDIT = "audit", _("audit sample")
    RANDOM = "random", _("random")
    GOLD = "gold", _("gold item")
    SEED = "seed", _("seed label")
    BULK = "bulk", _("confirmed in bulk")
    SECOND = "second", _("review")
    REPEAT = "repeat", _("repeated")
    CHECK = "check", _("delivery check")
    ASSIGNED = "assigned", _("assigned by a lead")


# For complete items: the annotation is stored and never counted.
REVIEW_SOURCES = (Source.SECOND, Source.REPEAT)


class Provenance(models.Model):
    """Provenance of an annotation, carried from queue entry to lease to annotation."""

    source = models.CharField(max_length=16, choices=Source)
    blind = models.BooleanField(default=False)
    strategy = models.CharField(max_length=32, blank=True)
    # No reverse lookups, and each index costs a write with every label.
    round = models.ForeignKey(
        Round,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    model = models.ForeignKey(
        ModelVersion,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    score = models.FloatField(null=True)
    probability = models.FloatField(null=True)
    # {"labels": [ids], "confidence"}
    suggestion = models.JSONField(null=True)

    class Meta:
        abstract = True

    FIELDS = [
        "source",
        "blind",
        "strategy",
        "round_id",
        "model_id",
        "score",
        "probability",
        "suggestion",
    ]

    def provenance(self) -> dict[str, object]:
        """Return the provenance fields, ready to copy to the next row."""
        return {name: getattr(self, name) for name in self.FIELDS}

    @property
    def is_review(self) -> bool:
        """Whether the item was complete already when this was created."""
        return self.source in REVIEW_SOURCES

    def by_itself(self) -> dict[str, object]:
        """Return the same for a single item outside a bulk page."""
        source = Source.ACTIVE if self.source == Source.BULK else self.source
        return {**self.provenance(), "source": source}


class Assignment(models.Model):
    """Items, or a share of the queue, that only some people get, until it ends.

    With a `share`, each refill assigns that part of its items. `until` is when it ends by itself.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="assignments")
    people = models.ManyToManyField(User, related_name="+")
    share = models.FloatField(null=True)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["project", "id"], condition=Q(ended_at=None), name="assignment_active"
            ),
        ]

    def __str__(self) -> str:
        return f"assignment {self.pk}"


class QueueEntry(Provenance):
    """A request for one annotation of one item.

    An item has at most `overlap` entries (its `slot`s), so no more annotators than needed hold it
    at once; and at most one entry per user, so nobody gets it twice.
    """

    class State(models.IntegerChoices):
        OPEN = 0, _("open")
        LEASED = 1, _("leased")
        DONE = 2, _("done")

    # Other indexes begin with these columns.
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="entries", db_index=False)
    slot = models.PositiveSmallIntegerField(default=0)
    rank = models.IntegerField()
    state = models.SmallIntegerField(choices=State, default=State.OPEN)
    why = models.CharField(max_length=500, blank=True)
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    lease_id = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    # Of what was sent back: who alone may take it, and who may not.
    asked = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    barred = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    # Only its people get it, and before all others.
    assignment = models.ForeignKey(
        Assignment, on_delete=models.SET_NULL, null=True, related_name="entries", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "slot"], name="one_entry_per_slot"),
            models.UniqueConstraint(
                fields=["item", "user"],
                condition=Q(user__isnull=False),
                name="one_entry_per_person",
            ),
        ]
        indexes = [
            # Full indexes, not partial ones: SQLite uses a partial index only for a literal, and
            # queries have parameters.
            models.Index(fields=["project", "state", "rank", "id"], name="entry_next"),
            models.Index(fields=["state", "leased_until"], name="entry_expiry"),
            # A small index: entries that are not assigned are not in it.
            models.Index(
                fields=["assignment", "state", "rank", "id"],
                condition=Q(assignment__isnull=False),
                name="entry_assigned",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}/{self.slot}"


class Lease(Provenance):
    """An item served to a user. Rows stay: they record who was shown what, and when."""

    class Outcome(models.TextChoices):
        LABELLED = "labelled", _("labelled")
        SKIPPED = "skipped", _("skipped")
        RELEASED = "released", _("released")
        EXPIRED = "expired", _("expired")
        PASSED = "passed", _("reassigned to an idle annotator")
        AGAIN = "again", _("skipped and requeued")
        DROPPED = "dropped", _("review skipped")

    SKIPS = (Outcome.SKIPPED, Outcome.AGAIN)
    # The user may not know that the lease was lost; their answer counts as far as possible.
    LOST = (Outcome.EXPIRED, Outcome.PASSED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="leases", db_index=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    why = models.CharField(max_length=500, blank=True)
    # The window that shows, prefetched or buffered it, “tab/load”: two tabs share no item.
    page = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # When its window last reported it as shown; stored only when the item would look idle.
    shown_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "user", "ended_at"], name="lease_live"),
            models.Index(fields=["item", "user"], name="lease_by_person"),
            # A small index, so that a claim sees at once that the user skipped no open item.
            models.Index(
                fields=["item", "user"], condition=Q(outcome="skipped"), name="lease_skipped"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Tally(models.Model):
    """Daily counts of a user in a project: one row each, so that users share no lock."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tallies")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    labels = models.IntegerField(default=0)
    finished = models.IntegerField(default=0)
    audits = models.IntegerField(default=0)
    skips = models.IntegerField(default=0)
    seconds = models.FloatField(default=0.0)
    changes = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user", "day"], name="one_tally_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.day}"
