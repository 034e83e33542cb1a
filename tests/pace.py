"""Order and distribution of tests over processes, for the shortest total time.

Tests with real servers mostly wait, the others mostly compute. A group goes to one worker as a
whole; where the longest came last, the others would have nothing left to do beside it.
"""

import os
from zlib import crc32

import pytest

# Approximate seconds of each group, measured on a quiet machine with two cores.
SECONDS = {
    "faults": 480,
    "faults-servers": 280,
    "e2e": 200,
    "backup": 150,
    "floods": 80,
    "front": 60,
    "load": 60,
}
# Tests that start servers and belong to no group.
ALONE = 30


def place(item: pytest.Item) -> tuple[int, int]:
    """Return where a test stands: the longest groups first, then the modules as chance has it.

    By chance, tests that wait for a browser come between those that compute. All workers must have
    the same order, so it comes from the seed that they share; without one, the order stays.
    """
    marker = item.get_closest_marker("xdist_group")
    starts_servers = item.get_closest_marker("servers") is not None
    seconds = SECONDS.get(str(marker.args[0]), ALONE) if marker else ALONE * starts_servers
    seed = item.config.getoption("randomly_seed", None)
    return -seconds, 0 if seed is None else crc32(f"{seed} {item.path}".encode())


def workers() -> int:
    """Return the number of processes: one per core.

    With more, servers started side by side respond too late.
    """
    given = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(given) if given else len(os.sched_getaffinity(0))
