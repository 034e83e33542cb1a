"""What the newest round's model says of every item: stored by shard, read by the item list.

The web process never scores the pool, so the worker that scores a shard stores its answers.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator.flow.training import confident_items
from annotator.models import ModelVersion, Project, Round, RoundShard
from annotator.pool import model_files, training_set
from annotator.storage import arrays, checksums

KEPT = 4


@dataclass(frozen=True)
class PoolPredictions:
    """Predictions by position: `answers` (n, bytes) of label bits, `confidence` (n,).

    `confidence` is not a number where an item has no prediction.
    """

    model: int | None = None
    labels: tuple[int, ...] = ()
    answers: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    confidence: NDArray[np.float16] = field(default_factory=lambda: np.zeros(0, np.float16))

    def of(self, position: int) -> dict[str, Any] | None:
        """Return the ids of the predicted labels and the confidence; None where there are none."""
        if position >= len(self.confidence) or np.isnan(self.confidence[position]):
            return None
        given = np.unpackbits(self.answers[position], count=len(self.labels))
        labels = [pk for pk, is_given in zip(self.labels, given, strict=True) if is_given]
        return {"labels": labels, "confidence": round(float(self.confidence[position]), 3)}

    def positions_of(self, label: int) -> NDArray[np.int64]:
        """Return the positions of the items for which the label is predicted, in order."""
        if label not in self.labels:
            return np.zeros(0, np.int64)
        column = self.labels.index(label)
        bits = self.answers[:, column // 8] & (0x80 >> column % 8)
        return np.flatnonzero((bits > 0) & ~np.isnan(self.confidence))

    def by_confidence(self) -> NDArray[np.int64]:
        """Return the positions of all items with a prediction, the least certain first."""
        known = np.flatnonzero(~np.isnan(self.confidence))
        return known[np.argsort(self.confidence[known], kind="stable")]


# In the worker -----------------------------------------------------------------------------------


def store_shard(scoring: RoundShard, proba: NDArray[Any] | None) -> dict[str, str]:
    """Store the predictions for the items of a shard, `proba` (n, C); return the checksum."""
    if proba is None:
        return {}
    space = training_set.label_space(scoring.round.project, proba.shape[1])
    told: dict[str, NDArray[Any]] = {
        "answers": np.packbits(space.indicator(space.decide(proba)).astype(bool), axis=1),
        "confidence": space.confidence(proba).astype(np.float16),
    }
    return {"predictions": arrays.save_npz(_path(scoring), told)}


def _path(scoring: RoundShard) -> Path:
    folder = model_files.round_folder(scoring.round.project_id, scoring.round.number)
    return folder / f"{scoring.shard.number:05d}-predictions.npz"


# In the web process -------------------------------------------------------------------------------


def of_project(project: Project) -> PoolPredictions:
    """Return the predictions of the round whose picks are in the queue; none without a model."""
    newest = confident_items.newest_round(project)
    if newest is None or newest.model_id is None:
        return PoolPredictions()
    try:
        return _load(newest.pk)
    except checksums.Corrupt:
        # The next round stores them again.
        return PoolPredictions()


@lru_cache(maxsize=KEPT)
def _load(round_pk: int) -> PoolPredictions:
    round_ = Round.objects.select_related("model").get(pk=round_pk)
    version: ModelVersion | None = round_.model
    shards = list(round_.shards.select_related("round", "shard"))
    if version is None or not shards:
        raise checksums.Corrupt(f"round {round_pk} has no predictions")
    size = max(each.shard.stop for each in shards)
    answers = np.zeros((size, (len(version.labels) + 7) // 8), dtype=np.uint8)
    confidence = np.full(size, np.nan, dtype=np.float16)
    for each in shards:
        if "predictions" not in each.checksums:
            continue
        found = model_files.load_found(each, _path(each), "predictions")
        span = slice(each.shard.start, each.shard.stop)
        answers[span], confidence[span] = found["answers"], found["confidence"]
    return PoolPredictions(version.number, tuple(version.labels), answers, confidence)


def forget() -> None:
    """Clear the cache."""
    _load.cache_clear()
