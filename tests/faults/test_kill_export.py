"""`kill -9` at ten random moments of an export: it begins again, and is offered whole or not."""

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.faults.many_texts import ENDED, project_of

pytestmark = pytest.mark.servers

ROWS, KILLS = 15_000, 10


def whole(client: Any, address: str) -> Any:
    def is_ended(told: Any) -> bool:
        # Nothing is offered before it is whole.
        assert told["state"] in ENDED or told["url"] is None
        return told["state"] in ENDED

    return client.wait_for(address, is_ended, servers.patient(120))


def is_running(client: Any, address: str) -> bool:
    end = time.monotonic() + servers.patient(30)
    while time.monotonic() < end:
        state = client.call("GET", address)["state"]
        if state != "queued":
            return bool(state == "running")
        time.sleep(0.01)
    return False


def test_exports_killed_ten_times_are_whole(server: Any, tmp_path: Path) -> None:
    client = server.client()
    project = project_of(client, tmp_path / "texts.csv", ROWS)
    chance, kills = random.Random(7), 0
    for _export in range(3 * KILLS):
        made = client.call("POST", f"/projects/{project}/exports", {"include": ["unlabelled"]})
        address = f"/projects/{project}/exports/{made['id']}"
        if is_running(client, address):
            time.sleep(chance.random() * 1.5)
            is_hit = client.call("GET", address)["state"] == "running"
            server.kill_worker(kills)
            kills += is_hit
        told = whole(client, address)
        assert (told["state"], told["done"], told["total"]) == ("done", ROWS, ROWS)
        lines = client.call("GET", f"{address}/file").splitlines()
        assert len({json.loads(line)["key"] for line in lines}) == len(lines) == ROWS
        if kills >= KILLS:
            break
    assert kills >= KILLS
