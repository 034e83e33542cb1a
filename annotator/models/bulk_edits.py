"""Saved views; edits of items or labels with an undo; what was sent back; undone imports."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotator.models.annotations import Annotation
from annotator.models.items import Import, Item
from annotator.models.jobs import Job
from annotator.models.members import User
from annotator.models.projects import Project


class SavedView(models.Model):
    """A named list of items: filters, order and looks, as the query of its address."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="saved_views")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True)
    is_shared = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "user", "name"], name="one_view_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class BulkEdit(Job):
    """One action on many items, which can be undone as a whole.

    `keys` are the items as they were found when it was asked for. `options` are its parameters:
    labels by id, who is to redo it, the comment, and the criteria that choose annotations.
    """

    WITH: ClassVar[tuple[str, ...]] = ("project", "user")

    class Action(models.TextChoices):
        REDO = "redo", _("redo")
        LABEL = "label", _("label")
        REQUEUE = "requeue", _("requeue")
        DELETE = "delete", _("delete")
        ASSIGN = "assign", _("assign")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="bulk_edits")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=16, choices=Action)
    options = models.JSONField(default=dict)
    keys = models.JSONField(default=list)
    total = models.PositiveIntegerField(default=0)
    # How many of `keys` were dealt with, and of how many something changed.
    done = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    # Once it is to be undone: the changes that were, and those that could not be.
    is_undo = models.BooleanField(default=False)
    undone = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state"], name="bulk_edit_active")]

    def __str__(self) -> str:
        return f"{self.action} of {self.total}"

    @property
    def can_undo(self) -> bool:
        """Return whether it can be undone: what was deleted is gone."""
        is_over = self.state in {self.State.DONE, self.State.FAILED}
        return is_over and not self.is_undo and self.changed > 0 and self.action != "delete"


class BulkChange(models.Model):
    """What a bulk edit changed of one item: which annotation, and how."""

    edit = models.ForeignKey(BulkEdit, on_delete=models.CASCADE, related_name="changes")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    annotation = models.ForeignKey(
        Annotation, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    how = models.CharField(max_length=16)
    # The keys of the leases whose skips were set aside.
    leases = models.JSONField(default=list)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.how} {self.item_id}"


class SentBack(models.Model):
    """An annotation that a lead took back, with a comment to its author, who may reply."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="sent_back")
    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="sent_back")
    # Whose annotation it was; None for one without an account.
    author = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    sender = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    # Who labels the item again; None: anybody but the author.
    asked = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    comment = models.TextField(blank=True, max_length=2000)
    reply = models.TextField(blank=True, max_length=2000)
    created_at = models.DateTimeField()
    replied_at = models.DateTimeField(null=True)
    # When a lead has read the reply, or taken the request back.
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["project", "author", "-id"], name="sent_back_to_person"),
            models.Index(
                fields=["project", "id"],
                condition=Q(replied_at__isnull=False, closed_at=None),
                name="sent_back_replied",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.annotation_id} to {self.author_id}"


class Removal(Job):
    """The undoing of an import: its items are removed, and the labels that it brought to others.

    Items with a person's label stay unless `everything` is to go.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="removals")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    imported = models.OneToOneField(Import, on_delete=models.CASCADE, related_name="removal")
    everything = models.BooleanField(default=False)
    # The items are dealt with in order of position; those below this one are.
    reached = models.PositiveIntegerField(default=0)
    # How many items the import brought, and what became of those dealt with.
    total = models.PositiveIntegerField()
    removed = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    # Spans of removed positions, [first, last] each: what was computed of them goes at the end.
    spans = models.JSONField(default=list)
    labels_withdrawn = models.PositiveIntegerField(default=0)
    contents_restored = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state"], name="removal_active")]

    def __str__(self) -> str:
        return f"removal of import {self.imported_id}"

    @property
    def done(self) -> int:
        """Return how many items were dealt with."""
        return self.removed + self.kept


class LabelEdit(Job):
    """One change of a project's labels: of their fields, a merge, or a split.

    `before` and `after` hold the fields of the labels that it changed, by label id. A merge is a
    job, because it moves annotations; the others are done when they are stored.
    """

    WITH: ClassVar[tuple[str, ...]] = ("project", "user")

    class Action(models.TextChoices):
        CHANGE = "change", _("labels changed")
        MERGE = "merge", _("labels merged")
        SPLIT = "split", _("label split")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="label_edits")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=16, choices=Action)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    # Of a merge: the ids of both labels. Of what goes with the first one: its recall samples.
    options = models.JSONField(default=dict)
    # Of a split: the edit that asks its items again.
    redo = models.ForeignKey(BulkEdit, on_delete=models.SET_NULL, null=True, related_name="+")
    # The keys of label rows below this one are dealt with; how many there are, and were moved.
    reached = models.BigIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    is_undo = models.BooleanField(default=False)
    undone = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state"], name="label_edit_active")]

    def __str__(self) -> str:
        return f"{self.action} in {self.project_id}"

    @property
    def can_undo(self) -> bool:
        """Return whether it can be undone, or its undo that failed be tried again."""
        if self.is_undo:
            return self.state == self.State.FAILED
        return self.state in {self.State.DONE, self.State.FAILED}


class LabelMove(models.Model):
    """A label row of an annotation that a merge gave another label, or deleted as a double."""

    edit = models.ForeignKey(
        LabelEdit, on_delete=models.CASCADE, related_name="moves", db_index=False
    )
    # Keys, not references: a correction replaces the row.
    row = models.BigIntegerField()
    annotation_key = models.BigIntegerField()
    # The annotation had both labels, so that its row was deleted.
    is_double = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["edit", "row"], name="label_move_by_row")]

    def __str__(self) -> str:
        return f"{self.edit_id}: {self.row}"
