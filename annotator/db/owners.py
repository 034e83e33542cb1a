"""Owner of a job: process and start time, exact enough to prove that it is dead.

A process is identified by the machine's boot, its PID namespace, its PID there and its start time,
so neither a reused PID nor a restarted container is mistaken for it. Only a process of the same
boot and namespace can prove its death; for any other, the heartbeat decides. Without /proc,
processes have no identity and are never proven dead.
"""

import os
import socket
from functools import lru_cache
from pathlib import Path

PROC = Path("/proc")
# After the program name, which may contain anything: the state, and the start in clock ticks.
STATE, START = 0, 19
ENDED = {"Z", "X", "x"}


def own() -> str:
    """Return the identity of this process; empty where its death could not be proven."""
    return _named(os.getpid())


@lru_cache(maxsize=2)
def _named(pid: int) -> str:
    found, place = _stat(pid), _place()
    return f"{place}/{pid}/{found[START]}" if found and place else ""


@lru_cache(maxsize=1)
def _place() -> str:
    """Return boot, namespace and host name as one word; empty if they cannot be read."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink(PROC / "self/ns/pid")
    except OSError:
        return ""
    return f"{boot}/{namespace}/{socket.gethostname()[:64]}".replace(" ", "-")


def is_dead(owner: str) -> bool:
    """Return whether a process is proven dead; False in any doubt."""
    place, _slash, rest = owner.rpartition("/")
    place, _slash, number = place.rpartition("/")
    if not place or place != _place() or not number.isdecimal():
        return False
    found = _stat(int(number))
    if found:
        return found[START] != rest or found[STATE] in ENDED
    return _is_gone(int(number))


def _is_gone(pid: int) -> bool:
    # /proc may hide the processes of other users; a signal still shows whether one exists.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat, from the state on; empty if there is none."""
    try:
        line = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return []
    return line.rpartition(")")[2].split()
