"""Members of a tar file, packed with gzip or not, in the order in which they stand."""

import tarfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from annotator.formats.archives.names import is_unsafe, tidy_path
from annotator.formats.archives.zip_source import (
    LARGEST_ENTRY,
    MOST_BYTES,
    MOST_ENTRIES,
    NAMES_SHOWN,
    Entry,
    too_large,
)
from annotator.formats.base import BadContent, UnreadableFile

ERRORS = (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, UnicodeError, OverflowError)
# What the headers of a packed file may unpack to before its members are known.
MOST_PER_PACKED_BYTE = 2000


class Source:
    """The files of an open tar file."""

    def __init__(self, archive: tarfile.TarFile, entries: list[Entry]) -> None:
        self._archive = archive
        self.entries = entries

    def ordered(self) -> list[Entry]:
        """Return the files as they stand: going back would unpack all of them again."""
        return self.entries

    def read(self, entry: Entry, most: int = LARGEST_ENTRY) -> bytes:
        """Return the content of a file; BadContent if it is damaged or too large."""
        with self.unpacked(entry, most) as file:
            try:
                content: bytes = file.read(entry.size + 1)
            except ERRORS as problem:
                raise _damaged(problem) from problem
        if len(content) != entry.size:
            raise BadContent("bad_zip_entry", message="tar_entry_incomplete")
        return content

    @contextmanager
    def unpacked(self, entry: Entry, most: int = LARGEST_ENTRY) -> Iterator[Any]:
        """Open a file to read it in parts; BadContent if it cannot be unpacked."""
        if entry.size > most:
            raise too_large(most)
        try:
            file = self._archive.extractfile(entry.handle)
        except ERRORS as problem:
            raise _damaged(problem) from problem
        assert file is not None, "only files are entries"
        with file:
            yield file


def _damaged(problem: Exception) -> BadContent:
    return BadContent("bad_zip_entry", problem=str(problem)[:200])


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a tar file whose members were checked; UnreadableFile if it is unsafe."""
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(tarfile.open(path, "r:*"))
        except ERRORS as problem:
            raise _unreadable(problem) from problem
        yield Source(archive, _entries(archive, path.stat().st_size))


def _entries(archive: tarfile.TarFile, packed: int) -> list[Entry]:
    entries: list[Entry] = []
    unsafe: list[str] = []
    total = 0
    try:
        for member in archive:
            total += member.size
            _refuse_much(len(entries), total, packed)
            if is_unsafe(member.name) or member.issym() or member.islnk():
                unsafe.append(member.name)
            elif member.isfile():
                entries.append(Entry(tidy_path(member.name), member.size, member))
    except ERRORS as problem:
        raise _unreadable(problem) from problem
    if unsafe:
        names = ", ".join(repr(name)[:80] for name in unsafe[:NAMES_SHOWN])
        raise UnreadableFile("zip_unsafe_name", message="tar_unsafe_name", names=names)
    return entries


def _refuse_much(number: int, total: int, packed: int) -> None:
    if number > MOST_ENTRIES:
        raise UnreadableFile("zip_too_many", message="tar_too_many")
    if total > min(MOST_BYTES, max(MOST_PER_PACKED_BYTE * packed, 10 << 20)):
        raise UnreadableFile("zip_too_large", message="tar_too_large")


def _unreadable(problem: Exception) -> UnreadableFile:
    reason = (str(problem).splitlines() or [""])[0][:200]
    return UnreadableFile("bad_zip", message="bad_tar", problem=reason)
