"""Job runner: claims a row, sends heartbeats, and stores errors as sentences."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache, wraps
from typing import Any, TypeVar

from django.db import Error, close_old_connections, connection

from annotator.db import clock
from annotator.db.compiled_queries import CompiledSelect
from annotator.errors import FlowError
from annotator.i18n import error_messages
from annotator.jobs import damaged_files
from annotator.jobs.outages import outage
from annotator.logs import log_format
from annotator.models import Job, LostClaim
from annotator.models.jobs import MAX_ATTEMPTS
from annotator.storage.checksums import Corrupt

log = logging.getLogger(__name__)

J = TypeVar("J", bound=Job)
R = TypeVar("R")

RESEND_SECONDS = 10
ACTIVE = (Job.State.QUEUED.value, Job.State.RUNNING.value)


def job(model: type[J], **where: Any) -> Callable[[Callable[[J], R]], Callable[[int], R | None]]:
    """Turn a function on a claimed row into one on its key, which skips jobs not due.

    `where` restricts what may be claimed, for instance to a stage. A FlowError ends the job with
    its sentence; any other error counts as an attempt, and the sweep sends the job again.
    """

    def decorate(work: Callable[[J], R]) -> Callable[[int], R | None]:
        @wraps(work)
        def run(pk: int) -> R | None:
            claimed = model.objects.claim(pk, **where)
            return None if claimed is None else _do(work, claimed)

        return run

    return decorate


def _do(work: Callable[[J], R], claimed: J) -> R | None:
    with log_format.bound(project=claimed.project_id):
        started = time.monotonic()
        _say(claimed, "begins", attempt=claimed.attempts)
        result = _attempt(work, claimed)
        # A finished stage hands its job on, so it waits again.
        _say(claimed, "ends", state=claimed.state, seconds=round(time.monotonic() - started, 3))
        return result


def _say(claimed: J, what: str, **facts: Any) -> None:
    kind, words = str(claimed._meta.verbose_name), [f"{k} {v}" for k, v in facts.items()]
    facts = {"job": kind, "job_id": claimed.pk, **facts}
    log.info("%s %s %s: %s", kind, claimed.pk, what, ", ".join(words), extra={"facts": facts})


def _attempt(work: Callable[[J], R], claimed: J) -> R | None:
    try:
        with claimed.kept_alive():
            return work(claimed)
    except LostClaim as lost:
        claimed.state = "lost"
        log.info("%s", lost)
    except FlowError as refused:
        _note(claimed, claimed.give_up, refused.detail)
    except Corrupt as problem:
        log.error("%s %s stopped at %s", claimed._meta.verbose_name, claimed.pk, problem)
        found = damaged_files.repair(problem)
        _note(claimed, claimed.fail if found.mends else claimed.give_up, found.words)
    except Exception as problem:
        log.exception("%s %s failed", claimed._meta.verbose_name, claimed.pk)
        if isinstance(problem, Error):
            # The connection may be broken: over a new one, the failure is stored before the sweep
            # finds it.
            close_old_connections()
        _note(claimed, claimed.fail, in_words(problem))
    return None


def _note(claimed: Job, how: Callable[[str], None], words: str) -> None:
    try:
        how(words)
    except LostClaim as lost:
        log.info("%s", lost)
    except Error as problem:
        log.warning(
            "%s %s is left to the sweep: %s", claimed._meta.verbose_name, claimed.pk, problem
        )


def in_words(problem: BaseException) -> str:
    """Return an error as a sentence that a project lead can pass on."""
    away = outage(problem)
    if away is not None:
        return away.detail
    if isinstance(problem, MemoryError):
        return error_messages.text("out_of_memory")
    if isinstance(problem, OSError) and problem.strerror:
        return f"{problem.strerror} ({problem.filename or 'no file name'})."
    return f"{type(problem).__name__}: {problem}"[:2000]


@cache
def _find_active(model: type[Job]) -> CompiledSelect:
    return CompiledSelect(
        lambda: model.objects.active().order_by().values_list("pk", flat=True)[:1]
    )


def is_any_active(model: type[Job]) -> bool:
    """Return whether a job of this kind waits or runs, in any project."""
    return bool(_find_active(model)())


def are_any_active(models: tuple[type[Job], ...]) -> bool:
    """Return whether a job of any of these kinds waits or runs, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_any_active_statement(models), [*ACTIVE * len(models)])
        return bool(cursor.fetchone()[0])


@cache
def _any_active_statement(models: tuple[type[Job], ...]) -> str:
    quote = connection.ops.quote_name
    places = ", ".join(["%s"] * len(ACTIVE))
    found = [
        f"EXISTS (SELECT 1 FROM {quote(model._meta.db_table)} WHERE state IN ({places}))"  # noqa: S608
        for model in models
    ]
    return f"SELECT CASE WHEN {' OR '.join(found)} THEN 1 ELSE 0 END"


def sweep(model: type[J], *, just_now: bool = False, **where: Any) -> list[int]:
    """Return the keys of waiting jobs that no worker holds, and fail hopeless ones.

    With `just_now`, include jobs whose message is in the broker, as a dead worker may have lost it.
    """
    # Usually there are none, and each statement below would wait for the current writer.
    if not is_any_active(model):
        return []
    now = clock.now()
    model.objects.release_dead()
    left = model.objects.claimable(now).filter(**where)
    left.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=Job.State.FAILED,
        finished_at=now,
        error=error_messages.text("worker_crashed", values={"n": MAX_ATTEMPTS}),
    )
    # A job stored a moment ago has its own message in the broker, unless a worker began it.
    fresh = (now - timedelta(seconds=RESEND_SECONDS), now + timedelta(seconds=RESEND_SECONDS))
    due = left if just_now else left.exclude(created_at__range=fresh, started_at=None)
    return list(due.order_by("pk").values_list("pk", flat=True)[:100])
