"""Beat scheduler for `settings.CELERY_BEAT_SCHEDULE` that survives clock and disk errors."""

import atexit
import logging
import os
import threading
from pathlib import Path
from typing import Any

from celery.beat import PersistentScheduler, Service
from celery.schedules import schedstate
from celery.signals import worker_ready

from annotator.celery import app

log = logging.getLogger(__name__)

RESTART_SECONDS = 2
# Set by `manage.py up`, whose only worker runs the beat as well: the file of its schedule.
BEAT_FILE = "WINNOW_BEAT_FILE"


class ResilientScheduler(PersistentScheduler):
    """Celery's scheduler, which by itself stops after the clock was set back.

    It would wait until the clock reaches the time of the last run again.
    """

    def is_due(self, entry: Any) -> Any:
        """Return whether a task is due, and the seconds until the next check."""
        every = entry.schedule
        if every.maybe_make_aware(entry.last_run_at) > every.maybe_make_aware(every.now()):
            return schedstate(is_due=True, next=every.seconds)
        return super().is_due(entry)


class Beat(threading.Thread):
    """A beat inside the worker's main process that restarts after any error.

    Nobody notices the death of the process that `celery worker -B` forks, and another process of
    our own costs 60 MB.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(name="beat", daemon=True)
        self._file = str(file)
        self._over = threading.Event()
        self._service: Any = None

    def run(self) -> None:
        """Run until `stop` is called."""
        # It logs every single beat.
        logging.getLogger("celery.beat").setLevel(logging.WARNING)
        while not self._over.is_set():
            self._service = Service(
                app, max_interval=5, schedule_filename=self._file, scheduler_cls=ResilientScheduler
            )
            try:
                self._service.start()
            except Exception:
                log.exception("the beat stopped; it begins again")
                self._over.wait(RESTART_SECONDS)

    def stop(self) -> None:
        """Stop, and wait a moment until the last run times are written."""
        self._over.set()
        if self._service is not None:
            self._service.stop()
        if self.is_alive():
            self.join(2)


def _beat_if_asked(**_: Any) -> None:
    file = os.environ.get(BEAT_FILE)
    if file:
        beat = Beat(Path(file))
        beat.start()
        atexit.register(beat.stop)


worker_ready.connect(_beat_if_asked)
