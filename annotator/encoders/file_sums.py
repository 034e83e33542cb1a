"""SHA-256 of files, read once per process and state of a file."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from selection.encoders import UnusableEncoder

BLOCK = 1 << 20
# By path: the state of the file that was read, and its sum.
_known: dict[str, tuple[tuple[int, ...], str]] = {}


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file; UnusableEncoder where it cannot be read."""
    try:
        found = path.stat()
        state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        known = _known.get(str(path))
        if known is None or known[0] != state:
            known = _known[str(path)] = (state, _read(path))
    except OSError as problem:
        raise UnusableEncoder("missing_file", file=path.name) from problem
    return known[1]


def check(paths: Mapping[str, Path], sums: Mapping[str, str]) -> None:
    """Raise UnusableEncoder unless each file is there and has its sum."""
    for path in paths.values():
        found = sha256_of(path)
        if path.name not in sums:
            raise UnusableEncoder("no_sum", file=path.name)
        if found != sums[path.name]:
            raise UnusableEncoder("changed_file", file=path.name)


def _read(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
