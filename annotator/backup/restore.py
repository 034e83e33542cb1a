"""Restore of a backup: unpacked and verified beside the installation before it replaces it."""

import gzip
import json
import lzma
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.core.management import call_command

from annotator.backup import database_snapshot
from annotator.backup.archive import (
    DATABASE,
    FILES,
    FORMAT,
    KEY,
    MANIFEST,
    SUMS,
    Hashed,
    Show,
    copied,
)
from annotator.backup.database_snapshot import Impossible
from annotator.db import schema
from annotator.flow.operations import after_restore

MOST_OF_MANIFEST = 1 << 20
UNREADABLE = (
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    json.JSONDecodeError,
    UnicodeDecodeError,
    RecursionError,
)
# The fields of a manifest, with their types.
SHAPE: dict[str, type] = {
    "format": int,
    "database": str,
    "migrations": list,
    "counts": dict,
}
SHOWN = 5


def restore(source: Path, show: Show, *, force: bool = False) -> dict[str, Any]:
    """Restore the backup over what is there, and return its manifest.

    Impossible for a damaged or unsafe archive, for another kind of database or a newer Winnow,
    while other clients are connected, and for an installation that is not empty unless forced.
    """
    database_snapshot.check_programs()
    database_snapshot.check_nobody_works()
    if not force and not (database_snapshot.is_empty() and _has_no_files()):
        raise Impossible(
            "There is something here already, which would be lost. Choose an empty data directory "
            "and an empty database, or say --force."
        )
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix="restoring-") as folder:
        staging = Path(folder)
        manifest = unpack(source, staging, show)
        with _files_put_back(staging):
            database_snapshot.put_back(staging / DATABASE, partial(_check_content, manifest))
        _put_key_back(staging)
    call_command("migrate", verbosity=0, interactive=False)
    after_restore.resume()
    return manifest


def _has_no_files() -> bool:
    root = Path(settings.MEDIA_ROOT)
    return not any(path.is_file() for path in root.rglob("*"))


# Unpack -------------------------------------------------------------------------------------------


def unpack(source: Path, staging: Path, show: Show) -> dict[str, Any]:
    """Unpack the archive below `staging`, verify its checksums, and return its manifest."""
    try:
        with source.open("rb") as file, tarfile.open(fileobj=file, mode="r:*") as archive:
            total = source.stat().st_size
            return _unpacked(archive, staging, lambda: show(file.tell(), total))
    except UNREADABLE as problem:
        reason = str(problem).partition("\n")[0]
        raise Impossible(f"{source.name} is no backup, or a damaged one: {reason}") from problem


def _unpacked(archive: tarfile.TarFile, staging: Path, tell: Any) -> dict[str, Any]:
    manifest: dict[str, Any] = {}
    found: dict[str, str] = {}
    for member in archive:
        _check_name(member, found)
        content = archive.extractfile(member)
        assert content is not None
        if not found and member.name != MANIFEST:
            raise Impossible("This is no backup of Winnow: it does not begin with its manifest.")
        if member.name == MANIFEST:
            read = Hashed(content)
            manifest = json.loads(read.read(MOST_OF_MANIFEST))
            _check_fits(manifest)
            found[MANIFEST] = read.digest()
        elif member.name == SUMS:
            _check_sums(content.read().decode(), found)
            tell()
            return manifest
        else:
            found[member.name] = copied(content, staging / member.name)
            tell()
    raise Impossible("The backup ends before its end: its checksums are missing.")


def _check_name(member: tarfile.TarInfo, found: dict[str, str]) -> None:
    """Raise Impossible unless a member is a regular file whose path stays inside the target."""
    name, path = member.name, PurePosixPath(member.name)
    known = name in {MANIFEST, DATABASE, KEY, SUMS} or name.startswith(f"{FILES}/")
    plain = str(path) == name and not path.is_absolute() and ".." not in path.parts
    if not (member.isreg() and known and plain and name.isprintable() and "\\" not in name):
        raise Impossible(f"The backup holds something that does not belong there: {name[:200]!r}")
    if name in found:
        raise Impossible(f"The backup holds {name[:200]!r} twice.")


def _check_shape(manifest: Any) -> None:
    """Raise Impossible unless the manifest has the expected fields and types."""
    if not isinstance(manifest, dict):
        raise Impossible("This is no backup of Winnow: its manifest is no object.")
    if manifest.get("format") != FORMAT:
        raise Impossible("This backup has a format that this version of Winnow does not know.")
    wrong = [name for name, kind in SHAPE.items() if not isinstance(manifest.get(name), kind)]
    if not wrong and not all(isinstance(each, str) for each in manifest["migrations"]):
        wrong = ["migrations"]
    if not wrong and not all(_is_count(number) for number in manifest["counts"].values()):
        wrong = ["counts"]
    if wrong:
        raise Impossible(
            f"The backup's manifest has another shape: {', '.join(wrong)} is missing or not as "
            "Winnow writes it. Take another backup."
        )


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0


def _check_fits(manifest: dict[str, Any]) -> None:
    _check_shape(manifest)
    if manifest["database"] != database_snapshot.kind():
        raise Impossible(
            f"The backup is of a {manifest['database']} database, and this installation has "
            f"{database_snapshot.kind()}. Set DATABASE_URL to the same kind."
        )
    _refuse_newer(manifest["migrations"])


def _refuse_newer(migrations: list[str]) -> None:
    newer = schema.unknown(migrations)
    if newer:
        raise Impossible(
            f"The backup was made by a newer version of Winnow ({', '.join(newer[:SHOWN])}). "
            "Install that one, restore, and go on from there."
        )


def _check_sums(lines: str, found: dict[str, str]) -> None:
    told = {}
    for line in lines.splitlines():
        digest, _gap, name = line.partition("  ")
        told[name] = digest
    wrong = sorted(name for name in {*told, *found} if told.get(name) != found.get(name))
    if wrong or DATABASE not in found:
        names = ", ".join(wrong[:SHOWN]) or DATABASE
        raise Impossible(f"The backup is damaged: {names} is not what its checksums say.")


# Restore ------------------------------------------------------------------------------------------


def _check_content(manifest: dict[str, Any], found: database_snapshot.Content) -> None:
    """Raise Impossible unless a snapshot has the content that its manifest states."""
    _refuse_newer(found.migrations)
    told = manifest["counts"]
    if set(told) != set(found.counts):
        raise Impossible("The backup's manifest does not say how many rows there are of what.")
    wrong = [
        f"{number:,} instead of {told[name]:,} {name}"
        for name, number in found.counts.items()
        if number != told[name]
    ]
    if wrong:
        raise Impossible(
            f"The backup holds {', '.join(wrong)}. Nothing was replaced; take another backup."
        )


@contextmanager
def _files_put_back(staging: Path) -> Iterator[None]:
    """Swap the files in while the block restores the database; neither changes if one fails."""
    root, old = Path(settings.MEDIA_ROOT), staging / "replaced"
    _put_files_back(staging)
    try:
        yield
    except BaseException:
        root.rename(staging / FILES)
        if old.exists():
            old.rename(root)
        raise


def _put_files_back(staging: Path) -> None:
    fresh, root, old = staging / FILES, Path(settings.MEDIA_ROOT), staging / "replaced"
    fresh.mkdir(exist_ok=True)
    uploads = fresh / "uploads"
    if uploads.exists():
        uploads.chmod(0o700)
    if root.exists():
        root.rename(old)
    root.parent.mkdir(parents=True, exist_ok=True)
    try:
        fresh.rename(root)
    except OSError:
        if old.exists():
            old.rename(root)
        raise


def _put_key_back(staging: Path) -> None:
    kept = staging / KEY
    if kept.exists():
        kept.chmod(0o600)
        shutil.move(kept, settings.DATA_DIR / KEY)
