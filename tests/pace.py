"""Order and distribution of tests over processes, for the shortest total time.

Tests in a group wait for servers most of the time, the others compute. A group stays on one
process, which starts its servers once, and servers run on no more processes than there are cores.
"""

import os
from zlib import crc32

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests import shared

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
# Groups that are not listed, and tests that start programs one after the other.
ALONE = 30
# The computing process leaves the servers, which answer within a time, the processor first.
NICE = 5


def place(item: pytest.Item) -> tuple[int, int]:
    """Return where a test stands: the longest groups first, then the modules as chance has it.

    By chance, tests that wait for a browser come between those that compute. All workers must have
    the same order, so it comes from the seed that they share; without one, the order stays.
    """
    starts_servers = item.get_closest_marker("servers") is not None
    seconds = SECONDS.get(_group(item), ALONE) if _group(item) else ALONE * starts_servers
    seed = item.config.getoption("randomly_seed", None)
    return -seconds, 0 if seed is None else crc32(f"{seed} {item.path}".encode())


def _group(item: pytest.Item) -> str:
    marker = item.get_closest_marker("xdist_group")
    return str(marker.args[0]) if marker else ""


def workers() -> int:
    """Return the number of processes: what the environment says, or one for each core."""
    given = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(given) if given else _cores()


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def tell_groups(items: list[pytest.Item]) -> None:
    """Tell the process that distributes the tests, which knows their ids only, their groups."""
    shared.tell("groups", {item.nodeid: _group(item) for item in items if _group(item)})


def step_back(item: pytest.Item) -> None:
    """Lower the priority of a worker that computes, once."""
    if not _group(item) and os.getpriority(os.PRIO_PROCESS, 0) == 0:
        os.nice(NICE)


class Distribution(LoadScopeScheduling):
    """Give workers whole groups, or whole modules of tests that are in none."""

    def schedule(self) -> None:
        """Read the groups before the first tests are given."""
        self._groups: dict[str, str] = shared.told("groups")
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return self._groups.get(nodeid) or nodeid.split("::")[0]

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
        """Return the first group while a core is free for its servers, else the first module."""
        groups = set(self._groups.values())
        others = sum(self._has_group(each) for each in self.nodes if each is not node)
        for unit in self.workqueue:
            if unit not in groups or others < _cores():
                return unit
        return None

    def _has_group(self, node: WorkerController) -> bool:
        groups = set(self._groups.values())
        units = self.assigned_work[node].items()
        return any(unit in groups and not all(done.values()) for unit, done in units)
