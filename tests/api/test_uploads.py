"""Files are uploaded in chunks by the tus protocol, and resume where they stopped."""

import base64
import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import UnreadablePostError
from django.utils import timezone
from pytest_django import Settings

from annotator.flow.datasets import importing, resumable
from annotator.flow.datasets.upload import uploads_folder
from annotator.flow.operations import cleanup
from annotator.models import Import, Item, Project, Role, UnfinishedUpload, Upload, User
from tests.api.calls import assert_refused, at
from tests.given import Api

pytestmark = pytest.mark.django_db

TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = "application/offset+octet-stream"
CSV = b"text,label\nwin a prize,spam\nsee you soon,ham\n"


def start(client: Any, project: Project, length: Any, name: str = "a.csv", **about: str) -> Any:
    said = {"filename": name, **about}
    pairs = (f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": ",".join(pairs)}
    return client.post(at(project, "/uploads"), headers=headers)


def send(client: Any, place: str, offset: Any, chunk: bytes, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.generic(
        "PATCH", place, chunk, CHUNK, headers={**TUS, "Upload-Offset": str(offset), **named}
    )


def stored() -> list[Path]:
    return sorted(uploads_folder().glob("*.upload"))


@pytest.fixture
def begun(api: Api, project: Project, olga: User) -> Callable[[], Any]:
    """Start the upload of the table, and return its client and address."""

    def begin() -> Any:
        client = api(olga)
        answer = start(client, project, len(CSV))
        assert answer.status_code == 201
        return SimpleNamespace(client=client, place=answer.headers["Location"])

    return begin


def test_server_says_what_it_can(
    api: Api, project: Project, olga: User, settings: Settings
) -> None:
    settings.MAX_UPLOAD_MB = 7
    answer = api(olga).options(at(project, "/uploads"))
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Max-Size"] == str(7 << 20)
    extensions = set(answer.headers["Tus-Extension"].split(","))
    assert extensions == {"creation", "termination", "checksum", "expiration"}
    assert "sha1" in answer.headers["Tus-Checksum-Algorithm"]


def test_file_in_chunks_is_imported(project: Project, begun: Any) -> None:
    own = begun()
    first = send(own.client, own.place, 0, CSV[:20])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "20")
    assert "Upload-Expires" in first.headers
    told = own.client.head(own.place, headers=TUS)
    assert (told.status_code, told.headers["Upload-Offset"]) == (200, "20")
    assert told.headers["Upload-Length"] == str(len(CSV))
    assert told.headers["Cache-Control"] == "no-store"
    key = own.place.rsplit("/", 1)[1]
    early = own.client.post(at(project, "/imports"), {"upload": key}, format="json")
    assert_refused(early, 409, "unfinished_upload", "upload")
    assert send(own.client, own.place, 20, CSV[20:]).status_code == 204
    # The response to the last chunk may be lost: the client asks, and learns that the file is
    # complete.
    assert own.client.head(own.place, headers=TUS).headers["Upload-Offset"] == str(len(CSV))
    url = at(project, "/imports")
    seen = own.client.post(f"{url}?dry_run=1", {"upload": key}, format="json").json()
    assert (seen["new"], seen["format"]) == (2, "csv")
    work = own.client.post(url, {"upload": key}, format="json").json()
    importing.run(work["id"])
    assert Import.objects.get().name == "a.csv"
    assert Item.objects.filter(project=project).count() == 2
    assert not UnfinishedUpload.objects.exists()


def test_cut_off_chunk_keeps_what_came(begun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    own = begun()

    class Cut:
        def __init__(self, stream: Any) -> None:
            self.stream = stream

        def read(self, _size: int) -> bytes:
            if block := self.stream.read(10):
                return bytes(block)
            raise UnreadablePostError("the rest did not come")

    plain = resumable.append

    def cut(found: Any, offset: int, size: int, _blocks: Any, matches: Any = None) -> Any:
        from annotator.api.uploads import tus

        request: Any = SimpleNamespace(content_type=CHUNK, stream=Cut(_stream(CSV[:30])))
        return plain(found, offset, size, tus.blocks(request), matches)

    monkeypatch.setattr(resumable, "append", cut)
    send(own.client, own.place, 0, CSV)
    assert own.client.head(own.place, headers=TUS).headers["Upload-Offset"] == "30"
    # With a checksum, it cannot be known whether that part is right.
    digest = base64.b64encode(hashlib.sha1(CSV[30:]).digest()).decode()
    torn = send(own.client, own.place, 30, CSV[30:], Upload_Checksum=f"sha1 {digest}")
    assert_refused(torn, 460, "checksum")
    assert own.client.head(own.place, headers=TUS).headers["Upload-Offset"] == "30"


def _stream(content: bytes) -> Any:
    import io

    return io.BytesIO(content)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_damaged_chunk_is_taken_back(begun: Any, algorithm: str) -> None:
    own = begun()
    right = base64.b64encode(hashlib.new(algorithm, CSV[:9]).digest()).decode()
    wrong = send(own.client, own.place, 0, b"text,labe!", Upload_Checksum=f"{algorithm} {right}")
    assert_refused(wrong, 460, "checksum")
    assert own.client.head(own.place, headers=TUS).headers["Upload-Offset"] == "0"
    again = send(own.client, own.place, 0, CSV[:9], Upload_Checksum=f"{algorithm} {right}")
    assert again.headers["Upload-Offset"] == "9"


def test_full_disk_leaves_the_offset(begun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    own = begun()
    send(own.client, own.place, 0, CSV[:5])
    plain = resumable._write

    def full(file: Any, blocks: Any) -> int:
        plain(file, [b"half a chunk"])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(resumable, "_write", full)
    answer = send(own.client, own.place, 5, CSV[5:])
    assert "free space" in assert_refused(answer, 503, "storage_full")["detail"]
    monkeypatch.undo()
    assert stored()[0].read_bytes() == CSV[:5]
    assert send(own.client, own.place, 5, CSV[5:]).status_code == 204


def test_file_larger_than_the_disk_is_refused_at_once(
    api: Api, project: Project, olga: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAX_UPLOAD_MB = 10_000
    free = resumable.RESERVED_BYTES + (2 << 30)
    monkeypatch.setattr(resumable.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    client = api(olga)
    assert start(client, project, (2 << 30) - 10).status_code == 201
    # Space that is reserved for the first upload is not given to another.
    refused = assert_refused(start(client, project, 11), 507, "no_room")
    assert "room" in refused["detail"]
    assert start(client, project, 10).status_code == 201
    assert len(stored()) == 2


def test_limits(api: Api, project: Project, olga: User, settings: Settings) -> None:
    settings.MAX_UPLOAD_MB = 1
    client = api(olga)
    assert_refused(start(client, project, (1 << 20) + 1), 413, "too_large", "file")
    assert_refused(start(client, project, "many"), 422, "upload_length", "Upload-Length")
    wrong = start(client, project, 9, "a.exe", format="")
    assert_refused(wrong, 415, "wrong_type", "file")
    for _ in range(resumable.MOST_UNFINISHED):
        place = start(client, project, 9).headers["Location"]
    assert_refused(start(client, project, 9), 409, "too_many_uploads")
    assert client.delete(place, headers=TUS).status_code == 204
    assert start(client, project, 9).status_code == 201


def test_chunk_must_fit(begun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    own = begun()
    behind = send(own.client, own.place, 3, CSV[3:])
    assert "0" in assert_refused(behind, 409, "upload_offset")["detail"]
    assert_refused(send(own.client, own.place, 0, CSV + b"x"), 422, "chunk_too_long")
    assert_refused(send(own.client, own.place, "x", CSV), 422, "upload_offset")
    plain = own.client.generic(
        "PATCH", own.place, CSV, "text/csv", headers={**TUS, "Upload-Offset": "0"}
    )
    assert plain.status_code == 415
    monkeypatch.setattr(resumable, "CHUNK_MB", 0)
    assert_refused(send(own.client, own.place, 0, CSV), 413, "chunk_too_large")
    assert stored()[0].stat().st_size == 0


def test_two_at_once_do_not_mix(begun: Any) -> None:
    own = begun()
    with resumable._alone(stored()[0]):
        assert_refused(send(own.client, own.place, 0, CSV), 409, "upload_busy")
    assert send(own.client, own.place, 0, CSV).status_code == 204
    # The same chunk again, of which the first answer was lost.
    assert_refused(send(own.client, own.place, 0, CSV), 409, "upload_offset")
    assert Upload.objects.count() == 1


def test_process_that_died_after_the_last_byte_loses_nothing(begun: Any) -> None:
    own = begun()
    stored()[0].write_bytes(CSV)
    told = own.client.head(own.place, headers=TUS)
    assert told.headers["Upload-Offset"] == str(len(CSV))
    assert Upload.objects.get().name == "a.csv"


def test_other_versions_are_refused(api: Api, project: Project, olga: User, begun: Any) -> None:
    answer = api(olga).post(at(project, "/uploads"), headers={"Upload-Length": "1"})
    assert_refused(answer, 412, "tus_version")
    assert answer.headers["Tus-Version"] == "1.0.0"
    place = begun().place
    assert api(olga).head(place, headers={"Tus-Resumable": "0.2.2"}).status_code == 412


def test_metadata_must_be_readable(api: Api, project: Project, olga: User) -> None:
    headers = {**TUS, "Upload-Length": "1", "Upload-Metadata": "filename *"}
    answer = api(olga).post(at(project, "/uploads"), headers=headers)
    assert_refused(answer, 422, "upload_metadata")
    assert stored() == []


def test_upload_is_its_owners(
    api: Api, project: Project, begun: Any, ana: User, zed: User, ben: User
) -> None:
    place = begun().place
    assert api(zed).head(place, headers=TUS).status_code == 404
    assert_refused(send(api(ana), place, 0, CSV), 403)
    assert_refused(start(api(zed), project, 1), 404)
    project.memberships.filter(user=ben).update(role=Role.ADMIN)
    assert_refused(send(api(ben), place, 0, CSV), 404, "unknown_upload")
    assert api(ben).get(at(project, "/uploads")).json()["results"] == []


def test_unfinished_ones_are_listed_and_removed(project: Project, begun: Any) -> None:
    own = begun()
    send(own.client, own.place, 0, CSV[:8])
    (listed,) = own.client.get(at(project, "/uploads")).json()["results"]
    assert (listed["name"], listed["offset"], listed["length"]) == ("a.csv", 8, len(CSV))
    assert own.client.delete(own.place, headers=TUS).status_code == 204
    assert own.client.head(own.place, headers=TUS).status_code == 404
    assert stored() == []


def test_unfinished_ones_are_removed_after_a_day(begun: Any) -> None:
    own = begun()
    cleanup.drop_unused_uploads()
    assert len(stored()) == 1
    UnfinishedUpload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    cleanup.drop_unused_uploads()
    assert stored() == []
    assert own.client.head(own.place, headers=TUS).status_code == 404


def test_empty_file_is_complete_and_refused_with_words(
    api: Api, project: Project, olga: User
) -> None:
    client = api(olga)
    place = start(client, project, 0).headers["Location"]
    body = {"upload": place.rsplit("/", 1)[1]}
    answer = client.post(at(project, "/imports?dry_run=1"), body, format="json")
    assert_refused(answer, 422, "empty_file")


def test_memory_does_not_grow_with_the_chunk(begun: Any, project: Project) -> None:
    from annotator.api.uploads import tus

    largest = max(len(block) for block in tus._blocks(_request(bytes(3 << 20))))
    assert largest == tus.BLOCK


def _request(content: bytes) -> Any:
    return SimpleNamespace(stream=_stream(content))
