"""Health figures: queues, leases, rounds, jobs, workers, the disk. Read-only.

Pages word these, and `annotator.metrics.prometheus` exports them. Figures of several projects come
from one statement, and every count in it stops at MOST, so that its cost is bounded in the number
of projects and of items.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import (
    Count,
    DateTimeField,
    Exists,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotator.flow.operations.heartbeat import DEAD_SECONDS
from annotator.flow.progress.summary import LATELY
from annotator.models import (
    Annotation,
    Export,
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
from annotator.models.jobs import claimable

MOST = 1000
MOST_PROJECTS = 500
MOST_WORKERS = 100
MOST_FAILURES = 20
LOW_SHARE, LOW_BYTES = 0.05, 2 << 30

KINDS: dict[str, Any] = {
    "import": Import,
    "export": Export,
    "features": FeatureSpace,
    "feature_shard": FeatureShard,
    "vectors": VectorShard,
    "round": Round,
    "round_shard": RoundShard,
    "simulation": Simulation,
}
# Shards are part of other jobs, which fail with them.
WHOLE = ("import", "export", "features", "vectors", "round", "simulation")


# Projects ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProjectHealth:
    """Health of one project. Counts above MOST are given as MOST + 1."""

    project: Project
    open: int
    leased: int
    oldest_lease: float | None
    unseen: int
    last: Round | None
    done: Round | None
    taught: Round | None
    failed: int

    @property
    def model_age(self) -> float | None:
        """Return the age of the newest model in seconds."""
        model = self.taught.model if self.taught else None
        return None if model is None else seconds_since(model.created_at)


class CountOf(Subquery):
    """Number of rows of a limited query; the limit bounds its cost."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def standing(project: Project) -> ProjectHealth:
    """Return the health of one project."""
    return _standings(Project.objects.filter(pk=project.pk))[0]


def standings(limit: int = MOST_PROJECTS) -> list[ProjectHealth]:
    """Return the health of the newest projects, in as many queries as for one."""
    return _standings(Project.objects.alive().order_by("-pk")[:limit])


def _standings(projects: QuerySet[Project]) -> list[ProjectHealth]:
    own = OuterRef("pk")
    rounds = Round.objects.filter(project=own).order_by("-number")
    taught = rounds.exclude(model=None)
    looked_at = projects.annotate(
        last=Subquery(rounds.values("pk")[:1]),
        done=Subquery(rounds.filter(state=Job.State.DONE).values("pk")[:1]),
        taught=Subquery(taught.values("pk")[:1]),
        taught_at=Coalesce(Subquery(taught.values("created_at")[:1]), "created_at"),
        open=CountOf(_entries(own, state=QueueEntry.State.OPEN).values("pk")),
        leased=CountOf(_held(own).values("pk")),
        leased_at=Subquery(_oldest_lease(), output_field=DateTimeField()),
        unseen=CountOf(_unseen().values("pk")),
    )
    with _not_compiled():
        rows = list(looked_at)
    turns = _rounds({key for row in rows for key in (row.last, row.done, row.taught)})
    failed = _failed_rounds()
    return [_stands(row, turns, failed.get(row.pk, 0)) for row in rows]


@contextmanager
def _not_compiled() -> Iterator[None]:
    """Disable PostgreSQL's JIT for a statement: compiling took 340 ms, running it 27 ms."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")
        yield


def _entries(project: OuterRef, **where: Any) -> QuerySet[QueueEntry]:
    return QueueEntry.objects.filter(project=project, **where)[: MOST + 1]


def _held(project: OuterRef) -> QuerySet[QueueEntry]:
    return _entries(project, state=QueueEntry.State.LEASED, leased_until__gt=timezone.now())


def _oldest_lease() -> QuerySet[Any, Any]:
    held = _held(OuterRef(OuterRef("pk"))).values("lease_id")
    return Lease.objects.filter(pk__in=held).order_by("created_at").values("created_at")[:1]


def _unseen() -> QuerySet[Annotation]:
    """Return the number of labels since the newest model's round, among the newest ones.

    The index has their order but not their times, so no more rows are read than are counted.
    """
    newest = Annotation.objects.filter(project=OuterRef(OuterRef("pk"))).order_by("-pk")
    return Annotation.objects.filter(
        pk__in=newest.values("pk")[: MOST + 1],
        created_at__gt=OuterRef("taught_at"),
        counted=True,
        withdrawn_at=None,
    )


def _rounds(keys: set[int | None]) -> dict[int, Round]:
    # Picks and histograms are long and unused here.
    light = Round.objects.select_related("model").defer(
        "picks", "distribution", "model__labels", "model__seen", "model__params"
    )
    return {round_.pk: round_ for round_ in light.filter(pk__in=[key for key in keys if key])}


def _failed_rounds() -> dict[int, int]:
    failed = Round.objects.filter(state=Job.State.FAILED).order_by()
    return dict(failed.values_list("project").annotate(n=Count("pk")))


def _stands(row: Any, turns: dict[int, Round], failed: int) -> ProjectHealth:
    return ProjectHealth(
        project=row,
        open=row.open,
        leased=row.leased,
        oldest_lease=None if row.leased_at is None else seconds_since(row.leased_at),
        unseen=row.unseen,
        last=turns.get(row.last),
        done=turns.get(row.done),
        taught=turns.get(row.taught),
        failed=failed,
    )


# Jobs --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """Number of jobs of one kind, and the waiting time of the oldest due one."""

    name: str
    queued: int
    running: int
    failed: int
    oldest_due: float | None


def jobs() -> list[Kind]:
    """Return the state of each kind of job; finished jobs are not read."""
    return [_kind(name, model) for name, model in KINDS.items()]


def _kind(name: str, model: Any) -> Kind:
    now = timezone.now()
    # A stage that handed its job on set the heartbeat to that time.
    since = Coalesce("retry_at", "heartbeat_at", "created_at")
    found = model.objects.exclude(state=Job.State.DONE).aggregate(
        queued=Count("pk", filter=Q(state=Job.State.QUEUED)),
        running=Count("pk", filter=Q(state=Job.State.RUNNING)),
        failed=Count("pk", filter=Q(state=Job.State.FAILED)),
        due=Min(since, filter=claimable(now)),
    )
    due = found.pop("due")
    return Kind(name=name, oldest_due=None if due is None else seconds_since(due), **found)


@dataclass(frozen=True)
class Failure:
    """A job that failed for good in the last day, with no success since."""

    kind: str
    job: Any

    @property
    def project(self) -> Project:
        """Return the project that it belongs to."""
        project: Project = self.job.project
        return project


def failures(project: Project | None = None) -> list[Failure]:
    """Return recent unresolved failures, newest first."""
    found = [Failure(kind, job) for kind in WHOLE for job in _failed(KINDS[kind], project)]
    return sorted(found, key=lambda each: each.job.finished_at, reverse=True)[:MOST_FAILURES]


def _failed(model: Any, project: Project | None) -> QuerySet[Any]:
    recent = timezone.now() - LATELY
    failed = model.objects.filter(state=Job.State.FAILED, finished_at__gte=recent)
    mine = failed.filter(project__deleted_at=None)
    if project is not None:
        mine = failed.filter(project=project)
    if model is not Import:
        # Each import is a separate file; for all other kinds, the next job makes up for a failure.
        later = model.objects.filter(project=OuterRef("project"), pk__gt=OuterRef("pk"))
        mine = mine.exclude(Exists(later))
    if model is Round:
        mine = mine.defer("picks", "distribution")
    newest: QuerySet[Any] = mine.select_related("project").order_by("-pk")[:MOST_FAILURES]
    return newest


# Workers and disk ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Beat:
    """A worker by name, and the seconds since its last heartbeat."""

    name: str
    seconds: float

    @property
    def alive(self) -> bool:
        """Return whether the last heartbeat is recent enough to count as running."""
        return self.seconds < DEAD_SECONDS


def beats() -> list[Beat]:
    """Return the workers that sent heartbeats and did not sign off, newest first."""
    newest = WorkerBeat.objects.order_by("-seen_at")[:MOST_WORKERS]
    return [Beat(each.name, seconds_since(each.seen_at)) for each in newest]


@dataclass(frozen=True)
class Disk:
    """The disk with the data directory, in bytes."""

    free: int
    total: int

    @property
    def is_low(self) -> bool:
        """Return whether it will soon be full."""
        return self.free < min(LOW_BYTES, self.total / 4) or self.free < LOW_SHARE * self.total


def disk() -> Disk:
    """Return the free space of the data directory."""
    usage = shutil.disk_usage(settings.DATA_DIR)
    return Disk(free=usage.free, total=usage.total)


def seconds_since(moment: datetime) -> float:
    """Return the seconds since a moment; at least 0, as clocks differ slightly."""
    return max((timezone.now() - moment) / timedelta(seconds=1), 0.0)
