"""Progress of a job that reads one snapshot for as long as it runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any

from django.db import Error, connection

from annotator.db import clock
from annotator.models import Job, LostClaim

TELL_SECONDS = 1.0


class Progress:
    """How far a job is. Another thread stores it: the snapshot's connection cannot write."""

    def __init__(self, work: Any) -> None:
        self._work, self.done = work, 0
        self._is_lost = False

    def tell(self, number: int) -> None:
        """Note how much is done; LostClaim once another worker has the job."""
        self.done = number
        if self._is_lost:
            raise LostClaim(f"{self._work._meta.verbose_name} {self._work.pk} was taken over")

    @contextmanager
    def told(self) -> Iterator["Progress"]:
        """Store the progress every second."""
        over = threading.Event()
        keep = partial(copy_context().run, self._store_until, over)
        thread = threading.Thread(target=keep, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()

    def _store_until(self, over: threading.Event) -> None:
        while not over.wait(TELL_SECONDS):
            mine = type(self._work).objects.filter(
                pk=self._work.pk, token=self._work.token, state=Job.State.RUNNING
            )
            try:
                self._is_lost = not mine.update(done=self.done, heartbeat_at=clock.now())
            except Error:
                # The next second tries again, and the heartbeat has a thread of its own.
                continue
            finally:
                connection.close()
