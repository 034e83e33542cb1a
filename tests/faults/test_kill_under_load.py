"""`kill -9` of every part at random moments while people label."""

import random
from typing import Any

import pytest

from tests import servers
from tests.faults.stack import PARTS

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("kind", ["embedded", "production"])
def test_parts_killed_at_random_moments_lose_and_double_nothing(running: Any, kind: str) -> None:
    rng = random.Random(kind)
    with running(kind) as stack, stack.labelling() as crowd:
        stack.labels_on(crowd)
        for part in rng.sample(PARTS[kind], len(PARTS[kind])):
            crowd.over.wait(rng.uniform(0.0, 2.0))
            killed = stack.kill(part)
            stack.labels_on(crowd)
            servers.wait_until(
                lambda gone=killed, part=part: [p for p in stack.parts(part) if p.pid not in gone],  # type: ignore[misc]
                30,
                f"another {part}",
            )
        stack.learns_on()


def test_pool_of_a_killed_worker_ends_with_it(running: Any) -> None:
    with running("production") as stack:
        pool = servers.wait_until(lambda: stack.parts("pool"), 30, "the pool")
        stack.kill("worker")
        servers.wait_until(lambda: not any(each.is_running() for each in pool), 10, "its end")
