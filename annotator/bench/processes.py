"""Processes under measurement: started on a free port, watched, stopped."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError

from annotator.bench.api_client import Client
from annotator.server import resource_usage

START_SECONDS = 60


@contextmanager
def running(folder: Path, **settings_given: str) -> Iterator[tuple[Client, int]]:
    """Run `manage.py up` on a free port, and yield a client of it and its process id."""
    port, password = _free_port(), secrets.token_urlsafe(12)
    name = f"bench-{secrets.token_hex(4)}"
    env = {**os.environ, "WINNOW_ADMIN_USER": name, "WINNOW_ADMIN_PASSWORD": password}
    env |= settings_given
    command = [sys.executable, "manage.py", "up", "--port", str(port)]
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=settings.BASE_DIR, env=env, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_it_answers(folder / "up.log", process)
        _admin(name, password)
        yield Client(f"http://127.0.0.1:{port}", name, password), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_until_it_answers(log: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while b"Winnow answers at" not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > end:
            raise CommandError(f"Winnow did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.1)


def _admin(name: str, password: str) -> None:
    # A database in use already has admins; the benchmark needs one of its own.
    from annotator.models import User

    if not User.objects.filter(username=name).exists():
        User.objects.create_superuser(name, password=password)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PeakMemory:
    """Samples the resident memory of the processes below one that have a word in their command."""

    def __init__(self, pid: int, word: bytes = b"celery") -> None:
        self._pid, self._word = pid, word
        self._most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def megabytes(self) -> float:
        """Return the most that one of them had, in MB; 0 if it cannot be read."""
        return self._most / 1024

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            for pid in resource_usage.family(self._pid):
                found = _kilobytes(resource_usage.PROC / str(pid), self._word)
                self._most = max(self._most, found)


def _kilobytes(process: Path, word: bytes) -> int:
    try:
        if word not in (process / "cmdline").read_bytes():
            return 0
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)
