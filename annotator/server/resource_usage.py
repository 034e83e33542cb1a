"""Resource usage of idle processes: memory and the share of a core, read from /proc."""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Megabytes and share of one core, summed over processes.

    `pss` counts a page shared by n processes as 1/n in each, so sums are exact; `rss` counts it
    fully each time. Both are 0 without /proc.
    """

    pss: float
    rss: float
    cpu: float
    processes: int


def measure(pids: Iterable[int], seconds: float) -> Cost:
    """Measure the processes for `seconds`; processes that end meanwhile are left out."""
    before = {pid: ticks for pid in pids if (ticks := _ticks(pid)) is not None}
    started = time.monotonic()
    time.sleep(seconds)
    after = {pid: ticks for pid in before if (ticks := _ticks(pid)) is not None}
    passed = time.monotonic() - started
    used = sum(after[pid] - before[pid] for pid in after) / TICKS
    memory = [_memory(pid) for pid in after]
    pss, rss = (sum(each[kind] for each in memory) for kind in (0, 1))
    return Cost(pss, rss, used / passed if passed else 0.0, len(after))


def used(pids: Iterable[int]) -> float:
    """Return the CPU seconds used by the processes so far."""
    return sum(_ticks(pid) or 0 for pid in pids) / TICKS


def family(pid: int) -> list[int]:
    """Return the process and all its descendants."""
    children: dict[int, list[int]] = {}
    for folder in PROC.glob("[0-9]*"):
        parent = _parent(int(folder.name))
        if parent is not None:
            children.setdefault(parent, []).append(int(folder.name))
    found = [pid]
    for each in found:
        found.extend(children.get(each, []))
    return found


def _parent(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[1]) if fields else None


def _ticks(pid: int) -> int | None:
    """Return the CPU ticks used by the process so far."""
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12]) if fields else None


def _stat(pid: int) -> list[str]:
    try:
        line = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    # The name, in parentheses, may contain anything; numbers follow it.
    return line.rpartition(")")[2].split()


def _memory(pid: int) -> tuple[float, float]:
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    sizes = {line.split()[0]: line.split()[1] for line in lines[1:]}
    return int(sizes["Pss:"]) / 1024, int(sizes["Rss:"]) / 1024
