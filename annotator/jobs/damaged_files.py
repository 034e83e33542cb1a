"""Damaged files: computed again, and reported in words where people look.

A shard that is damaged waits to be computed like a new one, and its space is not ready meanwhile:
no round begins on it, and one that is under way goes on once it is whole again.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.models import (
    FeatureShard,
    FeatureSpace,
    Job,
    Project,
    Round,
    RoundShard,
    VectorShard,
)
from annotator.pool import feature_store, vector_store
from annotator.pool.model_files import DamagedCandidates, DamagedModel
from annotator.storage import checksums

LATELY = timedelta(hours=24)
FEW = 20


@dataclass(frozen=True)
class Found:
    """A damaged file: its description in words, and whether the job can continue later."""

    words: str
    mends: bool


def repair(problem: checksums.Corrupt) -> Found:
    """Have the damaged file computed again, where that is possible automatically, and report it."""
    if isinstance(problem, feature_store.DamagedShard):
        _compute_again(problem.shard)
        return Found(shard_words(problem.shard), mends=True)
    if isinstance(problem, feature_store.DamagedEncoder):
        _learn_again(problem.space)
        return Found(encoder_words(str(problem)), mends=True)
    if isinstance(problem, vector_store.DamagedVectors):
        return _encode_again(problem.shard)
    if isinstance(problem, DamagedCandidates):
        _score_again(problem.scoring)
        words = _("The scores of shard %(n)d were damaged. They are being computed again.")
        return Found(words % {"n": problem.scoring.shard.number + 1}, mends=True)
    if isinstance(problem, DamagedModel):
        words = _("The model was damaged (%(reason)s). The next round trains a new one.")
        return Found(words % {"reason": problem}, mends=False)
    return Found(_("A file was damaged: %(reason)s.") % {"reason": problem}, mends=False)


def shard_words(shard: FeatureShard) -> str:
    """Return in words that a shard was damaged, and what is done about it."""
    words = _("Feature shard %(n)d was damaged. It is being computed again.")
    return words % {"n": shard.number + 1}


def encoder_words(reason: str = "") -> str:
    """Return in words that what a feature space learnt was damaged."""
    words = _("The feature encoder was damaged. It is being fitted again.")
    return f"{words} ({reason})" if reason else words


# Making it again ---------------------------------------------------------------------------------


@transaction.atomic
def _compute_again(shard: FeatureShard) -> None:
    now = timezone.now()
    whole = FeatureShard.objects.filter(pk=shard.pk, state=Job.State.DONE)
    if not whole.update(**_waiting(now), damaged_at=now):
        # Somebody else found it first.
        return
    _close_space(shard.space_id, now)


@transaction.atomic
def _learn_again(space: FeatureSpace) -> None:
    now = timezone.now()
    fit = {**_waiting(now), "stage": FeatureSpace.Stage.FIT}
    learnt = FeatureSpace.objects.filter(
        pk=space.pk, stage=FeatureSpace.Stage.TRANSFORM, dropped=False
    )
    if learnt.filter(state=Job.State.DONE).update(**fit, damaged_at=now):
        return
    new = learnt.filter(state=Job.State.QUEUED, damaged_at=None)
    if new.update(**fit):
        # Nothing hangs on it yet, so that another encoder may come of it.
        space.shards.filter(state=Job.State.DONE).update(**_waiting(now))
    learnt.filter(state=Job.State.QUEUED).update(**fit)


def _encode_again(shard: VectorShard) -> Found:
    """Have a slice of vectors encoded again; those that came with the items are nowhere else."""
    whole = VectorShard.objects.filter(pk=shard.pk, state=Job.State.DONE)
    now = timezone.now()
    span = {"first": shard.start + 1, "last": shard.stop}
    if shard.encoder == VectorShard.GIVEN:
        words = _(
            "The vectors that came with items %(first)d to %(last)d were damaged. They are not "
            "used any more; import the file again as a new project, or restore a backup."
        )
        error = words % span
        whole.update(state=Job.State.FAILED, error=error, damaged_at=now, finished_at=now)
        return Found(error, mends=False)
    whole.update(**_waiting(now), damaged_at=now)
    words = _(
        "The vectors of items %(first)d to %(last)d were damaged. They are being computed again."
    )
    return Found(words % span, mends=True)


def _close_space(pk: int, now: object) -> None:
    """Take a space out of use until its last shard is whole again."""
    ready = FeatureSpace.objects.filter(pk=pk, state=Job.State.DONE)
    ready.update(**_waiting(now), damaged_at=now)


@transaction.atomic
def _score_again(scoring: RoundShard) -> None:
    scored = RoundShard.objects.filter(pk=scoring.pk, state=Job.State.DONE)
    scored.update(**_waiting(timezone.now()))
    # Whoever is at the round now lets go of it next; its own attempts bound how often this goes.
    Round.objects.filter(pk=scoring.round_id, stage=Round.Stage.SELECT).update(
        stage=Round.Stage.SCORE
    )


def _waiting(now: object) -> dict[str, object]:
    return {
        "state": Job.State.QUEUED,
        "token": None,
        "owner": "",
        "attempts": 0,
        "error": "",
        "retry_at": None,
        "finished_at": None,
        # Since when it waits.
        "heartbeat_at": now,
    }


# Telling of it -----------------------------------------------------------------------------------


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
        return encoder_words()
    damaged = space.shards.exclude(damaged_at=None).filter(
        state__in=[Job.State.QUEUED, Job.State.RUNNING]
    )
    return " ".join(shard_words(shard) for shard in damaged[:FEW])
