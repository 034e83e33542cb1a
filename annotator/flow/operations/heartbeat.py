"""Heartbeat of the workers: reported by each, read by pages."""

import logging
import threading
from typing import Any

from django.db import Error, connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.models import WorkerBeat

log = logging.getLogger(__name__)

BEAT_SECONDS = 10
DEAD_SECONDS = 40


def report_worker(name: str, over: threading.Event) -> None:
    """Send a heartbeat for the worker `name` every few seconds, until `over` is set."""
    while True:
        try:
            WorkerBeat.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})
        except Error as problem:
            # After a database outage, the worker must not look dead for ever.
            log.warning("%s could not report itself: %s", name, problem)
        connection.close()
        if over.wait(BEAT_SECONDS):
            break
    WorkerBeat.objects.filter(name=name).delete()
    connection.close()


def workers() -> dict[str, Any]:
    """Return whether any worker is alive, and a sentence about that."""
    newest = WorkerBeat.objects.order_by("-seen_at").first()
    seconds = None if newest is None else (timezone.now() - newest.seen_at).total_seconds()
    alive = seconds is not None and seconds < DEAD_SECONDS
    if alive:
        words = _("Running.")
    elif seconds is None:
        words = _(
            "No worker is running. Labels are saved, but imports and rounds wait. Start Winnow "
            "with “manage.py up”, or a worker with “celery -A annotator worker -B”."
        )
    else:
        words = _(
            "No worker seen for %(ago)s. Labels are saved, but imports and rounds wait. Start one "
            "with “celery -A annotator worker -B”."
        ) % {"ago": _ago(seconds)}
    return {"alive": alive, "seconds": seconds, "words": words}


def _ago(seconds: float) -> str:
    if seconds < 120:
        return ngettext("%(n)d s", "%(n)d s", int(seconds)) % {"n": int(seconds)}
    return ngettext("%(n)d minute", "%(n)d minutes", int(seconds // 60)) % {"n": int(seconds // 60)}
