"""Damaged files: computed again, and reported where users look.

A damaged shard waits to be computed like a new one, and its space is not ready meanwhile: no round
starts on it, and a running one continues once the shard is intact again.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotator.i18n import error_messages
from annotator.models import (
    FeatureShard,
    FeatureSpace,
    Job,
    Project,
    Round,
    RoundShard,
    VectorShard,
)
from annotator.models.jobs import anew
from annotator.pool import feature_store, vector_store
from annotator.pool.model_files import DamagedCandidates, DamagedModel
from annotator.storage import checksums

LATELY = timedelta(hours=24)
FEW = 20


class Found:
    """A damaged file: its description in words, and whether the job can continue later."""

    def __init__(self, code: str, *, mends: bool, because: str = "", **values: Any) -> None:
        """The message catalogue has the sentence for the code."""
        sentence = error_messages.text(code, "", values)
        self.words = f"{sentence} ({because})" if because else sentence
        self.mends = mends


def repair(problem: checksums.Corrupt) -> Found:
    """Request the damaged file to be computed again, if that is possible, and report it."""
    if isinstance(problem, feature_store.DamagedShard):
        _compute_again(problem.shard)
        return _shard(problem.shard)
    if isinstance(problem, feature_store.DamagedEncoder):
        _learn_again(problem.space)
        return _encoder(str(problem))
    if isinstance(problem, vector_store.DamagedVectors):
        return _encode_again(problem.shard)
    if isinstance(problem, DamagedCandidates):
        _score_again(problem.scoring)
        return Found("damaged_scores", mends=True, n=problem.scoring.shard.number + 1)
    if isinstance(problem, DamagedModel):
        return Found("damaged_model", mends=False, reason=problem)
    return Found("damaged", mends=False, reason=problem)


def shard_words(shard: FeatureShard) -> str:
    """Return a sentence that a shard was damaged, and what is done about it."""
    return _shard(shard).words


def _shard(shard: FeatureShard) -> Found:
    return Found("damaged_shard", mends=True, n=shard.number + 1)


def _encoder(because: str = "") -> Found:
    return Found("damaged_encoder", mends=True, because=because)


# Recompute ----------------------------------------------------------------------------------------


@transaction.atomic
def _compute_again(shard: FeatureShard) -> None:
    now = timezone.now()
    whole = FeatureShard.objects.filter(pk=shard.pk, state=Job.State.DONE)
    if not whole.update(**anew(now), damaged_at=now):
        # Another worker found it first.
        return
    _close_space(shard.space_id, now)


@transaction.atomic
def _learn_again(space: FeatureSpace) -> None:
    now = timezone.now()
    fit = {**anew(now), "stage": FeatureSpace.Stage.FIT}
    learnt = FeatureSpace.objects.filter(
        pk=space.pk, stage=FeatureSpace.Stage.TRANSFORM, dropped=False
    )
    if learnt.filter(state=Job.State.DONE).update(**fit, damaged_at=now):
        return
    new = learnt.filter(state=Job.State.QUEUED, damaged_at=None)
    if new.update(**fit):
        # Nothing depends on it yet, so a different encoder is acceptable.
        space.shards.filter(state=Job.State.DONE).update(**anew(now))
    learnt.filter(state=Job.State.QUEUED).update(**fit)


def _encode_again(shard: VectorShard) -> Found:
    """Have a slice of vectors encoded again; those that came with the items are nowhere else."""
    whole = VectorShard.objects.filter(pk=shard.pk, state=Job.State.DONE)
    now = timezone.now()
    first, last = shard.start + 1, shard.stop
    if shard.encoder == VectorShard.GIVEN:
        found = Found("damaged_given_vectors", mends=False, first=first, last=last)
        whole.update(state=Job.State.FAILED, error=found.words, damaged_at=now, finished_at=now)
        return found
    whole.update(**anew(now), damaged_at=now)
    return Found("damaged_vectors", mends=True, first=first, last=last)


def _close_space(pk: int, now: datetime) -> None:
    """Mark a space as not ready until its last shard is intact again."""
    ready = FeatureSpace.objects.filter(pk=pk, state=Job.State.DONE)
    ready.update(**anew(now), damaged_at=now)


@transaction.atomic
def _score_again(scoring: RoundShard) -> None:
    scored = RoundShard.objects.filter(pk=scoring.pk, state=Job.State.DONE)
    scored.update(**anew(timezone.now()))
    # The worker of the round gives it up next; the round's own attempts limit repetitions.
    Round.objects.filter(pk=scoring.round_id, stage=Round.Stage.SELECT).update(
        stage=Round.Stage.SCORE
    )


# Report -------------------------------------------------------------------------------------------


def lately(project: Project) -> list[FeatureShard]:
    """Return the shards in use that were found damaged in the last day, newest first."""
    found = FeatureShard.objects.filter(
        space__project=project, space__dropped=False, damaged_at__gte=timezone.now() - LATELY
    )
    return list(found.order_by("-damaged_at")[:FEW])


def words_of(space: FeatureSpace) -> str:
    """Describe the repair of a feature space; empty without one."""
    if space.damaged_at is None or not space.is_active:
        return ""
    if space.stage == FeatureSpace.Stage.FIT:
        return _encoder().words
    damaged = space.shards.exclude(damaged_at=None).filter(
        state__in=[Job.State.QUEUED, Job.State.RUNNING]
    )
    return " ".join(shard_words(shard) for shard in damaged[:FEW])
