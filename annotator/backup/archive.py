"""Backup archive: a tar file with the database, the files and their hashes.

The database is copied first, as a consistent snapshot. Stored files are written once and never
changed, so the files that the snapshot refers to still exist when they are read afterwards. Only
uploads are deleted, once they are imported, so they are hard-linked before.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from annotator.backup import database_snapshot
from annotator.models import VectorShard
from annotator.storage import thumbnails

FORMAT = 1
MANIFEST, DATABASE, KEY = "manifest.json", "database", "secret_key"
SUMS, FILES = "SHA256SUMS", "files"

Show = Callable[[int, int], None]


def name_for(now: datetime) -> str:
    """Return the file name of a backup made now."""
    return f"winnow-{now:%Y%m%d-%H%M%S}.tar"


def write(target: Path, show: Show, *, features: bool = True, key: bool = False) -> dict[str, Any]:
    """Write a backup to `target`, which appears once it is complete, and return its manifest.

    Without `features`, encoded features are left out; a restore computes them again. The key that
    signs sessions is included only on request.
    """
    database_snapshot.check_programs()
    fresh = target.with_name(f"{target.name}.part")
    try:
        with _private(fresh) as out, _held_uploads() as hold:
            hold()
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".winnow-") as near:
                copy = Path(near) / DATABASE
                counts = database_snapshot.take(copy)
                manifest = _manifest(counts, features)
                archive = _Archive(out, target.suffix in {".gz", ".tgz"})
                archive.add_bytes(MANIFEST, json.dumps(manifest, indent=1).encode())
                archive.add_path(DATABASE, copy)
            if key and (settings.DATA_DIR / KEY).exists():
                archive.add_path(KEY, settings.DATA_DIR / KEY)
            _add_files(archive, [*hold(), *_files(features)], show)
            archive.close()
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    return manifest


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file that only the owner may read, and flush it to disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _held_uploads() -> Iterator[Callable[[], list[tuple[str, Path]]]]:
    """Yield a function that hard-links uploads, and returns all that are linked by now."""
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix="backup-") as folder:

        def hold() -> list[tuple[str, Path]]:
            for path in Path(settings.MEDIA_ROOT).glob("uploads/*"):
                if path.is_dir():
                    # A copy from a bucket, which is fetched again.
                    continue
                # An existing link was made by an earlier call; a missing upload was already
                # imported.
                with suppress(FileExistsError, FileNotFoundError):
                    os.link(path, Path(folder) / path.name)
            return [(f"uploads/{path.name}", path) for path in sorted(Path(folder).iterdir())]

        yield hold


def _manifest(counts: dict[str, int], features: bool) -> dict[str, Any]:
    applied = MigrationRecorder(connection).applied_migrations()
    return {
        "format": FORMAT,
        "made_at": timezone.now().isoformat(),
        "database": database_snapshot.kind(),
        "migrations": sorted(f"{app}.{name}" for app, name in applied),
        "features": features,
        "counts": counts,
    }


def _files(features: bool) -> list[tuple[str, Path]]:
    """Return names and paths of the stored files, without uploads and unfinished files."""
    root, found = Path(settings.MEDIA_ROOT), []
    for folder, _folders, names in os.walk(root):
        place = Path(folder).relative_to(root)
        if place.parts[:1] == ("uploads",) or any(part.startswith(".new") for part in place.parts):
            continue
        if not features and _can_be_made_again(place):
            continue
        for name in names:
            if not name.endswith(".new") and not thumbnails.is_copy(name):
                found.append((str(place / name), Path(folder) / name))
    return sorted(found)


def _can_be_made_again(folder: Path) -> bool:
    """Tell whether a folder holds features, or vectors that did not come with the items."""
    # projects/<number>/features/… and projects/<number>/vectors/<encoder>/…
    kind, encoder = folder.parts[2:3], folder.parts[3:4]
    return kind == ("features",) or (kind == ("vectors",) and encoder != (VectorShard.GIVEN,))


def _add_files(archive: "_Archive", files: list[tuple[str, Path]], show: Show) -> None:
    total = sum(_size(path) for _name, path in files)
    done = 0
    for name, path in files:
        # Files that a round or a deleted project removed meanwhile are not needed.
        with suppress(FileNotFoundError):
            done += archive.add_path(f"{FILES}/{name}", path)
        show(done, total)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


class _Archive:
    """The tar being written; the checksums of its members are added last."""

    def __init__(self, out: IO[bytes], packed: bool) -> None:
        # Pictures are compressed already, so a higher level costs time and saves little.
        options: dict[str, Any] = {"mode": "w:gz", "compresslevel": 1} if packed else {"mode": "w"}
        self._tar = tarfile.open(fileobj=out, **options)  # noqa: SIM115
        self._sums: list[str] = []

    def add_path(self, name: str, path: Path) -> int:
        """Add a file at its size when it is opened, and return that size."""
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            self._add(name, file, size)
        return size

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add a file with that content."""
        self._add(name, io.BytesIO(content), len(content))

    def close(self) -> None:
        """Add the checksums and close the archive."""
        self.add_bytes(SUMS, "".join(self._sums).encode())
        self._tar.close()

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        header = tarfile.TarInfo(name)
        header.size, header.mode = size, 0o600
        header.mtime = int(timezone.now().timestamp())
        read = Hashed(file)
        self._tar.addfile(header, read)
        self._sums.append(f"{read.digest()}  {name}\n")


class Hashed:
    """A file object that computes the SHA-256 of what was read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes."""
        data = self._file.read(size)
        self._hash.update(data)
        return data

    def digest(self) -> str:
        """Return the hash in hexadecimal."""
        return self._hash.hexdigest()


def copied(source: IO[bytes], target: Path) -> str:
    """Copy the rest of `source` to a new file, and return its hash."""
    target.parent.mkdir(parents=True, exist_ok=True)
    read = Hashed(source)
    with target.open("xb") as out:
        shutil.copyfileobj(read, out, 1 << 20)
    return read.digest()
