"""The table of labels in an archive of pictures: its rows, found by the name of a picture."""

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from annotator.formats import sniff
from annotator.formats.archives import packed_tables
from annotator.formats.base import (
    BadContent,
    Columns,
    Looked,
    Part,
    Reader,
    Reason,
    RejectedRow,
    Row,
    SkippedFile,
    UnreadableFile,
    because,
)
from annotator.formats.images.picture_names import (
    PictureNames,
    column_of,
    of_object,
    path_of,
    with_header,
)

FILE = Part(
    "text",
    "",
    (
        *("filename", "file_name", "file", "image", "img", "picture", "path", "filepath"),
        *("file_path", "image_path", "image_file", "image_filename", "image_name", "img_name"),
        *("img_path", "file name", "image name", "name", "url", "image_url", "image_id"),
    ),
    "no_file_column",
)
COLUMNS = Columns(parts=(FILE,), ignore_ids=True)
# How much of a path is compared.
DEEPEST_PATH = 5
# Label Studio puts eight digits in front of the name of what it received.
UPLOADED = re.compile(r"[0-9a-f]{8}-(.+)")
# Names that tell what the table is for, the usual ones first.
STEMS = ("labels", "metadata", "annotations", "label", "classes")
ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".xlsx", ".ods")


@dataclass
class TableRow:
    """What a table says about a picture."""

    number: int
    name: str
    row: Row
    # The first picture that it is about.
    picture: str = ""

    @property
    def is_used(self) -> bool:
        """Return whether it is about some picture."""
        return bool(self.picture)


@dataclass
class LabelTable:
    """The rows of all tables in an archive, and what is to be told of them."""

    name: str = ""
    has_labels: bool = False
    rows: list[TableRow] = field(default_factory=list)
    told: list[RejectedRow | SkippedFile] = field(default_factory=list)
    _by_end: dict[str, list[TableRow]] = field(default_factory=dict)

    def add(self, row: TableRow) -> None:
        self.rows.append(row)
        ends = _ends(PurePosixPath(row.name))
        for key in {key for end in ends for key in (str(end), *_folded(end))}:
            self._by_end.setdefault(key, []).append(row)

    def of(self, picture: str) -> list[TableRow]:
        """Return the rows about a picture: those with the longest end of its path in common."""
        path = PurePosixPath(picture)
        for start in range(len(path.parts)):
            end = PurePosixPath(*path.parts[start:])
            for key in (str(end), *_folded(end)):
                found = self._by_end.get(key, [])
                # A name without its folder may stand for pictures in several ones.
                if found and len({row.name for row in found}) == 1:
                    return found
        return []

    def unused(self, code: str = "no_picture") -> Iterator[SkippedFile]:
        """Yield the rows that no picture, or no text, belongs to."""
        for row in self.rows:
            if not row.is_used:
                reason = because(code, n=row.number, table=self.name)
                yield SkippedFile(row.name, reason)


def _ends(path: PurePosixPath) -> list[PurePosixPath]:
    """Return what of a path may stand in the archive: it may be one of another computer."""
    parts = path.parts[-DEEPEST_PATH:]
    ends = [PurePosixPath(*parts[start:]) for start in range(len(parts))]
    uploaded = UPLOADED.match(path.name)
    # An address has its blanks and umlauts as codes.
    plain = [PurePosixPath(unquote(path.name))] if "%" in path.name else []
    return [path, *ends, *plain, *([PurePosixPath(uploaded[1])] if uploaded else [])]


def _folded(path: PurePosixPath) -> tuple[str, str]:
    """Return how a path may be written with other cases, and without its ending."""
    return f"/{path}".casefold(), f"//{path.with_suffix('')}".casefold() if path.name else ""


def read(archive: Any, entries: Iterable[Any], label_names: set[str]) -> LabelTable:
    """Return the rows of the tables; UnreadableFile if one that is named for labels is none."""
    table = LabelTable()
    entries = list(entries)
    found = tables(entries)
    names = PictureNames(entry.name for entry in entries if entry not in found)
    for entry in found:
        try:
            _read_into(table, archive, entry, names, label_names)
        except UnreadableFile as problem:
            if PurePosixPath(entry.name).stem.lower() in STEMS[:2]:
                raise _named(entry.name, problem) from problem
            table.told.append(SkippedFile(entry.name, problem.reason))
        except BadContent as problem:
            raise _named(entry.name, problem) from problem
    return table


def _named(name: str, problem: UnreadableFile | BadContent) -> UnreadableFile:
    code = problem.code if problem.code == "missing_column" else "bad_labels"
    return UnreadableFile(code, message="bad_labels", name=name, problem=problem.reason)


def tables(entries: Iterable[Any]) -> list[Any]:
    """Return the tables of an archive, those whose names tell that they have labels first."""
    found = [entry for entry in entries if sniff.ending_of(entry.name) in ENDINGS]

    def order(entry: Any) -> int:
        stem = PurePosixPath(entry.name).stem.lower()
        return STEMS.index(stem) if stem in STEMS else len(STEMS)

    return sorted(found, key=order)


def _read_into(
    table: LabelTable, archive: Any, entry: Any, names: PictureNames, label_names: set[str]
) -> None:
    content = archive.read(entry)
    content = of_object(content, names) or content
    with tempfile.TemporaryDirectory(prefix="winnow-") as folder:
        path = Path(folder) / "table"
        path.write_bytes(content)
        reader = packed_tables.reader_of(path, entry.name)
        wanted, looked = _looked(reader, path, names, label_names)
        label = looked.mapping.get("label", "")
        wanted = replace(wanted, label=label if label in looked.header else "")
        table.name = table.name or entry.name
        table.has_labels |= bool(label)
        for each in reader.read(path, wanted, looked, label_names):
            problem = _problem(each)
            if problem is not None and isinstance(each, Row):
                table.told.append(RejectedRow(each.number, problem, name=entry.name))
            elif isinstance(each, Row):
                name = path_of(str(each.content))
                table.has_labels |= bool(each.labels or each.answers)
                table.add(TableRow(each.number, name, each))
            elif isinstance(each, RejectedRow):
                table.told.append(replace(each, name=entry.name))


def _looked(
    reader: Reader, path: Path, names: PictureNames, label_names: set[str]
) -> tuple[Columns, Looked]:
    """Return the first look at a table; where no column is called like one, at what names files."""
    try:
        return COLUMNS, reader.look(path, COLUMNS)
    except UnreadableFile as problem:
        if problem.code not in ("missing_column", "no_header"):
            raise
        headed = with_header(reader, path, names, label_names)
        column = "" if headed else column_of(reader, path, FILE, names)
        if not headed and not column:
            raise
        wanted = replace(COLUMNS, text=column)
        if headed:
            path.write_bytes(headed)
        looked = reader.look(path, wanted)
        # A column of numbers may be anything, unless labels stand beside it.
        if "label" not in looked.mapping:
            raise
        return wanted, looked


def _problem(entry: Any) -> Reason | None:
    """Return why the label of a row cannot be read; its picture comes without one."""
    answers = entry.answers if isinstance(entry, Row) else ()
    return next((answer.problem for answer in answers if answer.problem), None)
