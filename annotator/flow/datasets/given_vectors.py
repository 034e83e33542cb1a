"""Vectors that come with the items: checked, and stored like those of an encoder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.errors import Invalid
from annotator.formats import RejectedRow, Row
from annotator.formats.tables import LONGEST_VECTOR
from annotator.models import Job, Project, VectorShard
from annotator.pool import vector_store

GIVEN = VectorShard.GIVEN
BLOCK = 4_096


# What is sent ------------------------------------------------------------------------------------


def check_wanted(project: Project, column: str, vectors: Any, ids: Any) -> None:
    """Raise Invalid for vectors that the items have no use for, or that are named twice."""
    if not (column or vectors or ids):
        return
    field = "vector_column" if column else "vectors"
    if not tasktypes.of(project).media.pretrained:
        words = _("Items of this type of project take no vectors.")
        raise Invalid("no_vectors", detail=words, field=field)
    if column and not tasktypes.of(project).media.parts:
        words = _("Files of this type have no columns. Send the vectors as an .npy file.")
        raise Invalid("vector_column", detail=words, field=field)
    if column and vectors:
        words = _("The vectors are in a column or in a file of their own, not in both.")
        raise Invalid("vectors_twice", detail=words, field="vectors")
    if ids and not vectors:
        words = _("These ids belong to a file of vectors, which is missing.")
        raise Invalid("no_vectors_file", detail=words, field="vector_ids")


def check_file(project: Project, path: Path, ids: Path | None) -> None:
    """Raise Invalid unless a file of vectors can be used for the items of the project."""
    vectors = _opened(path)
    wanted = dimensions(project)
    if wanted and vectors.shape[1] != wanted:
        words = _("The vectors have %(found)d numbers; those of the other items have %(wanted)d.")
        values = {"found": vectors.shape[1], "wanted": wanted}
        raise Invalid("vector_dimensions", detail=words % values, field="vectors")
    for start in range(0, len(vectors), BLOCK):
        finite = np.isfinite(vectors[start : start + BLOCK]).all(axis=1)
        if not finite.all():
            words = _("Row %(row)d of the vectors holds numbers that are not finite.")
            row = start + int(np.argmin(finite)) + 1
            raise Invalid("bad_vector", detail=words % {"row": row}, field="vectors")
    if ids is not None and len(_ids(ids)) != len(vectors):
        words = _("There are %(ids)d different ids for %(vectors)d vectors; give one a line.")
        values = {"ids": len(_ids(ids)), "vectors": len(vectors)}
        raise Invalid("vector_ids", detail=words % values, field="vector_ids")


def attached(
    rows: Iterator[Row | RejectedRow], path: Path, ids: Path | None
) -> Iterator[Row | RejectedRow]:
    """Yield the rows with their vectors: by their ids, or in the order of the file without ids."""
    vectors = _opened(path)
    place = None if ids is None else _ids(ids)
    for row in rows:
        if isinstance(row, RejectedRow):
            yield row
            continue
        at = row.number - 1 if place is None else place.get(row.key, -1)
        if 0 <= at < len(vectors):
            vector = np.asarray(vectors[at], dtype=np.float32)
            yield Row(row.number, row.content, row.key, row.labels, row.meta, vector)
        else:
            words = _("There is no vector for it.")
            yield RejectedRow(row.number, "no_vector", words)


def _opened(path: Path) -> NDArray[Any]:
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError, SyntaxError) as problem:
        words = _("The vectors are no .npy file of numbers: %(problem)s.")
        raise Invalid("bad_npy", detail=words % {"problem": problem}, field="vectors") from problem
    is_table = isinstance(vectors, np.ndarray) and vectors.ndim == 2 and vectors.dtype.kind in "fiu"
    if not is_table or not 1 <= vectors.shape[1] <= LONGEST_VECTOR:
        words = _("The .npy file must hold a table of numbers: one row for each item.")
        raise Invalid("bad_npy", detail=words, field="vectors")
    found: NDArray[Any] = vectors
    return found


def _ids(path: Path) -> dict[str, int]:
    """Return by id the row of its vector; empty lines at the end do not count."""
    text = path.read_text(encoding="utf-8-sig", errors="replace").rstrip()
    return {line.strip(): row for row, line in enumerate(text.splitlines())}


# What is stored ----------------------------------------------------------------------------------


def dimensions(project: Project) -> int:
    """Return how many numbers the vectors have that came with earlier items; 0 where none did."""
    first = vector_store.slices(project, GIVEN, "").first()
    return 0 if first is None else first.dimensions


def problem(row: Row, wanted: int) -> RejectedRow | None:
    """Return why the vector of a row cannot be used; None where it can."""
    if len(row.vector) == wanted:
        return None
    words = _("The vector has %(found)d numbers; those of the other items have %(wanted)d.")
    values = {"found": len(row.vector), "wanted": wanted}
    return RejectedRow(row.number, "vector_dimensions", words % values)


def store(project: Project, vectors: list[NDArray[np.float32]]) -> None:
    """Store the vectors of the items that come at the end of the pool, as one slice."""
    if not vectors:
        return
    rows = np.stack(vectors)
    # In float64, as the squares of large numbers would not fit.
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    rows = np.divide(rows, lengths, out=np.zeros_like(rows, np.float64), where=lengths > 0)
    shard = VectorShard(
        project=project,
        encoder=GIVEN,
        start=project.items,
        stop=project.items + len(vectors),
        dimensions=rows.shape[1],
        state=Job.State.DONE,
        finished_at=timezone.now(),
    )
    shard.checksums = vector_store.save(shard, rows)
    shard.save()
