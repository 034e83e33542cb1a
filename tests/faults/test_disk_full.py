"""The disk is full while models are written, or while labels are saved."""

from pathlib import Path
from typing import Any

import pytest

from annotator.bench.api_client import Unexpected
from tests import servers
from tests.faults.disks import small_disk

pytestmark = pytest.mark.servers


def test_round_on_a_full_disk_says_so_and_works_when_there_is_room(
    running: Any, tmp_path: Path
) -> None:
    with (
        small_disk(tmp_path / "data" / "files", "64m") as disk,
        running("production") as stack,
        stack.labelling() as crowd,
    ):
        stack.learns_on()
        disk.fill()
        servers.wait_until(
            lambda: any("storage is full" in turn["error"] for turn in stack.rounds()[:1]),
            60,
            "a round that says that the storage is full",
            pause=0.3,
        )
        stack.labels_on(crowd)
        disk.make_room()
        stack.learns_on()
        servers.wait_until(lambda: not disk.halves(), 10, "a disk without half files")


def test_label_that_finds_the_disk_full_is_refused_clearly_and_saved_later(
    running: Any, tmp_path: Path
) -> None:
    with (
        small_disk(tmp_path / "data", "96m") as disk,
        running("embedded") as stack,
        stack.labelling() as crowd,
    ):
        stack.learns_on()
        disk.fill()
        servers.wait_until(
            lambda: any(call.status == 503 for call in list(crowd.calls)), 60, "a refusal"
        )
        refused = servers.wait_until(lambda: _refusal(stack), 30, "its words")
        assert refused["code"] == "storage_full"
        assert "must free space" in refused["detail"]
        disk.make_room()
        stack.labels_on(crowd)
        stack.learns_on()
        servers.wait_until(stack.is_ready, 60, "the worker's report", pause=0.3)
    assert {call.status for call in crowd.calls} <= {200, 201, 204, 409, 503}


def _refusal(stack: Any) -> Any:
    """Return what the owner is told who asks for an item, None where they get one."""
    try:
        given = stack.owner.call("POST", f"/projects/{stack.project}/next", {})
        stack.owner.call("POST", f"/projects/{stack.project}/leases/{given['lease']}/release", {})
    except Unexpected as refusal:
        return refusal.body if refusal.status == 503 else None
