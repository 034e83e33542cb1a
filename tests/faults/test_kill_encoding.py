"""`kill -9` while the pool is encoded: whole slices stay, the rest follows, labelling goes on."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import servers, small_encoder
from tests.faults import stack as stacks
from tests.faults.stack import Stack

pytestmark = pytest.mark.servers

# Enough work to kill the encoder in the middle of it.
LAYERS = 6


@pytest.mark.parametrize("kind", ["embedded", "production"])
def test_encoding_goes_on_after_each_kill_and_loses_no_slice(
    running: Any, kind: str, tmp_path: Path
) -> None:
    folder = tmp_path / "encoders"
    small_encoder.make(folder / "small", layers=LAYERS)
    with (
        running(kind, WINNOW_ENCODERS=str(folder)) as stack,
        stack.labelling(think=_slowly) as crowd,
    ):
        stack.owner.call("PATCH", f"/projects/{stack.project}", {"features": "small"})
        # While it is prepared, in the first slice, between slices, in a later one, near the end.
        _kill(stack, "pool", lambda: encoding(stack) is not None)
        kept = _kept(stack)
        for part, share in (("worker", 0.001), ("pool", 0.3), ("worker", 0.5), ("pool", 0.75)):
            _kill(stack, part, partial(_has_come, stack, share))
            now = _kept(stack)
            assert now.items() >= kept.items(), "a slice that was done is encoded again"
            kept = now
            stack.labels_on(crowd, 2)
        servers.wait_until(lambda: _is_used(stack), 400, "features with vectors", pause=0.5)
        stack.learns_on(seconds=300)
        # The database of the stack goes with it.
        there = _look(stack)
    assert there["wrong"] == []
    assert there["failed"] == []
    assert there["space"] == ["text+vectors", there["items"]]
    starts, stops = zip(*[(start, stop) for start, stop, _at in there["slices"]], strict=True)
    assert [0, *stops] == [*starts, there["items"]]


def _slowly(rng: Any) -> float:
    # There are items left when it ends.
    return float(rng.uniform(1.0, 3.0))


def encoding(stack: Stack) -> Any:
    return stack.progress()["features"]["encoding"]


def _has_come(stack: Stack, share: float) -> bool:
    found = encoding(stack)
    return bool(found) and found["done"] >= share * found["items"]


def _is_used(stack: Stack) -> bool:
    return stack.progress()["features"]["encoder"] == "small"


def _kill(stack: Stack, part: str, moment: Callable[[], Any]) -> None:
    servers.wait_until(moment, 240, "the moment to kill", pause=0.05)
    stack.kill(part)


def _kept(stack: Stack) -> dict[int, str]:
    return {start: at for start, _stop, at in _look(stack)["slices"]}


def _look(stack: Stack) -> Any:
    return stacks._python(stack.env, "tests.faults.encoded", stack.project)
