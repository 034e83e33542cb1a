"""What the newest model says of each item: from its features, shard by shard."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.flow.labels import naming
from annotator.jobs import damaged_files
from annotator.models import FeatureShard, ModelVersion, Project
from annotator.pool import feature_store, model_files, training_set
from annotator.storage.checksums import Corrupt

MODELS_TRIED = 3
ROWS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Predicted:
    """The predictions of one model, by the items' positions.

    `answers` (n, bytes) are the predicted classes in bits, `confidence` (n,) is not a number where
    an item has no features yet.
    """

    project: Project
    model: int | None = None
    labels: list[int] = field(default_factory=list)
    answers: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    confidence: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    def of(self, position: int) -> dict[str, Any] | None:
        """Return the predicted labels and the calibrated confidence; None where there are none."""
        if position >= len(self.confidence) or np.isnan(self.confidence[position]):
            return None
        given = np.unpackbits(self.answers[position], count=len(self.labels))
        refs = [pk for pk, is_given in zip(self.labels, given, strict=True) if is_given]
        return {
            "labels": naming.names(self.project, refs),
            "confidence": round(float(self.confidence[position]), 4),
            "model": self.model,
        }


def of_pool(project: Project) -> Predicted:
    """Return what the newest usable model says of all items; nothing where there is no model."""
    if not tasktypes.of(project).answer.of_classes:
        return Predicted(project)
    for version in project.models.select_related("space")[:MODELS_TRIED]:
        try:
            return of_model(project, version)
        except Corrupt as problem:
            damaged_files.repair(problem)
    return Predicted(project)


def of_model(project: Project, version: ModelVersion) -> Predicted:
    """Return what a model says of all items that have features."""
    model = model_files.load_model(version)
    space = training_set.label_space(project, len(version.labels))
    shards = list(version.space.shards.filter(state=FeatureShard.State.DONE))
    size = max((shard.stop for shard in shards), default=0)
    confidence = np.full(size, np.nan, dtype=np.float32)
    answers = np.zeros((size, (len(version.labels) + 7) // 8), dtype=np.uint8)
    for shard in shards:
        features = feature_store.load_features(shard)
        for start in range(0, shard.stop - shard.start, ROWS_AT_ONCE):
            rows = slice(start, min(start + ROWS_AT_ONCE, shard.stop - shard.start))
            proba = np.asarray(model.predict_proba(features.take(rows)))
            at = slice(shard.start + rows.start, shard.start + rows.stop)
            confidence[at] = space.confidence(proba)
            answers[at] = np.packbits(space.indicator(space.decide(proba)).astype(bool), axis=1)
    return Predicted(project, version.number, list(version.labels), answers, confidence)
