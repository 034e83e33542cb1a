"""Celery app, and wake-ups that never hold up the web process."""

import atexit
import gc
import heapq
import itertools
import logging
import os
import queue
import signal
import socket
import threading
import time
from functools import partial
from typing import Any

from celery import Celery
from celery.contrib.django.task import DjangoTask
from celery.signals import worker_init, worker_process_init, worker_ready, worker_shutting_down
from django.db import transaction

import annotator
from annotator.server import supervisor

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
log = logging.getLogger(__name__)

PAUSE = 0.05
# An equal wake-up is sent no sooner than this: under load, every label would request a round.
QUIET = 0.5
MOST_REMEMBERED = 1000
# A message ends a wait for the next one at once; a wait that ends without one wakes both the worker
# and the broker, each second unless set.
WAIT = 10


class WakeUpSender:
    """Wake-ups on their way to the broker, sent by a separate thread.

    A broker that hangs would block every request that publishes to it, and an unreachable one would
    make a saved label look failed. Equal wake-ups are sent once; a lost one is sent again by the
    tick.
    """

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Any, tuple[Any, ...]]] = queue.SimpleQueue()
        self._known: set[tuple[str, tuple[Any, ...]]] = set()
        self._pid = 0
        self._lock = threading.Lock()

    def put(self, task: Any, args: tuple[Any, ...]) -> None:
        """Send `task` soon, unless an equal wake-up is waiting already."""
        with self._lock:
            self._begin_after_fork()
            if (task.name, args) in self._known:
                return
            self._known.add((task.name, args))
        self._waiting.put((task, args))

    def _begin_after_fork(self) -> None:
        if self._pid == os.getpid():
            return
        self._pid = os.getpid()
        self._known.clear()
        self._waiting = queue.SimpleQueue()
        threading.Thread(target=self._send_for_ever, name="mailbox", daemon=True).start()

    def _send_for_ever(self) -> None:
        due: list[tuple[float, int, Any, tuple[Any, ...]]] = []
        number = itertools.count()
        sent: dict[tuple[str, tuple[Any, ...]], float] = {}
        while True:
            try:
                task, args = self._waiting.get(timeout=_until(due))
            except queue.Empty:
                _at, _number, task, args = heapq.heappop(due)
                sent[task.name, args] = time.monotonic()
                self._send(task, args)
                continue
            # The request that asked for this is not answered yet and needs the processor first.
            soon = time.monotonic() + PAUSE
            at = max(soon, sent.get((task.name, args), 0.0) + QUIET)
            heapq.heappush(due, (at, next(number), task, args))
            if len(sent) > MOST_REMEMBERED:
                sent.clear()

    def _send(self, task: Any, args: tuple[Any, ...]) -> None:
        with self._lock:
            self._known.discard((task.name, args))
        try:
            task.apply_async(args)
        except Exception as problem:
            log.warning("wake-up %s%s not sent, the tick will: %s", task.name, args, problem)


def _until(due: list[Any]) -> float | None:
    """Return the seconds until the first of these is due; None if nothing waits."""
    return max(due[0][0] - time.monotonic(), 0.0) if due else None


mailbox = WakeUpSender()


class WakeUp(DjangoTask):
    """A task whose message is sent after the commit, beside the request."""

    abstract = True

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:
        """Send this wake-up once the transaction commits."""
        transaction.on_commit(partial(mailbox.put, self, args), robust=True)


app = Celery("winnow", task_cls=WakeUp)
app.config_from_object("django.conf:settings", namespace="CELERY")
# All other tasks have the highest of ten priorities, so an encoder waits for them.
app.conf.task_routes = {
    f"annotator.tasks.{name}": {"queue": "celery", "priority": 9}
    for name in ("encode_vectors", "measure_encoders")
}
app.autodiscover_tasks()
app.autodiscover_tasks(["annotator.logs"], related_name="task_log_context")


# On a machine shared with the web processes, rounds and imports run at lower priority.
GIVE_WAY = 10


@worker_process_init.connect
def _give_way(**_: Any) -> None:
    os.nice(GIVE_WAY)


def worker_name() -> str:
    """Return the name that this worker process reports."""
    return f"{socket.gethostname()}:{os.getpid()}"


@worker_init.connect
def _share_what_is_loaded(**_: Any) -> None:
    # The garbage collector writes to every object that it visits, which would copy the pages shared
    # with the processes forked from here.
    gc.freeze()
    gc.set_threshold(*annotator.USUAL_THRESHOLD)


@worker_init.connect
def _wait_for_longer(**_: Any) -> None:
    from kombu.transport.redis import Transport

    Transport.brpop_timeout = WAIT


@worker_process_init.connect
def _end_with_the_worker(**_: Any) -> None:
    # Children would outlive a parent that was killed, and keep its memory and connections.
    supervisor.end_with_parent(signal.SIGKILL)


@worker_ready.connect
def _report_for_duty(**_: Any) -> None:
    from annotator.flow.operations import heartbeat

    over = threading.Event()
    thread = threading.Thread(
        target=heartbeat.report_worker, args=(worker_name(), over), name="worker-beat", daemon=True
    )
    thread.start()
    _take_up_at_once()
    worker_shutting_down.connect(lambda **_: over.set(), weak=False)
    atexit.register(over.set)


def _take_up_at_once() -> None:
    """Resume the jobs of a previous worker now, instead of with one of the next ticks."""
    from annotator import tasks

    mailbox.put(tasks.tick, (True,))
