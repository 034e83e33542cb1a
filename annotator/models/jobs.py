"""Base of background jobs: a row with state, attempts, heartbeat and fencing token.

A Celery message only wakes a worker, which then claims the row. A worker that dies stops sending
heartbeats, so its row can be claimed again; if it comes back, its token no longer matches and its
writes are refused.
"""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import Error, connection, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from annotator.db import clock, owners

BEAT_SECONDS = 5
# Only if the death of its worker cannot be proven (annotator.db.owners).
STALE_SECONDS = settings.JOB_STALE_SECONDS
MAX_ATTEMPTS = 3

log = logging.getLogger(__name__)


class LostClaim(Exception):
    """Another worker has taken over the job; the caller must stop writing."""


def claimable(now: datetime) -> Q:
    """Return the filter for jobs that wait, or whose worker sends no heartbeats."""
    # No pause and no heartbeat lies that far ahead, unless the clock was set back.
    stale, ahead = now - timedelta(seconds=STALE_SECONDS), now + timedelta(seconds=60)
    may_try = Q(retry_at=None) | Q(retry_at__lte=now) | Q(retry_at__gt=ahead)
    not_heard_of = Q(heartbeat_at__lt=stale) | Q(heartbeat_at__gt=ahead)
    return Q(state=Job.State.QUEUED) & may_try | Q(state=Job.State.RUNNING) & not_heard_of


def anew(now: datetime) -> dict[str, Any]:
    """Return the fields of a job that is to be done again, whatever became of it before."""
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


class JobQuerySet(models.QuerySet[Any]):
    """Jobs by state."""

    def active(self) -> Self:
        return self.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])

    def claimable(self, now: datetime) -> Self:
        """Return the jobs that wait, and those whose worker sends no heartbeats."""
        return self.filter(claimable(now))

    def release_dead(self) -> int:
        """Release the jobs of dead processes on this machine; return their number.

        The attempt stays counted, because a job that kills its worker must not be tried for ever.
        """
        running = self.filter(state=Job.State.RUNNING).exclude(owner="")
        held_by = set(running.order_by().values_list("owner", flat=True))
        dead = [owner for owner in held_by if owners.is_dead(owner)]
        if not dead:
            return 0
        # If the process is alive after all, its token no longer matches.
        return running.filter(owner__in=dead).update(
            state=Job.State.QUEUED, token=None, owner="", retry_at=None
        )

    def claim(self, pk: int, **where: Any) -> Any:
        """Claim the job for this worker and return it; None if there is nothing to claim."""
        now, token = clock.now(), uuid.uuid4()
        # The message of a dead worker may be delivered again before the tick.
        self.filter(pk=pk).release_dead()
        # A separate query: an update with a join would select its row in a subquery, and PostgreSQL
        # then lets two workers update it one after the other.
        elsewhere = {name: value for name, value in where.items() if "__" in name}
        if elsewhere and not self.filter(pk=pk, **elsewhere).exists():
            return None
        # The row's own columns are checked in the update, because the stage may end at any moment.
        own = {name: value for name, value in where.items() if name not in elsewhere}
        taken = (
            self.claimable(now)
            .filter(pk=pk, attempts__lt=MAX_ATTEMPTS, **own)
            .update(
                state=Job.State.RUNNING,
                token=token,
                owner=owners.own(),
                attempts=F("attempts") + 1,
                heartbeat_at=now,
                started_at=Coalesce(F("started_at"), now),
                retry_at=None,
            )
        )
        if not taken:
            return None
        mine = self.filter(pk=pk, token=token)
        return (mine.select_related(*self.model.WITH) if self.model.WITH else mine).first()


class Job(models.Model):
    """Common fields of background jobs; concrete jobs add their subject."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    token = models.UUIDField(null=True, editable=False)
    # The process that claimed it (annotator.db.owners); empty if unknown.
    owner = models.CharField(max_length=200, blank=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    # Each job has a project, its own or that of its parent.
    project_id: Any
    # Relations that the job needs anyway, loaded with the row.
    WITH: ClassVar[tuple[str, ...]] = ()

    objects = JobQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def is_active(self) -> bool:
        """Return whether the job is not finished."""
        return self.state in {self.State.QUEUED, self.State.RUNNING}

    def write(self, **fields: Any) -> None:
        """Store `fields` if the job is still ours; otherwise raise LostClaim."""
        mine = type(self).objects.filter(pk=self.pk, token=self.token, state=self.State.RUNNING)
        if not mine.update(heartbeat_at=clock.now(), **fields):
            raise LostClaim(f"{self._meta.verbose_name} {self.pk} was taken over")
        for name, value in fields.items():
            setattr(self, name, value)

    def hand_on(self, **fields: Any) -> None:
        """Finish a stage: any worker may claim the next one, with fresh attempts."""
        self.write(state=self.State.QUEUED, token=None, attempts=0, error="", **fields)

    def finish(self, **fields: Any) -> None:
        """Mark the job as done."""
        self.write(state=self.State.DONE, finished_at=clock.now(), error="", **fields)

    def give_up(self, error: str) -> None:
        """Mark the job as failed for good, with a sentence."""
        self.write(state=self.State.FAILED, finished_at=clock.now(), error=_storable(error))

    def fail(self, error: str) -> None:
        """Record a failed attempt: retry later, or give up after the third."""
        if self.attempts >= MAX_ATTEMPTS:
            return self.give_up(error)
        pause = timedelta(seconds=5 * 2 ** (self.attempts - 1))
        retry_at = clock.now() + pause
        self.write(state=self.State.QUEUED, error=_storable(error), retry_at=retry_at)

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Send heartbeats from a separate thread while the caller computes."""
        over = threading.Event()
        beat = partial(copy_context().run, self._beat_until, over)
        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _beat_until(self, over: threading.Event) -> None:
        while not over.wait(BEAT_SECONDS):
            mine = type(self).objects.filter(pk=self.pk, token=self.token)
            try:
                mine.update(heartbeat_at=clock.now())
            except Error as problem:
                # A missed heartbeat is harmless; if they stopped, the job would be claimed by
                # another worker.
                log.warning("%s %s missed a beat: %s", self._meta.verbose_name, self.pk, problem)
            connection.close()


def _storable(error: str) -> str:
    """Return the error as every database can store it: it may quote the bytes of a file."""
    return error.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


class WorkerBeat(models.Model):
    """Last heartbeat of a worker process."""

    name = models.CharField(max_length=200, primary_key=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
