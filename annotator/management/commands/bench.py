"""Measure this installation and print a table."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotator import bench
from annotator.client import Client

START_SECONDS = 60
INSIDE = "WINNOW_BENCH"


class Command(BaseCommand):
    """Start Winnow on a data directory of its own, measure, stop, print.

    With DATABASE_URL or BROKER_URL set, that database and that broker are measured; the projects
    that are made for it are removed afterwards.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["serve", "round", "import"])
        parser.add_argument("--items", type=int, help="how many items instead of the usual number")
        parser.add_argument("--cycles", type=int, default=200)
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Measure in a fresh process, because settings are read once at the start."""
        if INSIDE not in os.environ:
            with tempfile.TemporaryDirectory(prefix="winnow-bench-") as folder:
                env = {**os.environ, INSIDE: "1", "WINNOW_DATA": folder}
                sys.exit(subprocess.call([sys.executable, *sys.argv], env=env))  # noqa: S603
        with _projects_removed(), running(settings.DATA_DIR) as (client, pid):
            figures = _measure(options, client, pid)
        if options["format"] == "json":
            self.stdout.write(json.dumps([vars(figure) for figure in figures]))
            return
        self.stdout.write(f"Database: {settings.DATABASES['default']['ENGINE'].rpartition('.')[2]}")
        for figure in figures:
            goal = f"   goal {figure.goal} {figure.unit}" if figure.goal else ""
            self.stdout.write(f"{figure.name:<48}{figure.value:>10.2f} {figure.unit:<3}{goal}")


def _measure(options: dict[str, Any], client: Client, pid: int) -> list[bench.Figure]:
    folder = settings.DATA_DIR
    if options["what"] == "serve":
        sizes = [options["items"]] if options["items"] else [20_000, 200_000]
        return bench.measure_serve(client, folder, sizes, options["cycles"])
    with PeakMemory(pid) as peak:
        if options["what"] == "round":
            return bench.measure_round(client, folder, peak.megabytes, options["items"] or 20_000)
        return bench.measure_import(client, folder, peak.megabytes, options["items"] or 100_000)


@contextmanager
def running(folder: Path) -> Iterator[tuple[Client, int]]:
    """Run `manage.py up` on a free port, and yield a client of it and its process id."""
    port, password = _free_port(), secrets.token_urlsafe(12)
    name = f"bench-{secrets.token_hex(4)}"
    env = {**os.environ, "WINNOW_ADMIN_USER": name, "WINNOW_ADMIN_PASSWORD": password}
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
    # A database that is in use has its admins already; measuring takes one of its own.
    from annotator.models import User

    if not User.objects.filter(username=name).exists():
        User.objects.create_superuser(name, password=password)


@contextmanager
def _projects_removed() -> Iterator[None]:
    from annotator.flow import tidying
    from annotator.models import Project, User

    try:
        yield
    finally:
        for user in User.objects.filter(username__startswith="bench-"):
            for project in Project.objects.filter(created_by=user):
                tidying.remove_project(project)
            user.delete()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PeakMemory:
    """Watches the resident memory of all Celery processes below one process."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
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
        """Return the most that any of them had at once, in MB; 0 where that cannot be seen."""
        return self._most / 1024

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            for process in Path("/proc").glob("[0-9]*"):
                self._most = max(self._most, _celery_kilobytes(process))


def _celery_kilobytes(process: Path) -> int:
    try:
        command = (process / "cmdline").read_bytes()
        if b"celery" not in command or str(settings.DATA_DIR).encode() not in command:
            return 0
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)
