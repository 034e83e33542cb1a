"""A file becomes items: streamed, in chunks that are stored whole, resumable after any of them."""

import csv
import difflib
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator import formats, tasktypes
from annotator.db.bulk_insert import insert_many
from annotator.errors import Invalid, NotThere, TooLarge, WrongType
from annotator.flow.labels import naming
from annotator.flow.progress import daily_counts
from annotator.formats import BadContent, BadRow, Columns, Row, Unreadable
from annotator.formats.csv import guarded
from annotator.formats.registry import READERS, for_file
from annotator.jobs.runner import job
from annotator.models import Annotation, AnnotationLabel, Import, Item, Project, Source, User
from annotator.pool import audit_set

CHUNK_BYTES = 32 << 20
ERRORS_SHOWN = 100
TRIES = 5
COUNTERS = ("done", "created", "duplicates", "rejected", "errors")
LONGEST_KEY = 200


# Receiving ---------------------------------------------------------------------------------------


def receive(
    project: Project,
    user: User | None,
    file: Any,
    *,
    format: str = "",
    text_column: str = "",
    label_column: str = "",
    id_column: str = "",
    labels_are: str = "",
) -> Import:
    """Keep an uploaded file and store the job that will read it.

    What can be seen at once is refused at once: a wrong kind of file, an empty one, a column that
    is not there. Then nothing is stored.
    """
    kind = kind_of(project, file.name, format)
    labels_are = labels_are or Import.LabelsAre.SEED
    if labels_are not in Import.LabelsAre.values:
        raise Invalid(
            "labels_are", _("labels_are is seed, gold, suggestion or ignore."), field="labels_are"
        )
    columns = columns_of(project, text_column, label_column, id_column)
    path = keep_upload(file)
    try:
        total = look_at(path, kind, columns)
    except Unreadable as problem:
        path.unlink()
        raise Invalid(problem.code, problem.detail, field="file") from problem
    return Import.objects.create(
        project=project,
        user=user,
        name=Path(file.name).name[:255],
        path=path.name,
        format=kind,
        text_column=text_column,
        label_column=label_column,
        id_column=id_column,
        labels_are=labels_are,
        total=total,
    )


def find(project: Project, pk: int) -> Import:
    """Return one of the project's imports."""
    found = Import.objects.filter(project=project, pk=pk).first()
    if found is None:
        raise NotThere("unknown_import", _("There is no such import."))
    return found


def report_path(work: Import) -> Path:
    """Return where the list of rejected rows of an import lies; it exists once there is one."""
    return _uploads() / f"{work.pk}-rejected.csv"


def uploaded(name: str) -> Path:
    """Return where an uploaded file lies."""
    return _uploads() / name


def kind_of(project: Project, name: str, format: str = "") -> str:
    """Return how a file of that name is read; WrongType for one that the task does not take."""
    reader = for_file(name or "", format)
    task_type = tasktypes.of(project)
    allowed = task_type.media.formats
    if reader is None or reader.kind not in allowed:
        raise WrongType(
            "wrong_type",
            _("A project of task %(task)s takes %(kinds)s files, not “%(name)s”.")
            % {
                "task": task_type.task,
                "kinds": _(" or ").join(k.upper() for k in allowed),
                "name": (name or "")[:100],
            },
            field="file",
        )
    return reader.kind


def keep_upload(file: Any) -> Path:
    """Store an uploaded file and return where; TooLarge for one above the limit."""
    path = _uploads() / f"{uuid.uuid4().hex}.upload"
    most = settings.MAX_UPLOAD_MB << 20
    size = 0
    try:
        with path.open("xb") as out:
            for block in file.chunks():
                size += len(block)
                if size > most:
                    break
                out.write(block)
    except OSError:
        # A disk that is full must not stay so for the sake of half a file.
        path.unlink(missing_ok=True)
        raise
    if size > most:
        path.unlink()
        raise TooLarge(
            "too_large", _("The file is larger than %d MB.") % settings.MAX_UPLOAD_MB, field="file"
        )
    return path


def _uploads() -> Path:
    folder = Path(settings.MEDIA_ROOT) / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def look_at(path: Path, kind: str, columns: Columns) -> int:
    """Return about how many rows there are; Unreadable for what can be seen to be no use."""
    return READERS[kind].look(path, columns).rows


def columns_of(project: Project, text: str, label: str, id: str = "") -> Columns:
    """Return which column holds what; Invalid for a name that the items have no use for."""
    parts = tasktypes.of(project).media.parts
    if text and parts and "text" not in [part.name for part in parts]:
        words = _("These items are made of the columns %(names)s, not of one text.")
        names = ", ".join(part.columns[0] for part in parts)
        raise Invalid("text_column", words % {"names": names}, field="text_column")
    return Columns(text, label, id, parts)


# Reading -----------------------------------------------------------------------------------------


@dataclass
class Chunk:
    """What one transaction stores: new items, and what became of the other rows."""

    rows: int = 0
    items: list[Item] = field(default_factory=list)
    labels: list[list[str] | None] = field(default_factory=list)
    duplicates: int = 0
    bad: list[BadRow] = field(default_factory=list)


@job(Import)
def run(work: Import) -> Import:
    """Read the file into the pool, from where an attempt before this one got to."""
    _cut_report(work)
    # By former names, too: the file may be older than a rename, or the import was begun before it.
    known = naming.by_name(work.project)
    try:
        chunks = _chunks(work, islice(_rows(work, set(known)), work.done, None))
        for number, rows in enumerate(chunks, 1):
            _store_sorted(work, rows, known)
            _give_way(number)
    except Unreadable as problem:
        raise Invalid(problem.code, problem.detail) from problem
    work.finish(total=work.done)
    (_uploads() / work.path).unlink(missing_ok=True)
    return work


def _give_way(number: int) -> None:
    """Do what the database needs between two chunks, of which `number` are stored."""
    if connection.vendor == "sqlite":
        # One writer at a time: leave a gap for those who are saving labels meanwhile.
        time.sleep(0.02)
    elif str(number).strip("0") == "1":
        # At each tenfold. The planner holds a new pool for a handful of rows, and looks at every
        # one of them for each chunk, until it is told; autovacuum comes by a minute later.
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {Item._meta.db_table}")


def _rows(work: Import, label_names: set[str]) -> formats.Rows:
    path, reader = _uploads() / work.path, READERS[work.format]
    columns = columns_of(work.project, work.text_column, work.label_column, work.id_column)
    looked = reader.look(path, columns)
    if looked.encoding == "cp1252" and not work.notes:
        work.write(notes=[_("The file is no UTF-8; it was read as Windows-1252.")])
    return reader.read(path, columns, looked, label_names)


def _chunks(work: Import, rows: Iterator[Row | BadRow]) -> Iterator[list[Row | BadRow]]:
    media = tasktypes.of(work.project).media
    chunk: list[Row | BadRow] = []
    weight = 0
    for row in rows:
        chunk.append(row)
        weight += media.size(row.content) if isinstance(row, Row) else 0
        if len(chunk) >= media.limits.import_ or weight >= CHUNK_BYTES:
            yield chunk
            chunk, weight = [], 0
    if chunk:
        yield chunk


def _sort(work: Import, rows: list[Row | BadRow], known: dict[str, Any]) -> Chunk:
    """Return what is to be stored of some rows; nothing is stored yet."""
    chunk = Chunk(rows=len(rows))
    media = tasktypes.of(work.project).media
    hashes = {id(row): media.digest(row.content) for row in rows if isinstance(row, Row)}
    there = _already(work, rows, list(hashes.values()))
    for row in rows:
        problem = row if isinstance(row, BadRow) else _label_problem(work, row, known)
        if isinstance(row, BadRow) or problem is not None:
            chunk.bad.append(problem or row)  # type: ignore[arg-type]
            continue
        digest, key = hashes[id(row)], _key(work, row)
        if digest in there.hashes:
            chunk.duplicates += 1
        elif key in there.keys and row.key:
            words = _("The id “%(id)s” is taken by an item with other content.")
            chunk.bad.append(BadRow(row.number, "duplicate_id", words % {"id": key[:60]}))
        else:
            # A key of ours may be an id that somebody else chose.
            key = digest.hex() if key in there.keys else key
            if _take(work, chunk, row, digest, key, known):
                there.hashes.add(digest)
                there.keys.add(key)
    return chunk


def _key(work: Import, row: Row) -> str:
    """Return the id that came with the row, the end of it if it is a long path, else our own."""
    return row.key[-LONGEST_KEY:] or f"{work.pk}-{row.number}"


@dataclass
class Already:
    """What is in the project, of the contents and keys that were asked for."""

    hashes: set[bytes]
    keys: set[str]


def _already(work: Import, rows: list[Row | BadRow], hashes: list[bytes]) -> Already:
    items = Item.objects.filter(project=work.project)
    keys = [_key(work, row) for row in rows if isinstance(row, Row)]
    found = items.filter(content_hash__in=hashes).values_list("content_hash", flat=True)
    taken = items.filter(key__in=keys).values_list("key", flat=True)
    return Already({bytes(digest) for digest in found}, set(taken))


def _label_problem(work: Import, row: Row, known: dict[str, Any]) -> BadRow | None:
    if work.labels_are == Import.LabelsAre.IGNORE or not row.labels:
        return None
    for name in row.labels:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            words = _("“%(name)s” is no label of this project.") % {"name": name[:60]}
            hint = _("Did you mean “%(name)s”?") % {"name": near[0]} if near else ""
            return BadRow(row.number, "unknown_label", f"{words} {hint}".strip())
    try:
        tasktypes.of(work.project).answer.check_number(len(row.labels))
    except Invalid as problem:
        words = _("This project takes one label for an item.")
        return BadRow(row.number, problem.code, words)
    return None


def _take(
    work: Import, chunk: Chunk, row: Row, digest: bytes, key: str, known: dict[str, Any]
) -> bool:
    """Add the row's item to the chunk, and tell whether it could be."""
    try:
        content = tasktypes.of(work.project).media.store(work.project, row.content, digest)
    except BadContent as problem:
        words = f"{row.key[:200]}: {problem.detail}"
        chunk.bad.append(BadRow(row.number, problem.code, words))
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
    return True


# What other tools call it; the first that is there counts.
CONFIDENCES = ("confidence", "score", "probability")


def _confidence(meta: dict[str, Any]) -> tuple[float | None, dict[str, Any]]:
    """Return how sure the model was whose suggestion this is, if said in [0, 1], and the rest.

    It does not stay with what is shown: a blind item comes without anything of a model.
    """
    for name in CONFIDENCES:
        try:
            sure = float(meta[name])
        except (KeyError, TypeError, ValueError):
            continue
        if 0.0 <= sure <= 1.0:
            return sure, {key: value for key, value in meta.items() if key != name}
    return None, meta


# Storing -----------------------------------------------------------------------------------------


def _store_sorted(work: Import, rows: list[Row | BadRow], known: dict[str, Any]) -> None:
    """Store some rows; once more where another import brought the same ones at that moment."""
    for left in reversed(range(TRIES)):
        before = {name: getattr(work, name) for name in COUNTERS}
        try:
            return _store(work, _sort(work, rows, known), known)
        except IntegrityError:
            if not left:
                raise
            for name, value in before.items():
                setattr(work, name, value)
    return None


@transaction.atomic
def _store(work: Import, chunk: Chunk, known: dict[str, Any]) -> None:
    """Store one chunk, with the counters that say how far the import is."""
    # First, so that an import that was taken over stores nothing.
    work.write(
        # Attempts are for standing still; an import that advances may take as many as it needs.
        attempts=0,
        done=work.done + chunk.rows,
        created=work.created + len(chunk.items),
        duplicates=work.duplicates + chunk.duplicates,
        rejected=work.rejected + len(chunk.bad),
        errors=[*work.errors, *map(_as_error, chunk.bad)][:ERRORS_SHOWN],
    )
    # Positions are dense, so they are given out under the project's row lock.
    project = Project.objects.select_for_update().get(pk=work.project_id)
    for offset, item in enumerate(chunk.items):
        item.position = project.items + offset
    insert_many(chunk.items)
    Project.objects.filter(pk=project.pk).update(items=F("items") + len(chunk.items))
    if work.labels_are == Import.LabelsAre.SEED:
        _store_seeds(work, chunk, known)
    _append_report(work, chunk.bad)


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
    """Set the keys that the database gave to new items, which lie at one stretch of positions."""
    if not items:
        return
    span = {"position__gte": items[0].position, "position__lte": items[-1].position}
    rows = Item.objects.filter(project=project, **span).values_list("position", "pk")
    keys = dict(rows)
    for item in items:
        item.pk = keys[item.position]


def _as_error(bad: BadRow) -> dict[str, Any]:
    return {"row": bad.number, "code": bad.code, "detail": bad.detail}


def _append_report(work: Import, bad: list[BadRow]) -> None:
    if not bad:
        return
    path = report_path(work)
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(["row", "code", "detail"])
        writer.writerows([each.number, each.code, guarded(each.detail)] for each in bad)


def _cut_report(work: Import) -> None:
    """Drop report lines of a chunk whose transaction never came to be."""
    path = report_path(work)
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    kept = rows[: 1 + work.rejected]
    fresh = path.with_suffix(".new")
    with fresh.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(kept)
    shutil.move(fresh, path)
