"""Import of a file: streamed into items in atomic chunks, resumable after each."""

import difflib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from annotator import tasktypes
from annotator.db.bulk_insert import bulk_insert
from annotator.errors import Invalid
from annotator.flow.datasets import given_vectors
from annotator.flow.datasets.rejects import ERRORS_SHOWN, append_report, as_error, cut_report
from annotator.flow.datasets.upload import columns_of, uploads_folder
from annotator.flow.labels import naming
from annotator.flow.progress import daily_counts
from annotator.formats import BadContent, RejectedRow, Row, SkippedFile, UnreadableFile
from annotator.formats.registry import READERS
from annotator.i18n import stored_texts
from annotator.jobs.runner import job
from annotator.models import Annotation, AnnotationLabel, Import, Item, Project, Source
from annotator.pool import audit_set

# With a single writer (SQLite), saving a label waits as long as this chunk takes.
CHUNK_OF_ONE_WRITER = 500
GAP_SECONDS = 0.01
CHUNK_BYTES = 32 << 20
TRIES = 5
COUNTERS = ("done", "created", "duplicates", "rejected", "errors")
LONGEST_KEY = 200


# Read ---------------------------------------------------------------------------------------------


@dataclass
class Chunk:
    """Rows stored in one transaction: new items, and the results of the other rows."""

    rows: int = 0
    items: list[Item] = field(default_factory=list)
    labels: list[list[str] | None] = field(default_factory=list)
    vectors: list[Any] = field(default_factory=list)
    duplicates: int = 0
    bad: list[RejectedRow] = field(default_factory=list)


@job(Import)
def run(work: Import) -> Import:
    """Import the file, continuing where an earlier attempt stopped."""
    cut_report(work)
    # By former names as well: the file, or the start of the import, may be older than a rename.
    known = naming.by_name(work.project)
    try:
        chunks = _chunks(work, islice(_rows(work, set(known)), work.done, None))
        for number, rows in enumerate(chunks, 1):
            _store_with_retry(work, rows, known)
            _yield_to_others(number)
    except UnreadableFile as problem:
        raise Invalid(problem.code, detail=problem.detail) from problem
    work.finish(total=work.done)
    for name in filter(None, (work.path, work.vectors_path, work.vector_ids_path)):
        (uploads_folder() / name).unlink(missing_ok=True)
    return work


def _rows_at_once(work: Import) -> int:
    most = tasktypes.of(work.project).media.limits.import_
    return min(most, CHUNK_OF_ONE_WRITER) if connection.vendor == "sqlite" else most


def _yield_to_others(number: int) -> None:
    """Let the database do its maintenance between two chunks, of which `number` are stored."""
    if connection.vendor == "sqlite":
        # One writer at a time: leave a gap for annotators who are saving labels.
        time.sleep(GAP_SECONDS)
    elif str(number).strip("0") == "1":
        # After each tenfold growth: the planner assumes that a new pool has a handful of rows and
        # scans all of them for each chunk, until ANALYZE runs; autovacuum comes a minute later.
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {Item._meta.db_table}")


def _rows(work: Import, label_names: set[str]) -> Iterator[Row | RejectedRow]:
    path, reader = uploads_folder() / work.path, READERS[work.format]
    columns = columns_of(
        work.project,
        work.text_column,
        work.label_column,
        work.id_column,
        work.part_columns,
        work.vector_column,
    )
    looked = reader.look(path, columns)
    if looked.encoding == "windows-1252" and not work.notes:
        work.write(notes=[stored_texts.READ_AS_CP1252])
    read = reader.read(path, columns, looked, label_names)
    rows = (row for row in read if not isinstance(row, SkippedFile))
    if not work.vectors_path:
        return rows
    ids = uploads_folder() / work.vector_ids_path if work.vector_ids_path else None
    return given_vectors.attached(rows, uploads_folder() / work.vectors_path, ids)


def _chunks(work: Import, rows: Iterator[Row | RejectedRow]) -> Iterator[list[Row | RejectedRow]]:
    media, size = tasktypes.of(work.project).media, _rows_at_once(work)
    chunk: list[Row | RejectedRow] = []
    weight = 0
    for row in rows:
        chunk.append(row)
        weight += media.size(row.content) if isinstance(row, Row) else 0
        if len(chunk) >= size or weight >= CHUNK_BYTES:
            yield chunk
            chunk, weight = [], 0
    if chunk:
        yield chunk


def _classify_rows(work: Import, rows: list[Row | RejectedRow], known: dict[str, Any]) -> Chunk:
    """Classify rows into new items and others; nothing is stored yet."""
    chunk = Chunk(rows=len(rows))
    media = tasktypes.of(work.project).media
    hashes = {id(row): media.digest(row.content) for row in rows if isinstance(row, Row)}
    there = _already(work, rows, list(hashes.values()))
    size = given_vectors.dimensions(work.project) if _has_vectors(work) else 0
    for row in rows:
        problem = row if isinstance(row, RejectedRow) else _label_problem(work, row, known)
        if isinstance(row, Row) and row.vector is not None and problem is None:
            size = size or len(row.vector)
            problem = given_vectors.problem(row, size)
        if isinstance(row, RejectedRow) or problem is not None:
            chunk.bad.append(problem or row)  # type: ignore[arg-type]
            continue
        digest, key = hashes[id(row)], _key(work, row)
        if digest in there.hashes:
            chunk.duplicates += 1
        elif key in there.keys and row.key:
            words = stored_texts.ID_TAKEN % {"id": key[:60]}
            chunk.bad.append(RejectedRow(row.number, "duplicate_id", words))
        else:
            # A key of ours may equal an id in the file.
            key = digest.hex() if key in there.keys else key
            if _add_item(work, chunk, row, digest, key, known):
                there.hashes.add(digest)
                there.keys.add(key)
    return chunk


def _has_vectors(work: Import) -> bool:
    return bool(work.vector_column or work.vectors_path)


def _key(work: Import, row: Row) -> str:
    """Return the row's id, shortened to its end if it is a long path, else a key of our own."""
    return row.key[-LONGEST_KEY:] or f"{work.pk}-{row.number}"


@dataclass
class Existing:
    """Contents and keys that exist in the project."""

    hashes: set[bytes]
    keys: set[str]


def _already(work: Import, rows: list[Row | RejectedRow], hashes: list[bytes]) -> Existing:
    items = Item.objects.filter(project=work.project)
    keys = [_key(work, row) for row in rows if isinstance(row, Row)]
    found = items.filter(content_hash__in=hashes).values_list("content_hash", flat=True)
    taken = items.filter(key__in=keys).values_list("key", flat=True)
    return Existing({bytes(digest) for digest in found}, set(taken))


def _label_problem(work: Import, row: Row, known: dict[str, Any]) -> RejectedRow | None:
    if work.labels_are == Import.LabelsAre.IGNORE or not row.labels:
        return None
    for name in row.labels:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            words = stored_texts.UNKNOWN_LABEL % {"name": name[:60]}
            hint = stored_texts.DID_YOU_MEAN % {"name": near[0]} if near else ""
            return RejectedRow(row.number, "unknown_label", f"{words} {hint}".strip())
    try:
        tasktypes.of(work.project).answer.check_number(len(row.labels))
    except Invalid as problem:
        return RejectedRow(row.number, problem.code, stored_texts.ONE_LABEL)
    return None


def _add_item(
    work: Import, chunk: Chunk, row: Row, digest: bytes, key: str, known: dict[str, Any]
) -> bool:
    """Add the row's item to the chunk, and return whether it was accepted."""
    try:
        content = tasktypes.of(work.project).media.store(work.project, row.content, digest)
    except BadContent as problem:
        words = f"{row.key[:200]}: {problem.detail}"
        chunk.bad.append(RejectedRow(row.number, problem.code, words))
        return False
    item = Item(
        project=work.project,
        imported=work,
        audit_key=audit_set.audit_key(work.project.seed, digest),
        key=key,
        content_hash=digest,
        meta=row.meta,
        **content,
    )
    labels = None if work.labels_are == Import.LabelsAre.IGNORE else row.labels
    if labels and work.labels_are == Import.LabelsAre.GOLD:
        item.gold = [known[name].pk for name in dict.fromkeys(labels)]
    elif labels and work.labels_are == Import.LabelsAre.SUGGESTION:
        sure, item.meta = _confidence(row.meta)
        refs = [known[name].pk for name in dict.fromkeys(labels)]
        item.suggested = {"labels": refs, "confidence": sure}
    elif labels:
        item.answers, item.state = 1, Item.State.LABELLED
    chunk.items.append(item)
    chunk.labels.append(labels)
    chunk.vectors.append(row.vector)
    return True


# Field names of other tools; the first one present counts.
CONFIDENCES = ("confidence", "score", "probability")


def _confidence(meta: dict[str, Any]) -> tuple[float | None, dict[str, Any]]:
    """Return the suggestion's confidence if it is in [0, 1], and the remaining fields.

    It is removed from the shown metadata: a blind item shows nothing from a model.
    """
    for name in CONFIDENCES:
        try:
            sure = float(meta[name])
        except (KeyError, TypeError, ValueError):
            continue
        if 0.0 <= sure <= 1.0:
            return sure, {key: value for key, value in meta.items() if key != name}
    return None, meta


# Store --------------------------------------------------------------------------------------------


def _store_with_retry(work: Import, rows: list[Row | RejectedRow], known: dict[str, Any]) -> None:
    """Store rows; try once more if another import stored the same ones at that moment."""
    for left in reversed(range(TRIES)):
        before = {name: getattr(work, name) for name in COUNTERS}
        try:
            return _store(work, _classify_rows(work, rows, known), known)
        except IntegrityError:
            if not left:
                raise
            for name, value in before.items():
                setattr(work, name, value)
    return None


@transaction.atomic
def _store(work: Import, chunk: Chunk, known: dict[str, Any]) -> None:
    """Store one chunk, with the counters of the import's progress."""
    # First, so that an import taken over by another worker stores nothing.
    work.write(
        # Attempts limit repeated failures; an import that advances may take as many as it needs.
        attempts=0,
        done=work.done + chunk.rows,
        created=work.created + len(chunk.items),
        duplicates=work.duplicates + chunk.duplicates,
        rejected=work.rejected + len(chunk.bad),
        errors=[*work.errors, *map(as_error, chunk.bad)][:ERRORS_SHOWN],
    )
    # Positions are dense, so they are assigned under the project's row lock.
    project = Project.objects.select_for_update().get(pk=work.project_id)
    for offset, item in enumerate(chunk.items):
        item.position = project.items + offset
    bulk_insert(chunk.items)
    Project.objects.filter(pk=project.pk).update(items=F("items") + len(chunk.items))
    if _has_vectors(work):
        # Under the lock that gives out the positions, by which they are stored.
        given_vectors.store(project, chunk.vectors)
    if work.labels_are == Import.LabelsAre.SEED:
        _store_seeds(work, chunk, known)
    append_report(work, chunk.bad)


def _store_seeds(work: Import, chunk: Chunk, known: dict[str, Any]) -> None:
    now = timezone.now()
    _read_keys(work.project, chunk.items)
    pairs = [
        (item, labels) for item, labels in zip(chunk.items, chunk.labels, strict=True) if labels
    ]
    stored = Annotation.objects.bulk_create(
        Annotation(
            project=work.project,
            item=item,
            user=work.user,
            source=Source.SEED,
            completes=True,
            created_at=now,
            updated_at=now,
        )
        for item, _labels in pairs
    )
    AnnotationLabel.objects.bulk_create(
        AnnotationLabel(annotation=annotation, label=known[name])
        for annotation, (_item, labels) in zip(stored, pairs, strict=True)
        for name in dict.fromkeys(labels)
    )
    if stored and work.user is not None:
        number = len(stored)
        daily_counts.add(work.project, work.user, at=now, changes=number, finished=number)


def _read_keys(project: Project, items: list[Item]) -> None:
    """Set the keys that the database assigned to new items, whose positions are contiguous."""
    if not items:
        return
    span = {"position__gte": items[0].position, "position__lte": items[-1].position}
    rows = Item.objects.filter(project=project, **span).values_list("position", "pk")
    keys = dict(rows)
    for item in items:
        item.pk = keys[item.position]
