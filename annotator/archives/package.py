"""An archive that is opened: a ZIP whose parts are listed in its manifest, read one by one.

Nothing is extracted, and no name of a part is used as a path. Before a part is read, the directory
was checked: names, sizes, and that no parts overlap. What is read is compared with the manifest.
"""

import hashlib
import json
import re
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db.models import Model

from annotator.archives.problems import BadArchive, bad_value, damaged
from annotator.archives.scopes import Scope
from annotator.archives.tables import TABLES, name_of
from annotator.db import schema
from annotator.formats.archives import zip_source
from annotator.formats.base import UnreadableFile

FORMAT = 1
MANIFEST = "manifest.json"
PEOPLE = "people.json"
FILES = "files/"
MOST_PARTS = 1_000_000
MOST_OF_LINE = 64 << 20
BLOCK = 1 << 20
# A small part says little by its ratio.
SMALL, HIGHEST_RATIO = 1 << 20, 200
# Rows take more room in a database, with its indexes, than as lines.
GROWTH = 4
RESERVED_BYTES = 64 << 20
HEADER_BYTES = 30
SHA256 = re.compile(r"[0-9a-f]{64}")
# What reading a damaged file raises.
ERRORS = (
    *(zipfile.BadZipFile, EOFError, RuntimeError, zlib.error, struct.error),
    *(NotImplementedError, ValueError, OverflowError, IndexError),
)


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself."""

    project: int
    scope: str
    made_at: datetime
    counts: dict[str, int]
    sha256: dict[str, str]
    # Files that the project had lost before.
    missing: frozenset[str]


class Package:
    """The parts of an open archive."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive, self.manifest = archive, manifest

    @property
    def files(self) -> list[str]:
        """Return the names of the files, without the folder that all are in."""
        parts = sorted(self.manifest.sha256)
        return [name.removeprefix(FILES) for name in parts if name.startswith(FILES)]

    @property
    def steps(self) -> int:
        """Return how many rows and files there are."""
        return sum(self.manifest.counts.values()) + len(self.files)

    def people(self) -> dict[str, Any]:
        """Return the names of people by their keys."""
        found = _json_of(b"".join(self._blocks(PEOPLE)), PEOPLE)
        if type(found) is not dict:
            raise bad_value(PEOPLE, 1, "names")
        return found

    def rows(self, model: type[Model]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield number and content of each line of a table; its count and hash are right then."""
        name, number = name_of(model), 0
        if name in self.manifest.sha256:
            for line in self._lines(name):
                number += 1
                row = _json_of(line, name, number)
                if type(row) is not dict:
                    raise bad_value(name, number, "row")
                yield number, row
        if number != self.manifest.counts.get(name, 0):
            raise damaged(name)

    def blocks(self, name: str) -> Iterator[bytes]:
        """Yield the content of a file; its hash is right then."""
        return self._blocks(FILES + name)

    def _blocks(self, name: str) -> Iterator[bytes]:
        with self._hashed(name) as part:
            while block := part.read(BLOCK):
                yield block

    def _lines(self, name: str) -> Iterator[bytes]:
        with self._hashed(name) as part:
            while line := part.readline(MOST_OF_LINE):
                if not line.endswith(b"\n"):
                    raise damaged(name)
                yield line

    @contextmanager
    def _hashed(self, name: str) -> Iterator["_Hashed"]:
        """Open a part; at its end, `damaged` is raised unless it is what the manifest says."""
        try:
            with self._archive.open(name) as part:
                read = _Hashed(part)
                yield read
        except ERRORS as problem:
            raise damaged(name) from problem
        if read.digest() != self.manifest.sha256[name]:
            raise damaged(name)


class _Hashed:
    """A part that computes the SHA-256 of what was read from it."""

    def __init__(self, part: IO[bytes]) -> None:
        self._part, self._hash = part, hashlib.sha256()

    def read(self, size: int) -> bytes:
        return self._noted(self._part.read(size))

    def readline(self, size: int) -> bytes:
        return self._noted(self._part.readline(size))

    def digest(self) -> str:
        return self._hash.hexdigest()

    def _noted(self, content: bytes) -> bytes:
        self._hash.update(content)
        return content


def _json_of(line: bytes, part: str, number: int = 1) -> Any:
    """Return what a line says, as every database can store it; BadArchive for anything else."""
    try:
        found = json.loads(line, parse_constant=_not_finite)
        if b"\\u" in line:
            # Half a character, which no text can be stored with.
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as problem:
        raise bad_value(part, number, "row") from problem
    if b"\\u0000" in line:
        raise bad_value(part, number, "row")
    return found


def _not_finite(name: str) -> Any:
    raise ValueError(name)


# Open ---------------------------------------------------------------------------------------------


@contextmanager
def opened(path: Path) -> Iterator[Package]:
    """Open an archive whose directory and manifest were checked; BadArchive if it is unfit."""
    try:
        zip_source.refuse_too_many(path, MOST_PARTS)
        archive = zipfile.ZipFile(path)
    except UnreadableFile as problem:
        raise BadArchive("archive_foreign", field="file") from problem
    except ERRORS as problem:
        raise _no_archive(path) from problem
    with archive:
        if MANIFEST not in archive.NameToInfo:
            raise _no_archive(path)
        entries = archive.infolist()
        _check_directory(entries)
        manifest = _manifest(archive)
        _check_parts(entries, manifest)
        _check_room(entries)
        yield Package(archive, manifest)


def _no_archive(path: Path) -> BadArchive:
    """Return what a file is whose end is no directory of an archive.

    Where one was cut off, the directory of arrays within it may have been found.
    """
    first = next(iter(TABLES))
    with path.open("rb") as file:
        begin = file.read(HEADER_BYTES + len(name_of(first)))
    is_cut = begin.startswith(b"PK\x03\x04") and begin.endswith(name_of(first).encode())
    return BadArchive("archive_incomplete" if is_cut else "archive_foreign", field="file")


def _check_directory(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse what cannot come from a writer of archives: two of a name, bombs, overlaps."""
    if len({entry.filename for entry in entries}) < len(entries):
        raise BadArchive("archive_foreign", field="file")
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise BadArchive("archive_foreign", field="file")
    if any(entry.compress_type not in zip_source.METHODS for entry in entries):
        raise BadArchive("archive_foreign", field="file")
    for entry in entries:
        if entry.file_size > max(SMALL, HIGHEST_RATIO * entry.compress_size):
            raise BadArchive("archive_bomb", field="file", part=entry.filename[:100])
    places = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    if any(start + HEADER_BYTES + size > after for (start, size), (after, _s) in pairwise(places)):
        raise BadArchive("archive_bomb", field="file", part=MANIFEST)


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    """Return what the archive says of itself; BadArchive if this version cannot read it."""
    try:
        told = json.loads(archive.read(MANIFEST))
    except (*ERRORS, RecursionError) as problem:
        raise damaged(MANIFEST) from problem
    if type(told) is not dict or type(told.get("format")) is not int:
        raise BadArchive("archive_foreign", field="file")
    _check_version(told)
    try:
        return _told(told)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise damaged(MANIFEST) from problem


def _check_version(told: dict[str, Any]) -> None:
    applied = told.get("migrations")
    if type(applied) is not list or not all(type(name) is str for name in applied):
        raise damaged(MANIFEST)
    newer = schema.unknown(f"annotator.{name}" for name in applied)
    if told["format"] > FORMAT or newer:
        raise BadArchive("archive_newer", field="file")


def _told(told: dict[str, Any]) -> Manifest:
    scope, counts, sums = Scope(told["scope"]), dict(told["counts"]), dict(told["sha256"])
    numbers = [told["project"], *counts.values()]
    if any(type(number) is not int or number < 0 for number in numbers):
        raise ValueError
    if not all(SHA256.fullmatch(digest) for digest in sums.values()):
        raise ValueError
    made_at = datetime.fromisoformat(told["made_at"])
    if made_at.tzinfo is None:
        raise ValueError
    missing = frozenset(map(str, told["missing"]))
    return Manifest(told["project"], scope, made_at, counts, sums, missing)


def _check_parts(entries: list[zipfile.ZipInfo], manifest: Manifest) -> None:
    """Compare what there is with what the manifest lists, and that with what is known here."""
    there = {entry.filename for entry in entries} - {MANIFEST}
    odd = sorted(there ^ manifest.sha256.keys())
    if odd:
        raise damaged(odd[0][:100])
    tables = {name_of(model) for model in TABLES}
    for name in sorted({*there, *manifest.counts}):
        if name not in tables and name != PEOPLE and not name.startswith(FILES):
            raise BadArchive("archive_foreign", field="file")
    if PEOPLE not in there:
        raise damaged(PEOPLE)


def _check_room(entries: list[zipfile.ZipInfo]) -> None:
    files = sum(entry.file_size for entry in entries if entry.filename.startswith(FILES))
    rows = sum(entry.file_size for entry in entries) - files
    Path(settings.MEDIA_ROOT).mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.MEDIA_ROOT).free - RESERVED_BYTES
    need = files + GROWTH * rows
    if need > free:
        raise BadArchive("archive_room", field="file", need=-(-need >> 20), free=max(free, 0) >> 20)
