"""Projects, their labels and their guidelines."""

import secrets

from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import TextChoices
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from annotator.models.members import Role, User


def fresh_seed() -> int:
    """Return a seed for a new project, which determines all its random choices."""
    return secrets.randbelow(2**31)


class ProjectQuerySet(models.QuerySet["Project"]):
    """Projects visible to a user."""

    def alive(self) -> "ProjectQuerySet":
        return self.filter(deleted_at=None)

    def for_user(self, user: User, role: Role = Role.ANNOTATOR) -> "ProjectQuerySet":
        """Return the projects in which `user` has at least `role`."""
        if user.is_superuser:
            return self.alive()
        return self.alive().filter(
            memberships__user=user, memberships__role__in=Role.at_least(role)
        )


class Project(models.Model):
    """A project: its data, labels and settings."""

    class Metric(TextChoices):
        ACCURACY = "accuracy", _("accuracy")
        MACRO_F1 = "macro_f1", _("macro F1")
        RECALL = "recall", _("recall of the rare label")

    name = models.CharField(max_length=200)
    # Determines the task type together with `multi_label` (see `tasktypes`).
    task = models.CharField(max_length=16, default="text")
    multi_label = models.BooleanField(default=False)
    guidelines = models.TextField(blank=True, max_length=20_000)
    # Of the newest version; 0 as long as they were never changed.
    guidelines_number = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    shown_fields = models.JSONField(default=list, blank=True)

    strategy = models.CharField(max_length=32, default="auto")
    batch_size = models.PositiveIntegerField(
        default=20, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    retrain_every = models.PositiveIntegerField(
        default=20, validators=[MinValueValidator(1), MaxValueValidator(100_000)]
    )
    retrain_seconds = models.PositiveIntegerField(
        default=300, validators=[MinValueValidator(5), MaxValueValidator(86_400)]
    )
    overlap = models.PositiveIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    audit_share = models.FloatField(
        default=0.15, validators=[MinValueValidator(0.0), MaxValueValidator(0.5)]
    )
    gold_share = models.FloatField(
        default=0.0, validators=[MinValueValidator(0.0), MaxValueValidator(0.5)]
    )
    gold_feedback = models.BooleanField(default=False)
    second_share = models.FloatField(
        default=0.0, validators=[MinValueValidator(0.0), MaxValueValidator(0.5)]
    )
    lease_seconds = models.PositiveIntegerField(
        default=600, validators=[MinValueValidator(10), MaxValueValidator(86_400)]
    )
    budget = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    target_metric = models.CharField(max_length=16, choices=Metric, default=Metric.ACCURACY)
    target_value = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0.01), MaxValueValidator(0.999)]
    )
    hourly_rate = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    show_suggestions = models.BooleanField(default=True)
    bulk_desk = models.BooleanField(default=True)
    rare_label = models.ForeignKey(
        "annotator.Label", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    auto_stop = models.BooleanField(default=False)
    # `auto`, `pool`, a recipe of the pool's own features, or the name of an encoder.
    features = models.CharField(max_length=100, default="auto")
    seed = models.PositiveIntegerField(default=fresh_seed, validators=[MaxValueValidator(2**31)])

    # The settings without a column of their own; null or a missing key means the default.
    options = models.JSONField(null=True, editable=False, encoder=DjangoJSONEncoder)

    # Counted as rows are added, because a count over a million items takes 100 ms.
    # Those that were removed since are among them, as their positions stay.
    items = models.PositiveIntegerField(default=0, editable=False)
    removed = models.PositiveIntegerField(default=0, editable=False)
    # What removals took from the counters behind the label revision, which only grows.
    removed_changes = models.PositiveIntegerField(default=0, editable=False)
    # Whether reviews were open when they were last requested; if not, none are looked for.
    has_looks = models.BooleanField(default=False, editable=False)
    # Whether assignments are active; if not, no claim looks for them.
    has_assignments = models.BooleanField(default=False, editable=False)
    # Whether second opinions on delivery checks wait, which are asked for whatever the share is.
    confirms = models.BooleanField(default=False, editable=False)
    # While a lead has paused the project: since when, who, and why.
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    paused_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", editable=False, db_index=False
    )
    paused_reason = models.CharField(max_length=500, blank=True, editable=False)
    # While a lead has the encoder of its items wait: since when.
    encoding_paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The last names of deleted labels, by id: history still refers to them.
    removed_labels = models.JSONField(default=dict, editable=False)
    # By the id of a label that was merged into another one: the id of that one.
    merged_labels = models.JSONField(default=dict, editable=False)
    # The result of the nightly verification of all counters (`operations.verify_counts`).
    recounted = models.JSONField(default=dict, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ProjectQuerySet.as_manager()

    # The user's role; set when the project is loaded for a user.
    role: Role
    # The same user, and the version of the guidelines that they confirmed; None: they need not.
    viewer: User | None = None
    guidelines_read: int | None = None

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="project_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def population(self) -> int:
        """Return how many items there are: the positions without those of removed items."""
        return self.items - self.removed

    @property
    def target_accuracy(self) -> float | None:
        """Return the target accuracy; None without one, or with another target metric."""
        return self.target_value if self.target_metric == self.Metric.ACCURACY else None

    @property
    def target_recall(self) -> float | None:
        """Return the target recall of the rare label; None with another target metric."""
        return self.target_value if self.target_metric == self.Metric.RECALL else None

    @property
    def hunts(self) -> bool:
        """Whether items with the rare label are searched for.

        The strategy that does so is chosen, or the automatic one with a target for the recall.
        """
        if self.rare_label_id is None:
            return False
        return self.strategy == "rare" or (
            self.strategy == "auto" and self.target_recall is not None
        )


class Label(models.Model):
    """An answer that annotators may give. Its place among the labels is its class in the model."""

    class Color(models.TextChoices):
        RED = "red", _("red")
        ORANGE = "orange", _("orange")
        YELLOW = "yellow", _("yellow")
        GREEN = "green", _("green")
        TEAL = "teal", _("teal")
        BLUE = "blue", _("blue")
        VIOLET = "violet", _("violet")
        PINK = "pink", _("pink")
        GREY = "grey", _("grey")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="labels")
    name = models.CharField(max_length=200)
    hotkey = models.CharField(max_length=1, blank=True)
    description = models.TextField(blank=True, max_length=2000)
    # One per line.
    examples = models.TextField(blank=True, max_length=2000)
    position = models.PositiveIntegerField()
    color = models.CharField(max_length=16, blank=True, choices=Color, default="", db_default="")
    # The label whose group it is in; that one has no parent itself.
    parent = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    # Since when it is offered no longer; annotations with it stay, and count.
    retired_at = models.DateTimeField(null=True)
    # Former names, newest first: requests with an old name still refer to this label.
    former_names = models.JSONField(default=list, editable=False)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint("project", Lower("name"), name="one_label_per_name"),
            models.UniqueConstraint(
                fields=["project", "hotkey"],
                condition=~models.Q(hotkey=""),
                name="one_label_per_hotkey",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class GuidelineVersion(models.Model):
    """The guidelines as somebody saved them; the newest is in the project as well."""

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="guideline_versions", db_index=False
    )
    number = models.PositiveIntegerField()
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    text = models.TextField(blank=True, max_length=20_000)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "number"], name="one_guideline_version_per_number"
            ),
        ]

    def __str__(self) -> str:
        return f"guidelines {self.number} of {self.project_id}"


class GuidelinePicture(models.Model):
    """A picture in the guidelines, which their text calls by its `key`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    # A digest of its content: the same in a copy of the project.
    key = models.CharField(max_length=32)
    # The name that its file was sent with, and the one that it is stored under.
    name = models.CharField(max_length=255)
    image = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "key"], name="one_guideline_picture"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def markdown(self) -> str:
        """Return the line that shows it in the guidelines."""
        return f"![{self.name}](picture:{self.key})"
