"""Vectors attached to items that are there already, found by the ids of the items."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from annotator.errors import Invalid
from annotator.flow.datasets import given_vectors
from annotator.flow.datasets.rows import report
from annotator.flow.datasets.rows.report import ERRORS_SHOWN, Fate, Line
from annotator.flow.datasets.upload import keep_upload, name_of, uploaded
from annotator.i18n import stored_texts
from annotator.models import Import, Item, Job, Project, User, VectorShard
from annotator.pool import new_vectors, vector_store
from annotator.storage.checksums import Corrupt

# The kind of an import that brings nothing but vectors; no reader has it.
FORMAT = "vectors"
NONE = -1


# Receive -----------------------------------------------------------------------------------------


def receive(project: Project, user: User | None, *, vectors: Any, vector_ids: Any) -> Import:
    """Store an .npy file with the ids of its items, and the import job that will read them."""
    given_vectors.check_wanted(project, "", vectors, vector_ids)
    if not vector_ids:
        raise Invalid("ids_missing", field="vector_ids")
    kept = []
    try:
        kept += [keep_upload(vectors)]
        kept += [keep_upload(vector_ids)]
        given_vectors.check_file(project, *kept)
        path, ids = kept
        return Import.objects.create(
            project=project,
            user=user,
            name=name_of(vectors)[:255],
            path=path.name,
            vector_ids_path=ids.name,
            format=FORMAT,
            total=len(given_vectors.read_ids(ids)),
        )
    except BaseException:
        for path in kept:
            path.unlink(missing_ok=True)
        raise


# Store -------------------------------------------------------------------------------------------


@transaction.atomic
def store(work: Import) -> None:
    """Store the vectors for the whole pool at once, so that no round sees some of them.

    Items that the file does not name keep the vectors they have, or have zeros. While a slice has
    such zeros it is not done, so nothing is made of the vectors until all items have theirs.
    """
    ids = given_vectors.read_ids(uploaded(work.vector_ids_path))
    # First, so that an import taken over by another worker stores nothing.
    work.write(attempts=0)
    project = Project.objects.select_for_update().get(pk=work.project_id)
    vectors = _checked(project, work)
    rows, removed = _rows_by_position(project, ids)
    missing = 0
    for start, stop, shard in list(_slices(project)):
        missing += _store_slice(
            _Slice(project, start, stop, shard), vectors, rows[start:stop], removed[start:stop]
        )
    # What was made of former vectors is made anew.
    project.spaces.filter(encoder=given_vectors.GIVEN).update(dropped=True)
    _tell(work, ids, rows, missing)


def _checked(project: Project, work: Import) -> NDArray[Any]:
    """Return the vectors; Invalid where other ones, of another length, came since the upload."""
    vectors = given_vectors.opened(uploaded(work.path))
    wanted = given_vectors.dimensions(project)
    if wanted and vectors.shape[1] != wanted:
        found = vectors.shape[1]
        raise Invalid("vector_dimensions", field="vectors", found=found, wanted=wanted)
    return vectors


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


def _tell(work: Import, ids: dict[str, int], rows: NDArray[np.int64], missing: int) -> None:
    """Count what became of the vectors, with a line in the report for each id of no item."""
    is_used = np.zeros(len(ids), dtype=np.bool_)
    is_used[rows[rows != NONE]] = True
    lines = [
        Line(row + 1, "no_item", stored_texts.NO_ITEM % {"id": key[:60]}, Fate.REJECTED)
        for key, row in ids.items()
        if not is_used[row]
    ]
    content = report.encoded(work, lines)
    work.write(
        done=len(ids),
        entries=len(ids),
        updated=len(ids) - len(lines),
        rejected=len(lines),
        report_lines=len(lines),
        report_bytes=len(content),
        errors=report.errors(lines[:ERRORS_SHOWN]),
        notes=[stored_texts.ITEMS_WITHOUT_VECTOR % {"n": missing}] if missing else [],
    )
    report.append(work, 0, content)
