"""Real servers for tests: started on free local ports, stopped afterwards by their process ids."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from annotator.bench.api_client import Client
from tests import shared

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
ADMIN, PASSWORD = "olga", "correct-horse-battery"
PATIENCE = 4


def needed(found: str | None, what: str) -> str:
    """Return `found`; if it is missing, skip the test, or fail it under CI."""
    if found:
        return found
    message = f"{what} is not installed here"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def data_set(name: str) -> Path:
    """Return a real data set; skip the test if it is missing."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not here: the data sets are no part of the repository")
    return path


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def short_folder() -> Iterator[Path]:
    """Yield a readable directory with a short path, as sockets need one."""
    with tempfile.TemporaryDirectory(prefix="winnow-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def patient(seconds: float) -> float:
    """Return how long to wait at most for what takes `seconds` at most on an idle machine.

    Such limits end a test that hangs; they measure nothing, and a longer one costs nothing.
    WINNOW_TEST_PATIENCE is the factor, for machines that do much besides.
    """
    return seconds * float(os.environ.get("WINNOW_TEST_PATIENCE", PATIENCE))


def wait_until(
    true: Callable[[], object], seconds: float = 60.0, what: str = "it", pause: float = 0.1
) -> object:
    """Return the first true result; fail the test on timeout."""
    end = time.monotonic() + patient(seconds)
    while time.monotonic() < end:
        answer = true()
        if answer:
            return answer
        time.sleep(pause)
    pytest.fail(f"{what} did not come true within {patient(seconds):.0f} s")


# Winnow -------------------------------------------------------------------------------------------


class Winnow:
    """One `manage.py up` on a data directory of its own.

    Where the directory is not there yet, it begins with the tables and the static files, which a
    first start makes in half its time; one that is there is left as it is.
    """

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.env = {
            **{name: value for name, value in os.environ.items() if name not in _OWN},
            "WINNOW_DATA": str(folder),
            "WINNOW_ADMIN_USER": ADMIN,
            "WINNOW_ADMIN_PASSWORD": PASSWORD,
            **env,
        }
        self.log = folder / "up.log"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *words: str) -> list[str]:
        """Return the command line of a management command."""
        return [sys.executable, "manage.py", *words]

    def start(self, *options: str) -> "Winnow":
        """Start it and wait until it reports that it is ready."""
        self._prepare()
        with self.log.open("ab") as log:
            self._greeted = log.tell()
            self.process = subprocess.Popen(
                self.command("up", "--port", str(self.port), *options),
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._answers_or_died, 90, "Winnow's greeting")
        assert self.process.poll() is None, self.said()
        return self

    def _prepare(self) -> None:
        if self.folder.exists() or not shared.is_there():
            self.folder.mkdir(parents=True, exist_ok=True)
            return
        elsewhere = bool(self.env.get("DATABASE_URL"))
        shared.copy_data_directory(self.folder, [shared.DATABASE] if elsewhere else [])

    def _answers_or_died(self) -> bool:
        # The log has the message of an earlier start as well.
        said = self.said()[self._greeted :]
        return self.process.poll() is not None or "Winnow answers at" in said

    def said(self) -> str:
        """Return its output."""
        return self.log.read_text(errors="replace")

    def stop(self) -> float:
        """Stop it as an operator would, and return how many seconds that took."""
        started = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(patient(30))
        return time.monotonic() - started

    def kill(self) -> None:
        """Kill it with all its processes, where nothing is read from it afterwards."""
        if self.process is not None:
            kill_family(self.process)

    def children_left(self) -> list[str]:
        """Return the command lines of processes that still name this data directory."""
        lines = [" ".join(_command(process)) for process in psutil.process_iter()]
        return [line for line in lines if str(self.folder) in line]

    def client(self, username: str = ADMIN, password: str = PASSWORD) -> Client:
        """Return a client of its API."""
        return Client(self.address, username, password)

    def children(self, word: str) -> list[psutil.Process]:
        """Return its processes that have `word` in their command line, the oldest first."""
        own = psutil.Process(self.process.pid).children(recursive=True)
        return sorted(
            (child for child in own if word in " ".join(_command(child))),
            key=lambda child: child.create_time(),
        )

    def kill_worker(self, turn: int) -> None:
        """Kill the whole worker in the first turns, and then only the processes of its pool.

        A worker that dies soon again and again is started later each time: after the fifth time,
        a test would wait for ten seconds.
        """
        wait_until(lambda: self.children("celery"), 60, "the worker")
        spared = 0 if turn < WHOLE_KILLS else 1
        for process in reversed(self.children("celery")[spared:]):
            with suppress(psutil.NoSuchProcess):
                process.kill()


# After these kills, the worker's pauses are still short.
WHOLE_KILLS = 3
# The tests' own environment must not reach the servers that they start.
_OWN = {"DATABASE_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE", "DEBUG", "SECRET_KEY"}


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def kill_family(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that came from it; it starts none of them again, being the first."""
    if process.poll() is None:
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(family, 30)
    process.wait(patient(30))


@contextmanager
def winnow(folder: Path, *options: str, **env: str) -> Iterator[Winnow]:
    """Run Winnow for the duration of a test, and end it at once: its own end takes seconds."""
    server = Winnow(folder, **env)
    try:
        yield server.start(*options)
    finally:
        server.kill()


# PostgreSQL and Redis ----------------------------------------------------------------------------


# The database of a shared cluster that has all tables and no rows.
TABLES = "tables"
# Without fsync: tests that kill it use `faults.backends`.
UNSAFE = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off".split()


@contextmanager
def postgres(template: str = "template1") -> Iterator[str]:
    """Run a private PostgreSQL and yield the address of a database, a copy of `template`."""
    folder = Path(tempfile.mkdtemp(prefix="winnow-pg-"))
    try:
        enter(folder)
        copy_cluster(folder / "db")
        # Nothing is read from it afterwards: no checkpoint.
        with _postgres(folder / "db", signal.SIGQUIT) as port:
            yield new_database(port, "winnow", template)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(port: int | None, name: str, template: str) -> str:
    """Create a database as a copy of another, and return its address."""
    place = ["-h", "127.0.0.1", "-p", str(port), "-U", "winnow"]
    subprocess.run([postgres_programs() / "createdb", *place, "-T", template, name], check=True)
    return f"postgres://winnow@127.0.0.1:{port}/{name}"


def postgres_programs() -> Path:
    """Return the directory of PostgreSQL's programs."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    found = str(programs[-1]) if programs else shutil.which("postgres")
    return Path(needed(found, "PostgreSQL")).parent


def postgres_user() -> str | None:
    """Return the user that PostgreSQL runs as: it refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


def enter(folder: Path) -> None:
    """Give a directory to PostgreSQL's user."""
    if user := postgres_user():
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)


def copy_cluster(target: Path) -> None:
    """Copy a cluster that has no databases but `TABLES`."""
    postgres_programs()
    copy_stopped(shared.made("cluster", _make_cluster) / "db", target)


def copy_stopped(cluster: Path, target: Path) -> None:
    """Copy the files of a cluster that does not run, with their owner."""
    subprocess.run(["cp", "-a", cluster, target], check=True)


def _make_cluster(folder: Path) -> None:
    folder.mkdir(mode=0o711)
    enter(folder)
    initdb = [postgres_programs() / "initdb", "-D", folder / "db", "-U", "winnow", "-A", "trust"]
    initdb += ["--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
    user = postgres_user()
    subprocess.run(initdb, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)
    with _postgres(folder / "db", signal.SIGINT) as port:
        database = new_database(port, TABLES, "template1")
        with tempfile.TemporaryDirectory() as data:
            shared.manage("migrate", "-v0", DATABASE_URL=database, WINNOW_DATA=data)


@contextmanager
def _postgres(db: Path, end: signal.Signals) -> Iterator[int]:
    """Run PostgreSQL on a cluster, yield its port, and stop it by a signal."""
    port = free_port()
    command = [postgres_programs() / "postgres", "-D", db, "-p", str(port), "-k", db.parent]
    command += ["-c", "max_connections=60"]
    server = subprocess.Popen(
        [*command, *UNSAFE],
        user=postgres_user(),
        cwd=db.parent,
        stderr=subprocess.DEVNULL,
    )
    try:
        ready = [postgres_programs() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        wait_until(lambda: subprocess.run(ready).returncode == 0, 30, "PostgreSQL")
        yield port
    finally:
        server.send_signal(end)
        server.wait(patient(30))


@contextmanager
def redis() -> Iterator[str]:
    """Run a private Redis and yield its BROKER_URL."""
    program = needed(shutil.which("redis-server") or shutil.which("valkey-server"), "Redis")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="winnow-redis-") as folder:
        command = [
            program,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            folder,
            "--save",
            "",
        ]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: accepts(port), 30, "Redis")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait(patient(30))


def accepts(port: int) -> bool:
    """Return whether something listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
