"""Uploads, imports, and items of the pool."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotator.models.jobs import Job
from annotator.models.members import User
from annotator.models.projects import Project


class Upload(models.Model):
    """A file that was sent, and is looked at before it is imported."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # None: an archive, which becomes a project.
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, null=True, related_name="uploads"
    )
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=255)
    path = models.CharField(max_length=255)
    vectors_path = models.CharField(max_length=255, blank=True, default="")
    vector_ids_path = models.CharField(max_length=255, blank=True, default="")
    # What was chosen when it was looked at last, and counts unless an import says otherwise.
    options = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return self.name

    @property
    def destination(self) -> Project:
        """Return the project that it can be imported into."""
        assert self.project is not None, "an archive is not imported into a project"
        return self.project

    @property
    def paths(self) -> list[str]:
        """Return the names of its files."""
        return [name for name in (self.path, self.vectors_path, self.vector_ids_path) if name]


class UnfinishedUpload(models.Model):
    """A file that comes in chunks; complete, it becomes an upload with the same id.

    How much of it is there, its file says: a row would be wrong after a crash.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # None: an archive, which becomes a project.
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="unfinished_uploads")
    name = models.CharField(max_length=255)
    path = models.CharField(max_length=255)
    # In bytes.
    length = models.PositiveBigIntegerField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name


class Import(Job):
    """An uploaded file being imported.

    `done` counts the rows that were read. Each has one fate, so that `done` is the sum of
    `created`, `duplicates`, `conflicts`, `rejected`, `labels_added`, `labels_changed` and
    `updated`. What did not become an item as it stood has a line in the report.
    """

    class LabelUse(models.TextChoices):
        SEED = "seed", _("seed labels")
        GOLD = "gold", _("gold items")
        SUGGESTION = "suggestion", _("suggestions")
        IGNORE = "ignore", _("ignored")

    class Existing(models.TextChoices):
        """What labels do for items that are there already."""

        KEEP = "keep", _("keep the labels that are there")
        ADD = "add", _("add labels where there are none")
        REPLACE = "replace", _("replace the labels of earlier imports")

    class SameId(models.TextChoices):
        """What another text, or other metadata, does under an ID that is there already."""

        KEEP = "keep", _("keep the items that are there")
        UPDATE = "update", _("update their texts and metadata")

    class UnknownLabels(models.TextChoices):
        REJECT = "reject", _("reject the row")
        CREATE = "create", _("create the label")
        UNLABELLED = "unlabelled", _("import without a label")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="imports")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=255)
    path = models.CharField(max_length=255)
    # The kind of its reader (`formats.registry`).
    format = models.CharField(max_length=32, blank=True)
    text_column = models.CharField(max_length=200, blank=True)
    # Those of the texts of an item that is made of several, by the names of the texts.
    part_columns = models.JSONField(default=dict)
    label_column = models.CharField(max_length=200, blank=True)
    id_column = models.CharField(max_length=200, blank=True)
    # Vectors that come with the items: their column, or the names of the files with the vectors
    # and with the ids of the items that they are of.
    vector_column = models.CharField(max_length=200, blank=True, default="")
    vectors_path = models.CharField(max_length=255, blank=True, default="")
    vector_ids_path = models.CharField(max_length=255, blank=True, default="")
    labels_are = models.CharField(max_length=16, choices=LabelUse, default=LabelUse.SEED)
    # As it was chosen, or else as it was found.
    encoding = models.CharField(max_length=32, blank=True, default="")
    delimiter = models.CharField(max_length=4, blank=True, default="")
    ignore_ids = models.BooleanField(default=False)
    existing = models.CharField(max_length=16, choices=Existing, default=Existing.KEEP)
    same_id = models.CharField(max_length=16, choices=SameId, default=SameId.KEEP)
    unknown_labels = models.CharField(
        max_length=16, choices=UnknownLabels, default=UnknownLabels.REJECT
    )
    # What labels of the file are called in the project, by their names in the file.
    label_map = models.JSONField(default=dict)
    total = models.PositiveIntegerField(null=True)
    done = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    conflicts = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    labels_added = models.PositiveIntegerField(default=0)
    labels_changed = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    # Of `created`, those that came without the label that their row had.
    unlabelled = models.PositiveIntegerField(default=0)
    # Files in a ZIP that are no rows.
    skipped_files = models.PositiveIntegerField(default=0)
    # What the reader gave so far: where an import that was interrupted goes on.
    entries = models.PositiveIntegerField(default=0)
    # The report as far as it is committed: its lines, and its length in bytes.
    report_lines = models.PositiveIntegerField(default=0)
    report_bytes = models.PositiveBigIntegerField(default=0)
    # Rows per second over the last chunks.
    rate = models.FloatField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    errors = models.JSONField(default=list)
    notes = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state"], name="import_active"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ends_at(self) -> datetime | None:
        """Return when it will have read the file, by its rate; None if that is unknown."""
        if self.state != self.State.RUNNING or not (self.rate and self.total and self.heartbeat_at):
            return None
        return self.heartbeat_at + timedelta(seconds=max(self.total - self.done, 0) / self.rate)


class ItemQuerySet(models.QuerySet["Item"]):
    """Items by state."""

    def present(self, project: Project) -> "ItemQuerySet":
        """Items of the project that were not removed."""
        return self.filter(project=project).exclude(state=Item.State.REMOVED)

    def set_aside(self, project: Project) -> "ItemQuerySet":
        """Items of the project that every annotator skipped."""
        return self.filter(project=project, state=Item.State.ASIDE)

    def is_waiting(self, project: Project) -> bool:
        """Return whether an item of the project still waits for a label."""
        # One state at a time and in order, or PostgreSQL may scan the whole table.
        items = self.filter(project=project).order_by("audit_key").values_list("pk", flat=True)
        return any(items.filter(state=state)[:1] for state in (Item.State.POOL, Item.State.QUEUED))


class Item(models.Model):
    """An item to label.

    `position` is its row in the feature shards. `audit_key` is its place in the project's fixed
    random permutation, a hash computed at import; the audit set is a prefix of that order.
    """

    class State(models.IntegerChoices):
        POOL = 0, _("in the pool")
        QUEUED = 1, _("queued")
        LABELLED = 2, _("labelled")
        ASIDE = 3, _("parked")
        # Its row and its position stay, empty: shards count positions.
        REMOVED = 4, _("removed")

    # The states of items that are there.
    PRESENT = (State.POOL, State.QUEUED, State.LABELLED, State.ASIDE)

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    imported = models.ForeignKey(
        Import, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    position = models.PositiveIntegerField()
    audit_key = models.BigIntegerField()
    key = models.CharField(max_length=200)
    content_hash = models.BinaryField(max_length=16)
    # The text that is read and searched; `content` has the parts if there are several.
    text = models.TextField(blank=True)
    # What is searched in its place, where it has letters beyond A to Z (`i18n.folding`).
    folded = models.TextField(null=True, editable=False)
    content = models.JSONField(null=True)
    image = models.CharField(max_length=80, blank=True)
    meta = models.JSONField(default=dict)
    state = models.SmallIntegerField(choices=State, default=State.POOL)
    answers = models.PositiveSmallIntegerField(default=0)
    skips = models.PositiveSmallIntegerField(default=0)
    # The ids of the labels of its gold answer.
    gold = models.JSONField(null=True)
    # {"labels": [ids], "confidence"}
    suggested = models.JSONField(null=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "position"], name="one_item_per_position"),
            models.UniqueConstraint(fields=["project", "key"], name="one_item_per_key"),
            models.UniqueConstraint(
                fields=["project", "content_hash"], name="one_item_per_content"
            ),
        ]
        indexes = [
            models.Index(fields=["project", "state", "audit_key"], name="item_by_state"),
            # Small partial indexes, for the queries of a round per shard and of a refill over the
            # reserve.
            models.Index(
                fields=["project", "position"], condition=Q(state__gte=2), name="item_settled"
            ),
            models.Index(
                fields=["project", "position"], condition=Q(gold__isnull=False), name="item_gold"
            ),
            models.Index(
                fields=["project", "state", "audit_key"],
                condition=Q(skips__gt=0),
                name="item_skipped",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class FormerContent(models.Model):
    """What an item was until an import replaced it: earlier answers were given on that."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="former")
    # The import that replaced it.
    imported = models.ForeignKey(Import, on_delete=models.SET_NULL, null=True, related_name="+")
    content_hash = models.BinaryField(max_length=16)
    text = models.TextField(blank=True)
    content = models.JSONField(null=True)
    image = models.CharField(max_length=80, blank=True)
    meta = models.JSONField(default=dict)
    until = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.item_id} until {self.until}"
