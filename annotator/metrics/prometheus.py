"""Prometheus metrics: request durations of all web processes, and the state of the installation.

Each web process counts in its own file, so that any process can report all of them. The rest is
read from the database on request, with bounded cost (`operations.health`).
"""

import fcntl
import logging
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest

from annotator.flow.operations import health
from annotator.flow.operations.health import ProjectHealth
from annotator.models import Project

log = logging.getLogger(__name__)

BUCKETS = (0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 1, 2.5, 5, 10)
CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
# By method and route: the calls that annotators wait for. `desk` saves and fetches in one call.
CALLS = {
    ("POST", "api/v1/projects/<int:pk>/next"): "next",
    ("POST", "api/v1/projects/<int:pk>/annotations"): "save",
    ("POST", "api/v1/projects/<int:pk>/desk"): "desk",
    ("GET", "projects/<int:project_id>/label"): "next",
    ("POST", "projects/<int:project_id>/label/submit"): "save",
}
OTHER = "other"
# The library creates these files itself, but sparse: a write into a hole ends the process with
# SIGBUS when the disk is full.
FILE_BYTES = 1 << 16
DAY = 86_400


# Requests -----------------------------------------------------------------------------------------


def begin() -> None:
    """Prepare the counters; OSError if there is no disk space."""
    _meters()


def observe(request: HttpRequest, code: int, seconds: float) -> None:
    """Count an answered request."""
    match = request.resolver_match
    call = (request.method or "", match.route.rstrip("/") if match else "")
    try:
        times, answers = _meters()
    except OSError as problem:
        # A forked process begins here; errors are ignored, because labelling matters more than
        # metrics.
        log.warning("a request is not counted: %s", problem)
        return
    times[CALLS.get(call, OTHER)].observe(seconds)
    answers[f"{code // 100}xx"].inc()


def _begin_after_fork() -> None:
    """Count in an own file, also if the process that loaded the app forked this one."""
    _meters.cache_clear()
    own_folder.cache_clear()
    for lock in _locks.values():
        # The lock belongs to the process that took it.
        os.close(lock)
    _locks.clear()


os.register_at_fork(after_in_child=_begin_after_fork)


@cache
def _meters() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return this process's meters, each with its place in the file from the start."""
    os.environ.update(PROMETHEUS_MULTIPROC_DIR=str(own_folder()))
    # Imported late: the library reads the directory of its files at import time.
    from prometheus_client import Counter, Histogram

    seconds = Histogram(
        "winnow_request_seconds",
        "Time to answer: next, save, desk (save and next in one call), other.",
        ["call"],
        buckets=BUCKETS,
        registry=None,
    )
    answers = Counter("winnow_responses", "Answers by class of status.", ["status"], registry=None)
    calls = sorted({*CALLS.values(), OTHER})
    return {c: seconds.labels(c) for c in calls}, {c: answers.labels(c) for c in CLASSES}


@cache
def own_folder() -> Path:
    """Return the directory of this machine's web counters; empty for the first process of a start.

    Containers may share a data directory and use the same process ids, so each has its own.
    """
    folder = settings.DATA_DIR / "metrics" / socket.gethostname()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if _take(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
        for file in folder.glob("*.db"):
            file.unlink(missing_ok=True)
        _drop_left(folder)
    # Locked while the process lives, shared with all others.
    _take(folder, fcntl.LOCK_SH)
    for kind in ("histogram", "counter"):
        (folder / f"{kind}_{os.getpid()}.db").write_bytes(bytes(FILE_BYTES))
    return folder


_locks: dict[Path, int] = {}


def _take(folder: Path, how: int) -> bool:
    lock = _locks.get(folder)
    if lock is None:
        lock = _locks[folder] = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, how)
    except BlockingIOError:
        return False
    return True


def _drop_left(own: Path) -> None:
    """Delete the directories of containers that no longer exist."""
    for folder in own.parent.iterdir():
        if folder == own or time.time() - folder.stat().st_mtime < DAY:
            continue
        if _take(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)
        os.close(_locks.pop(folder))


# All figures --------------------------------------------------------------------------------------


def exposition(accept: str) -> tuple[bytes, str]:
    """Return all figures and their content type, in the format that the client accepts."""
    _meters()
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(own_folder()))  # type: ignore[no-untyped-call]
    registry.register(Rows())
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class Rows:
    """Collects figures from the database and the disk."""

    def collect(self) -> Iterator[Any]:
        """Yield each figure with its help text; without a database, only that it is down."""
        yield _gauge("disk_free_bytes", "Free where the data lies.", [((), health.disk().free)])
        try:
            figures = [*_of_projects(), *_of_jobs(), *_of_workers()]
        except DatabaseError:
            figures = []
        yield _gauge("database_up", "Whether the database answered.", [((), bool(figures))])
        yield from figures


Samples = Iterable[tuple[tuple[str, ...], float | None]]


def _gauge(name: str, words: str, samples: Samples, labels: tuple[str, ...] = ()) -> Any:
    from prometheus_client.core import GaugeMetricFamily

    return _filled(GaugeMetricFamily(f"winnow_{name}", words, labels=labels), samples)


def _counter(name: str, words: str, samples: Samples, labels: tuple[str, ...] = ()) -> Any:
    from prometheus_client.core import CounterMetricFamily

    return _filled(CounterMetricFamily(f"winnow_{name}", words, labels=labels), samples)


def _filled(family: Any, samples: Samples) -> Any:
    for values, number in samples:
        if number is not None:
            family.add_metric(values, number)
    return family


AT_MOST = f"Counted up to {health.MOST}; see winnow_capped."
COUNTS: dict[str, tuple[str, Callable[[ProjectHealth], int]]] = {
    "queue_depth": (f"Open queue entries. {AT_MOST}", lambda each: each.open),
    "leases": (f"Live leases. {AT_MOST}", lambda each: each.leased),
    "model_unseen_labels": (f"Labels since the newest model. {AT_MOST}", lambda each: each.unseen),
}
AGES: dict[str, tuple[str, Callable[[ProjectHealth], float | None]]] = {
    "oldest_lease_seconds": ("Age of the oldest live lease.", lambda each: each.oldest_lease),
    "model_age_seconds": ("Age of the newest model.", lambda each: each.model_age),
}


def _of_projects() -> Iterator[Any]:
    found = [(str(each.project.pk), each) for each in health.standings()]
    there = Project.objects.alive().count()
    yield _gauge("projects", "Projects that are there.", [((), there)])
    words = f"Projects beyond the newest {health.MOST_PROJECTS}, which have no figures here."
    yield _gauge("projects_left_out", words, [((), there - len(found))])
    for name, (words, of) in COUNTS.items():
        counts = [((pk,), min(of(each), health.MOST)) for pk, each in found]
        yield _gauge(name, words, counts, ("project",))
    yield _gauge("capped", "Whether a count stopped early.", _capped(found), ("project", "count"))
    for name, (words, age) in AGES.items():
        yield _gauge(name, words, [((pk,), age(each)) for pk, each in found], ("project",))
    yield from _of_rounds(found)


def _capped(found: list[tuple[str, ProjectHealth]]) -> Samples:
    for pk, each in found:
        for name, (_words, of) in COUNTS.items():
            yield (pk, name), float(of(each) > health.MOST)


def _of_rounds(found: list[tuple[str, ProjectHealth]]) -> Iterator[Any]:
    failed = [((pk,), each.failed) for pk, each in found]
    yield _counter("rounds_failed", "Rounds that failed for good.", failed, ("project",))
    done = [(pk, each.done) for pk, each in found if each.done]
    numbers = [((pk,), round_.number) for pk, round_ in done]
    yield _gauge("round_number", "The latest round that is done.", numbers, ("project",))
    times = [((pk, stage), took) for pk, round_ in done for stage, took in round_.timings.items()]
    words = "Time of each stage in the latest round that is done."
    yield _gauge("round_stage_seconds", words, times, ("project", "stage"))


def _of_jobs() -> Iterator[Any]:
    kinds = health.jobs()
    counts = [
        ((kind.name, state), getattr(kind, state))
        for kind in kinds
        for state in ("queued", "running", "failed")
    ]
    yield _gauge("jobs", "Jobs that are not done.", counts, ("kind", "state"))
    words = "For how long the oldest job that is due has waited; 0 when none is."
    due = [((kind.name,), kind.oldest_due or 0.0) for kind in kinds]
    yield _gauge("oldest_due_job_seconds", words, due, ("kind",))


def _of_workers() -> Iterator[Any]:
    beats = health.beats()
    alive = sum(beat.alive for beat in beats)
    yield _gauge("workers_alive", "Workers heard of lately.", [((), alive)])
    ages = [((beat.name,), beat.seconds) for beat in beats]
    words = "How long ago each worker was heard of."
    yield _gauge("worker_heartbeat_age_seconds", words, ages, ("worker",))
