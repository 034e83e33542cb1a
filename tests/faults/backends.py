"""A database server and a broker that a test can stop, restart and empty."""

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import redis as redis_client

from tests import servers


class Postgres:
    """A private PostgreSQL; its databases survive a restart."""

    def __init__(self, cluster: Path | None = None) -> None:
        self.programs = servers.postgres_programs()
        self.user = servers.postgres_user()
        self.folder = Path(tempfile.mkdtemp(prefix="winnow-pg-"))
        self.port = servers.free_port()
        servers.enter(self.folder)
        if cluster:
            servers.copy_stopped(cluster, self.folder / "db")
        else:
            servers.copy_cluster(self.folder / "db")

    def start(self) -> "Postgres":
        options = ["-p", str(self.port), "-k", self.folder, "-c", "max_connections=100"]
        # Tests kill it and then verify what it acknowledged, so each commit is written; the disk
        # itself is not waited for, as no test survives a power cut.
        options += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        self.process = subprocess.Popen(
            [self.programs / "postgres", "-D", self.folder / "db", *options],
            user=self.user,
            cwd=self.folder,
            stderr=subprocess.DEVNULL,
        )
        servers.wait_until(self._answers, 60, "PostgreSQL")
        return self

    def stop(self, how: int = signal.SIGQUIT) -> None:
        """Stop it with SIGQUIT, as `pg_ctl stop -m immediate` does: no checkpoint."""
        self.process.send_signal(how)
        self.process.wait(servers.patient(30))

    def create(self, name: str, template: str = "template1") -> str:
        """Create a database and return its address."""
        self._run("createdb", *self._place(), "-T", template, name)
        return f"postgres://winnow@127.0.0.1:{self.port}/{name}"

    def drop(self, name: str) -> None:
        """Drop a database with all connections to it."""
        self._run("dropdb", *self._place(), "--force", name)

    def remove(self) -> None:
        """Stop it for good."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _place(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", "winnow"]

    def _answers(self) -> bool:
        ask = [self.programs / "pg_isready", *self._place(), "-d", "postgres"]
        return subprocess.run(ask, capture_output=True).returncode == 0

    def _run(self, program: str, *words: object) -> None:
        command = [str(self.programs / program), *map(str, words)]
        done = subprocess.run(command, user=self.user, cwd=self.folder, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()


class Redis:
    """A private Redis without persistence: a restart loses everything."""

    def __init__(self) -> None:
        found = shutil.which("redis-server") or shutil.which("valkey-server")
        self.program = servers.needed(found, "Redis")
        self.folder = tempfile.mkdtemp(prefix="winnow-redis-")
        self.port = servers.free_port()
        self.address = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> "Redis":
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder]
        self.process = subprocess.Popen(
            [self.program, *options, "--save", ""], stdout=subprocess.DEVNULL
        )
        servers.wait_until(lambda: servers.accepts(self.port), 30, "Redis")
        return self

    def kill(self) -> None:
        """Kill it, if it runs."""
        self.process.kill()
        self.process.wait(servers.patient(30))

    def flush(self) -> None:
        """Delete all keys."""
        redis_client.Redis.from_url(self.address).flushall()

    def remove(self) -> None:
        """Stop it for good."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
