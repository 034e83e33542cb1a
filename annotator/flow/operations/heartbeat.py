"""Heartbeat of the workers: reported by each, read by pages."""

import logging
import threading
from typing import Any

from django.db import Error, connection
from django.utils import timezone

from annotator.models import WorkerBeat

log = logging.getLogger(__name__)

BEAT_SECONDS = 10
DEAD_SECONDS = 40


def report_worker(name: str, over: threading.Event) -> None:
    """Send a heartbeat for the worker `name` every few seconds, until `over` is set."""
    while True:
        try:
            _report(name)
        except Error as problem:
            # After a database outage, the worker must not look dead for ever.
            log.warning("%s could not report itself: %s", name, problem)
        connection.close()
        if over.wait(BEAT_SECONDS):
            break
    WorkerBeat.objects.filter(name=name).delete()
    connection.close()


def _report(name: str) -> None:
    now = timezone.now()
    # The row is there, but for the first time: one statement, without a transaction.
    if not WorkerBeat.objects.filter(name=name).update(seen_at=now):
        WorkerBeat.objects.update_or_create(name=name, defaults={"seen_at": now})


def workers() -> dict[str, Any]:
    """Return whether any worker is alive, and a sentence about that."""
    newest = WorkerBeat.objects.order_by("-seen_at").first()
    seconds = None if newest is None else (timezone.now() - newest.seen_at).total_seconds()
    alive = seconds is not None and seconds < DEAD_SECONDS
    return {"alive": alive, "seconds": seconds}
