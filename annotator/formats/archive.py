"""Packed texts: gzip, tar and ZIP files of tables, or of texts with a file an item."""

import gzip
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from annotator.formats import csv, jsonl, parquet, plain_text, sniff, spreadsheet
from annotator.formats.archives import tar_source, zip_source
from annotator.formats.archives.names import is_left_behind
from annotator.formats.base import (
    BadContent,
    Columns,
    Looked,
    Note,
    Reader,
    RejectedRow,
    Row,
    Rows,
    SkippedFile,
    UnreadableFile,
)
from annotator.formats.tables.columns import Found
from annotator.formats.tables.labels import LabelParser, tidy
from annotator.formats.tables.lines import encoding_of, opened
from annotator.formats.tables.rows import LONGEST_TEXT, Given, as_row

# Tables are unpacked to disk, one at a time.
LARGEST_TABLE = 4 << 30
LARGEST_TEXT = 4 * LONGEST_TEXT
BLOCK = 1 << 20
TABLES = (csv.READER, jsonl.READER, spreadsheet.READER, parquet.READER)
TEXT_ENDINGS = (".txt", ".text", ".md")


def look(path: Path, columns: Columns) -> Looked:
    """Look at the first table, or count the texts; UnreadableFile without either."""
    looks = list(_looks(path, columns))
    if not looks:
        words = _("The archive contains no tables and no texts.")
        raise UnreadableFile("no_tables", words)
    first = looks[0]
    return replace(
        first,
        rows=sum(each.rows for each in looks),
        notes=(*first.notes, *(() if len(looks) == 1 else (Note("tables", {"n": len(looks)}),))),
    )


def read(path: Path, columns: Columns, _looked: Looked, label_names: set[str]) -> Rows:
    """Yield the rows of each table, or each text, in order of the files' names."""
    before = 0
    for part in _parts(path):
        last = before
        for entry in part.rows(columns, label_names):
            if isinstance(entry, SkippedFile):
                yield entry
                continue
            entry = replace(entry, number=before + entry.number)
            if isinstance(entry, RejectedRow):
                entry = replace(entry, name=entry.name or part.name)
            last = max(last, entry.number)
            yield entry
        before = last


@dataclass(frozen=True)
class _Part:
    """A file of the archive, unpacked: a table, a text, or one that is passed over."""

    name: str
    path: Path | None = None
    reader: Reader | None = None
    problem: SkippedFile | None = None

    def look(self, columns: Columns) -> Looked | None:
        if self.path is None:
            return None
        return self.reader.look(self.path, columns) if self.reader else Looked(1)

    def rows(self, columns: Columns, label_names: set[str]) -> Rows:
        if self.problem or self.path is None:
            yield self.problem or SkippedFile(self.name, "unread_kind")
            return
        if self.reader is None:
            yield _text_row(self.name, self.path, columns, label_names)
            return
        try:
            looked = self.reader.look(self.path, columns)
        except UnreadableFile as problem:
            yield SkippedFile(self.name, problem.code, problem.detail)
            return
        yield from self.reader.read(self.path, columns, looked, label_names)


def _looks(path: Path, columns: Columns) -> Iterator[Looked]:
    """Yield a look at each part; the problem of the first where none is usable."""
    first_problem: UnreadableFile | None = None
    found = False
    for part in _parts(path):
        try:
            looked = part.look(columns)
        except UnreadableFile as problem:
            first_problem = first_problem or problem
            continue
        if looked:
            found = True
            yield looked
    if not found and first_problem:
        raise first_problem


def _parts(path: Path) -> Iterator[_Part]:
    kind = sniff.content_of(path)
    if kind == "gzip":
        yield from _of_gzip(path)
        return
    source = zip_source.opened if kind == "zip" else tar_source.opened
    with source(path) as archive:
        entries = [entry for entry in archive.ordered() if not is_left_behind(entry.name)]
        if not entries:
            raise UnreadableFile("empty_zip", _("The archive is empty."))
        has_tables = any(_is_table(entry.name) for entry in entries)
        for entry in entries:
            yield from _of_entry(archive, entry, has_tables)


def _is_table(name: str) -> bool:
    return any(sniff.ending_of(name) in reader.endings for reader in TABLES)


def _of_gzip(path: Path) -> Iterator[_Part]:
    with _temporary() as kept:
        try:
            with gzip.open(path) as file, kept.open("wb") as out:
                _copy(file, out)
        except (OSError, EOFError, zlib.error) as problem:
            words = _("The gzip file is damaged or incomplete: %(problem)s.")
            values = {"problem": str(problem)[:200]}
            raise UnreadableFile("bad_gzip", words % values) from problem
        except BadContent as problem:
            raise UnreadableFile(problem.code, problem.detail) from problem
        yield _Part(path.name, kept, reader_of(kept))


def _of_entry(archive: Any, entry: Any, has_tables: bool) -> Iterator[_Part]:
    ending = sniff.ending_of(entry.name)
    holds_text = ending in TEXT_ENDINGS and not has_tables
    if not holds_text and not _is_table(entry.name):
        words = _("This kind of file isn't read.")
        yield _Part(entry.name, problem=SkippedFile(entry.name, "unread_kind", words))
        return
    with _temporary() as kept:
        try:
            most = LARGEST_TEXT if holds_text else LARGEST_TABLE
            with archive.unpacked(entry, most) as file, kept.open("wb") as out:
                _copy(file, out)
        except (BadContent, *zip_source.ERRORS, tarfile.TarError) as problem:
            code = getattr(problem, "code", "bad_zip_entry")
            yield _Part(entry.name, problem=SkippedFile(entry.name, code, str(problem)[:300]))
            return
        yield _Part(entry.name, kept, None if holds_text else reader_of(kept, entry.name))


def _copy(file: Any, out: Any) -> None:
    size = 0
    while block := file.read(BLOCK):
        size += len(block)
        if size > LARGEST_TABLE:
            words = _("it is larger than %(n)d MB.") % {"n": LARGEST_TABLE >> 20}
            raise BadContent("too_large", words)
        out.write(block)


@contextmanager
def _temporary() -> Iterator[Path]:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="winnow-"))
        yield Path(folder) / "table"


def reader_of(path: Path, name: str = "") -> Reader:
    """Return the reader of an unpacked table, by its bytes and then by its name."""
    content = sniff.content_of(path)
    if content in ("xlsx", "xls", "ods"):
        return spreadsheet.READER
    if content == "parquet":
        return parquet.READER
    by_name = next((each for each in TABLES if sniff.ending_of(name) in each.endings), None)
    return by_name if by_name in (csv.READER, jsonl.READER) else _by_first_character(path)


def _by_first_character(path: Path) -> Reader:
    with opened(path, encoding_of(path).name) as file:
        start = file.read(1000).lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")):
        return jsonl.READER
    return plain_text.READER if start.startswith(plain_text.PREFIX) else csv.READER


def _text_row(
    name: str, path: Path, columns: Columns, label_names: set[str]
) -> Row | RejectedRow | SkippedFile:
    """Return the item of a text file; its folder is its label if it is called like one."""
    if len(columns.parts) != 1:
        return SkippedFile(name, "one_text", _("This project has more than one text per item."))
    parser = LabelParser(label_names)
    folder = tidy(PurePosixPath(name).parent.name)
    labels = parser.of(folder) if folder in parser else []
    try:
        with opened(path, encoding_of(path, columns.encoding).name) as file:
            text = file.read(LONGEST_TEXT + 1)
    except UnreadableFile as problem:
        return RejectedRow(1, problem.code, problem.detail, name=name)
    given = Given({"text": text, "id": name}, labels=labels)
    found = Found({columns.parts[0].name: "text"}, id="id")
    return as_row(1, given, found, parser)


READER = Reader("archive", "ZIP, gzip, tar of texts", (".zip", ".gz", ".tgz", ".tar"), look, read)
