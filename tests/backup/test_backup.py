"""What goes into a backup, and which archives are refused."""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from annotator.backup import archive as backup_archive
from annotator.backup import restore
from annotator.backup.database_snapshot import Content, Impossible

KIND = "sqlite"


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore.database_snapshot, "kind", lambda: KIND)


def silent(*_: Any) -> None:
    """Show nothing."""


@pytest.fixture
def archive(tmp_path: Path) -> Any:
    """Return a function that writes an archive of (name, content) or ready members."""

    def write(members: Any, sums: Any = None, manifest: Any = None) -> Any:
        told = {"format": 1, "database": KIND, "migrations": [], "counts": {}, **(manifest or {})}
        whole = [("manifest.json", json.dumps(told).encode()), *members]
        path = tmp_path / "backup.tar"
        with tarfile.open(path, "w") as tar:
            for name, content in whole:
                header = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
                header.size = len(content)
                tar.addfile(header, io.BytesIO(content))
            lines = sums if sums is not None else summed(whole)
            if lines:
                header = tarfile.TarInfo("SHA256SUMS")
                header.size = len(lines)
                tar.addfile(header, io.BytesIO(lines))
        return path

    return write


def summed(members: Any) -> Any:
    return b"".join(
        f"{hashlib.sha256(content).hexdigest()}  {getattr(name, 'name', name)}\n".encode()
        for name, content in members
    )


GOOD = [("database", b"rows"), ("files/pictures/1/ab/cd.png", b"PIXELS")]


def test_a_whole_backup_is_unpacked(archive: Any, tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    assert restore.unpack(archive(GOOD), staging, silent)["database"] == KIND
    assert (staging / "database").read_bytes() == b"rows"
    assert (staging / "files/pictures/1/ab/cd.png").read_bytes() == b"PIXELS"


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/etc/cron.d/outside",
        "files/../../outside",
        "files/./odd",
        "files//odd",
        "files\\..\\outside",
        "files/a\nb",
        "C:\\outside",
        "settings.py",
        "files",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(archive: Any, tmp_path: Path, name: str) -> None:
    staging = tmp_path / "inner" / "staging"
    with pytest.raises(Impossible, match="does not belong"):
        restore.unpack(archive([*GOOD, (name, b"x")]), staging, silent)
    outside = {path for path in tmp_path.rglob("*") if path.is_file()} - {tmp_path / "backup.tar"}
    assert all(path.is_relative_to(staging) for path in outside)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_what_is_no_plain_file_is_refused(archive: Any, tmp_path: Path, kind: Any) -> None:
    header = tarfile.TarInfo("files/link")
    header.type, header.linkname = kind, "/etc/passwd"
    with pytest.raises(Impossible, match="does not belong"):
        restore.unpack(archive([*GOOD, (header, b"")]), tmp_path / "staging", silent)


def test_a_name_that_comes_twice_is_refused(archive: Any, tmp_path: Path) -> None:
    with pytest.raises(Impossible, match="twice"):
        restore.unpack(archive([*GOOD, GOOD[0]]), tmp_path / "staging", silent)


def test_one_changed_byte_is_seen_and_named(archive: Any, tmp_path: Path) -> None:
    path = archive(GOOD)
    path.write_bytes(path.read_bytes().replace(b"PIXELS", b"PIXELZ"))
    with pytest.raises(Impossible, match=r"cd\.png is not what its checksums say"):
        restore.unpack(path, tmp_path / "staging", silent)


def test_a_file_that_is_missing_or_was_added_is_seen(archive: Any, tmp_path: Path) -> None:
    whole = [("manifest.json", b"{}"), *GOOD]
    with pytest.raises(Impossible, match="damaged"):
        restore.unpack(archive(GOOD[:1], summed(whole)), tmp_path / "one", silent)
    with pytest.raises(Impossible, match="damaged"):
        restore.unpack(archive(GOOD, summed(whole[:2])), tmp_path / "two", silent)


def test_a_backup_that_was_cut_off_is_refused(archive: Any, tmp_path: Path) -> None:
    with pytest.raises(Impossible, match="ends before its end"):
        restore.unpack(archive(GOOD, sums=b""), tmp_path / "one", silent)
    path = archive([*GOOD, ("files/large", bytes(100_000))])
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(Impossible, match="damaged"):
        restore.unpack(path, tmp_path / "two", silent)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 and more"])
def test_what_is_no_archive_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "backup.tar"
    path.write_bytes(content)
    with pytest.raises(Impossible, match="no backup"):
        restore.unpack(path, tmp_path / "staging", silent)


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ({"format": 99}, "does not know"),
        ({"database": "postgresql"}, "Set DATABASE_URL"),
        ({"migrations": ["annotator.9999_from_the_future"]}, "newer version"),
    ],
)
def test_what_does_not_fit_is_refused_before_it_is_unpacked(
    archive: Any, tmp_path: Path, manifest: Any, words: str
) -> None:
    staging = tmp_path / "staging"
    with pytest.raises(Impossible, match=words):
        restore.unpack(archive(GOOD, manifest=manifest), staging, silent)
    assert not staging.exists()


# What goes in ------------------------------------------------------------------------------------


def test_copies_and_half_written_files_stay_out(settings: Settings) -> None:
    wanted = {"pictures/1/ab/cd.png", "projects/1/models/000001.npz"}
    unwanted = {
        "pictures/1/ab/cd.640.jpg",
        "pictures/1/ab/cd.160.png",
        "pictures/1/ab/cd.640.jpg.0a1b.new",
        "projects/1/features/1/.new-abc/arrays/X.npy",
        "uploads/seen-to-elsewhere.upload",
    }
    features = {"projects/1/features/1/shard-00000/X.npy"}
    for name in wanted | unwanted | features:
        path = settings.MEDIA_ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert {name for name, _path in backup_archive._files(True)} == wanted | features
    assert {name for name, _path in backup_archive._files(False)} == wanted


def test_an_upload_that_is_read_meanwhile_is_still_there(settings: Settings) -> None:
    folder = settings.MEDIA_ROOT / "uploads"
    folder.mkdir(parents=True)
    (folder / "first.upload").write_bytes(b"first")
    with backup_archive._held_uploads() as hold:
        hold()
        (folder / "first.upload").unlink()
        (folder / "second.upload").write_bytes(b"second")
        held = {name: path.read_bytes() for name, path in hold()}
    assert held == {"uploads/first.upload": b"first", "uploads/second.upload": b"second"}


# What the manifest says --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "manifest",
    [
        b"[]",
        b"null",
        b'"text"',
        b"3",
        b"{}",
        b'{"format": 1}',
        b'{"format": 1, "database": "sqlite", "migrations": [], "counts": []}',
        b'{"format": 1, "database": "sqlite", "migrations": {}, "counts": {}}',
        b'{"format": 1, "database": "sqlite", "migrations": [1], "counts": {}}',
        b'{"format": 1, "database": ["sqlite"], "migrations": [], "counts": {}}',
        b'{"format": 1, "database": "sqlite", "migrations": [], "counts": {"users": "3"}}',
        b'{"format": 1, "database": "sqlite", "migrations": [], "counts": {"users": -1}}',
        b'{"format": 1, "database": "sqlite", "migrations": [], "counts": {"users": 1.5}}',
        b"[" * 100_000,
        b"\xff\xfe",
        b"",
    ],
)
def test_manifest_of_another_shape_is_refused_in_words(tmp_path: Path, manifest: Any) -> None:
    path = tmp_path / "backup.tar"
    with tarfile.open(path, "w") as tar:
        header = tarfile.TarInfo("manifest.json")
        header.size = len(manifest)
        tar.addfile(header, io.BytesIO(manifest))
    with pytest.raises(Impossible):
        restore.unpack(path, tmp_path / "staging", silent)
    assert not (tmp_path / "staging").exists()


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6])
@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w:bz2"])
def test_packed_archive_that_was_cut_off_is_refused(
    archive: Any, tmp_path: Path, mode: str, share: float
) -> None:
    packed = tmp_path / "packed"
    with tarfile.open(archive(GOOD)) as plain, tarfile.open(packed, mode) as tar:  # type: ignore[call-overload]
        for member in plain:
            tar.addfile(member, plain.extractfile(member))
    data = packed.read_bytes()
    packed.write_bytes(data[: int(share * len(data))])
    with pytest.raises(Impossible):
        restore.unpack(packed, tmp_path / "one", silent)


# What the database in it holds -------------------------------------------------------------------

TOLD = {"users": 2, "projects": 1, "items": 3, "annotations": 0}


@pytest.mark.parametrize(
    ("counts", "migrations", "words"),
    [
        ({**TOLD, "items": 2}, [], "2 instead of 3 items"),
        ({**TOLD, "annotations": 5}, [], "5 instead of 0 annotations"),
        ({"users": 2}, [], "does not say"),
        (TOLD, ["annotator.9999_from_the_future"], "newer version"),
    ],
)
def test_database_that_is_not_what_the_manifest_says_is_refused(
    counts: Any, migrations: Any, words: str
) -> None:
    with pytest.raises(Impossible, match=words):
        restore._check_content({"counts": TOLD}, Content(counts, migrations))


def test_files_stay_as_they_were_when_the_database_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    root = settings.MEDIA_ROOT
    root.mkdir(parents=True, exist_ok=True)
    (root / "old.txt").write_text("old")
    staging = tmp_path / "staging"
    (staging / "files").mkdir(parents=True)
    (staging / "files" / "new.txt").write_text("new")
    with pytest.raises(Impossible):
        _put_back_and_refuse(staging, root)
    assert [path.name for path in root.iterdir()] == ["old.txt"]


def _put_back_and_refuse(staging: Any, root: Any) -> None:
    with restore._files_put_back(staging):
        assert (root / "new.txt").exists()
        raise Impossible("no")
