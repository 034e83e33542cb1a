"""Packed texts: gzip, tar and ZIP files of tables, or of texts with a file an item."""

import gzip
import tarfile
import tempfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from annotator.formats import sniff
from annotator.formats.archives import sources, zip_source
from annotator.formats.archives.names import archive_holds, is_left_behind
from annotator.formats.archives.packed_tables import is_table, reader_of
from annotator.formats.base import (
    BadContent,
    Columns,
    Looked,
    Note,
    NotFetched,
    Reader,
    Reason,
    RejectedRow,
    Row,
    Rows,
    SkippedFile,
    UnreadableFile,
    because,
    named,
)
from annotator.formats.images import label_table
from annotator.formats.images.label_table import LabelTable, TableRow
from annotator.formats.tables.columns import Found
from annotator.formats.tables.labels import LabelParser, tidy
from annotator.formats.tables.lines import encoding_of, opened
from annotator.formats.tables.rows import LONGEST_TEXT, Given, as_row
from annotator.formats.tools import doccano

# Tables are unpacked to disk, one at a time.
LARGEST_TABLE = 4 << 30
LARGEST_TEXT = 4 * LONGEST_TEXT
BLOCK = 1 << 20
# How files of one data set are called that are no person's.
OF_NOBODY = frozenset(
    ("all", "unknown", "data", "train", "test", "dev", "valid", "validation", "export", "labels")
)
TEXT_ENDINGS = (".txt", ".text", ".md")


def look(path: Path, columns: Columns) -> Looked:
    """Look at the first table, or count the texts; UnreadableFile without either."""
    looks = _looks_at_hand(path, columns)
    if not looks:
        raise _nothing_read(path)
    first, is_plain = looks[0]
    notes = list(first.notes)
    if is_plain:
        notes.append(Note("text_files", {"n": len(looks)}))
    elif len(looks) > 1:
        notes.append(Note("tables", {"n": len(looks)}))
    others = {each.encoding for each, _is_plain in looks} - {first.encoding, "", "utf-8"}
    if others:
        notes.append(Note("encodings", {"names": ", ".join(sorted(others))}))
    rows = sum(each.rows for each, _is_plain in looks)
    return replace(first, rows=rows, notes=tuple(notes))


def read(path: Path, columns: Columns, _looked: Looked, label_names: set[str]) -> Rows:
    """Yield the rows of each table, or each text, in order of the files' names."""
    before = 0
    for part in _parts(path, label_names):
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


def _nothing_read(path: Path) -> UnreadableFile:
    """Return why an archive has nothing to read: what is wrong with its first table, if any is."""
    parts = list(_parts(path))
    for part in parts:
        if part.problem and part.problem.code != "unread_kind":
            return UnreadableFile.because(named(part.name, part.problem.reason))
    return archive_holds("no_tables", parts)


@dataclass(frozen=True)
class _Part:
    """A file of the archive, unpacked: a table, a text, or one that is passed over."""

    name: str
    path: Path | None = None
    reader: Reader | None = None
    problem: SkippedFile | RejectedRow | None = None
    # Who gave the answers of a file that names nobody.
    person: str = ""
    # What a table of the archive says about a text.
    about: tuple[TableRow, ...] = ()

    def look(self, columns: Columns) -> Looked | None:
        if self.path is None:
            return None
        if self.reader:
            return self.reader.look(self.path, columns)
        encoding = encoding_of(self.path, columns.encoding)
        return Looked(1, encoding.name, encoding.is_sure)

    def rows(self, columns: Columns, label_names: set[str]) -> Rows:
        if self.problem or self.path is None:
            yield self.problem or SkippedFile(self.name, because("unread_kind"))
            return
        if self.reader is None:
            yield _text_row(self, self.path, columns, label_names)
            return
        try:
            looked = self.reader.look(self.path, columns)
        except UnreadableFile as problem:
            yield SkippedFile(self.name, problem.reason)
            return
        rows = self.reader.read(self.path, columns, looked, label_names)
        is_of_one = any(note.values.get("tool") == doccano.TOOL.title for note in looked.notes)
        yield from _attributed(rows, self.person) if self.person and is_of_one else rows


def _attributed(rows: Rows, person: str) -> Rows:
    """Yield the rows with the answers of the only person whose they are."""
    for row in rows:
        if isinstance(row, Row):
            answers = (
                each if each.annotator else replace(each, annotator=person) for each in row.answers
            )
            yield replace(row, answers=tuple(answers))
        else:
            yield row


def _looks_at_hand(path: Path, columns: Columns) -> list[tuple[Looked, bool]]:
    """Return the looks at the parts up to the first that is not fetched yet."""
    looks: list[tuple[Looked, bool]] = []
    try:
        for each in _looks(path, columns):
            looks.append(each)
    except NotFetched:
        if not looks:
            raise
    return looks


def _looks(path: Path, columns: Columns) -> Iterator[tuple[Looked, bool]]:
    """Yield a look at each part, and whether it is a text; the first problem if none is usable."""
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
            yield looked, part.reader is None
    if not found and first_problem:
        raise first_problem


def _parts(path: Path, label_names: Collection[str] = ()) -> Iterator[_Part]:
    kind = sniff.content_of(path)
    if kind == "gzip":
        yield from _of_gzip(path)
        return
    with sources.opened(path) as archive:
        entries = [entry for entry in archive.ordered() if not is_left_behind(entry.name)]
        if not entries:
            raise UnreadableFile("empty_zip", message="empty_archive")
        tables = [entry for entry in entries if is_table(_unpacked_name(entry.name))]
        texts = [entry for entry in entries if sniff.ending_of(entry.name) in TEXT_ENDINGS]
        labels = _labels_of(archive, texts, tables, set(label_names))
        for entry in [each for each in entries if labels is None or each not in tables]:
            about = tuple(labels.of(entry.name)) if labels else ()
            for row in about:
                row.picture = entry.name
            for part in _of_entry(archive, entry, bool(tables) and labels is None):
                person = _person(entry.name) if len(tables) > 1 else ""
                yield replace(part, person=person, about=about)
        for problem in [*labels.told, *labels.unused("no_text_file")] if labels else ():
            yield _Part(problem.name, problem=problem)
        left = [entry.name for entry in archive.entries if is_left_behind(entry.name)]
        if left:
            system = SkippedFile(left[0], because("system_files", n=len(left)))
            yield _Part(left[0], problem=system)


def _labels_of(
    archive: Any, texts: list[Any], tables: list[Any], label_names: set[str]
) -> LabelTable | None:
    """Return what tables say about the texts beside them; None where they have texts themselves."""
    if not texts or not tables:
        return None
    try:
        found = label_table.read(archive, [*texts, *tables], label_names)
    except (UnreadableFile, BadContent):
        return None
    named = sum(bool(found.of(entry.name)) for entry in texts)
    return found if 2 * named >= len(texts) else None


def _unpacked_name(name: str) -> str:
    """Return the name of a file without the ending that says that it is packed."""
    return name[:-3] if name.lower().endswith(".gz") else name


def _person(name: str) -> str:
    """Return whose file this is, as doccano writes one for each person."""
    stem = PurePosixPath(name).stem
    return "" if stem.lower() in OF_NOBODY else stem


def _of_gzip(path: Path) -> Iterator[_Part]:
    with _temporary() as kept:
        try:
            with gzip.open(path) as file, kept.open("wb") as out:
                _copy(file, out)
        except zip_source.ERRORS as problem:
            raise UnreadableFile("bad_gzip", problem=str(problem)[:200]) from problem
        except BadContent as problem:
            raise UnreadableFile.because(problem.reason) from problem
        yield _Part(path.name, kept, reader_of(kept))


def _of_entry(archive: Any, entry: Any, has_tables: bool) -> Iterator[_Part]:
    ending = sniff.ending_of(entry.name)
    holds_text = ending in TEXT_ENDINGS and not has_tables
    if not holds_text and not is_table(_unpacked_name(entry.name)):
        yield _Part(entry.name, problem=SkippedFile(entry.name, because("unread_kind")))
        return
    with _temporary() as kept:
        try:
            most = LARGEST_TEXT if holds_text else LARGEST_TABLE
            with archive.unpacked(entry, most) as file, kept.open("wb") as out:
                _copy(gzip.GzipFile(fileobj=file) if ending == ".gz" else file, out)
        except (BadContent, *zip_source.ERRORS, tarfile.TarError) as problem:
            yield _Part(entry.name, problem=SkippedFile(entry.name, _why(problem)))
            return
        name = _unpacked_name(entry.name)
        yield _Part(entry.name, kept, None if holds_text else reader_of(kept, name))


def _why(problem: Exception) -> Reason:
    if isinstance(problem, BadContent):
        return problem.reason
    return because("bad_zip_entry", problem=str(problem)[:200])


def _copy(file: Any, out: Any) -> None:
    size = 0
    while block := file.read(BLOCK):
        size += len(block)
        if size > LARGEST_TABLE:
            raise BadContent("too_large", message="larger_than", n=LARGEST_TABLE >> 20)
        out.write(block)


@contextmanager
def _temporary() -> Iterator[Path]:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="winnow-"))
        yield Path(folder) / "table"


def _text_row(
    part: _Part, path: Path, columns: Columns, label_names: set[str]
) -> Row | RejectedRow | SkippedFile:
    """Return the item of a text file; its folder is its label if it is called like one."""
    name = part.name
    if len(columns.parts) != 1:
        return SkippedFile(name, because("one_text", message="several_texts_wanted"))
    parser = LabelParser(label_names)
    folder = tidy(PurePosixPath(name).parent.name)
    labels = [folder] if parser.is_near(folder) and not part.about else []
    labels += [label for each in part.about for label in each.row.labels or ()]
    meta = {key: value for each in part.about for key, value in each.row.meta.items()}
    answers = tuple(answer for each in part.about for answer in each.row.answers)
    try:
        with opened(path, encoding_of(path, columns.encoding).name) as file:
            text = file.read(LONGEST_TEXT + 1)
    except UnreadableFile as problem:
        return RejectedRow(1, problem.reason, name=name)
    given = Given({"text": text, "id": name}, answers, labels, meta)
    found = Found({columns.parts[0].name: "text"}, id="id")
    return as_row(1, given, found, parser)


READER = Reader("archive", "ZIP, gzip, tar of texts", (".zip", ".gz", ".tgz", ".tar"), look, read)
