"""Damaged files: computed again, and reported where users look.

A damaged shard waits to be computed like a new one, and its space is not ready meanwhile: no round
starts on it, and a running one continues once the shard is intact again.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.models import FeatureShard, FeatureSpace, Job, Project, Round, RoundShard
from annotator.pool import feature_store
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
    """Request the damaged file to be computed again, if that is possible, and report it."""
    if isinstance(problem, feature_store.DamagedShard):
        _compute_again(problem.shard)
        return Found(shard_words(problem.shard), mends=True)
    if isinstance(problem, feature_store.DamagedEncoder):
        _learn_again(problem.space)
        return Found(encoder_words(str(problem)), mends=True)
    if isinstance(problem, DamagedCandidates):
        _score_again(problem.scoring)
        words = _("The scores of shard %(n)d were damaged. They are being computed again.")
        return Found(words % {"n": problem.scoring.shard.number + 1}, mends=True)
    if isinstance(problem, DamagedModel):
        words = _("The model was damaged (%(reason)s). The next round trains a new one.")
        return Found(words % {"reason": problem}, mends=False)
    return Found(_("A file was damaged: %(reason)s.") % {"reason": problem}, mends=False)


def shard_words(shard: FeatureShard) -> str:
    """Return a sentence that a shard was damaged, and what is done about it."""
    words = _("Feature shard %(n)d was damaged. It is being computed again.")
    return words % {"n": shard.number + 1}


def encoder_words(reason: str = "") -> str:
    """Return a sentence that the encoder of a feature space was damaged."""
    words = _("The feature encoder was damaged. It is being fitted again.")
    return f"{words} ({reason})" if reason else words


# Recompute ----------------------------------------------------------------------------------------


@transaction.atomic
def _compute_again(shard: FeatureShard) -> None:
    now = timezone.now()
    whole = FeatureShard.objects.filter(pk=shard.pk, state=Job.State.DONE)
    if not whole.update(**_waiting(now), damaged_at=now):
        # Another worker found it first.
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
        # Nothing depends on it yet, so a different encoder is acceptable.
        space.shards.filter(state=Job.State.DONE).update(**_waiting(now))
    learnt.filter(state=Job.State.QUEUED).update(**fit)


def _close_space(pk: int, now: object) -> None:
    """Mark a space as not ready until its last shard is intact again."""
    ready = FeatureSpace.objects.filter(pk=pk, state=Job.State.DONE)
    ready.update(**_waiting(now), damaged_at=now)


@transaction.atomic
def _score_again(scoring: RoundShard) -> None:
    scored = RoundShard.objects.filter(pk=scoring.pk, state=Job.State.DONE)
    scored.update(**_waiting(timezone.now()))
    # The worker of the round gives it up next; the round's own attempts limit repetitions.
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
        # The start of the wait.
        "heartbeat_at": now,
    }


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
        return encoder_words()
    damaged = space.shards.exclude(damaged_at=None).filter(
        state__in=[Job.State.QUEUED, Job.State.RUNNING]
    )
    return " ".join(shard_words(shard) for shard in damaged[:FEW])
