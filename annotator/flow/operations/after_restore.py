"""Recovery after a restore: leases are released, unfinished jobs start again."""

from django.utils import timezone

from annotator.flow.features import vectors
from annotator.flow.queue import releasing
from annotator.i18n import stored_texts
from annotator.models import (
    EncoderImport,
    FeatureShard,
    FeatureSpace,
    Import,
    Job,
    Lease,
    Project,
    QueueEntry,
    Round,
    RoundShard,
    Simulation,
    VectorShard,
    WorkerBeat,
)
from annotator.pool import feature_store

JOBS: list[type[Job]] = [
    Import,
    FeatureSpace,
    FeatureShard,
    VectorShard,
    EncoderImport,
    Round,
    RoundShard,
    Simulation,
]


def resume() -> None:
    """Repair what the backup caught halfway; the worker's ticks do the rest."""
    WorkerBeat.objects.all().delete()
    _take_back_leases()
    for model in JOBS:
        # The workers of these jobs are gone, which is no failed attempt.
        model.objects.active().update(
            state=Job.State.QUEUED,
            token=None,
            owner="",
            attempts=0,
            heartbeat_at=None,
            retry_at=None,
        )
    for project in Project.objects.filter(vector_shards__isnull=False).distinct():
        vectors.make_missing_again(project)
    for space in FeatureSpace.objects.filter(dropped=False):
        if not feature_store.space_folder(space).is_dir():
            _make_again(space)


def _take_back_leases() -> None:
    """End all leases: their windows ask again, and a label that they still hold is accepted."""
    now = timezone.now()
    Lease.objects.filter(ended_at=None, expires_at__gt=now).update(expires_at=now)
    QueueEntry.objects.filter(state=QueueEntry.State.LEASED).update(leased_until=now)
    releasing.release_expired(now=now)
    Lease.objects.filter(ended_at=None).update(ended_at=now, outcome=Lease.Outcome.EXPIRED)


def _make_again(space: FeatureSpace) -> None:
    """Recompute features that the backup lacks, and give up the rounds that need them."""
    Round.objects.active().filter(space=space).update(
        state=Job.State.FAILED,
        finished_at=timezone.now(),
        error=stored_texts.FEATURES_NOT_IN_BACKUP,
    )
    space.shards.all().delete()
    if space.is_active:
        FeatureSpace.objects.filter(pk=space.pk).update(stage=FeatureSpace.Stage.FIT)
        return
    FeatureSpace.objects.filter(pk=space.pk).update(dropped=True)
    # Those with vectors are planned when all they are made of is there (`vectors`).
    if space.encoder:
        return
    if not space.project.spaces.active().filter(recipe=space.recipe).exists():
        FeatureSpace.objects.create(
            project=space.project,
            recipe=space.recipe,
            quality=space.quality,
            items=space.project.items,
        )
