"""`kill -9` at random moments of an import: it goes on, and every row is there once."""

import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests import servers

pytestmark = pytest.mark.servers

ROWS, KILLS = 60_000, 10


def test_import_killed_ten_times_has_every_row_once(server: Any, tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    # Every tenth row has an unknown label, and every twentieth repeats the text before it.
    with path.open("w") as file:
        file.write("id,text,label\n")
        for n in range(ROWS):
            text = f"text number {n - 1 if n % 20 == 1 else n} of many"
            file.write(f"{n},{text},{'bogus' if n % 10 == 5 else 'spam' if n % 2 else ''}\n")
    client = server.client()
    project = client.call("POST", "/projects", {"name": "Killed", "labels": ["spam", "ham"]})["id"]
    work = client.upload(project, path)
    address = f"/projects/{project}/imports/{work['id']}"
    chance, kills, seen = random.Random(7), 0, 0
    end = time.monotonic() + servers.patient(400)
    while time.monotonic() < end:
        told = client.call("GET", address)
        if told["state"] in {"done", "failed"}:
            break
        if kills < KILLS and told["done"] > seen:
            # Wait until it has made progress, then kill it anywhere within a chunk.
            seen = told["done"] + chance.randrange(ROWS // (KILLS + 4))
            time.sleep(chance.random() * 0.3)
            server.kill_worker(kills)
            kills += 1
        time.sleep(0.05)
    assert (told["state"], told["error"]) == ("done", "")
    assert kills >= KILLS // 2
    rejected, repeated = ROWS // 10, ROWS // 20
    assert told["done"] == told["total"] == ROWS
    assert (told["rejected"], told["created"]) == (rejected, ROWS - rejected - repeated)
    assert told["duplicates"] + told["conflicts"] + told["labels_added"] == repeated
    found = client.call("GET", f"/projects/{project}")
    assert found["items"] == told["created"]
    report = client.call("GET", f"{address}/report").decode().splitlines()
    rows = [line.split(",")[0] for line in report[1:]]
    assert len(rows) == len(set(rows)) == rejected + repeated
