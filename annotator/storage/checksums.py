"""Checksums of files, verified once per process and state of a file.

CRC-32 for memory-mapped arrays: it detects damage by disks, copies and hands, and reads several
gigabytes a second. It does not prevent forgery, which requires access to the disk.
"""

import errno
import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# By name: length in bytes and CRC-32.
Sums = dict[str, list[int]]

BLOCK = 4 << 20
# Errors of the file itself; all others, such as too many open files, are transient.
BROKEN = {
    errno.ENOENT,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.ENXIO,
    errno.ELOOP,
    errno.EINVAL,
}

# By path: the state of the file when it was read, and its CRC-32.
_known: dict[str, tuple[tuple[int, ...], int]] = {}


class Corrupt(Exception):
    """A file differs from what its row states; it must not be used."""


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Convert file system errors about a broken file into Corrupt."""
    try:
        yield
    except OSError as problem:
        if problem.errno not in BROKEN:
            raise
        raise Corrupt(f"{path.name} cannot be read: {problem.strerror}") from problem


def of_folder(folder: Path) -> Sums:
    """Return the checksums of the arrays in `folder`."""
    return {file.name: [file.stat().st_size, _crc(file)] for file in sorted(folder.glob("*.npy"))}


def check(folder: Path, sums: Mapping[str, list[int]]) -> None:
    """Raise Corrupt unless the files in `folder` match these checksums."""
    for name, (size, crc) in sums.items():
        path = folder / name
        with readable(path):
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                raise Corrupt(f"{name} is no plain file")
            if found.st_size != size:
                raise Corrupt(f"{name} has {found.st_size} bytes instead of {size}")
            if _crc(path) != crc:
                raise Corrupt(f"{name} was changed since it was stored; its checksum differs")


def clear_cache() -> None:
    """Clear the cache, so that every file is read again."""
    _known.clear()


def _crc(path: Path) -> int:
    """Return the CRC-32 of a file, read only if its state changed since the last time."""
    state = _state(path)
    known = _known.get(str(path))
    if known is None or known[0] != state:
        known = _known[str(path)] = (state, _read(path))
    return known[1]


def _state(path: Path) -> tuple[int, ...]:
    found = os.stat(path)
    # ctime as well, because mtime can be set by hand.
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            crc = zlib.crc32(block, crc)
    return crc
