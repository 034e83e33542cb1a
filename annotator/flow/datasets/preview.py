"""A look at an upload before it is imported: what would become of its rows; nothing is stored."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from annotator import tasktypes
from annotator.errors import Invalid
from annotator.flow.datasets import attaching, given_vectors
from annotator.flow.datasets.buckets import copies
from annotator.flow.datasets.importing import ids_notes, in_chunks
from annotator.flow.datasets.options import Options
from annotator.flow.datasets.rows.already_there import There
from annotator.flow.datasets.rows.fates import Chunk, Entry, Sorter
from annotator.flow.datasets.rows.given import Reading
from annotator.flow.datasets.rows.label_names import LabelNames
from annotator.flow.datasets.rows.paragraphs import in_parts
from annotator.flow.datasets.rows.report import Fate, Line
from annotator.flow.datasets.upload import (
    fetch_some,
    inspect,
    not_fetched,
    uploaded,
    uploads_folder,
)
from annotator.formats import (
    BadContent,
    Looked,
    Note,
    NotFetched,
    Reason,
    RejectedRow,
    Row,
    UnreadableFile,
)
from annotator.formats.registry import READERS
from annotator.i18n.reasons import worded
from annotator.models import Import, Upload

SHOWN = 20
LINES_SHOWN = 100
LABELS_SHOWN = 1000
# A request must end in time: a longer file is looked at up to here.
MOST_SECONDS = 8.0
MOST_ROWS = 100_000
AT_ONCE = 500


@dataclass(frozen=True)
class PreviewItem:
    """One of the first rows as the item that it would become, or why it would not."""

    row: int
    content: dict[str, Any]
    key: str = ""
    labels: list[str] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    problem: Reason | None = None


@dataclass(frozen=True)
class UnknownLabel:
    """A label of the file that the project does not have; `near` may be meant."""

    name: str
    rows: int
    near: str


@dataclass
class Preview:
    """What an import of an upload would do, by what was read of it."""

    upload: Upload
    format: str
    looked: Looked
    items: list[PreviewItem] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)
    unknown: list[UnknownLabel] = field(default_factory=list)
    counts: Counter[Fate] = field(default_factory=Counter)
    unlabelled: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    lines: list[Line] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    rows: int = 0
    # Whether the whole file was read.
    is_complete: bool = True

    @property
    def new(self) -> int:
        """Return how many items would be created."""
        return self.counts[Fate.CREATED]


def preview(upload: Upload, options: Options) -> Preview:
    """Return what an import of the upload would do; Invalid or WrongType if it is unusable."""
    project, options = upload.destination, options.checked()
    if not fetch_some(upload) and not copies.can_be_read(upload.path, uploads_folder()):
        raise not_fetched(upload)
    path = uploaded(upload.path)
    try:
        kind, columns, looked = inspect(upload, options)
    except NotFetched as problem:
        raise not_fetched(upload) from problem
    found = Preview(upload, kind, looked, notes=list(looked.notes))
    work = Import(project=project, user=upload.user, **{**options.stored(), "format": kind})
    names = LabelNames(project, options.label_map, options.unknown_labels, pretend=True)
    if kind == given_vectors.FORMAT or (columns.vector and not columns.parts):
        work.path, work.vector_ids_path = upload.path, upload.vector_ids_path
        return _of_vectors(found, work, options)
    try:
        columns = replace(columns, file_name=upload.name)
        entries = READERS[kind].read(path, columns, looked, names.known)
        if upload.vectors_path:
            ids = uploaded(upload.vector_ids_path) if upload.vector_ids_path else None
            entries = given_vectors.attached(entries, uploaded(upload.vectors_path), ids)
        else:
            entries = in_parts(work, entries)
        _look_through(found, work, names, entries)
    except UnreadableFile as problem:
        raise Invalid(problem.code, detail=worded(problem.reason), field="file") from problem
    Upload.objects.filter(pk=upload.pk).update(options=options.stored())
    found.notes += [*names.notes.values(), *ids_notes(found.reasons)]
    found.unknown = [
        UnknownLabel(name, rows, names.hint(name)) for name, rows in names.unknown.most_common()
    ]
    return found


def _of_vectors(found: Preview, work: Import, options: Options) -> Preview:
    """Look through a file that brings nothing but vectors for items that are there."""
    wanted, seen = given_vectors.dimensions(work.project), set[str]()
    entries = attaching.rows(work)
    end = time.monotonic() + MOST_SECONDS
    while chunk := list(islice(entries, AT_ONCE)):
        if time.monotonic() > end or found.rows >= MOST_ROWS:
            found.is_complete = False
            break
        rows = [entry for entry in chunk if isinstance(entry, Row)]
        wanted = wanted or (len(rows[0].vector) if rows else 0)
        known = attaching.there(work.project, {row.key for row in rows})
        for entry in chunk:
            _add_vector(found, entry, attaching.row_problem(entry, wanted, seen), known)
            seen |= {entry.key} if isinstance(entry, Row) else set()
    Upload.objects.filter(pk=found.upload.pk).update(options=options.stored())
    return found


def _add_vector(found: Preview, entry: Entry, line: Line | None, known: set[str]) -> None:
    if line is None and isinstance(entry, Row) and entry.key not in known:
        line = attaching.unknown_item(entry.number, entry.key)
    fate = Fate.UPDATED if line is None else line.fate
    found.counts[fate] += 1
    found.rows += fate != Fate.SKIPPED_FILE
    if line is not None:
        found.reasons[line.code] += 1
        found.lines += [line][: max(LINES_SHOWN - len(found.lines), 0)]
    if len(found.items) < SHOWN and isinstance(entry, (Row, RejectedRow)):
        key = entry.key if isinstance(entry, Row) else ""
        problem = None if line is None else line.reason
        found.items.append(PreviewItem(entry.number, {}, key, problem=problem))


def _look_through(
    found: Preview, work: Import, names: LabelNames, entries: Iterator[Entry]
) -> None:
    media = tasktypes.of(work.project).media
    sorter = Sorter(work, Reading(work, names), lambda *given: _checked(media, *given), There())
    end = time.monotonic() + MOST_SECONDS
    # The first rows by themselves, as each may be a large picture.
    entries = _at_hand(found, entries)
    first = list(islice(entries, SHOWN))
    _add(found, first, sorter.sort(first), media)
    size = min(AT_ONCE, media.limits.import_)
    for chunk in in_chunks(work, entries, size):
        if time.monotonic() > end or found.rows >= MOST_ROWS:
            found.is_complete = False
            return
        _add(found, chunk, sorter.sort(chunk), media)


def _at_hand(found: Preview, entries: Iterator[Entry]) -> Iterator[Entry]:
    """Yield the entries up to the first that is still in a bucket."""
    try:
        yield from entries
    except NotFetched:
        found.is_complete = False


def _checked(media: Any, content: Any, _digest: bytes) -> dict[str, Any]:
    media.check(content)
    return {}


def _add(found: Preview, entries: list[Entry], chunk: Chunk, media: Any) -> None:
    found.counts += chunk.counts
    found.rows += chunk.rows
    found.unlabelled += chunk.unlabelled
    found.reasons.update(line.code for line in chunk.lines)
    found.lines += chunk.lines[: max(LINES_SHOWN - len(found.lines), 0)]
    for entry in entries:
        if isinstance(entry, Row):
            _count_labels(found.labels, entry)
        if len(found.items) < SHOWN and isinstance(entry, (Row, RejectedRow)):
            found.items.append(_item(entry, chunk.lines, media))


def _count_labels(labels: Counter[str], row: Row) -> None:
    for name in _label_names(row):
        if name in labels or len(labels) < LABELS_SHOWN:
            labels[name] += 1


def _label_names(row: Row) -> list[str]:
    if row.answers:
        return [name for answer in row.answers for name in answer.names]
    return list(row.labels or ())


def _item(entry: Row | RejectedRow, lines: list[Line], media: Any) -> PreviewItem:
    # What is told of a row that becomes no new item.
    problems = (line for line in lines if line.row == entry.number and line.fate != Fate.CREATED)
    problem = next((line.reason for line in problems), None)
    if isinstance(entry, RejectedRow):
        return PreviewItem(entry.number, {}, problem=entry.reason)
    try:
        content = media.preview(entry.content)
    except BadContent as bad:
        return PreviewItem(entry.number, {}, entry.key, problem=bad.reason)
    return PreviewItem(entry.number, content, entry.key, _label_names(entry), entry.meta, problem)
