"""`kill -9` at random moments while an import is undone: it goes on, and nothing is left of it."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.faults.many_texts import ENDED

pytestmark = pytest.mark.servers

ROWS, KILLS = 20_000, 10


def imported(client: Any, project: int, path: Path, rows: Iterator[str]) -> str:
    path.write_text("id,text,label\n" + "".join(rows))
    work = client.upload(project, path, existing="add")
    address = f"/projects/{project}/imports/{work['id']}"
    assert (
        client.wait_for(address, lambda told: told["state"] in ENDED, servers.patient(120))["state"]
        == "done"
    )
    return address


def test_undo_killed_ten_times_takes_back_all_and_nothing_else(server: Any, tmp_path: Path) -> None:
    client = server.client()
    body = {"name": "Killed", "labels": ["spam", "ham"], "features": "text-quick"}
    project = client.call("POST", "/projects", body)["id"]
    stays = (f"old-{n},text {n} that stays,\n" for n in range(100))
    imported(client, project, tmp_path / "old.csv", stays)
    both = [*(f"old-{n},text {n} that stays,spam\n" for n in range(100))]
    both += [f"new-{n},text {n} that goes,{('spam', '')[n % 2]}\n" for n in range(ROWS)]
    address = imported(client, project, tmp_path / "new.csv", iter(both))
    assert client.call("GET", address)["labels_added"] == 100
    client.call("DELETE", f"{address}?all=1")
    kills = _kill_while_it_runs(server, client, address)
    assert kills >= KILLS // 2
    told = client.call("GET", address)["undo"]
    assert (told["state"], told["error"]) == ("done", "")
    left = client.call(
        "GET", f"/projects/{project}/export?format=jsonl&include=unlabelled"
    ).decode()
    assert "that goes" not in left
    # The labels that it brought for others are gone, and the items are there.
    assert "spam" not in left
    found = client.call("GET", f"/projects/{project}/progress")
    assert found["items"] == 100, found


def _kill_while_it_runs(server: Any, client: Any, address: str) -> int:
    chance, kills, seen = random.Random(11), 0, 0
    end = time.monotonic() + servers.patient(300)
    while time.monotonic() < end:
        told = client.call("GET", address)["undo"]
        if told["state"] in ENDED:
            break
        if kills < KILLS and told["done"] >= seen:
            seen = told["done"] + chance.randrange(ROWS // (KILLS + 4))
            time.sleep(chance.random() * 0.2)
            server.kill_worker(kills)
            kills += 1
        time.sleep(0.05)
    return kills
