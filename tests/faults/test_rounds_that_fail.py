"""Rounds that fail for ever, and more reasons for rounds than there can be rounds."""

import threading
from pathlib import Path
from typing import Any

import pytest

from annotator.bench.invariants import OK
from tests import servers
from tests.faults.test_clock import SHIFTED

pytestmark = pytest.mark.servers

BURST = 1000


def test_round_that_fails_for_ever_says_so_and_recovers(running: Any, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    with (
        running("production", PYTHONPATH=str(SHIFTED), WINNOW_CLOCK=str(clock)) as stack,
        stack.labelling(forgiven={"crowded"}) as crowd,
    ):
        stack.learns_on()
        models = stack.folder / "files" / "projects" / str(stack.project) / "models"
        models.rename(models.with_name("kept"))
        # No model can be written where a file lies in the way of its folder.
        models.write_text("")
        failed = servers.wait_until(lambda: _failed(stack), 60, "a failed round", pause=0.3)
        assert "exists" in failed["error"].lower()
        assert stack.progress()["round"]["error"]
        stack.labels_on(crowd)
        # It is tried again, but not at once: after some failures in a row the pause is minutes.
        clock.write_text("120")
        servers.wait_until(
            lambda: stack.rounds()[0]["number"] > failed["number"], 30, "another try", pause=0.3
        )
        models.unlink()
        models.with_name("kept").rename(models)
        clock.write_text("600")
        stack.learns_on()


def _newest(stack: Any) -> Any:
    return next(iter(stack.rounds()), {"state": "none"})


def _failed(stack: Any) -> Any:
    newest = _newest(stack)
    return newest if newest["state"] == "failed" else None


@pytest.mark.parametrize("kind", ["embedded", "production"])
def test_burst_of_labels_runs_one_round_at_a_time(running: Any, kind: str) -> None:
    with running(kind) as stack:
        servers.wait_until(lambda: _newest(stack)["state"] == "done", 60, "a round", pause=0.3)
        crowd = stack.crowd(think=lambda _rng: 0.0, skips=0.0)
        most, over = [], threading.Event()
        watch = threading.Thread(target=_watch, args=(stack, most, over))
        watch.start()
        crowd.start()
        servers.wait_until(lambda: stack.saves(crowd) >= BURST, 60, f"{BURST} labels")
        servers.wait_until(lambda: 1 in most, 30, "a round under way")
        calls = crowd.stop()
        over.set()
        watch.join()
        assert crowd.failures == []
        assert {call.outcome for call in calls} == {OK}
        assert max(most) == 1
        stack.check(calls)


def _watch(stack: Any, most: Any, over: Any) -> None:
    """Note how many rounds are under way, over and over."""
    while not over.wait(0.1):
        most.append(sum(turn["state"] in {"queued", "running"} for turn in stack.rounds()))
