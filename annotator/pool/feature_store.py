"""Features of items: shards and encoders on disk, loaded, verified and gathered.

Arrays are .npy files in the project's folder, so that shards are memory-mapped and a round over a
million items reads only what it scores. Nothing is ever pickled.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from django.db.models import QuerySet, Value
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.db.compiled_queries import CompiledSelect
from annotator.models import (
    FeatureShard,
    FeatureSpace,
    Item,
    Project,
    QueueEntry,
)
from annotator.pool import new_vectors, vector_encoder
from annotator.storage import checksums
from annotator.storage.arrays import (
    load_arrays,
    load_npz,
    read_checked,
    save_arrays,
    save_npz,
)
from annotator.storage.checksums import Corrupt

if TYPE_CHECKING:
    from annotator.pool.vector_encoder import VectorEncoder
    from selection.diversity.nearest_neighbors import Nearest
    from selection.features import Encoder, Features
from annotator.pool.audit_set import audit_keys, strategy_bound

# Labelled, skipped by everyone, or removed.
FIND_SETTLED = CompiledSelect(
    lambda project, start, stop: _span(project, start, stop).filter(state__gte=Item.State.LABELLED),
    *(int,) * 3,
)
FIND_LABELLED_OR_REMOVED = CompiledSelect(
    lambda project, start, stop: _span(project, start, stop).filter(
        state__in=[Item.State.LABELLED, Item.State.REMOVED]
    ),
    *(int,) * 3,
)
FIND_GOLD = CompiledSelect(
    lambda project, start, stop: _span(project, start, stop).filter(gold__isnull=False),
    *(int,) * 3,
)


def _span(project: int, start: Any, stop: Any) -> "QuerySet[Item, int]":
    # As expressions, because the placeholders for positions exceed the column's range.
    span = {"position__gte": Value(start), "position__lt": Value(stop)}
    return Item.objects.filter(project_id=project, **span).values_list("position", flat=True)


SHARD_ITEMS = 65_536
# An encoder adds some hundreds of columns twice, and a shard is made in memory.
VECTOR_SHARD_ITEMS = 16_384


class DamagedShard(Corrupt):
    """Feature files of a shard differ from what was stored."""

    def __init__(self, shard: FeatureShard, problem: Exception) -> None:
        super().__init__(f"shard {shard.number + 1} of features {shard.space_id}: {problem}")
        self.shard = shard


class DamagedEncoder(Corrupt):
    """The encoder file of a feature space differs from what was stored."""

    def __init__(self, space: FeatureSpace, problem: Exception) -> None:
        super().__init__(str(problem))
        self.space = space


def candidate_mask(project: Project, shard: FeatureShard) -> NDArray[np.bool_]:
    """Return a mask of the items of `shard` that the strategy may select: (stop - start,) of bool.

    Excluded are labelled, parked and leased items, gold items, and the audit reserve.
    """
    free = _shard_arrays(shard)["audit_key"] >= strategy_bound(project)
    span = project.pk, shard.start, shard.stop
    taken = [
        FIND_SETTLED(*span),
        FIND_GOLD(*span),
        QueueEntry.objects.filter(project=project, state__gt=QueueEntry.State.OPEN)
        .filter(item__position__gte=shard.start, item__position__lt=shard.stop)
        .values_list("item__position", flat=True),
    ]
    for positions in taken:
        free[np.fromiter(positions, dtype=np.int64) - shard.start] = False
    return free


def unlabelled_mask(project: Project, shard: FeatureShard) -> NDArray[np.bool_]:
    """Return a mask of the unlabelled items of `shard`, leased ones included: (stop - start,) bool.

    A superset of `candidate_mask`: items that a strategy may not select still belong to the pool.
    """
    left = np.ones(shard.stop - shard.start, dtype=bool)
    found = FIND_LABELLED_OR_REMOVED(project.pk, shard.start, shard.stop)
    left[np.fromiter(found, dtype=np.int64) - shard.start] = False
    return left


# Features ----------------------------------------------------------------------------------------


def shard_items(space: FeatureSpace) -> int:
    """Return the largest number of items in a shard of `space`."""
    most = VECTOR_SHARD_ITEMS if space.encoder else SHARD_ITEMS
    return min(most, SHARD_ITEMS, tasktypes.of(space.project).media.limits.shard)


def save_encoder(space: FeatureSpace, encoder: "Encoder | VectorEncoder") -> str:
    """Store the fitted encoder of `space`, and return its checksum."""
    return save_npz(space_folder(space) / "encoder.npz", encoder.to_arrays())


def load_encoder(space: FeatureSpace) -> "Encoder | VectorEncoder":
    """Return the encoder of `space`; DamagedEncoder if the file was changed."""
    from selection.features import RECIPES

    try:
        arrays = load_npz(space_folder(space) / "encoder.npz", space.sha256)
    except Corrupt as problem:
        raise DamagedEncoder(space, problem) from problem
    if space.encoder:
        return vector_encoder.from_arrays(space, arrays, partial(new_vectors.encode, space))
    return RECIPES[space.recipe].from_arrays(arrays)


def check_encoder(space: FeatureSpace) -> None:
    """Raise DamagedEncoder if the file was changed."""
    try:
        read_checked(space_folder(space) / "encoder.npz", space.sha256)
    except Corrupt as problem:
        raise DamagedEncoder(space, problem) from problem


def save_features(
    shard: FeatureShard, features: "Features", keys: NDArray[np.int64]
) -> checksums.Sums:
    """Store a shard's features, one file per array, and return their checksums."""
    folder = _shard_folder(shard)
    save_arrays(folder, {"audit_key": keys, **features.to_arrays()})
    return checksums.of_folder(folder)


def load_features(shard: FeatureShard) -> "Features":
    """Return a shard's features, memory-mapped; DamagedShard if the files were changed."""
    from selection.features import Features

    arrays = _shard_arrays(shard)
    if not shard.checksums:
        _adopt(shard, arrays)
    return Features.from_arrays({name: arrays[name] for name in arrays if name != "audit_key"})


def _adopt(shard: FeatureShard, arrays: dict[str, NDArray[Any]]) -> None:
    """Store checksums for files from before they existed, if the shapes match."""
    keys = audit_keys(shard.space.project, shard.start, shard.stop)
    if not np.array_equal(arrays["audit_key"], keys):
        raise DamagedShard(shard, Corrupt("it holds the features of other items"))
    shard.checksums = checksums.of_folder(_shard_folder(shard))
    FeatureShard.objects.filter(pk=shard.pk).update(checksums=shard.checksums)


def _shard_arrays(shard: FeatureShard) -> dict[str, NDArray[Any]]:
    """Return the arrays of a shard, memory-mapped and verified."""
    folder = _shard_folder(shard)
    try:
        checksums.check(folder, shard.checksums)
        arrays = load_arrays(folder, shard.checksums)
        if not shard.checksums:
            _check_shapes(shard, arrays)
    except Corrupt as problem:
        raise DamagedShard(shard, problem) from problem
    return arrays


def _check_shapes(shard: FeatureShard, arrays: dict[str, NDArray[Any]]) -> None:
    """Raise Corrupt unless arrays without checksums have matching shapes."""
    try:
        wrong = list(_misfits(shard.stop - shard.start, arrays))
    except (KeyError, IndexError, TypeError, ValueError) as problem:
        raise Corrupt(f"an array is missing or of another kind: {problem}") from problem
    if wrong:
        raise Corrupt(f"{', '.join(wrong)} does not fit the others")


def _misfits(items: int, arrays: dict[str, NDArray[Any]]) -> Iterator[str]:
    """Yield the names of arrays whose length is not `items`."""
    dense = arrays.get("dense")
    width = 0 if dense is None else dense.shape[1]
    if len(arrays["audit_key"]) != items:
        yield "audit_key"
    if dense is not None and len(dense) != items:
        yield "dense"
    named = [name for name in ("encoder", "encoder_neighbours") if name in arrays]
    for name in ("spread", "neighbours", *named):
        first, last = arrays[name]
        if not 0 <= first <= last <= width:
            yield name
    if dense is None or "sparse_indptr" in arrays:
        indptr = arrays["sparse_indptr"]
        ends = {len(arrays["sparse_data"]), len(arrays["sparse_indices"])}
        if len(indptr) != items + 1 or ends != {int(indptr[-1])}:
            yield "sparse_indptr"
        if int(arrays["sparse_shape"][0]) != items:
            yield "sparse_shape"


def gather(space: FeatureSpace, positions: NDArray[np.int64]) -> "Features":
    """Return the features of the items at `positions` (n,), in that order."""
    from selection.features import Features

    order = np.argsort(positions, kind="stable")
    ranked = positions[order]
    parts: list[Features] = []
    for shard in space.shards.all():
        low, high = np.searchsorted(ranked, [shard.start, shard.stop])
        if high > low or not parts:
            parts.append(load_features(shard).take(ranked[low:high] - shard.start))
    return Features.concat(parts).take(np.argsort(order, kind="stable"))


def nearest(space: FeatureSpace, position: int, k: int, start: int, stop: int) -> "Nearest":
    """Return the `k` positions in [start, stop) most similar to the item at `position`."""
    shards = list(space.shards.all())
    own = next(shard for shard in shards if shard.start <= position < shard.stop)
    return _nearest_rows(_spread(own)[position - own.start], shards, k, start, stop)


def nearest_to(space: FeatureSpace, row: NDArray[Any], k: int, start: int, stop: int) -> "Nearest":
    """Return the `k` positions in [start, stop) most similar to `row` (d,), a spread block."""
    return _nearest_rows(row, list(space.shards.all()), k, start, stop)


def _nearest_rows(
    row: NDArray[Any], shards: list[FeatureShard], k: int, start: int, stop: int
) -> "Nearest":
    # The web process calls this, so only the arrays are mapped: `Features` would load scipy.
    from selection.diversity.nearest_neighbors import nearest as nearest_rows

    blocks = (
        (max(shard.start, start), _spread(shard)[max(start - shard.start, 0) : stop - shard.start])
        for shard in shards
        if shard.start < stop and shard.stop > start
    )
    return nearest_rows(row, blocks, k)


def _spread(shard: FeatureShard) -> NDArray[Any]:
    """Return the dense columns (n, d) of a shard, whose distances are meaningful, memory-mapped."""
    arrays = _shard_arrays(shard)
    first, last = arrays["spread"]
    dense = arrays.get("dense", np.zeros((shard.stop - shard.start, 0), np.float32))
    return dense[:, int(first) : int(last)]


def space_folder(space: FeatureSpace) -> Path:
    """Return the folder of the arrays of `space`."""
    return project_folder(space.project_id) / "features" / str(space.pk)


def project_folder(project_id: int) -> Path:
    """Return the folder of a project's arrays."""
    return Path(settings.MEDIA_ROOT) / "projects" / str(project_id)


def _shard_folder(shard: FeatureShard) -> Path:
    return space_folder(shard.space) / f"shard-{shard.number:05d}"
