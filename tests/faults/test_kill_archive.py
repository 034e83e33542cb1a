"""`kill -9` at five moments of an archive that is opened: the project is there once, or not yet."""

import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.many_texts import ended, project_of

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("faults")]

ROWS, KILLS = 6_000, 5


def projects(client: Any) -> set[int]:
    return {each["id"] for each in client.call("GET", "/projects")["results"]}


def test_clones_killed_at_five_moments_are_whole(server: Any, tmp_path: Path) -> None:
    client = server.client()
    made = project_of(client, tmp_path / "texts.csv", ROWS)
    chance, kills, seen = random.Random(7), 0, {made}
    for number in range(3 * KILLS):
        body = {"name": f"Copy {number}", "items": True, "labels": True}
        begun = client.call("POST", f"/projects/{made}/clone", body)
        address = f"/archives/{begun['id']}"
        share = chance.random()
        while (told := client.call("GET", address))["state"] in {"queued", "running"}:
            if told["total"] and told["done"] >= share * told["total"]:
                break
            time.sleep(0.02)
        kills += told["state"] == "running"
        for process in reversed(server.children("celery")):
            process.send_signal(signal.SIGKILL)
        if told["state"] == "running":
            # Hidden until it is complete, however often it begins.
            assert projects(client) == seen
        told = ended(client, address)
        assert (told["state"], told["error"]) == ("done", "")
        seen.add(told["project"])
        assert projects(client) == seen
        progress = client.call("GET", f"/projects/{told['project']}/progress")
        assert (progress["items"], progress["labelled"]) == (ROWS, ROWS // 2)
        if kills >= KILLS:
            break
    assert kills >= KILLS
    left = {path.name for path in (server.folder / "files" / "projects").iterdir()}
    assert left <= {str(pk) for pk in seen}
    assert list((server.folder / "files" / "archives").iterdir()) == []
