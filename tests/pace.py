"""In which order the tests go, and in how many processes, so that the whole takes the least time.

Tests with real servers mostly wait, the others mostly compute. A group goes to one worker as a
whole; where the longest came last, the others would have nothing left to do beside it.
"""

import os

import pytest

# Rough seconds of the groups that take long in one piece, from a quiet machine with two cores.
SECONDS: dict[str, int] = {}
# What stands in no group but starts servers.
SERVERS = 30


def place(item: pytest.Item) -> int:
    """Return where a test stands: the longest group first, then in the order at hand."""
    marker = item.get_closest_marker("xdist_group")
    group = str(marker.args[0]) if marker else ""
    is_long = item.get_closest_marker("servers") is not None
    return -SECONDS.get(group, SERVERS if is_long else 0)


def workers() -> int:
    """Return how many processes the tests of this machine go in: three for two cores."""
    given = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    cores = len(os.sched_getaffinity(0))
    return int(given) if given else cores + max(1, cores // 2)
