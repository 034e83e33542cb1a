"""Resumable uploads: a file comes in chunks, and goes on where it stopped.

How far it is, is the size of its file, which a crash cannot make wrong. Complete, it becomes an
upload that can be looked at and imported.
"""

import fcntl
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from annotator.errors import Conflict, FlowError, Invalid, NoRoom, NotFound, TooLarge
from annotator.flow.datasets.upload import new_path, shown_name, uploaded, uploads_folder
from annotator.models import Project, UnfinishedUpload, Upload, User

# A request must end in time, so that one is not the whole of a large file.
CHUNK_MB = 64
MOST_UNFINISHED = 20
KEPT = timedelta(hours=24)
# What is left for the database and the work of others.
RESERVED_BYTES = 64 << 20


class Damaged(FlowError):
    """What came is not what was sent."""

    status = 460


def create(
    project: Project | None, user: User, name: str, length: int
) -> UnfinishedUpload | Upload:
    """Store the beginning of an upload of `length` bytes; an empty one is complete at once."""
    if length > settings.MAX_UPLOAD_MB << 20:
        raise TooLarge("too_large", field="file", most=settings.MAX_UPLOAD_MB)
    if UnfinishedUpload.objects.filter(user=user).count() >= MOST_UNFINISHED:
        raise Conflict("too_many_uploads", most=MOST_UNFINISHED)
    _check_room(length)
    path = new_path()
    path.touch(mode=0o600, exist_ok=False)
    made = UnfinishedUpload.objects.create(
        project=project,
        user=user,
        name=shown_name(name) or "file",
        path=path.name,
        length=length,
        expires_at=timezone.now() + KEPT,
    )
    return made if length else _finished(made)


def _check_room(length: int) -> None:
    """Raise NoRoom if the disk cannot hold it and the rest of all uploads under way."""
    promised = sum(each.length - size_of(each) for each in UnfinishedUpload.objects.all())
    if length + promised + RESERVED_BYTES > shutil.disk_usage(uploads_folder()).free:
        raise NoRoom("no_room")


def find(project: Project | None, user: User, key: uuid.UUID) -> UnfinishedUpload | Upload:
    """Return the user's upload, complete or not."""
    for rows in (UnfinishedUpload.objects, Upload.objects):
        found: UnfinishedUpload | Upload | None
        found = rows.filter(project=project, user=user, pk=key).first()
        if isinstance(found, UnfinishedUpload) and size_of(found) == found.length:
            # Its last chunk was stored by a process that died then.
            return _finished(found)
        if found is not None:
            return found
    raise NotFound("unknown_upload")


def unfinished(project: Project | None, user: User) -> list[UnfinishedUpload]:
    """Return the user's uploads that can go on, newest first."""
    rows = UnfinishedUpload.objects.filter(project=project, user=user)
    return list(rows.filter(expires_at__gt=timezone.now()).order_by("-expires_at"))


def size_of(found: UnfinishedUpload | Upload) -> int:
    """Return how many bytes are there."""
    path = uploaded(found.path)
    return path.stat().st_size if path.exists() else 0


def discard(found: UnfinishedUpload) -> None:
    """Remove an unfinished upload with its file."""
    if UnfinishedUpload.objects.filter(pk=found.pk).delete()[0]:
        uploaded(found.path).unlink(missing_ok=True)


# Chunks -------------------------------------------------------------------------------------------


def append(
    found: UnfinishedUpload | Upload,
    offset: int,
    size: int,
    blocks: Iterable[bytes],
    matches: Callable[[Iterable[bytes]], bool] | None = None,
) -> UnfinishedUpload | Upload:
    """Add a chunk of `size` bytes, and return the upload, which may be complete then.

    Of a chunk that is cut off, what came is kept; with a checksum, which `matches` verifies,
    nothing of it. The same holds where the disk is full.
    """
    if size > CHUNK_MB << 20:
        raise TooLarge("chunk_too_large", most=CHUNK_MB)
    if isinstance(found, Upload):
        _check_offset(offset, size_of(found))
        return found
    if offset + size > found.length:
        raise Invalid("chunk_too_long")
    with _alone(uploaded(found.path)) as file:
        _check_offset(offset, file.seek(0, os.SEEK_END))
        try:
            came = _write(file, blocks)
            is_right = matches is None or (came == size and matches(_read(file, offset)))
        except OSError:
            file.truncate(offset)
            raise
        if not is_right:
            file.truncate(offset)
            raise Damaged("checksum")
        if offset + came == found.length:
            os.fsync(file.fileno())
            return _finished(found)
    return found


def _check_offset(given: int, have: int) -> None:
    if given != have:
        raise Conflict("upload_offset", have=have)


@contextmanager
def _alone(path: Path) -> Iterator[BinaryIO]:
    """Open the file for this request only: a cut connection may still be read elsewhere."""
    try:
        # Unbuffered, so that a full disk shows here.
        file = path.open("r+b", buffering=0)
    except FileNotFoundError:
        raise NotFound("unknown_upload") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("upload_busy") from None
        yield file


def _write(file: BinaryIO, blocks: Iterable[bytes]) -> int:
    came = 0
    for block in blocks:
        rest = memoryview(block)
        while rest:
            rest = rest[file.write(rest) :]
        came += len(block)
    return came


def _read(file: BinaryIO, start: int) -> Iterator[bytes]:
    file.seek(start)
    while block := file.read(1 << 20):
        yield block


def _finished(found: UnfinishedUpload) -> Upload:
    """Return the upload that it becomes, made once."""
    with transaction.atomic():
        if UnfinishedUpload.objects.filter(pk=found.pk).delete()[0]:
            return Upload.objects.create(
                pk=found.pk,
                project=found.project,
                user=found.user,
                name=found.name,
                path=found.path,
            )
    made = Upload.objects.filter(pk=found.pk).first()
    if made is None:
        raise NotFound("unknown_upload")
    return made
