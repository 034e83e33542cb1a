"""Vectors that come with the items: checked, and stored like those of an encoder."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.errors import Invalid
from annotator.formats import Columns, RejectedRow, Row, Rows, because
from annotator.formats.tables import LONGEST_VECTOR
from annotator.models import Job, Project, VectorShard
from annotator.pool import new_vectors, vector_store

GIVEN = VectorShard.GIVEN
BLOCK = 4_096


# The kind of an import that brings nothing but vectors in an .npy file; no reader has it.
FORMAT = "vectors"


# What is sent ------------------------------------------------------------------------------------


def check_wanted(project: Project, column: str, vectors: Any, ids: Any) -> None:
    """Raise Invalid for vectors that the items have no use for, or that are named twice."""
    if not (column or vectors or ids):
        return
    field = "vector_column" if column else "vectors"
    if not tasktypes.of(project).media.pretrained:
        raise Invalid("no_vectors", field=field)
    if column and not tasktypes.of(project).media.parts:
        raise Invalid("vector_column", field=field)
    if column and vectors:
        raise Invalid("vectors_twice", field="vectors")
    if ids and not vectors:
        raise Invalid("no_vectors_file", field="vector_ids")


def check_file(project: Project, path: Path, ids: Path | None) -> None:
    """Raise Invalid unless a file of vectors can be used for the items of the project."""
    vectors = opened(path)
    wanted = dimensions(project)
    if wanted and vectors.shape[1] != wanted:
        found = vectors.shape[1]
        raise Invalid("vector_dimensions", field="vectors", found=found, wanted=wanted)
    for start in range(0, len(vectors), BLOCK):
        finite = np.isfinite(vectors[start : start + BLOCK]).all(axis=1)
        if not finite.all():
            row = start + int(np.argmin(finite)) + 1
            raise Invalid("bad_vector", field="vectors", row=row)
    number = len(vectors) if ids is None else len(read_ids(ids))
    if number != len(vectors):
        raise Invalid("vector_ids", field="vector_ids", ids=number, vectors=len(vectors))


def only_vectors(columns: Columns) -> Columns | None:
    """Return the columns of a table of vectors for items that are there: ids, but no content.

    None where the content was named, or is no table's, or no vectors were.
    """
    named = columns.text or any(columns.named.values())
    if not (columns.vector and columns.parts) or named:
        return None
    return replace(columns, parts=(), label="", plain=True)


def attached(rows: Rows, path: Path, ids: Path | None) -> Rows:
    """Yield the rows with their vectors: by their ids, or in the order of the file without ids."""
    vectors = opened(path)
    place = None if ids is None else read_ids(ids)
    for row in rows:
        if not isinstance(row, Row):
            yield row
            continue
        at = row.number - 1 if place is None else place.get(row.key, -1)
        if 0 <= at < len(vectors):
            vector = np.asarray(vectors[at], dtype=np.float32)
            yield replace(row, vector=vector)
        else:
            yield RejectedRow(row.number, because("no_vector"))


def opened(path: Path) -> NDArray[Any]:
    """Return the table of an .npy file, memory-mapped; Invalid where it holds none."""
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError, SyntaxError) as problem:
        raise Invalid("bad_npy", field="vectors", problem=problem) from problem
    is_table = isinstance(vectors, np.ndarray) and vectors.ndim == 2 and vectors.dtype.kind in "fiu"
    if not is_table or not 1 <= vectors.shape[1] <= LONGEST_VECTOR:
        raise Invalid("bad_npy", message="npy_shape", field="vectors")
    found: NDArray[Any] = vectors
    return found


def read_ids(path: Path) -> dict[str, int]:
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
    reason = because(
        "vector_dimensions",
        message="vector_of_other_size",
        found=len(row.vector),
        wanted=wanted,
    )
    return RejectedRow(row.number, reason)


def store(project: Project, vectors: list[NDArray[np.float32]]) -> None:
    """Store the vectors of the items that come at the end of the pool, as one slice."""
    if not vectors:
        return
    rows = new_vectors.normalise(np.stack(vectors))
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
