"""Zero-shot start: the texts of the labels judge the items before a model can."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from annotator.flow.labels import naming
from annotator.models import FeatureSpace, Label, Round, RoundShard
from annotator.pool import feature_store, label_texts, training_set
from annotator.pool.training_set import TrainingSet

if TYPE_CHECKING:
    from selection.models.label_texts import LabelTexts


def starts(
    texts: "LabelTexts | None", labels: Sequence[Label], space: FeatureSpace, known: TrainingSet
) -> bool:
    """Tell whether the texts judge the items: no model can be trained, and no label refutes them.

    Every label needs a description, because those without one would never be suggested.
    """
    if texts is None or known.is_trainable or not label_texts.are_described(labels):
        return False
    if not len(known):
        return True
    features = feature_store.gather(space, known.positions)
    return texts.agree(features, known.y, known.label_space)


def judge(round_: Round) -> "LabelTexts | None":
    """Return the texts that judge the items of a round; None if a model does, or nothing."""
    if round_.model is not None:
        return None
    labels = naming.labels_of(round_.project)
    texts = label_texts.find(round_.space, labels)
    if texts is None:
        return None
    keys = [label.pk for label in labels]
    known = training_set.load_training_set(round_.project, round_.space, keys)
    return texts if starts(texts, labels, round_.space, known) else None


def proba(scoring: RoundShard) -> NDArray[np.float32] | None:
    """Return what the texts say of a shard's items: (stop - start, C); None if they don't judge."""
    texts = judge(scoring.round)
    return None if texts is None else texts.zero_shot(feature_store.load_features(scoring.shard))
