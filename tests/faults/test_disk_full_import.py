"""The disk fills up while a file is uploaded, or imported: nothing is half done, and it is said."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from annotator.bench.api_client import Client, Unexpected
from tests import servers
from tests.faults.disks import Disk, small_disk

pytestmark = pytest.mark.servers

ROWS = 30_000
# In kilobytes.
LARGE, PART = 20_000, 8_000


@contextmanager
def on_a_small_disk(folder: Path) -> Iterator[tuple[Disk, Any]]:
    with small_disk(folder / "data", "150m") as disk, servers.winnow(disk.folder) as server:
        yield disk, server


def rows(path: Path, number: int) -> Path:
    with path.open("w") as file:
        file.write("text,label\n")
        file.writelines(
            f"text number {n} of many,{('spam', 'ham')[n % 2]}\n" for n in range(number)
        )
    return path


def project_of(client: Client) -> int:
    body = {"name": "Full", "labels": ["spam", "ham"], "features": "text-quick"}
    return int(client.call("POST", "/projects", body)["id"])


# Import -------------------------------------------------------------------------------------------


def test_import_that_fills_the_disk_has_every_row_once_when_there_is_room(tmp_path: Path) -> None:
    with on_a_small_disk(tmp_path) as (disk, server):
        client = server.client()
        project = project_of(client)
        path = rows(tmp_path / "texts.csv", ROWS)
        work = client.upload(project, path)
        address = f"/projects/{project}/imports/{work['id']}"
        client.wait_for(address, lambda told: told["done"] > ROWS // 10, servers.patient(60))
        disk.fill()
        servers.wait_until(lambda: _says_full(client, address, server), 60, "words of a full disk")
        disk.make_room()
        done = _ended(client, address)
        if done["state"] == "failed":
            # It was tried as often as may be: the same file brings what is missing.
            again = client.upload(project, path)
            address = f"/projects/{project}/imports/{again['id']}"
            done = _ended(client, address)
        assert (done["state"], done["error"], done["done"]) == ("done", "", ROWS)
        assert done["created"] + done["duplicates"] + done["labels_added"] == ROWS
        assert client.call("GET", f"/projects/{project}")["items"] == ROWS


def _ended(client: Client, address: str) -> Any:
    is_over = {"done", "failed"}
    return client.wait_for(address, lambda told: told["state"] in is_over, servers.patient(120))


def _says_full(client: Client, address: str, server: Any) -> bool:
    try:
        told: dict[str, Any] = client.call("GET", address)
    except Unexpected as refusal:
        return refusal.status == 503
    log = server.said()
    assert told["done"] < ROWS, "the disk was filled too late"
    return "storage is full" in told["error"] or "disk is full" in log or "No space left" in log


# Upload -------------------------------------------------------------------------------------------


def test_upload_that_fills_the_disk_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with on_a_small_disk(tmp_path) as (disk, server):
        client = server.client()
        project = project_of(client)
        content = b"text\n" + b"".join(b"%07d of many\n" % n for n in range(LARGE * 50))
        place = _begin(client, project, len(content))
        first = content[: PART * 1000]
        assert _send(client, "PATCH", place, first, 0)[0] == 204
        disk.fill()
        status, told = _send(client, "PATCH", place, content[len(first) :], len(first))
        assert (status, told["code"]) == (503, "storage_full")
        assert "must free space" in told["detail"]
        disk.make_room()
        # A chunk that met a full disk is rolled back.
        assert _offset(client, place) == len(first)
        assert _send(client, "PATCH", place, content[len(first) :], len(first))[0] == 204
        body = {"upload": place.rpartition("/")[2], "labels_are": "ignore"}
        assert client.call("POST", f"/projects/{project}/imports", body)["state"] == "queued"


def test_upload_that_has_no_room_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with on_a_small_disk(tmp_path) as (disk, server):
        client = server.client()
        project = project_of(client)
        with pytest.raises(urllib.error.HTTPError) as refused:
            _begin(client, project, 500 << 20)
        told = json.loads(refused.value.read())
        assert (refused.value.code, told["code"]) == (507, "no_room")
        assert not list((disk.folder / "files" / "uploads").glob("*.upload"))


def _begin(client: Client, project: int, length: int) -> str:
    named = base64.b64encode(b"texts.csv").decode()
    headers = {"Upload-Length": str(length), "Upload-Metadata": f"filename {named}"}
    with _open(client, "POST", f"/api/v1/projects/{project}/uploads", None, headers) as answer:
        return str(answer.headers["Location"])


def _send(client: Client, method: str, place: str, chunk: bytes, offset: int) -> tuple[int, Any]:
    headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    try:
        with _open(client, method, place, chunk, headers) as answer:
            return answer.status, None
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.loads(refusal.read())


def _offset(client: Client, place: str) -> int:
    with _open(client, "HEAD", place, None, {}) as answer:
        return int(answer.headers["Upload-Offset"])


def _open(
    client: Client, method: str, place: str, body: bytes | None, headers: dict[str, str]
) -> Any:
    known = {"Authorization": f"Token {client._token}", "Tus-Resumable": "1.0.0"}
    request = urllib.request.Request(
        f"{client.address}{place}", data=body, method=method, headers={**known, **headers}
    )
    return urllib.request.urlopen(request, timeout=servers.patient(60))
