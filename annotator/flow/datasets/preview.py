"""A look at an upload before it is imported: what would become of its rows; nothing is stored."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from annotator import tasktypes
from annotator.errors import Invalid
from annotator.flow.datasets import given_vectors
from annotator.flow.datasets.importing import in_chunks
from annotator.flow.datasets.options import Options
from annotator.flow.datasets.rows.already_there import There
from annotator.flow.datasets.rows.fates import Chunk, Entry, Sorter
from annotator.flow.datasets.rows.given import Reading
from annotator.flow.datasets.rows.label_names import LabelNames
from annotator.flow.datasets.rows.report import Fate, Line
from annotator.flow.datasets.upload import kind_of, look, uploaded
from annotator.formats import BadContent, Looked, Note, RejectedRow, Row, UnreadableFile
from annotator.formats.registry import READERS
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
    problem: str = ""


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
    project, options = upload.project, options.checked()
    kind = kind_of(project, upload.name, options.format)
    columns = options.columns(project)
    given_vectors.check_wanted(project, options.vector_column, upload.vectors_path, "")
    path = uploaded(upload.path)
    looked = look(path, kind, columns)
    found = Preview(upload, kind, looked, notes=list(looked.notes))
    work = Import(project=project, user=upload.user, **{**options.stored(), "format": kind})
    names = LabelNames(project, options.label_map, options.unknown_labels, pretend=True)
    try:
        entries = READERS[kind].read(path, columns, looked, names.known)
        if upload.vectors_path:
            ids = uploaded(upload.vector_ids_path) if upload.vector_ids_path else None
            entries = given_vectors.attached(entries, uploaded(upload.vectors_path), ids)
        _look_through(found, work, names, entries)
    except UnreadableFile as problem:
        raise Invalid(problem.code, detail=problem.detail, field="file") from problem
    Upload.objects.filter(pk=upload.pk).update(options=options.stored())
    found.notes += names.notes.values()
    found.unknown = [
        UnknownLabel(name, rows, names.hint(name)) for name, rows in names.unknown.most_common()
    ]
    return found


def _look_through(
    found: Preview, work: Import, names: LabelNames, entries: Iterator[Entry]
) -> None:
    media = tasktypes.of(work.project).media
    sorter = Sorter(work, Reading(work, names), lambda *given: _checked(media, *given), There())
    end = time.monotonic() + MOST_SECONDS
    # The first rows by themselves, as each may be a large picture.
    first = list(islice(entries, SHOWN))
    _add(found, first, sorter.sort(first), media)
    size = min(AT_ONCE, media.limits.import_)
    for chunk in in_chunks(work, entries, size):
        if time.monotonic() > end or found.rows >= MOST_ROWS:
            found.is_complete = False
            return
        _add(found, chunk, sorter.sort(chunk), media)


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
        return [name for answer in row.answers for name in answer.labels]
    return list(row.labels or ())


def _item(entry: Row | RejectedRow, lines: list[Line], media: Any) -> PreviewItem:
    # What is told of a row that becomes no new item.
    problems = (line for line in lines if line.row == entry.number and line.fate != Fate.CREATED)
    problem = next((line.detail for line in problems), "")
    if isinstance(entry, RejectedRow):
        return PreviewItem(entry.number, {}, problem=entry.detail)
    try:
        content = media.preview(entry.content)
    except BadContent as bad:
        return PreviewItem(entry.number, {}, entry.key, problem=bad.detail)
    return PreviewItem(entry.number, content, entry.key, _label_names(entry), entry.meta, problem)
