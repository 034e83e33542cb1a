"""Feature spaces and their shards."""

from typing import Any, ClassVar

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from annotator.models.jobs import Job, JobQuerySet
from annotator.models.members import User
from annotator.models.projects import Project


class FeatureSpace(Job):
    """A set of features of the items at positions below `items`; its shards are files."""

    class Stage(models.TextChoices):
        FIT = "fit", _("learning features")
        TRANSFORM = "transform", _("computing features")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="spaces")
    recipe = models.CharField(max_length=32)
    stage = models.CharField(max_length=16, choices=Stage, default=Stage.FIT)
    items = models.PositiveIntegerField()
    quality = models.PositiveSmallIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    # The row outlives its arrays, because rounds and models refer to it.
    dropped = models.BooleanField(default=False)
    # If set on an active row, the space was ready before and is being repaired.
    damaged_at = models.DateTimeField(null=True)
    # The pretrained encoder whose vectors it holds as well, and the checksum of that encoder's
    # files; both are empty where there is none.
    encoder = models.CharField(max_length=100, blank=True, default="")
    encoder_sha256 = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state"], name="space_active")]

    def __str__(self) -> str:
        return f"{self.recipe} {self.pk}"


class FeatureShard(Job):
    """The features of the items at positions [start, stop)."""

    space = models.ForeignKey(FeatureSpace, on_delete=models.CASCADE, related_name="shards")
    number = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    stop = models.PositiveIntegerField()
    # Of each of its files (annotator.storage.checksums); empty in rows from before checksums.
    checksums = models.JSONField(default=dict)
    # When its files were last found damaged; they are computed again while the job is active.
    damaged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["space", "number"], name="one_shard_per_number"),
        ]
        indexes = [models.Index(fields=["state"], name="feature_shard_active")]

    @property
    def project_id(self) -> int:
        """Return the key of the project whose items these are."""
        return self.space.project_id

    def __str__(self) -> str:
        return f"{self.space_id}/{self.number}"


class VectorShardQuerySet(JobQuerySet):
    """Slices of vectors, of which one process at a time computes one."""

    def of(self, encoder: str, sha256: str) -> "VectorShardQuerySet":
        """Return the slices of one encoder, as its files are with that checksum."""
        return self.filter(encoder=encoder, sha256=sha256)

    def done(self) -> "VectorShardQuerySet":
        return self.filter(state=Job.State.DONE)

    def claim(self, pk: int, **where: Any) -> Any:
        """Take the slice, unless a process is at another one just now."""
        self.release_dead()
        if self.model.objects.filter(state=Job.State.RUNNING).exclude(pk=pk).exists():
            return None
        try:
            with transaction.atomic():
                return super().claim(pk, **where)
        except IntegrityError:
            # Another process began with another slice in the same moment.
            return None


class EncoderImport(Job):
    """A folder of the server whose encoder is copied: `done` of `total` bytes so far."""

    # It belongs to the installation.
    project_id = None

    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    folder = models.CharField(max_length=1000)
    # Of the encoder, once its manifest is read.
    name = models.CharField(max_length=100, blank=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["folder"],
                condition=models.Q(state__in=[Job.State.QUEUED, Job.State.RUNNING]),
                name="one_active_import_per_encoder_folder",
            ),
        ]
        indexes = [models.Index(fields=["state"], name="encoder_import_active")]

    def __str__(self) -> str:
        return self.folder


class VectorShard(Job):
    """The vectors of the items at positions [start, stop), at most 2,048 of them."""

    WITH: ClassVar[tuple[str, ...]] = ("project",)

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="vector_shards")
    # Of the encoder and its files; `GIVEN` and no checksum for vectors that came with the items.
    encoder = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64, blank=True)
    start = models.PositiveIntegerField()
    stop = models.PositiveIntegerField()
    dimensions = models.PositiveIntegerField(default=0)
    checksums = models.JSONField(default=dict)
    # Texts that were cut at the encoder's limit, and items that it could make nothing of.
    too_long = models.PositiveIntegerField(default=0)
    unreadable = models.PositiveIntegerField(default=0)
    # How long the encoder took for them, without loading it and reading them.
    seconds = models.FloatField(default=0.0)
    damaged_at = models.DateTimeField(null=True)

    GIVEN = "given"

    objects: ClassVar[Any] = VectorShardQuerySet.as_manager()

    class Meta:
        ordering = ["start"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "encoder", "sha256", "start"], name="one_vector_shard_per_start"
            ),
            # Labelling and rounds share the processor with it.
            models.UniqueConstraint(
                fields=["state"],
                condition=models.Q(state=Job.State.RUNNING),
                name="one_vector_shard_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["state"], name="vector_shard_active")]

    def __str__(self) -> str:
        return f"{self.encoder} {self.start}-{self.stop} of {self.project_id}"
