"""The clock of the whole installation jumps an hour ahead, and back."""

from pathlib import Path
from typing import Any

import pytest

from tests import servers

pytestmark = pytest.mark.servers

SHIFTED = Path(__file__).parent / "shifted"


@pytest.fixture
def clock(tmp_path: Path) -> Any:
    """Return the settings that put a stack under a clock, and a function that sets it."""
    file = tmp_path / "clock"

    def put(offset: Any) -> None:
        fresh = file.with_suffix(".new")
        fresh.write_text(str(offset))
        fresh.replace(file)

    put(0)
    return {"PYTHONPATH": str(SHIFTED), "WINNOW_CLOCK": str(file)}, put


@pytest.mark.parametrize("kind", ["embedded", "production"])
def test_clock_that_jumps_ahead_and_back_stops_nothing(running: Any, clock: Any, kind: str) -> None:
    env, put = clock
    with running(kind, **env) as stack:
        # In the crowd's own time some leases run out early; that nothing counts twice is counted.
        with stack.labelling(forgiven={"crowded"}) as crowd:
            stack.learns_on()
            for offset in (3600, 0, -3600):
                put(offset)
                stack.labels_on(crowd)
                stack.learns_on()
        abandoned = stack.progress()["leased"]
        assert abandoned
        put(3600)
        if kind == "embedded":
            servers.wait_until(
                lambda: stack.progress()["leased"] == 0, 30, "the end of old leases", pause=0.3
            )
        put(-3600)
        servers.wait_until(stack.is_ready, 60, "the worker's report", pause=0.3)
        if kind == "production":
            # They run by the clock of the database, which nobody moved.
            assert stack.progress()["leased"] == abandoned
