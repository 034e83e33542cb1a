"""The queue: sources of items, entries, leases, daily counts."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotator.models.items import Item
from annotator.models.members import User
from annotator.models.projects import Project
from annotator.models.training import ModelVersion, Round


class Source(models.TextChoices):
    """The reason for which an item is labelled."""

    ACTIVE = "active", _("selected by the strategy")
    AUDIT = "audit", _("audit sample")
    RANDOM = "random", _("random")
    GOLD = "gold", _("gold item")
    SEED = "seed", _("seed label")
    BULK = "bulk", _("confirmed in bulk")
    SECOND = "second", _("review")
    REPEAT = "repeat", _("repeated")


# Of items that have all the opinions they need: what is said then is kept, and never counted.
REVIEW_SOURCES = (Source.SECOND, Source.REPEAT)


class Provenance(models.Model):
    """Provenance of an annotation, carried from queue entry to lease to annotation."""

    source = models.CharField(max_length=16, choices=Source)
    blind = models.BooleanField(default=False)
    strategy = models.CharField(max_length=32, blank=True)
    # Nothing looks these up from the other side, and each index is written anew with every label.
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
        """Return the fields that say how this came about, ready for the next row on the way."""
        return {name: getattr(self, name) for name in self.FIELDS}

    @property
    def is_review(self) -> bool:
        """Whether the item had all its annotations already when this came about."""
        return self.source in REVIEW_SOURCES

    def by_itself(self) -> dict[str, object]:
        """Return the same for a row that asks for the item alone, not with a page of others."""
        source = Source.ACTIVE if self.source == Source.BULK else self.source
        return {**self.provenance(), "source": source}


class QueueEntry(Provenance):
    """A request for one annotation of one item.

    An item has at most `overlap` entries (their `slot`s), so no more people than it needs can hold
    it at once; and at most one entry for each person, so nobody gets it twice.
    """

    class State(models.IntegerChoices):
        OPEN = 0, _("open")
        LEASED = 1, _("leased")
        DONE = 2, _("done")

    # Other indexes begin with these columns already.
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
            # Whole indexes, not partial ones: SQLite uses a partial index only for a literal, and
            # queries come with parameters.
            models.Index(fields=["project", "state", "rank", "id"], name="entry_next"),
            models.Index(fields=["state", "leased_until"], name="entry_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}/{self.slot}"


class Lease(Provenance):
    """A person has an item before them. Rows stay: they tell who was shown what, and when."""

    class Outcome(models.TextChoices):
        LABELLED = "labelled", _("labelled")
        SKIPPED = "skipped", _("skipped")
        RELEASED = "released", _("released")
        EXPIRED = "expired", _("expired")
        PASSED = "passed", _("reassigned to an idle annotator")
        AGAIN = "again", _("skipped and requeued")
        DROPPED = "dropped", _("review skipped")

    SKIPS = (Outcome.SKIPPED, Outcome.AGAIN)
    # Who lost it so may not know yet, and what they answer counts for as much as it still can.
    LOST = (Outcome.EXPIRED, Outcome.PASSED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="leases", db_index=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    why = models.CharField(max_length=500, blank=True)
    # The page that has it before it or put by, “tab/load”: two tabs of one person share no item.
    page = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # When its page said last that it is before the person; kept for what would else seem to lie.
    shown_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "user", "ended_at"], name="lease_live"),
            models.Index(fields=["item", "user"], name="lease_by_person"),
            # Small, so that a claim finds at once that a person skipped nothing of what waits.
            models.Index(
                fields=["item", "user"], condition=Q(outcome="skipped"), name="lease_skipped"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Tally(models.Model):
    """Daily counts of a user in a project: one row each, so that users do not contend for it."""

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
