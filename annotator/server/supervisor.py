"""Supervisor: starts, watches and stops the processes of an installation on one machine.

It runs as a script for as long as the installation does, so it imports little, and nothing of the
app.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

STOP_SECONDS = 8.0
WATCH_SECONDS = 0.5
READY_SECONDS = 60.0
STOPPING = (signal.SIGTERM, signal.SIGINT)
RESTART_PAUSES = (0.2, 1.0, 2.0, 5.0, 10.0)
# A process that fails at start dies sooner; one that is killed now and then restarts at once.
STABLE_SECONDS = 8.0
PR_SET_PDEATHSIG = 1
# Looked up here, because code after a fork of a threaded process should do little.
PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


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


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """Request a signal for this process at its parent's death."""
    if PRCTL is not None:
        PRCTL(PR_SET_PDEATHSIG, number)


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


# As a script --------------------------------------------------------------------------------------


def main() -> int:
    """Run what the plan names until stopped; the plan comes from `manage.py up`."""
    with os.fdopen(int(sys.argv[1])) as pipe:
        plan = json.load(pipe)
    supervisor = Supervisor(say=_say)
    for number in STOPPING:
        signal.signal(number, supervisor.stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    try:
        problem = _run(supervisor, plan)
    finally:
        supervisor.shut_down()
        _forget_folder(plan["broker_folder"])
    print(problem or "Stopped.", file=sys.stderr if problem else sys.stdout, flush=True)
    return 1 if problem else 0


def _run(supervisor: Supervisor, plan: dict[str, Any]) -> str:
    """Start the processes and watch them; return why they could not be started, or ""."""
    children = [
        Child(each["name"], each["command"], {**os.environ, **each["env"]}, goes_last=each["last"])
        for each in plan["children"]
    ]
    for child in children:
        if child.goes_last:
            supervisor.start(child)
    path = plan["broker_socket"]
    if path and not supervisor.wait_for(lambda: os.path.exists(path), READY_SECONDS):
        return "" if supervisor.stopping else str(plan["no_broker"])
    for child in children:
        if not child.goes_last:
            supervisor.start(child)
    if supervisor.wait_for(lambda: _answers(plan["host"], plan["port"]), READY_SECONDS):
        supervisor.say(plan["greeting"])
    elif not supervisor.stopping:
        return str(plan["no_answer"])
    supervisor.watch()
    return ""


def _answers(host: str, port: int) -> bool:
    """Return whether the web server says that it is healthy."""
    name = f"[{host}]" if ":" in host else host
    request = f"GET /healthz HTTP/1.0\r\nHost: {name}:{port}\r\n\r\n"
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            connection.sendall(request.encode())
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def _forget_folder(path: str) -> None:
    """Delete the directory of the broker's socket, created if the data directory's path is long."""
    with suppress(OSError):
        if path:
            os.rmdir(path)


def _say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
