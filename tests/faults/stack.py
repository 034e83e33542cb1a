"""An installation under load, whose parts can be ended one by one; and the look at it afterwards.

Two kinds: `embedded` is `manage.py up` on SQLite with its private broker, `production` has
PostgreSQL, Redis, web, worker and beat apart, each started again when it died, as Docker does it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from annotator.bench.api_client import Client, Unexpected
from annotator.bench.invariants import Stored, violations
from annotator.bench.load import Crowd, Habits, Person
from annotator.server import supervisor
from tests import servers, shared
from tests.faults.backends import Postgres, Redis

PEOPLE, ITEMS = 8, 4000
# The parts that can be killed: in `up`, the beat is not a separate process.
PARTS = {
    "embedded": ["web", "worker", "pool", "broker"],
    "production": ["web", "worker", "pool", "beat"],
}
PYTHON = sys.executable


@dataclass
class Template:
    """The initial state of a stack: a data directory and a database with a project."""

    folder: Path
    made: dict[str, Any]
    postgres: Postgres | None = None

    @property
    def kind(self) -> str:
        return "production" if self.postgres else "embedded"


def template(kind: str) -> Template:
    """Return the initial state of a kind of stack, made once for all workers.

    Each worker has its own database server: tests stop it.
    """
    place = shared.made(f"stack-{kind}", _make_production if kind == "production" else _make)
    made = json.loads((place / "made").read_text())
    postgres = Postgres(place / "db").start() if kind == "production" else None
    return Template(place / "data", made, postgres)


def _make(place: Path, database: str = "") -> None:
    place.mkdir(mode=0o711)
    shared.copy_data_directory(place / "data")
    env = _env(place / "data", DATABASE_URL=database)
    made = _python(env, "tests.faults.made", PEOPLE, ITEMS)
    (place / "made").write_text(json.dumps(made))


def _make_production(place: Path) -> None:
    postgres = Postgres().start()
    try:
        _make(place, postgres.create("template", servers.TABLES))
        postgres.stop(signal.SIGINT)
        servers.copy_stopped(postgres.folder / "db", place / "db")
    finally:
        postgres.remove()


def _env(folder: Path, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in servers._OWN}
    given = {name: value for name, value in more.items() if value}
    return {
        **inherited,
        "WINNOW_DATA": str(folder),
        "DJANGO_SETTINGS_MODULE": "annotator.settings",
        "LOG_LEVEL": "WARNING",
        **given,
    }


def _python(env: dict[str, str], module: str, *args: object) -> Any:
    command = [PYTHON, "-m", module, *map(str, args)]
    done = subprocess.run(
        command,
        env=env,
        cwd=servers.ROOT,
        capture_output=True,
        text=True,
        timeout=servers.patient(120),
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Stack:
    """One running installation."""

    def __init__(self, start: Template, folder: Path, **env: str) -> None:
        self.kind, self.folder, self._start = start.kind, folder, start
        shutil.copytree(start.folder, folder, dirs_exist_ok=True)
        self.project = start.made["project"]
        self.postgres, self.redis = start.postgres, None
        self.database = ""
        if self.postgres is not None:
            self.redis = Redis().start()
            self.name = f"stack{time.monotonic_ns()}"
            self.database = self.postgres.create(self.name, "template")
        broker = self.redis.address if self.redis else ""
        self.env = _env(folder, DATABASE_URL=self.database, BROKER_URL=broker, **env)
        self.port = servers.free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._said: list[str] = []
        self._log = folder.parent / "stack.log"

    # Starting and stopping ----------------------------------------------------------------------

    def start(self) -> "Stack":
        """Start all parts and wait until the web answers and the worker has reported."""
        with self._log.open("ab") as log:
            if self.postgres is None:
                up = [PYTHON, "manage.py", "up", "--port", str(self.port)]
                self._up = subprocess.Popen(
                    up, cwd=servers.ROOT, env=self.env, stdout=log, stderr=log
                )
            else:
                self._start_parts(log)
        servers.wait_until(self.is_ready, 90, "the stack", pause=0.3)
        return self

    def _start_parts(self, log: Any) -> None:
        self._supervisor = supervisor.Supervisor(say=self._said.append)
        for name, command in self.commands().items():
            self._supervisor.start(_Logged(name, command, self.env, log=str(self._log)))
        self._watch = threading.Thread(target=self._supervisor.watch, daemon=True)
        self._watch.start()

    def commands(self) -> dict[str, list[str]]:
        """Return the commands of docker-compose.yml, without ports and paths."""
        gunicorn = [PYTHON, "-m", "gunicorn", "annotator.wsgi", "--workers", "2", "--threads", "8"]
        gunicorn += ["--bind", f"127.0.0.1:{self.port}", "--no-control-socket"]
        celery = [PYTHON, "-m", "celery", "-A", "annotator"]
        schedule = self.folder.parent / "beat-schedule"
        return {
            "web": [*gunicorn, "--log-level", "warning"],
            "worker": [*celery, "worker", "--concurrency", "2", "--loglevel", "WARNING"],
            "beat": [*celery, "beat", "--schedule", str(schedule), "--loglevel", "WARNING"],
        }

    def stop(self) -> None:
        """Kill all parts: nothing is read from it afterwards, and its own end takes seconds."""
        if self.postgres is None:
            servers.kill_family(self._up)
            return
        self._supervisor.stop()
        self._watch.join()
        for child in self._supervisor.children:
            if child.process is not None:
                servers.kill_family(child.process)
        self.redis.remove()
        self.postgres.drop(self.name)

    def said(self) -> str:
        """Return the output of its processes."""
        return self._log.read_text(errors="replace") + "\n".join(self._said)

    def is_ready(self) -> bool:
        """Return whether web, database, broker and worker are all ready."""
        try:
            return set(self.readyz().values()) == {"ok"}
        except (OSError, ValueError):
            return False

    def readyz(self) -> dict[str, str]:
        """Return the states in the web's readiness response."""
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=10) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as problem:
            return dict(json.load(problem))

    # Processes ------------------------------------------------------------------------------------

    def parts(self, part: str) -> list[psutil.Process]:
        """Return the running processes of a part."""
        masters = self._masters()
        if part not in ("web", "pool"):
            return masters.get(part, [])
        of = masters.get("web" if part == "web" else "worker", [])
        return [child for master in of for child in _children(master)]

    def _masters(self) -> dict[str, list[psutil.Process]]:
        if self.postgres is not None:
            running = [child for child in self._supervisor.children if child.process is not None]
            return {
                child.name: [psutil.Process(child.process.pid)]
                for child in running
                if psutil.pid_exists(child.process.pid)
            }
        found: dict[str, list[psutil.Process]] = {}
        for child in _children(psutil.Process(self._up.pid)):
            words = " ".join(servers._command(child))
            for part, program in (("web", "gunicorn"), ("worker", "celery"), ("broker", "valkey")):
                if program in words:
                    found.setdefault(part, []).append(child)
        return found

    def kill(self, part: str) -> list[int]:
        """Kill all processes of a part at once; one process of a part with several."""
        running = servers.wait_until(lambda: self.parts(part), 30, f"a process of {part}")
        doomed = running[-1:] if part in ("web", "pool") else running
        for process in doomed:
            process.kill()
        return [process.pid for process in doomed]

    # Annotators -----------------------------------------------------------------------------------

    @property
    def owner(self) -> "Owner":
        return Owner(self.address, self._start.made["owner"])

    def crowd(self, **habits: Any) -> Crowd:
        """Return annotators who are ready to label."""
        people = [Person(*each) for each in self._start.made["people"]]
        slow = {"think": lambda rng: rng.uniform(0.2, 1.0), "skips": 0.05, "repeats": 0.05}
        return Crowd(self.address, self.project, people, Habits(**{**slow, **habits}))

    @contextmanager
    def labelling(self, forgiven: Collection[str] = (), **habits: Any) -> Iterator[Crowd]:
        """Run annotators during the block, then check the invariants.

        `forgiven` are the kinds of violations that the fault makes unavoidable.
        """
        crowd = self.crowd(**habits).start()
        try:
            yield crowd
        finally:
            calls = crowd.stop(servers.patient(120))
        assert crowd.failures == []
        self.check(calls, forgiven)

    # Checks ---------------------------------------------------------------------------------------

    def saves(self, crowd: Crowd) -> int:
        """Return the number of acknowledged saves."""
        return sum(call.is_acknowledged for call in list(crowd.calls))

    def labels_on(self, crowd: Crowd, number: int = 10, seconds: float = 60) -> None:
        """Wait until the annotators have saved that many more labels."""
        enough = self.saves(crowd) + number
        servers.wait_until(lambda: self.saves(crowd) >= enough, seconds, f"{number} more labels")

    def rounds(self) -> list[dict[str, Any]]:
        """Return the newest rounds, newest first; none while the server is down."""
        try:
            return list(self.owner.call("GET", f"/projects/{self.project}/rounds")["results"])
        except (OSError, Unexpected):
            return []

    def progress(self) -> dict[str, Any]:
        """Return the project's progress."""
        return dict(self.owner.call("GET", f"/projects/{self.project}/progress"))

    def learns_on(self, rounds: int = 1, seconds: float = 240) -> None:
        """Wait until that many rounds are done that have not begun yet.

        A stage whose worker died is taken up after half a minute, and failed rounds in a row pause
        for longer each time.
        """
        known = servers.wait_until(self.rounds, 120, "the list of rounds")
        last = known[0]["number"]
        servers.wait_until(
            lambda: (
                sum(t["number"] > last and t["state"] == "done" for t in self.rounds()) >= rounds
            ),
            seconds,
            f"{rounds} rounds after round {last}",
            pause=0.3,
        )

    def count(self) -> dict[str, Any]:
        """Return the stored annotations, and the wrong counts."""
        return dict(_python(self.env, "tests.faults.count", self.project))

    def check(self, calls: list[Any], forgiven: Collection[str] = ()) -> None:
        """Compare the annotators' records with the database; fail on any violation."""
        there = self.count()
        broken = violations(
            calls, stored(there), items=there["items"], reviews=set(there["reviews"])
        )
        left = [str(each) for each in broken if each.kind not in forgiven]
        assert left == [], left
        assert there["wrong"] == [], there["wrong"]
        given = self.owner.call("POST", f"/projects/{self.project}/next", {})
        assert given["item"], "the queue has nothing although most items are unlabelled"


def stored(there: dict[str, Any]) -> list[Stored]:
    """Return the annotations that a count found."""
    return [Stored(*row[:4], tuple(row[4]), row[5]) for row in there["stored"]]  # type: ignore[call-arg]


class Owner(Client):
    """The owner of the project, with their existing token."""

    def __init__(self, address: str, token: str) -> None:
        self.address, self._token = address, token


class _Logged(supervisor.Child):
    """A process that writes to the stack's log."""

    def __init__(self, name: str, command: list[str], env: dict[str, str], log: str) -> None:
        shell = ["/bin/sh", "-c", 'exec "$@" >>"$0" 2>&1', log, *command]
        super().__init__(name, shell, env)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [each for each in process.children() if each.status() != psutil.STATUS_ZOMBIE]
    except psutil.Error:
        return []
