"""What a worker held that died on this machine is taken up at once, not when its claim runs out."""

from typing import Any

import pytest

from tests import servers

pytestmark = pytest.mark.servers

# Longer than every wait below: a round goes on only because the worker is known to be dead.
CLAIM = {"JOB_STALE_SECONDS": "3600"}


@pytest.mark.parametrize("kind", ["embedded", "production"])
def test_rounds_go_on_after_each_kill_although_claims_would_last_an_hour(
    running: Any, kind: str
) -> None:
    with running(kind, **CLAIM) as stack, stack.labelling() as crowd:
        stack.learns_on()
        for part in ("worker", "pool", "worker", "pool"):
            servers.wait_until(lambda: _is_under_way(stack), 120, "a round")
            stack.kill(part)
            stack.labels_on(crowd, 3)
            stack.learns_on(seconds=180)


def _is_under_way(stack: Any) -> Any:
    turns = stack.rounds()
    return bool(turns) and turns[0]["state"] == "running"
