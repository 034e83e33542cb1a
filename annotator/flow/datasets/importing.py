"""Import of a file: streamed into items in atomic chunks, resumable after each."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from annotator import formats, tasktypes
from annotator.db import clock
from annotator.db.bulk_insert import bulk_insert
from annotator.errors import Conflict, Invalid
from annotator.flow.datasets import attaching, given_vectors
from annotator.flow.datasets.buckets import copies
from annotator.flow.datasets.buckets.problems import StoreAway
from annotator.flow.datasets.options import options_of
from annotator.flow.datasets.rows import answers, item_updates, report
from annotator.flow.datasets.rows.fates import Chunk, Entry, Sorter
from annotator.flow.datasets.rows.given import Reading
from annotator.flow.datasets.rows.label_names import LabelNames
from annotator.flow.datasets.rows.paragraphs import in_parts
from annotator.flow.datasets.rows.report import ERRORS_SHOWN, Fate
from annotator.flow.datasets.upload import kind_of, remove_files, uploaded, uploads_folder
from annotator.formats import Looked, Note, RejectedRow, Row, SkippedFile, UnreadableFile, because
from annotator.formats.registry import READERS
from annotator.i18n import stored_texts
from annotator.i18n.reasons import worded
from annotator.jobs.runner import job
from annotator.models import Import, Item, Project, User

# With a single writer (SQLite), saving a label waits as long as this chunk takes to store; the next
# one is read and sorted in between, which takes as long again.
CHUNK_OF_ONE_WRITER = 1000
CHUNK_BYTES = 32 << 20
TRIES = 5
# What may be wrong with a row that no reader foresaw, so that no database can store it.
UNSTORABLE = (DataError, UnicodeError, OverflowError, ValueError)
MOST_NOTES = 30
# From a bucket, between two signs of life; and before a store that is away is asked again.
FETCH_SECONDS = 5.0
WAITS = (2, 4, 8, 16, 32)
# Weight of the newest chunk in the rate that foretells the end.
NEWEST = 0.1


# Cancel -------------------------------------------------------------------------------------------


def cancel(work: Import, user: User) -> None:
    """End an import that waits or runs; what it has stored so far stays."""
    active = Import.objects.active().filter(pk=work.pk)
    # Without its token, the worker's next chunk is rolled back.
    ended = active.update(
        state=Import.State.FAILED,
        token=None,
        error=stored_texts.CANCELLED_IMPORT % {"name": user.username},
        cancelled_at=timezone.now(),
        finished_at=clock.now(),
    )
    if not ended:
        raise Conflict("not_running")
    work.refresh_from_db()
    _remove_files(work)


def _remove_files(work: Import) -> None:
    remove_files(work.path, work.vectors_path, work.vector_ids_path)


# Read ---------------------------------------------------------------------------------------------


@job(Import)
def run(work: Import) -> Import:
    """Import the file, continuing where an earlier attempt stopped."""
    report.cut(work)
    if copies.is_stored_there(work.path):
        _fetch(work)
    if attaching.is_for(work):
        return _attach(work)
    names = LabelNames(work.project, work.label_map, work.unknown_labels)
    store = partial(tasktypes.of(work.project).media.store, work.project)
    sorter = Sorter(work, Reading(work, names), store)
    pace = Pace(work)
    try:
        # Before entries were counted, each was a row.
        entries = islice(_entries(work, names.known), work.entries or work.done, None)
        for number, chunk in enumerate(_chunks(work, entries), 1):
            _store_with_retry(work, chunk, sorter, pace)
            _refresh_statistics(number)
    except UnreadableFile as problem:
        raise Invalid(problem.code, detail=worded(problem.reason)) from problem
    found = [*names.notes.values(), *ids_notes(each["code"] for each in work.errors)]
    work.finish(total=work.done, notes=[*work.notes, *map(as_note, found)][:MOST_NOTES])
    _remove_files(work)
    return work


def ids_notes(codes: Iterable[str]) -> list[Note]:
    """Return what can be chosen where rows were rejected because other items have their ids."""
    return [Note("ids_taken")] if "duplicate_id" in codes else []


def _fetch(work: Import) -> None:
    """Fetch what is missing of a file or folder in a bucket, and find out its format."""
    if copies.has_grown(work.path, uploads_folder()):
        # A worker that dies again and again, but fetched something each time, isn't given up.
        work.write(attempts=0)
    waits = iter(WAITS)
    while True:
        # Without its token, as when it was cancelled, this ends it.
        work.write(done=work.done)
        try:
            is_whole = copies.fetch(work.path, uploads_folder(), seconds=FETCH_SECONDS)
        except StoreAway:
            wait = next(waits, None)
            if wait is None:
                raise
            time.sleep(wait)
            continue
        work.write(attempts=0)
        if is_whole:
            break
        waits = iter(WAITS)
    if not work.format:
        kind = kind_of(work.project, work.name, "", uploaded(work.path))
        work.write(format=kind)


def _attach(work: Import) -> Import:
    """Store vectors of items that are there; once stored, only the end is left to tell."""
    if not work.done:
        attaching.store(work)
    work.finish(total=work.done)
    _remove_files(work)
    return work


class Pace:
    """The rate of an import over its last chunks, in rows per second."""

    def __init__(self, work: Import) -> None:
        self._rate, self._last = work.rate, time.monotonic()

    def after(self, rows: int) -> float:
        """Return the rate now that so many more rows are read."""
        now = time.monotonic()
        newest = rows / max(now - self._last, 1e-3)
        self._last = now
        self._rate = newest if self._rate is None else self._rate + NEWEST * (newest - self._rate)
        return self._rate


def as_note(note: Note) -> dict[str, Any]:
    """Return a note as it is stored."""
    return {"code": note.code, "values": dict(note.values)}


def _rows_at_once(work: Import) -> int:
    most = tasktypes.of(work.project).media.limits.import_
    return min(most, CHUNK_OF_ONE_WRITER) if connection.vendor == "sqlite" else most


def _refresh_statistics(number: int) -> None:
    """Have PostgreSQL count the pool, when `number` chunks are stored, after each tenfold growth.

    The planner assumes that a new pool has a handful of rows and scans all of them for each chunk,
    until ANALYZE runs; autovacuum comes a minute later.
    """
    if connection.vendor == "postgresql" and str(number).strip("0") == "1":
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {Item._meta.db_table}")


def _entries(work: Import, label_names: set[str]) -> formats.Rows:
    path, reader = uploaded(work.path), READERS[work.format]
    columns = replace(options_of(work).columns(work.project), file_name=work.name)
    looked = reader.look(path, columns)
    if not work.entries:
        _note_look(work, looked)
    entries = reader.read(path, columns, looked, label_names)
    if not work.vectors_path:
        return in_parts(work, entries)
    ids = uploaded(work.vector_ids_path) if work.vector_ids_path else None
    return given_vectors.attached(entries, uploaded(work.vectors_path), ids)


def _note_look(work: Import, looked: Looked) -> None:
    """Store what people should know of the file, and how it is read."""
    notes: list[Any] = [as_note(note) for note in looked.notes]
    if not work.encoding and not looked.encoding.startswith(("utf", "ascii")) and looked.encoding:
        notes.insert(0, _encoding_note(looked))
    work.write(
        notes=notes[:MOST_NOTES],
        total=looked.rows if work.total is None else work.total,
        encoding=(looked.encoding or work.encoding)[:32],
        delimiter=looked.delimiter or work.delimiter,
    )


def _encoding_note(looked: Looked) -> Any:
    """Return what to tell of an encoding that was found out by how well it fits."""
    if not looked.encoding_is_sure:
        return as_note(Note("encoding_unsure", {"name": looked.encoding}))
    if looked.encoding == "windows-1252":
        return stored_texts.READ_AS_CP1252
    return as_note(Note("read_as_encoding", {"name": looked.encoding}))


def _chunks(work: Import, entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    return in_chunks(work, entries, _rows_at_once(work))


def in_chunks(work: Import, entries: Iterator[Entry], size: int) -> Iterator[list[Entry]]:
    """Yield the entries in lists of at most `size`, and of a bounded number of bytes."""
    media = tasktypes.of(work.project).media
    chunk: list[Entry] = []
    weight = 0
    for entry in entries:
        chunk.append(entry)
        weight += media.size(entry.content) if isinstance(entry, Row) else 0
        if len(chunk) >= size or weight >= CHUNK_BYTES:
            yield chunk
            chunk, weight = [], 0
    if chunk:
        yield chunk


# Store --------------------------------------------------------------------------------------------


def _store_with_retry(work: Import, entries: list[Entry], sorter: Sorter, pace: Pace) -> None:
    """Store entries; once more if another import, or a person, was faster at that moment."""
    for left in reversed(range(TRIES)):
        before = vars(work).copy()
        try:
            return _store(work, sorter.sort(entries), pace)
        except (IntegrityError, answers.ChangedMeanwhile):
            vars(work).update(before)
            if not left:
                raise
        except UNSTORABLE as problem:
            vars(work).update(before)
            return _store_apart(work, entries, sorter, pace, problem)
    return None


def _store_apart(
    work: Import, entries: list[Entry], sorter: Sorter, pace: Pace, problem: Exception
) -> None:
    """Store each half by itself, so that the one entry that cannot be stored is found."""
    if len(entries) > 1:
        half = len(entries) // 2
        _store_with_retry(work, entries[:half], sorter, pace)
        _store_with_retry(work, entries[half:], sorter, pace)
        return
    (entry,) = entries
    if isinstance(entry, SkippedFile):
        bad: Entry = replace(entry, name=report.storable(entry.name))
    else:
        reason = because("not_stored", problem=report.storable(str(problem))[:200])
        bad = RejectedRow(entry.number, reason)
    _store(work, sorter.sort([bad]), pace)


@transaction.atomic
def _store(work: Import, chunk: Chunk, pace: Pace) -> None:
    """Store one chunk, with the counters of the import's progress."""
    lines = report.encoded(work, chunk.lines)
    start = work.report_bytes
    # First, so that an import taken over by another worker stores nothing.
    work.write(**_progress(work, chunk, pace), report_bytes=start + len(lines))
    if chunk.changes:
        answers.lock(chunk.changes)
    # Positions are dense, so they are assigned under the project's row lock.
    project = Project.objects.select_for_update().get(pk=work.project_id)
    for offset, item in enumerate(chunk.items):
        item.position = project.items + offset
    bulk_insert(chunk.items)
    Project.objects.filter(pk=project.pk).update(items=F("items") + len(chunk.items))
    if work.vector_column or work.vectors_path:
        # Under the lock that gives out the positions, by which they are stored.
        given_vectors.store(project, chunk.vectors)
    answers.store_new(work, chunk.items, chunk.answers)
    if chunk.changes:
        answers.store_changes(work, chunk.changes)
        item_updates.store(work, chunk.changes)
    report.append(work, start, lines)


def _progress(work: Import, chunk: Chunk, pace: Pace) -> dict[str, Any]:
    """Return the import's counters with those of the chunk added."""
    progress: dict[str, Any] = {
        # Attempts limit repeated failures; an import that advances may take as many as it needs.
        "attempts": 0,
        "entries": work.entries + chunk.entries,
        "done": work.done + chunk.rows,
        "unlabelled": work.unlabelled + chunk.unlabelled,
        "report_lines": work.report_lines + len(chunk.lines),
        "rate": pace.after(chunk.rows),
    }
    for fate in Fate:
        progress[fate.value] = getattr(work, fate.value) + chunk.counts[fate]
    if chunk.lines and len(work.errors) < ERRORS_SHOWN:
        progress["errors"] = [*work.errors, *report.errors(chunk.lines)][:ERRORS_SHOWN]
    return progress
