"""Order and distribution of tests over processes, for the shortest total time.

Tests that start servers wait most of the time, the others compute. So there are two processes for
each core: on one, tests with servers run, on the other those that compute, at a lower priority.
What one process does as a whole is a unit: a group of tests, which start their servers once, or a
module.
"""

import os
from zlib import crc32

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests import shared

# Approximate seconds of the longest units on two cores.
SECONDS = {
    "e2e": 200,
    "tests/faults/test_backup.py": 150,
    "tests/faults/test_predecessor.py": 150,
    "tests/faults/test_kill_delivery.py": 120,
    "tests/faults/test_kill_encoding.py": 100,
    "tests/faults/test_clock.py": 100,
    "tests/faults/test_servers_away.py": 100,
    "tests/faults/test_kill.py": 90,
    "tests/faults/test_floods.py": 80,
    "tests/load/test_load.py": 80,
    "tests/test_failures.py": 60,
}
# Other units with servers.
SERVERS = 30
# The computing process leaves the servers, which answer within a time, the processor first.
NICE = 5
# The units with servers, as this process knows them once the tests are collected.
WAITING: set[str] = set()


def place(item: pytest.Item) -> tuple[int, int]:
    """Return where a test stands: the longest units first, then the modules as chance has it.

    By chance, tests that wait for a browser come between those that compute. All workers must have
    the same order, so it comes from the seed that they share; without one, the order stays.
    """
    starts_servers = item.get_closest_marker("servers") is not None
    seconds = SECONDS.get(_unit(item), SERVERS * starts_servers)
    seed = item.config.getoption("randomly_seed", None)
    return -seconds, 0 if seed is None else crc32(f"{seed} {item.path}".encode())


def _group(item: pytest.Item) -> str:
    marker = item.get_closest_marker("xdist_group")
    return str(marker.args[0]) if marker else ""


def _unit(item: pytest.Item) -> str:
    return _group(item) or _module(item.nodeid)


def _module(nodeid: str) -> str:
    return nodeid.split("::")[0]


def _waits(item: pytest.Item) -> bool:
    """Return whether a test waits for servers; some start servers, and compute."""
    marker = item.get_closest_marker("servers")
    return marker is not None and not marker.kwargs.get("computes")


def workers() -> int:
    """Return the number of processes: what the environment says, or two for each core."""
    given = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(given) if given else 2 * _cores()


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def tell_units(items: list[pytest.Item]) -> None:
    """Tell the process that distributes the tests, which knows their ids only, of their units."""
    WAITING.update(_unit(item) for item in items if _waits(item))
    shared.tell("groups", {item.nodeid: _group(item) for item in items if _group(item)})
    shared.tell("waiting", sorted(WAITING))


def step_back(item: pytest.Item) -> None:
    """Lower the priority of a worker that computes, once."""
    if _unit(item) not in WAITING and os.getpriority(os.PRIO_PROCESS, 0) == 0:
        os.nice(NICE)


class Distribution(LoadScopeScheduling):
    """Give workers whole groups, or whole modules of tests that are in none."""

    def schedule(self) -> None:
        """Read the units before the first tests are given."""
        self._groups: dict[str, str] = shared.told("groups")
        self._waiting = frozenset(shared.told("waiting"))
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return self._groups.get(nodeid) or _module(nodeid)

    def _reschedule(self, node: WorkerController) -> None:
        # A worker begins a test once it knows the next one.
        if node.shutting_down or self._pending_of(self.assigned_work[node]) > 1:
            return
        self._assign_work_unit(node)

    def _assign_work_unit(self, node: WorkerController) -> None:
        unit = self._next_unit(node)
        if unit is None:
            node.shutdown()
            return
        self.workqueue.move_to_end(unit, last=False)
        super()._assign_work_unit(node)

    def _next_unit(self, node: WorkerController) -> str | None:
        """Return the first unit of a kind that fewer workers than cores have, servers first.

        Where nothing is left to compute, all may have servers; but no more may ever compute than
        there are cores, as tests with a browser would run into their time limits.
        """
        with_servers, computing = self._at_work(node)
        servers = next((unit for unit in self.workqueue if unit in self._waiting), None)
        other = next((unit for unit in self.workqueue if unit not in self._waiting), None)
        if servers and (with_servers < _cores() or not other):
            return servers
        return other if computing < _cores() else None

    def _at_work(self, apart_from: WorkerController) -> tuple[int, int]:
        """Return how many other workers have servers, and how many compute."""
        begun = [self._begun(each) for each in self.nodes if each is not apart_from]
        with_servers = sum(bool(units & self._waiting) for units in begun)
        return with_servers, sum(bool(units) for units in begun) - with_servers

    def _begun(self, node: WorkerController) -> set[str]:
        units = self.assigned_work[node].items()
        return {unit for unit, done in units if not all(done.values())}
