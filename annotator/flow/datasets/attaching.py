"""Vectors attached to items that are there already, found by the ids of the items."""

import tempfile
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from annotator.errors import Invalid
from annotator.flow.datasets import given_vectors, upload
from annotator.flow.datasets.options import Options, options_of
from annotator.flow.datasets.rows import report
from annotator.flow.datasets.rows.fates import Entry
from annotator.flow.datasets.rows.report import ERRORS_SHOWN, Fate, Line
from annotator.formats import RejectedRow, Row, SkippedFile, because
from annotator.formats.registry import READERS
from annotator.i18n import stored_texts
from annotator.models import Import, Item, Job, Project, User, VectorShard
from annotator.pool import new_vectors, vector_store
from annotator.storage.checksums import Corrupt

NONE = -1


# Receive -----------------------------------------------------------------------------------------


def receive(project: Project, user: User | None, *, vectors: Any, vector_ids: Any) -> Import:
    """Store an .npy file with the ids of its items, and the import job that will read them."""
    kept = upload.keep(project, user, None, vectors=vectors, vector_ids=vector_ids)
    return upload.start(kept, user, Options())


def is_for(work: Import) -> bool:
    """Return whether an import brings nothing but vectors: an .npy file, or a table without texts.

    The file decides, as it did when it was received.
    """
    if work.format == given_vectors.FORMAT:
        return True
    columns = options_of(work).columns(work.project)
    if given_vectors.only_vectors(columns) is None:
        return False
    return not upload.look_for_vectors(upload.uploaded(work.path), work.format, columns)[1].parts


# Read --------------------------------------------------------------------------------------------


@dataclass
class _Given:
    """Vectors (n, d) with the row of each by the id of its item, and what else the file has.

    `numbers` are the rows of the file (n,); `lines` tell of rows that cannot be used.
    """

    vectors: NDArray[Any]
    ids: dict[str, int]
    numbers: Sequence[int]
    lines: list[Line] = field(default_factory=list)


def _read(work: Import, wanted: int) -> _Given:
    """Return the vectors of the file; Invalid where all have another length than `wanted`."""
    if work.format != given_vectors.FORMAT:
        return _read_table(work, wanted)
    ids = given_vectors.read_ids(upload.uploaded(work.vector_ids_path))
    vectors = given_vectors.opened(upload.uploaded(work.path))
    if wanted and vectors.shape[1] != wanted:
        found = vectors.shape[1]
        raise Invalid("vector_dimensions", field="vectors", found=found, wanted=wanted)
    return _Given(vectors, ids, range(1, len(vectors) + 1))


def _read_table(work: Import, wanted: int) -> _Given:
    """Return the vectors of a table, which a file without a name holds: they may be many."""
    ids: dict[str, int] = {}
    numbers: list[int] = []
    lines: list[Line] = []
    with tempfile.TemporaryFile(dir=upload.uploads_folder()) as kept:
        for row in rows(work):
            wanted = wanted or (len(row.vector) if isinstance(row, Row) else 0)
            problem = row_problem(row, wanted, ids)
            if problem is not None:
                lines.append(problem)
            elif isinstance(row, Row):
                ids[row.key] = len(numbers)
                numbers.append(row.number)
                kept.write(row.vector.tobytes())
        kept.flush()
        shape = len(numbers), max(wanted, 1)
        vectors = np.memmap(kept, np.float32, "r", shape=shape) if numbers else np.zeros(shape)
    return _Given(vectors, ids, numbers, lines)


def rows(work: Import) -> Iterator[Entry]:
    """Yield the rows of a table of ids and vectors, or those of an .npy file."""
    path = upload.uploaded(work.path)
    if work.format == given_vectors.FORMAT:
        vectors = given_vectors.opened(path)
        for key, row in given_vectors.read_ids(upload.uploaded(work.vector_ids_path)).items():
            yield Row(row + 1, {}, key=key, vector=vectors[row])
        return
    looked, columns = upload.look_for_vectors(
        path, work.format, options_of(work).columns(work.project)
    )
    yield from READERS[work.format].read(path, columns, looked, set())


def row_problem(row: Entry, wanted: int, ids: Container[str]) -> Line | None:
    """Return why a row has no usable vector; None where it has. `ids` were there before it."""
    if isinstance(row, SkippedFile):
        return Line(None, row.reason, Fate.SKIPPED_FILE, row.name)
    bad = row if isinstance(row, RejectedRow) else given_vectors.problem(row, wanted)
    if bad is not None:
        return Line(bad.number, bad.reason, Fate.REJECTED, bad.name)
    if isinstance(row, Row) and row.key in ids:
        return Line(row.number, because("duplicate_vector", id=row.key[:60]), Fate.DUPLICATE)
    return None


# Store -------------------------------------------------------------------------------------------


@transaction.atomic
def store(work: Import) -> None:
    """Store the vectors for the whole pool at once, so that no round sees some of them.

    Items that the file does not name keep the vectors they have, or have zeros. While a slice has
    such zeros it is not done, so nothing is made of the vectors until all items have theirs.
    """
    given = _read(work, given_vectors.dimensions(work.project))
    # First, so that an import taken over by another worker stores nothing.
    work.write(attempts=0)
    project = Project.objects.select_for_update().get(pk=work.project_id)
    _check_length(project, given.vectors)
    rows_of, removed = _rows_by_position(project, given.ids)
    missing = 0
    if (rows_of != NONE).any():
        missing = _store_all(project, given.vectors, rows_of, removed)
        # What was made of former vectors is made anew.
        project.spaces.filter(encoder=given_vectors.GIVEN).update(dropped=True)
    _tell(work, given, rows_of, missing)


def _check_length(project: Project, vectors: NDArray[Any]) -> None:
    """Raise Invalid where vectors of another length came since these were read."""
    wanted = given_vectors.dimensions(project)
    if wanted and len(vectors) and vectors.shape[1] != wanted:
        found = vectors.shape[1]
        raise Invalid("vector_dimensions", field="vectors", found=found, wanted=wanted)


def _store_all(
    project: Project, vectors: NDArray[Any], rows_of: NDArray[np.int64], removed: NDArray[np.bool_]
) -> int:
    """Store all slices; return how many items have no vector."""
    return sum(
        _store_slice(
            _Slice(project, start, stop, shard), vectors, rows_of[start:stop], removed[start:stop]
        )
        for start, stop, shard in list(_slices(project))
    )


def there(project: Project, keys: Iterable[str]) -> set[str]:
    """Return those of the ids that an item has."""
    items = Item.objects.present(project).filter(key__in=list(keys))
    return set(items.values_list("key", flat=True))


def _rows_by_position(
    project: Project, ids: dict[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return of each item the row of its vector, NONE without, and whether it was removed."""
    rows = np.full(project.items, NONE, dtype=np.int64)
    removed = np.zeros(project.items, dtype=np.bool_)
    items = Item.objects.filter(project=project).order_by()
    for position, key, state in items.values_list("position", "key", "state").iterator():
        removed[position] = state == Item.State.REMOVED
        if not removed[position]:
            rows[position] = ids.get(key, NONE)
    return rows, removed


def _slices(project: Project) -> Iterator[tuple[int, int, VectorShard | None]]:
    """Yield the slices that are there, and between them those that are still to be made."""
    end = 0
    there: list[Any] = list(vector_store.slices(project, given_vectors.GIVEN, ""))
    for shard in [*there, None]:
        until = project.items if shard is None else shard.start
        for start in range(end, until, vector_store.MOST_ITEMS):
            yield start, min(start + vector_store.MOST_ITEMS, until), None
        if shard is not None:
            yield shard.start, shard.stop, shard
            end = shard.stop


class _Slice:
    """The vectors of the items at [start, stop), as they are and as they become."""

    def __init__(self, project: Project, start: int, stop: int, shard: VectorShard | None) -> None:
        self.shard = shard or VectorShard(
            project=project, encoder=given_vectors.GIVEN, start=start, stop=stop
        )

    def former(self, dimensions: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the vectors that are there, and which rows have none."""
        shape = self.shard.stop - self.shard.start, dimensions
        if self.shard.pk is not None:
            try:
                found = np.array(vector_store.load(self.shard), dtype=np.float32)
            except Corrupt:
                pass
            else:
                # Zeros that came with their items are vectors too.
                is_open = self.shard.state != Job.State.DONE
                return found, ~found.any(axis=1) & np.full(len(found), is_open)
        return np.zeros(shape, dtype=np.float32), np.ones(shape[0], dtype=np.bool_)

    def write(self, vectors: NDArray[np.float32], missing: int) -> None:
        """Store the vectors and how many of them are missing, in the caller's transaction."""
        shard = self.shard
        fields: dict[str, Any] = {
            "dimensions": vectors.shape[1],
            "state": Job.State.FAILED if missing else Job.State.DONE,
            "error": stored_texts.ITEMS_WITHOUT_VECTOR % {"n": missing} if missing else "",
            "unreadable": missing,
            "damaged_at": None,
            "finished_at": timezone.now(),
        }
        if shard.pk is not None:
            vector_store.replace(shard, vectors)
            VectorShard.objects.filter(pk=shard.pk).update(**fields)
            return
        for name, value in fields.items():
            setattr(shard, name, value)
        shard.checksums = vector_store.save(shard, vectors)
        shard.save()


def _store_slice(
    part: _Slice, vectors: NDArray[Any], rows: NDArray[np.int64], removed: NDArray[np.bool_]
) -> int:
    """Store one slice; return how many of its items have no vector."""
    stored, is_missing = part.former(vectors.shape[1])
    is_new = rows != NONE
    if is_new.any():
        stored[is_new] = new_vectors.normalise(vectors[rows[is_new]])
    missing = int(np.count_nonzero(is_missing & ~is_new & ~removed))
    part.write(stored, missing)
    return missing


# Tell --------------------------------------------------------------------------------------------


def unknown_item(row: int, key: str) -> Line:
    """Return the line of a vector whose item is not there."""
    return Line(row, because("no_item", id=key[:60]), Fate.REJECTED)


def _tell(work: Import, given: _Given, rows_of: NDArray[np.int64], missing: int) -> None:
    """Count what became of the vectors, with a line in the report for each that was not used."""
    is_used = np.zeros(len(given.ids), dtype=np.bool_)
    is_used[rows_of[rows_of != NONE]] = True
    unknown = [
        unknown_item(given.numbers[row], key) for key, row in given.ids.items() if not is_used[row]
    ]
    lines = sorted([*given.lines, *unknown], key=lambda line: line.row or 0)
    fates = Counter(line.fate for line in lines)
    content = report.encoded(work, lines)
    done = len(given.ids) + len(given.lines) - fates[Fate.SKIPPED_FILE]
    work.write(
        done=done,
        entries=done,
        updated=len(given.ids) - len(unknown),
        rejected=fates[Fate.REJECTED],
        duplicates=fates[Fate.DUPLICATE],
        skipped_files=fates[Fate.SKIPPED_FILE],
        report_lines=len(lines),
        report_bytes=len(content),
        errors=report.errors(lines)[:ERRORS_SHOWN],
        notes=[stored_texts.ITEMS_WITHOUT_VECTOR % {"n": missing}] if missing else [],
    )
    report.append(work, 0, content)
