"""Beat scheduler for `settings.CELERY_BEAT_SCHEDULE` that survives clock and disk errors."""

import logging
import threading
from pathlib import Path
from typing import Any

from celery.beat import PersistentScheduler, Service
from celery.schedules import schedstate

from annotator.celery import app

log = logging.getLogger(__name__)

RESTART_SECONDS = 2


class ResilientScheduler(PersistentScheduler):
    """Celery's scheduler, which by itself stands still after the clock was set back.

    It would wait until the clock is again where it was when a task last ran.
    """

    def is_due(self, entry: Any) -> Any:
        """Return whether a task is due, and in how many seconds to ask again."""
        every = entry.schedule
        if every.maybe_make_aware(entry.last_run_at) > every.maybe_make_aware(every.now()):
            return schedstate(is_due=True, next=every.seconds)
        return super().is_due(entry)


class Beat(threading.Thread):
    """Beats inside the process that holds it, and begins again after whatever went wrong.

    The process that `celery worker -B` forks is missed by nobody once it has died, and one more of
    our own costs 60 MB.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(name="beat", daemon=True)
        self._file = str(file)
        self._over = threading.Event()
        self._service: Any = None

    def run(self) -> None:
        """Beat until `stop`."""
        # It tells of every single beat.
        logging.getLogger("celery.beat").setLevel(logging.WARNING)
        while not self._over.is_set():
            self._service = Service(
                app, max_interval=2, schedule_filename=self._file, scheduler_cls=ResilientScheduler
            )
            try:
                self._service.start()
            except Exception:
                log.exception("the beat stopped; it begins again")
                self._over.wait(RESTART_SECONDS)

    def stop(self) -> None:
        """End it, and wait a moment until it has written down when what ran."""
        self._over.set()
        if self._service is not None:
            self._service.stop()
        if self.is_alive():
            self.join(2)
