"""Background activity of a project: running jobs, and failures of the last 24 hours."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from annotator.flow.progress.summary import LATELY
from annotator.models import FeatureShard, FeatureSpace, Import, Job, Project, Round
from annotator.pool import feature_store


@dataclass(frozen=True)
class Activity:
    """Something that runs or failed: a job, an encoder, or a recount that left `wrong` counters."""

    kind: str
    id: int
    failed: bool
    # How far it is; None where that cannot be told.
    done: int | None = None
    total: int | None = None
    job: Any = None
    wrong: int = 0


def activity(project: Project) -> list[Activity]:
    """Return running background work, and failures of the last 24 hours."""
    return [
        *map(_import_activity, _current(project.imports)),
        *map(_space_activity, _current(project.spaces)),
        *map(_round_activity, _latest_round(project)),
        *_recount_activity(project),
    ]


def _current(jobs: Any) -> list[Any]:
    failed = Q(state=Job.State.FAILED, finished_at__gte=timezone.now() - LATELY)
    under_way = Q(state__in=[Job.State.QUEUED, Job.State.RUNNING])
    found = list(jobs.filter(under_way | failed).order_by("-pk")[:50])
    # Running work first, in its order, then the newest failures.
    return [
        *[job for job in reversed(found) if job.is_active][:20],
        *[job for job in found if not job.is_active][:5],
    ]


def _latest_round(project: Project) -> list[Round]:
    round_ = project.rounds.first()
    interesting = round_ is not None and (round_.is_active or round_.state == Job.State.FAILED)
    return [round_] if interesting and round_ is not None else []


def _import_activity(work: Import) -> Activity:
    return _job("import", work, work.done, work.total)


def _space_activity(space: FeatureSpace) -> Activity:
    done = space.shards.filter(state=FeatureShard.State.DONE).count()
    # Fitting takes about as long as one shard, so the progress bar moves evenly.
    total = 1 + -(-space.items // feature_store.shard_items(space))
    fitted = int(space.stage == space.Stage.TRANSFORM)
    return _job("features", space, done + fitted, total)


def _round_activity(round_: Round) -> Activity:
    stages = list(Round.Stage.values)
    return _job("round", round_, stages.index(round_.stage), len(stages))


def _job(kind: str, job: Job, done: int, total: int | None) -> Activity:
    return Activity(kind, job.pk, job.state == Job.State.FAILED, done, total, job)


def _recount_activity(project: Project) -> list[Activity]:
    """Return the counters that the last recount left wrong; empty if there are none."""
    left = project.recounted.get("left", 0)
    return [Activity("recount", project.pk, failed=True, wrong=left)] if left else []
