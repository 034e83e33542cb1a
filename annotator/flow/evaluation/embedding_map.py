"""Embedding map: a 2D layout of a random sample of the pool, with recent work marked.

The sample is laid out once per feature space, by t-SNE (van der Maaten and Hinton 2008), which
preserves neighbourhoods; distances across the map mean nothing. Other items are placed among their
three nearest neighbours in the sample, so the map stays the same between rounds.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.flow.evaluation.round_changes import sample_positions
from annotator.models import FeatureSpace, Item, ModelVersion, Project, Round
from annotator.pool import feature_store, model_files, training_set
from annotator.storage import arrays as storage_arrays

NEIGHBOURS = 3
MOST_LABELLED = 400
FEWEST = 30
DIMENSIONS = 50
# In drawing order, the last one on top.
KINDS = ("pool", "labelled", "picked", "audit", "mistaken")


def build_embedding_map(project: Project) -> dict[str, Any] | None:
    """Return coordinates from 0 to 1 and the status of each item; None where no map applies."""
    if not tasktypes.of(project).answer.of_classes:
        return None
    round_ = project.rounds.filter(state=Round.State.DONE, model__isnull=False).first()
    if (
        round_ is None
        or round_.model is None
        or round_.space.items < FEWEST
        or round_.space.dropped
    ):
        return None
    kinds = _kinds(round_)
    positions = np.array(sorted(kinds), dtype=np.int64)
    if not feature_store.gather(round_.space, positions[:1]).spread_block().shape[1]:
        # Bag-of-words features alone have no dense directions to lay out.
        return None
    xy = _placed(round_, positions)
    said = _predicted(round_.model, round_.space, positions)
    keys = dict(
        Item.objects.present(project)
        .filter(position__in=positions.tolist())
        .values_list("position", "pk")
    )
    return {
        "round": round_.number,
        "labels": round_.model.labels,
        "points": [
            [round(float(x), 4), round(float(y), 4), keys[at], KINDS.index(kinds[at]), int(label)]
            for at, (x, y), label in zip(positions.tolist(), xy, said, strict=True)
            if at in keys
        ],
    }


def _kinds(round_: Round) -> dict[int, str]:
    """Return the kind of each position; later kinds take precedence."""
    project, kinds = round_.project, {}
    for position in sample_positions(project.seed, round_.space.items).tolist():
        kinds[position] = "pool"
    known = training_set.load_training_set(
        project, round_.space, round_.model.labels if round_.model else []
    )
    rng = np.random.default_rng(project.seed)
    shown = min(MOST_LABELLED, len(known))
    for position in rng.choice(known.positions, shown, replace=False).tolist():
        kinds[position] = "labelled"
    labelled = set(known.positions.tolist())
    kinds |= {at: "labelled" for at, kind in kinds.items() if kind == "pool" and at in labelled}
    kinds |= {pick["position"]: "picked" for pick in round_.picks}
    for position, is_right in _audits(round_, known):
        kinds[position] = "audit" if is_right else "mistaken"
    return {at: kind for at, kind in kinds.items() if at < round_.space.items}


def _audits(round_: Round, known: training_set.TrainingSet) -> list[tuple[int, bool]]:
    """Return the audits that the newest round judged, and whether its prediction was right."""
    kept = storage_arrays.find_npz(model_files.audits_path(round_.project_id, round_.number))
    if kept is None:
        return []
    _both, rows, now = np.intersect1d(kept["positions"], known.positions, return_indices=True)
    truth = known.label_space.indicator(known.y[now])
    right = (kept["said"][rows] == truth).all(axis=1)
    return [(int(at), bool(each)) for at, each in zip(kept["positions"][rows], right, strict=True)]


def _predicted(
    version: ModelVersion, space: FeatureSpace, positions: NDArray[np.int64]
) -> NDArray[np.int64]:
    proba = model_files.load_model(version).predict_proba(feature_store.gather(space, positions))
    return np.asarray(proba.argmax(axis=1))


def _placed(round_: Round, positions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return x and y (n, 2) of the items at `positions`."""
    layout = _layout(round_)
    sample = _directions(round_.space, layout["positions"])
    others = _directions(round_.space, positions)
    likeness = others @ sample.T
    nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :NEIGHBOURS]
    weights = np.maximum(np.take_along_axis(likeness, nearest, axis=1), 1e-6) ** 4
    weights /= weights.sum(axis=1, keepdims=True)
    placed = (layout["xy"][nearest] * weights[:, :, None]).sum(axis=1)
    own = {int(at): row for row, at in enumerate(layout["positions"])}
    for row, at in enumerate(positions.tolist()):
        if at in own:
            placed[row] = layout["xy"][own[at]]
    return np.asarray(placed)


def _layout(round_: Round) -> dict[str, NDArray[Any]]:
    path = _path(round_.space)
    kept = storage_arrays.find_npz(path)
    if kept is not None:
        return kept
    positions = sample_positions(round_.project.seed, round_.space.items)
    xy = _laid_out(_directions(round_.space, positions), round_.project.seed)
    arrays = {"positions": positions, "xy": xy}
    storage_arrays.save_npz(path, arrays)
    return arrays


def _laid_out(directions: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    few = min(DIMENSIONS, *directions.shape)
    reduced = PCA(few, random_state=seed % 2**32).fit_transform(directions)
    perplexity = min(30.0, (len(directions) - 1) / 3)
    laid = TSNE(2, perplexity=perplexity, init="pca", random_state=seed % 2**32)
    xy = laid.fit_transform(reduced).astype(np.float64)
    low, high = xy.min(axis=0), xy.max(axis=0)
    return np.asarray((xy - low) / np.maximum(high - low, 1e-9))


def _directions(space: FeatureSpace, positions: NDArray[np.int64]) -> NDArray[np.float64]:
    rows = np.asarray(feature_store.gather(space, positions).spread_block(), dtype=np.float64)
    lengths: NDArray[np.float64] = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12))


def _path(space: FeatureSpace) -> Path:
    return feature_store.space_folder(space) / "plane.npz"
