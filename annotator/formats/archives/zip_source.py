"""Members of a ZIP file, read one by one; none is ever extracted under its own name."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from annotator.formats.archives.names import is_unsafe, names_of
from annotator.formats.base import BadContent, UnreadableFile

MOST_ENTRIES = 200_000
MOST_BYTES = 20 << 30
LARGEST_ENTRY = 100 << 20
# A text that repeats itself packs as well as a bomb, but cannot do harm below a size.
HIGHEST_RATIO, SMALL = 200, 1 << 20
# What reading a damaged file raises.
ERRORS = (
    *(zipfile.BadZipFile, EOFError, OSError, RuntimeError, zlib.error, struct.error),
    *(NotImplementedError, ValueError, OverflowError, IndexError),
)
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# The end of a ZIP's directory, and the comment that may follow.
DIRECTORY_END = b"PK\x05\x06"
LONGEST_END = 22 + 65_535
NAMES_SHOWN = 5


@dataclass(frozen=True)
class Entry:
    """A file in an archive."""

    name: str
    size: int
    handle: Any


class Source:
    """The files of an open archive."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        files = [
            info
            for info in archive.infolist()
            if not info.is_dir() and not info.filename.endswith("\\")
        ]
        # Of the names, where it was found out.
        names, self.encoding = names_of(files)
        self.entries = [
            Entry(name, info.file_size, info) for name, info in zip(names, files, strict=True)
        ]

    def ordered(self) -> list[Entry]:
        """Return the files in order of their names."""
        return sorted(self.entries, key=lambda entry: entry.name)

    def read(self, entry: Entry, most: int = LARGEST_ENTRY) -> bytes:
        """Return the content of a file; BadContent if it is damaged or too large."""
        with self.unpacked(entry, most) as file:
            # The size in the directory is only a claim, so reading is bounded by it.
            content: bytes = _guarded(lambda: file.read(entry.size + 1))
        if len(content) != entry.size:
            raise BadContent("bad_zip_entry", message="zip_entry_size")
        return content

    @contextmanager
    def unpacked(self, entry: Entry, most: int = LARGEST_ENTRY) -> Iterator[Any]:
        """Open a file to read it in parts; BadContent if it cannot be unpacked."""
        info = entry.handle
        if info.compress_type not in METHODS:
            raise BadContent("zip_method")
        if info.file_size > most:
            raise too_large(most)
        is_large = info.file_size >= SMALL
        if is_large and info.file_size > HIGHEST_RATIO * max(info.compress_size, 1):
            raise BadContent("zip_bomb")
        with _guarded(lambda: self._archive.open(info)) as file:
            yield file


def too_large(most: int) -> BadContent:
    """Return the error of a file with more than that many bytes."""
    code = "image_too_large" if most == LARGEST_ENTRY else "too_large"
    return BadContent(code, message="larger_than", n=most >> 20)


def _guarded(unpack: Any) -> Any:
    try:
        return unpack()
    except ERRORS as problem:
        raise BadContent("bad_zip_entry", problem=str(problem)[:200]) from problem


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a ZIP file whose directory was checked; UnreadableFile if it is unsafe."""
    refuse_too_many(path)
    try:
        archive = zipfile.ZipFile(path)
    except ERRORS as problem:
        raise UnreadableFile("bad_zip", problem=str(problem)[:200]) from problem
    with archive:
        _refuse_unsafe(archive.infolist())
        yield Source(archive)


def refuse_too_many(path: Path, most: int = MOST_ENTRIES) -> None:
    """Refuse a ZIP by the number of entries that its end states, before they are read."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        start = max(size - LONGEST_END, 0)
        file.seek(start)
        end = file.read()
    place = end.rfind(DIRECTORY_END)
    if place < 0 or len(end) < place + 22:
        return
    stated = int.from_bytes(end[place + 10 : place + 12], "little")
    length = int.from_bytes(end[place + 12 : place + 16], "little")
    # A number of 65,535 may stand for any; each entry takes at least 46 bytes.
    if stated == 0xFFFF or length == 0xFFFFFFFF:
        stated, length = _stated_by_zip64(end, place)
    if stated > most or min(length, size) // 46 > 20 * most:
        raise UnreadableFile("zip_too_many")


def _stated_by_zip64(end: bytes, place: int) -> tuple[int, int]:
    record = end.rfind(b"PK\x06\x06", 0, place)
    if record < 0 or len(end) < record + 56:
        return 0, 0
    entries = int.from_bytes(end[record + 32 : record + 40], "little")
    length = int.from_bytes(end[record + 40 : record + 48], "little")
    return entries, length


def _refuse_unsafe(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise UnreadableFile("zip_too_many")
    unsafe = [entry.filename for entry in entries if _is_unsafe(entry)]
    if unsafe:
        names = ", ".join(repr(name)[:80] for name in unsafe[:NAMES_SHOWN])
        raise UnreadableFile("zip_unsafe_name", names=names)
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise UnreadableFile("zip_encrypted")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise UnreadableFile("zip_too_large")
    _refuse_overlap(entries)


def _is_unsafe(entry: zipfile.ZipInfo) -> bool:
    return is_unsafe(entry.orig_filename) or stat.S_ISLNK(entry.external_attr >> 16)


def _refuse_overlap(entries: list[zipfile.ZipInfo]) -> None:
    # Entries that share their bytes are how a small file unpacks to petabytes (a ZIP bomb).
    spans = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    for (start, size), (following, _size) in pairwise(spans):
        if start + size > following:
            raise UnreadableFile("zip_overlap")
