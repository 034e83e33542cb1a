"""Annotations, their labels, and their history."""

import uuid

from django.db import models
from django.db.models import Q

from annotator.models.items import Import, Item
from annotator.models.members import User
from annotator.models.projects import Label, Project
from annotator.models.queue import REVIEW_SOURCES, Lease, Provenance

# A user who answered an item is not asked about it again.
ANSWERED = Q(withdrawn_at=None) & ~Q(source__in=REVIEW_SOURCES)


class Annotation(Provenance):
    """One user's answer on one item, with its provenance."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="annotations")
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    # Who gave an imported answer, if they have no account here.
    author = models.CharField(max_length=150, blank=True, default="", db_default="")
    # The import that brought it.
    imported = models.ForeignKey(
        Import,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    labels = models.ManyToManyField(Label, through="AnnotationLabel", related_name="+")
    # What the answer says beyond its labels, by task type; null if the labels say all.
    value = models.JSONField(null=True)
    client_id = models.UUIDField(default=uuid.uuid4)
    # Leases are deleted only with their project; a constraint would cost a lookup for each new row.
    lease = models.ForeignKey(
        Lease,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    # Who gave its current labels, if that is not its author.
    corrected_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    # False for an annotation beyond what the item needed: stored and exported, never counted.
    counted = models.BooleanField(default=True)
    # This annotation completed its item; a labelled item has exactly one that says so.
    completes = models.BooleanField(default=False)
    unsure = models.BooleanField(default=False)
    note = models.TextField(blank=True, max_length=2000)
    seconds = models.FloatField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    # Its labels in order, cached on first use (`annotation.payload.labels_given`).
    said: list[Label]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "client_id"], name="one_annotation_per_save"),
            models.UniqueConstraint(
                fields=["item", "user"],
                condition=ANSWERED,
                name="one_annotation_per_person",
            ),
            # A review may be of one's own annotation, so it is exempt; only one at a time.
            models.UniqueConstraint(
                fields=["lease"],
                condition=Q(withdrawn_at=None, source__in=REVIEW_SOURCES),
                name="one_annotation_per_look",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "id"], name="annotation_by_project"),
            models.Index(fields=["project", "user", "-id"], name="annotation_by_person"),
            # Every dashboard request counts the audits, which are a small part.
            models.Index(fields=["project", "source"], name="annotation_by_source"),
            # Small partial indexes, for what few annotations have.
            models.Index(
                fields=["project", "id"], condition=Q(unsure=True), name="annotation_unsure"
            ),
            models.Index(
                fields=["project", "id"], condition=Q(note__gt=""), name="annotation_noted"
            ),
            models.Index(
                fields=["project", "id"],
                condition=Q(corrected_by__isnull=False),
                name="annotation_corrected",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} by {self.user_id}"

    @property
    def by(self) -> str | None:
        """Return the name of who gave it; None if they are gone."""
        return self.user.username if self.user else self.author or None

    @property
    def tallied_for(self) -> User | None:
        """Return in whose daily counts it is: its author's, or of who imported it."""
        if self.user is not None:
            return self.user
        return self.imported.user if self.imported is not None else None


class AnnotationLabel(models.Model):
    """A label given by an annotation; a label in use cannot be deleted."""

    annotation = models.ForeignKey(
        Annotation, on_delete=models.CASCADE, related_name="given", db_index=False
    )
    label = models.ForeignKey(Label, on_delete=models.RESTRICT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["annotation", "label"], name="a_label_is_given_once"),
        ]

    def __str__(self) -> str:
        return f"{self.annotation_id}: {self.label_id}"


class Revision(models.Model):
    """The previous state of an annotation that was corrected or withdrawn."""

    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="revisions")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=16)
    # Label ids.
    labels = models.JSONField()
    unsure = models.BooleanField(default=False)
    note = models.TextField(blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.annotation_id} {self.action}"
