"""Vectors of items by pretrained encoders: slices on disk, written, checked and gathered.

They lie apart from the features that are made of them, as float16 in files of at most 2,048 items:
`projects/<id>/vectors/<encoder>/<checksum of the encoder>/<first position>.npy`.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from django.db import transaction
from django.db.models import Sum
from numpy.typing import NDArray

from annotator.models import Project, VectorShard
from annotator.models.features import VectorShardQuerySet
from annotator.pool import feature_store
from annotator.storage import checksums
from annotator.storage.arrays import load_array, save_array
from annotator.storage.checksums import Corrupt

MOST_ITEMS = 2_048
# What is no letter or digit could mean something in a path.
UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


class DamagedVectors(Corrupt):
    """A file with the vectors of a slice is not what was stored."""

    def __init__(self, shard: VectorShard, problem: Exception) -> None:
        super().__init__(f"vectors of items {shard.start + 1} to {shard.stop}: {problem}")
        self.shard = shard


def save(shard: VectorShard, vectors: NDArray[np.floating]) -> checksums.Sums:
    """Store the vectors (n, d) of a slice, and return the checksum of their file."""
    path = path_of(shard)
    save_array(path, np.asarray(vectors, dtype=np.float16))
    return checksums.of(path)


def load(shard: VectorShard) -> NDArray[np.float16]:
    """Return the vectors (n, d) of a slice, memory-mapped; DamagedVectors for other bytes."""
    path = path_of(shard)
    try:
        _check(shard, path)
        vectors: NDArray[np.float16] = load_array(path)
        if vectors.shape != (shard.stop - shard.start, shard.dimensions):
            raise Corrupt(f"they have the shape {vectors.shape}")
    except Corrupt as problem:
        raise DamagedVectors(shard, problem) from problem
    return vectors


def _check(shard: VectorShard, path: Path) -> None:
    """Raise Corrupt for other bytes than were stored, those of a replacement included."""
    try:
        checksums.check(path.parent, shard.checksums)
    except Corrupt:
        # The slice may have been replaced since its row was read, or since its row was stored.
        shard.refresh_from_db(fields=["checksums"])
        pending = _pending(path)
        if pending.is_file() and [*checksums.of(pending).values()] == [*shard.checksums.values()]:
            os.replace(pending, path)
        checksums.check(path.parent, shard.checksums)


def replace(shard: VectorShard, vectors: NDArray[np.floating]) -> None:
    """Store other vectors (n, d) of a slice that is there, in the caller's transaction.

    At every moment the file that the row describes can be found, whenever the process dies.
    """
    path = path_of(shard)
    pending = _pending(path)
    save_array(pending, np.asarray(vectors, dtype=np.float16))
    sums = {path.name: next(iter(checksums.of(pending).values()))}
    VectorShard.objects.filter(pk=shard.pk).update(checksums=sums)
    transaction.on_commit(lambda: os.replace(pending, path) if pending.is_file() else None)


def _pending(path: Path) -> Path:
    return path.with_suffix(".pending.npy")


def covered(project: Project, encoder: str, sha256: str) -> int:
    """Return the number of items whose vectors of this encoder are stored."""
    done = slices(project, encoder, sha256).done()
    ends = done.aggregate(start=Sum("start"), stop=Sum("stop"))
    return (ends["stop"] or 0) - (ends["start"] or 0)


def slices(project: Project, encoder: str, sha256: str) -> VectorShardQuerySet:
    """Return the slices of an encoder, in order of position."""
    return VectorShard.objects.filter(project=project, encoder=encoder, sha256=sha256)


def rows(project: Project, encoder: str, sha256: str, start: int, stop: int) -> NDArray[np.float32]:
    """Return the vectors (stop - start, d) of the items at positions [start, stop).

    DamagedVectors for a slice that is damaged, or still waits to be computed again.
    """
    parts = [
        _whole(shard)[max(start - shard.start, 0) : stop - shard.start]
        for shard in slices(project, encoder, sha256).filter(start__lt=stop, stop__gt=start)
    ]
    return _together(parts, stop - start)


def gather(
    project: Project, encoder: str, sha256: str, positions: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the vectors (n, d) of the items at `positions` (n,), in that order.

    DamagedVectors for a slice that is damaged, or still waits to be computed again.
    """
    order = np.argsort(positions, kind="stable")
    ranked = positions[order]
    parts = list(_parts(slices(project, encoder, sha256), ranked))
    together = _together(parts, len(positions))
    found = np.empty_like(together)
    found[order] = together
    return found


def _parts(shards: VectorShardQuerySet, ranked: NDArray[np.int64]) -> Iterator[NDArray[np.float16]]:
    for shard in shards:
        low, high = np.searchsorted(ranked, [shard.start, shard.stop])
        if high > low:
            yield _whole(shard)[ranked[low:high] - shard.start]


def _whole(shard: VectorShard) -> NDArray[np.float16]:
    if shard.state != VectorShard.State.DONE:
        raise DamagedVectors(shard, Corrupt("they are not stored"))
    return load(shard)


def _together(parts: Sequence[NDArray[np.float16]], n: int) -> NDArray[np.float32]:
    if not parts or sum(map(len, parts)) != n:
        raise Corrupt(f"{n - sum(map(len, parts))} of {n} vectors are missing")
    return np.concatenate(parts, dtype=np.float32)


def encoder_folder(project_id: int, encoder: str, sha256: str) -> Path:
    """Return the folder of a project's vectors by an encoder with that checksum."""
    name = UNSAFE.sub("_", encoder)
    return vectors_folder(project_id) / name / (sha256[:16] or "own")


def vectors_folder(project_id: int) -> Path:
    """Return the folder of all vectors of a project."""
    return feature_store.project_folder(project_id) / "vectors"


def path_of(shard: VectorShard) -> Path:
    """Return the path of the file with the vectors of a slice."""
    folder = encoder_folder(shard.project_id, shard.encoder, shard.sha256)
    return folder / f"{shard.start:09d}.npy"
