"""`kill -9` while the pictures of a bucket come in: it goes on, and every picture is there once."""

import io
import random
import time
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from tests import buckets, servers

pytestmark = pytest.mark.servers

PICTURES, KILLS = 900, 6


def picture(number: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), (number % 256, number // 256, 90)).save(out, "PNG")
    return out.getvalue()


def test_import_from_a_bucket_killed_six_times_has_every_picture_once(tmp_path: Path) -> None:
    with buckets.store() as address:
        kinds = ("cat", "dog")
        objects = {f"in/{kinds[n % 2]}/{n:04}.png": picture(n) for n in range(PICTURES)}
        buckets.fill(address, "scans", objects)
        env = {**buckets.CREDENTIALS, "WINNOW_IMPORT_BUCKETS": f"{address}/scans"}
        with servers.winnow(tmp_path / "winnow", **env) as server:
            _import_and_kill(server)


def _bytes_fetched(server: servers.Winnow) -> int:
    found = 0
    for path in server.folder.glob("files/uploads/*.bucket/[0-9]*"):
        # Once it is read, the copy goes.
        with suppress(FileNotFoundError):
            found += path.stat().st_size
    return found


def _import_and_kill(server: servers.Winnow) -> None:
    client = server.client()
    body = {"name": "Scans", "task": "image", "labels": ["cat", "dog"]}
    project = client.call("POST", "/projects", body)["id"]
    given = {"server_file": "s3://scans/in", "labels_are": "ignore"}
    work = client.call("POST", f"/projects/{project}/imports", given)
    place = f"/projects/{project}/imports/{work['id']}"
    chance, kills, end = random.Random(7), 0, time.monotonic() + servers.patient(400)
    before = (0, 0)
    while time.monotonic() < end:
        told = client.call("GET", place)
        if told["state"] in {"done", "failed"}:
            break
        # At first it fetches, then it reads what was fetched. Who never gets on is given up.
        there = (_bytes_fetched(server), told["done"])
        if kills < KILLS and there > before:
            time.sleep(chance.random())
            before = (_bytes_fetched(server), client.call("GET", place)["done"])
            server.kill_worker(kills)
            kills += 1
        time.sleep(0.2)
    assert (told["state"], told["error"]) == ("done", "")
    assert kills >= KILLS // 2
    assert told["done"] == told["total"] == told["created"] == PICTURES
    assert client.call("GET", f"/projects/{project}")["items"] == PICTURES
