"""brat standoff: an archive of texts, each with its annotations beside it (`a.txt`, `a.ann`).

A text without a file of annotations has no answer; an empty one says that nothing is in it.
"""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from annotator.formats.archives import sources
from annotator.formats.archives.names import is_left_behind
from annotator.formats.base import (
    BadContent,
    Columns,
    GivenAnswer,
    Looked,
    Note,
    Outgoing,
    Reader,
    Reason,
    RejectedRow,
    Row,
    Rows,
    SkippedFile,
    UnreadableFile,
    Writer,
    because,
)
from annotator.formats.span_files import standoff
from annotator.formats.spans.offsets import CODE_POINTS, unit_of
from annotator.formats.tables.columns import Found
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import LONGEST_TEXT, Given, as_row
from annotator.formats.writing.sink import Sink

TEXT, NOTES = ".txt", ".ann"
# What brat keeps beside the texts.
SETTINGS = (".conf", ".stats_cache")
LARGEST = 4 * LONGEST_TEXT
# Files that wait for the other one of their pair, all together.
LARGEST_WAITING = 512 << 20
SAMPLE = 1000


# Read ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pair:
    """A text with its annotations, as bytes; None where one of them is missing."""

    name: str
    text: bytes | None
    notes: bytes | None


def fits(path: Path) -> bool:
    """Return whether an archive has files of annotations; not for one that cannot be opened."""
    try:
        with sources.opened(path) as archive:
            return any(_kind(entry.name) == NOTES for entry in archive.entries)
    except UnreadableFile:
        return False


def look(path: Path, columns: Columns) -> Looked:
    """Count the texts; UnreadableFile if there are none with annotations."""
    with sources.opened(path) as archive:
        kinds = Counter(_kind(entry.name) for entry in archive.entries)
    if not kinds[TEXT] or not kinds[NOTES]:
        raise UnreadableFile("no_standoff")
    unit = _unit(path, columns)
    converted = () if unit == CODE_POINTS else (Note("offsets_converted", {"unit": unit}),)
    return Looked(kinds[TEXT], notes=(Note("read_as_tool", {"tool": "brat"}), *converted))


def read(path: Path, columns: Columns, _looked: Looked, label_names: set[str]) -> Rows:
    """Yield each text in the order of the files' names, numbered from 1."""
    unit = _unit(path, columns)
    names = {name: label for label, name in standoff.called(label_names).items()}
    number = 0
    for entry in _pairs(path):
        if isinstance(entry, SkippedFile):
            yield entry
        elif entry.text is None:
            yield SkippedFile(f"{entry.name}{NOTES}", because("no_text"))
        else:
            number += 1
            yield _row(number, entry, columns, unit, names)


def _kind(name: str) -> str:
    ending = PurePosixPath(name).suffix.lower()
    return ending if ending in (TEXT, NOTES) and not is_left_behind(name) else ""


def _unit(path: Path, columns: Columns) -> str:
    """Return the unit of the offsets, by the first texts."""
    found = []
    for entry in islice(_pairs(path), SAMPLE):
        if isinstance(entry, _Pair) and entry.text and entry.notes:
            try:
                text, notes = (_decoded(each, columns) for each in (entry.text, entry.notes))
            except BadContent:
                continue
            found.append((text, standoff.spans_in(standoff.parsed(notes, {}))))
    return unit_of(found)


def _pairs(path: Path) -> Iterator[_Pair | SkippedFile]:
    """Yield each pair once both files came, then what has no other one."""
    waiting: dict[str, dict[str, bytes]] = {}
    size = 0
    with sources.opened(path) as archive:
        for entry in archive.ordered():
            kind = _kind(entry.name)
            if not kind:
                if not is_left_behind(entry.name) and not entry.name.endswith(SETTINGS):
                    yield SkippedFile(entry.name, because("unread_kind"))
                continue
            try:
                content = archive.read(entry, LARGEST)
            except BadContent as problem:
                yield SkippedFile(entry.name, problem.reason)
                continue
            name = entry.name[: -len(kind)]
            pair = waiting.setdefault(name, {})
            pair[kind] = content
            size += len(content)
            if len(pair) == 2:
                size -= sum(map(len, waiting.pop(name).values()))
                yield _Pair(name, pair[TEXT], pair[NOTES])
            if size > LARGEST_WAITING:
                raise UnreadableFile("too_large", message="standoff_far_apart")
    for name, pair in waiting.items():
        yield _Pair(name, pair.get(TEXT), pair.get(NOTES))


def _row(
    number: int, entry: _Pair, columns: Columns, unit: str, names: dict[str, str]
) -> Row | RejectedRow:
    assert entry.text is not None
    try:
        text = _decoded(entry.text, columns)
        notes = None if entry.notes is None else _decoded(entry.notes, columns)
    except BadContent as problem:
        return RejectedRow(number, problem.reason, name=f"{entry.name}{TEXT}")
    answers: tuple[GivenAnswer, ...] = ()
    told: tuple[Reason, ...] = ()
    if notes is not None:
        found = standoff.parsed(notes, names)
        answers = (standoff.answer_in(found, text, unit),)
        told = standoff.left_out(found)
    given = Given({"text": text, "id": entry.name}, answers)
    made = as_row(number, given, Found({"text": "text"}, id="id"), LabelParser(()))
    if isinstance(made, RejectedRow):
        return RejectedRow(number, made.reason, name=f"{entry.name}{TEXT}")
    return Row(**{**vars(made), "told": told})


def _decoded(content: bytes, columns: Columns) -> str:
    """Return the text just as it is: offsets count its line ends, too."""
    try:
        return content.decode(columns.encoding or "utf-8")
    except UnicodeDecodeError as problem:
        raise BadContent("invalid_utf8") from problem


# Write --------------------------------------------------------------------------------------------


def write(records: Iterator[dict[str, Any]], about: Outgoing) -> Iterator[bytes]:
    """Yield a ZIP file part by part: each text, and its annotations where it has an answer."""
    names, taken, sink = standoff.called(about.labels), set[str](), Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "annotation.conf", _configuration(names))
        for record in records:
            name = _name(record, taken)
            _put(archive, f"{name}{TEXT}", record["text"])
            if record["resolved_by"] is not None:
                notes = standoff.written(record["text"], record["labels"], names)
                _put(archive, f"{name}{NOTES}", notes)
            yield sink.taken()
    yield sink.taken()


def _put(archive: zipfile.ZipFile, name: str, content: str) -> None:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content.encode())


def _configuration(names: dict[str, str]) -> str:
    return "\n".join(["[entities]", *names.values(), "[relations]", "[events]", "[attributes]", ""])


def _name(record: dict[str, Any], taken: set[str]) -> str:
    """Return the name of a text's files: its id as systems can have it, each once."""
    plain = re.sub(r"[^\w.-]+", "_", str(record["key"])).strip("._")[:150] or str(record["item"])
    name = plain
    if name.lower() in taken:
        name = f"{plain}-{record['item']}"
    taken.add(name.lower())
    return name


READER = Reader("brat", "brat (ZIP)", (), look, read, fits)
WRITER = Writer(
    "brat",
    "application/zip",
    write,
    "brat (ZIP)",
    "zip",
    is_tool=True,
    by_item=True,
    of_spans=True,
)
