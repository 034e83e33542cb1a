"""The only bridge between rows and arrays: what the database says, as the maths wants it, and back.

Arrays lie under the project's folder as .npy files, so that a shard is memory-mapped and a round
over a million items reads only what it scores. Nothing is ever pickled.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Exists, F, Max, OuterRef, QuerySet, Sum, Value
from numpy.typing import NDArray

from annotator.db.compiled_queries import Rows
from annotator.models import (
    Annotation,
    Disagreement,
    FeatureShard,
    FeatureSpace,
    Import,
    Item,
    Project,
    QueueEntry,
    Source,
    Tally,
)
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
    from selection.diversity.nearest_neighbors import Nearest
    from selection.features import Encoder, Features

# Labelled, or set aside.
FIND_SETTLED = Rows(
    lambda project, start, stop: _span(project, start, stop).filter(state__gte=Item.State.LABELLED),
    *(int,) * 3,
)
FIND_LABELLED = Rows(
    lambda project, start, stop: _span(project, start, stop).filter(state=Item.State.LABELLED),
    *(int,) * 3,
)
FIND_GOLD = Rows(
    lambda project, start, stop: _span(project, start, stop).filter(gold__isnull=False),
    *(int,) * 3,
)


def _span(project: int, start: Any, stop: Any) -> "QuerySet[Item, int]":
    # As expressions, because the stand-ins for positions are too large for their column.
    span = {"position__gte": Value(start), "position__lt": Value(stop)}
    return Item.objects.filter(project_id=project, **span).values_list("position", flat=True)


AUDIT_KEYS = 2**63
SHARD_ITEMS = 65_536
FIT_ITEMS = 20_000
FIT_PICTURES = 2_000
AT_ONCE = 500
# So many settled items before the first gap are looked at for the newest audit.
NEAR_THE_GAP = 200


class DamagedShard(Corrupt):
    """Files with the features of a shard are not what was stored."""

    def __init__(self, shard: FeatureShard, problem: Exception) -> None:
        super().__init__(f"shard {shard.number + 1} of features {shard.space_id}: {problem}")
        self.shard = shard


class DamagedEncoder(Corrupt):
    """The file with what a feature space learnt is not what was stored."""

    def __init__(self, space: FeatureSpace, problem: Exception) -> None:
        super().__init__(str(problem))
        self.space = space


# Rows to arrays ----------------------------------------------------------------------------------


def audit_key(seed: int, content_hash: bytes) -> int:
    """Return the place in [0, 2**63) of an item in the project's fixed random permutation.

    A keyed hash of the content, so the order is drawn at import, for items that come later too,
    and depends on nothing that active learning does.
    """
    digest = hashlib.blake2b(content_hash, digest_size=8, key=str(seed).encode()).digest()
    return int.from_bytes(digest, "big") >> 1


def reserve(project: Project) -> int:
    """Return the audit key below which items are left to the audit stream.

    Audits take `audit_share` of all labels, so a prefix of that share of the permutation is never
    used up before the rest is, and no audit item is ever chosen by the strategy or shown with a
    suggestion before it is audited.
    """
    return int(project.audit_share * AUDIT_KEYS)


@dataclass(frozen=True)
class Labelled:
    """Who is labelled with what. `y` is (n,) classes, or (n, C) of 0 and 1 for multi-label."""

    positions: NDArray[np.int64]
    y: NDArray[np.int64]
    keys: NDArray[np.int64]
    audited: NDArray[np.bool_]

    @property
    def seen(self) -> int:
        """Return how many classes have at least one example."""
        return len(np.unique(self.y)) if self.y.ndim == 1 else int(self.y.any(axis=0).sum())

    @property
    def teaches(self) -> bool:
        """Tell whether a model can be fitted: on two classes, or one where each stands alone."""
        return self.seen >= (2 if self.y.ndim == 1 else 1)

    def __len__(self) -> int:
        return len(self.positions)


def labelled(project: Project, space: FeatureSpace, label_ids: Sequence[int]) -> Labelled:
    """Return the labelled items of `space`, in order of position.

    Where several people answered, the answer that most of them gave counts. Of equally frequent
    ones, what annotators said of the item goes before a seed; then the label that comes first in
    the project. What a lead decided takes the place of all of them.
    """
    rows = Annotation.objects.filter(
        project=project, counted=True, withdrawn_at=None, item__position__lt=space.items
    ).values_list("item__position", "item__audit_key", "id", "source", "given__label_id")
    column = {label: index for index, label in enumerate(label_ids)}
    votes: dict[int, NDArray[np.int64]] = {}
    answers: dict[int, dict[int, bool]] = {}
    keys: dict[int, int] = {}
    in_bulk: set[int] = set()
    for position, key, annotation, source, label in rows.iterator(chunk_size=10_000):
        vote = votes.setdefault(position, np.zeros((2, len(label_ids)), np.int64))
        is_own = source != Source.SEED
        answers.setdefault(position, {})[annotation] = is_own
        keys[position] = key
        if source == Source.BULK:
            in_bulk.add(position)
        if label in column:
            vote[:, column[label]] += (1, is_own)
    for position, decided in _decided(project, column).items():
        if position in votes:
            votes[position][:] = decided
            answers[position] = {0: True}
    positions = np.array(sorted(votes), dtype=np.int64)
    places = np.array([keys[p] for p in positions], dtype=np.int64)
    # A share that was raised since can make items of the reserve that were confirmed in bulk.
    alone = ~np.isin(positions, np.fromiter(in_bulk, dtype=np.int64))
    audited = alone & (places <= audit_frontier(project))
    found = Labelled(positions, np.zeros(0, np.int64), places, audited)
    counts = np.array([votes[p] for p in positions], np.int64).reshape(-1, 2, len(label_ids))
    asked = [(len(answers[p]), sum(answers[p].values())) for p in positions]
    settle = _several if project.multi_label else _single
    return settle(found, counts, np.array(asked, np.int64).reshape(-1, 2))


def _decided(project: Project, column: dict[int, int]) -> dict[int, NDArray[np.int64]]:
    """Return by position the labels (C,) of 0 and 1 that a lead decided on."""
    rows = Disagreement.objects.filter(project=project, state=Disagreement.State.DECIDED)
    found: dict[int, NDArray[np.int64]] = {}
    for position, label in rows.values_list("item__position", "decision__given__label_id"):
        given = found.setdefault(position, np.zeros(len(column), np.int64))
        if label in column:
            given[column[label]] = 1
    return found


def _several(found: Labelled, counts: NDArray[np.int64], asked: NDArray[np.int64]) -> Labelled:
    """Settle each label by itself. `counts` (n, 2, C) and `asked` (n, 2): all, annotators' own."""
    twice, people = 2 * counts, asked[:, :, None]
    is_tie = twice[:, 0] == people[:, 0]
    y = np.where(is_tie, twice[:, 1] >= people[:, 1], twice[:, 0] > people[:, 0])
    return replace(found, y=y.astype(np.int64))


def _single(found: Labelled, counts: NDArray[np.int64], asked: NDArray[np.int64]) -> Labelled:
    """Settle on one label each; what gave none that there is now teaches nothing."""
    answered = counts[:, 0].any(axis=1)
    # All that were asked are more than those who can break a tie.
    weights = counts[:, 0] * (1 + asked[:, :1]) + counts[:, 1]
    y = weights.argmax(axis=1) if len(weights) else np.zeros(0, np.int64)
    return Labelled(
        found.positions[answered],
        y[answered].astype(np.int64),
        found.keys[answered],
        found.audited[answered],
    )


def audit_frontier(project: Project) -> int:
    """Return the audit key up to which every item is settled; -1 when none is.

    The audit set is what is labelled up to it: a prefix of the permutation, so a random sample. It
    ends before the first item that still waits, also when that one came with a later import. Only
    items that somebody skipped are passed over; the monitor counts them.
    """
    # One state at a time, as the index has it; both ask for a single row.
    waiting = Item.objects.filter(project=project, skips=0).order_by("audit_key")
    gaps = [
        waiting.filter(state=state).values_list("audit_key", flat=True).first()
        for state in (Item.State.POOL, Item.State.QUEUED)
    ]
    first_gap = min((gap for gap in gaps if gap is not None), default=None)
    newest = _newest_audit(project, first_gap)
    if newest is None:
        return -1
    return newest if first_gap is None else min(newest, first_gap - 1)


def _newest_audit(project: Project, before: int | None) -> int | None:
    """Return the largest audit key of an audited item, looking at those below `before` first."""
    audits = Annotation.objects.filter(project=project, source=Source.AUDIT, withdrawn_at=None)
    if before is not None:
        # Below the first gap nearly all are audits, so that a few rows nearly always hold one.
        below = Item.objects.filter(
            project=project, state=Item.State.LABELLED, audit_key__lt=before
        ).order_by("-audit_key")
        few = Item.objects.filter(pk__in=below.values("pk")[:NEAR_THE_GAP])
        found = few.filter(Exists(audits.filter(item=OuterRef("pk")))).aggregate(n=Max("audit_key"))
        if found["n"] is not None:
            return int(found["n"])
    return audits.order_by("-item__audit_key").values_list("item__audit_key", flat=True).first()


def selectable(project: Project, shard: FeatureShard) -> NDArray[np.bool_]:
    """Return which items of `shard` the strategy may choose: (stop - start,) of bool.

    Not those that are labelled or set aside, in somebody's hands, hidden checks, or left to the
    audits.
    """
    free = _shard_arrays(shard)["audit_key"] >= reserve(project)
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


def unlabelled(project: Project, shard: FeatureShard) -> NDArray[np.bool_]:
    """Return which items of `shard` have no label: (stop - start,) of bool, those held among them.

    More than `selectable`, as what a strategy may not choose is still a part of the pool.
    """
    left = np.ones(shard.stop - shard.start, dtype=bool)
    found = FIND_LABELLED(project.pk, shard.start, shard.stop)
    left[np.fromiter(found, dtype=np.int64) - shard.start] = False
    return left


def work_done(project: Project) -> int:
    """Return a number that grows with every label that is given, corrected or withdrawn."""
    total = Tally.objects.filter(project=project).aggregate(n=Sum(F("labels") + 2 * F("changes")))
    return total["n"] or 0


# Documents ---------------------------------------------------------------------------------------


def sample_documents(project: Project, items: int, limit: int | None = None) -> list[Any]:
    """Return a random sample of the items below position `items`, as the encoder wants them.

    The audit permutation is a random order already. The sample is its end, while audits come from
    its beginning, so that what the model sees does not suit the audit items better than the rest.
    """
    rows = Item.objects.filter(project=project, position__lt=items).order_by("-audit_key")
    if limit is None:
        # Pictures are held as files are; more of them teach the few numbers of their scale nothing.
        limit = FIT_PICTURES if project.task == Project.Task.IMAGE else FIT_ITEMS
    return list(_documents(project, rows[:limit]))


def documents(project: Project, start: int, stop: int) -> Iterator[Any]:
    """Yield the documents at positions [start, stop), in order."""
    span = {"position__gte": start, "position__lt": stop}
    yield from _documents(
        project, Item.objects.filter(project=project, **span).order_by("position")
    )


def documents_at(project: Project, positions: Sequence[int]) -> Iterator[Any]:
    """Yield the documents at `positions`, which are in order."""
    for start in range(0, len(positions), AT_ONCE):
        few = [int(position) for position in positions[start : start + AT_ONCE]]
        rows = Item.objects.filter(project=project, position__in=few).order_by("position")
        yield from _documents(project, rows)


def audit_keys(project: Project, start: int, stop: int) -> NDArray[np.int64]:
    """Return the audit keys at positions [start, stop), in order."""
    span = {"position__gte": start, "position__lt": stop}
    rows = Item.objects.filter(project=project, **span).order_by("position")
    return np.fromiter(rows.values_list("audit_key", flat=True), dtype=np.int64)


def _documents(project: Project, rows: Any) -> Iterator[Any]:
    if project.task == Project.Task.TEXT:
        yield from rows.values_list("text", flat=True).iterator(chunk_size=5000)
        return
    for name in rows.values_list("image", flat=True).iterator(chunk_size=5000):
        with default_storage.open(name) as file:
            yield file.read()


def has_suggestions(project: Project) -> bool:
    """Tell whether items came with what another model said of them."""
    return project.imports.filter(labels_are=Import.LabelsAre.SUGGESTION, created__gt=0).exists()


def suggested_proba(
    project: Project, shard: FeatureShard, classes: Sequence[int | None]
) -> NDArray[np.float32]:
    """Return the imported scores (stop - start, C) of a shard's items; NaN where there are none."""
    from selection.strategies.prior import suggested_proba as as_proba

    column = {label: index for index, label in enumerate(classes)}
    labels: list[list[int]] = [[] for _ in range(shard.stop - shard.start)]
    sure: list[float | None] = [None] * len(labels)
    span = {"position__gte": shard.start, "position__lt": shard.stop}
    rows = Item.objects.filter(project=project, suggested__isnull=False, **span)
    said: Any
    for position, said in rows.values_list("position", "suggested"):
        known = [column[label] for label in said["labels"] if label in column]
        labels[position - shard.start] = known
        # Of a label that is no more, its confidence says nothing.
        if len(known) == len(said["labels"]):
            sure[position - shard.start] = said["confidence"]
    return as_proba(labels, sure, len(classes), multi_label=project.multi_label)


# Features ----------------------------------------------------------------------------------------


def save_encoder(space: FeatureSpace, encoder: "Encoder") -> str:
    """Store what `space` learnt from the pool, and return its checksum."""
    return save_npz(space_folder(space) / "encoder.npz", encoder.to_arrays())


def load_encoder(space: FeatureSpace) -> "Encoder":
    """Return the encoder of `space`; DamagedEncoder if the file is not the one that was stored."""
    from selection.features import RECIPES

    try:
        arrays = load_npz(space_folder(space) / "encoder.npz", space.sha256)
    except Corrupt as problem:
        raise DamagedEncoder(space, problem) from problem
    return RECIPES[space.recipe].from_arrays(arrays)


def check_encoder(space: FeatureSpace) -> None:
    """Raise DamagedEncoder unless the file is the one that was stored."""
    try:
        read_checked(space_folder(space) / "encoder.npz", space.sha256)
    except Corrupt as problem:
        raise DamagedEncoder(space, problem) from problem


def save_features(
    shard: FeatureShard, features: "Features", keys: NDArray[np.int64]
) -> checksums.Sums:
    """Store a shard's features, each array in a file of its own, and return their checksums."""
    folder = _shard_folder(shard)
    save_arrays(folder, {"audit_key": keys, **features.to_arrays()})
    return checksums.of_folder(folder)


def load_features(shard: FeatureShard) -> "Features":
    """Return a shard's features, memory-mapped; DamagedShard if they are not what was stored."""
    from selection.features import Features

    arrays = _shard_arrays(shard)
    if not shard.checksums:
        _adopt(shard, arrays)
    return Features.from_arrays({name: arrays[name] for name in arrays if name != "audit_key"})


def _adopt(shard: FeatureShard, arrays: dict[str, NDArray[Any]]) -> None:
    """Store the checksums of files from before there were any, if they are of the same items."""
    keys = audit_keys(shard.space.project, shard.start, shard.stop)
    if not np.array_equal(arrays["audit_key"], keys):
        raise DamagedShard(shard, Corrupt("it holds the features of other items"))
    shard.checksums = checksums.of_folder(_shard_folder(shard))
    FeatureShard.objects.filter(pk=shard.pk).update(checksums=shard.checksums)


def _shard_arrays(shard: FeatureShard) -> dict[str, NDArray[Any]]:
    """Return the arrays of a shard, memory-mapped, once their files are proven to be its own."""
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
    """Raise Corrupt unless arrays of which no checksums are known fit each other."""
    try:
        wrong = list(_misfits(shard.stop - shard.start, arrays))
    except (KeyError, IndexError, TypeError, ValueError) as problem:
        raise Corrupt(f"an array is missing or of another kind: {problem}") from problem
    if wrong:
        raise Corrupt(f"{', '.join(wrong)} does not fit the others")


def _misfits(items: int, arrays: dict[str, NDArray[Any]]) -> Iterator[str]:
    """Yield the names of arrays that are not as long as those of `items` items."""
    dense = arrays.get("dense")
    width = 0 if dense is None else dense.shape[1]
    if len(arrays["audit_key"]) != items:
        yield "audit_key"
    if dense is not None and len(dense) != items:
        yield "dense"
    for name in ("spread", "neighbours"):
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
    """Return the `k` positions in [start, stop) that are most like the item at `position`.

    The web process asks this, so only the arrays are mapped: `Features` would load scipy.
    """
    from selection.diversity.nearest_neighbors import nearest as nearest_rows

    shards = list(space.shards.all())
    own = next(shard for shard in shards if shard.start <= position < shard.stop)
    blocks = (
        (max(shard.start, start), _spread(shard)[max(start - shard.start, 0) : stop - shard.start])
        for shard in shards
        if shard.start < stop and shard.stop > start
    )
    return nearest_rows(_spread(own)[position - own.start], blocks, k)


def _spread(shard: FeatureShard) -> NDArray[Any]:
    """Return the columns (n, d) of a shard in which distances mean something, memory-mapped."""
    arrays = _shard_arrays(shard)
    first, last = arrays["spread"]
    dense = arrays.get("dense", np.zeros((shard.stop - shard.start, 0), np.float32))
    return dense[:, int(first) : int(last)]


def space_folder(space: FeatureSpace) -> Path:
    """Return where the arrays of `space` lie."""
    return project_folder(space.project_id) / "features" / str(space.pk)


def project_folder(project_id: int) -> Path:
    """Return where a project's arrays lie."""
    return Path(settings.MEDIA_ROOT) / "projects" / str(project_id)


def _shard_folder(shard: FeatureShard) -> Path:
    return space_folder(shard.space) / f"shard-{shard.number:05d}"
