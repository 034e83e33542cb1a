"""Imports and items of the pool."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotator.models.jobs import Job
from annotator.models.members import User
from annotator.models.projects import Project


class Import(Job):
    """An uploaded file being imported. `done` counts the processed rows, good or bad."""

    class LabelsAre(models.TextChoices):
        SEED = "seed", _("seed labels")
        GOLD = "gold", _("gold items")
        SUGGESTION = "suggestion", _("suggestions")
        IGNORE = "ignore", _("ignored")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="imports")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=255)
    path = models.CharField(max_length=255)
    # The kind of its reader (`formats.registry`).
    format = models.CharField(max_length=8, blank=True)
    text_column = models.CharField(max_length=200, blank=True)
    # Those of the texts of an item that is made of several, by the names of the texts.
    part_columns = models.JSONField(default=dict)
    label_column = models.CharField(max_length=200, blank=True)
    id_column = models.CharField(max_length=200, blank=True)
    labels_are = models.CharField(max_length=16, choices=LabelsAre, default=LabelsAre.SEED)
    total = models.PositiveIntegerField(null=True)
    done = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=list)
    notes = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state"], name="import_active"),
        ]

    def __str__(self) -> str:
        return self.name


class ItemQuerySet(models.QuerySet["Item"]):
    """Items by state."""

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
