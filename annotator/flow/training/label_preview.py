"""What the descriptions of the labels say of a few typical items, for whoever writes them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator.errors import Conflict
from annotator.flow.features import encode
from annotator.flow.labels import naming
from annotator.jobs import damaged_files
from annotator.models import FeatureSpace, Item, Label, Project
from annotator.pool import audit_set, feature_store, label_texts
from annotator.storage import checksums

SHOWN = 5
SAMPLE = 400


@dataclass(frozen=True)
class Said:
    """The label that the descriptions give an item, and their confidence in [0, 1]."""

    item: Item
    label: Label
    confidence: float


def preview(project: Project) -> list[Said]:
    """Return what the descriptions say of five typical items.

    Conflict while there is no description, no encoder that reads texts, or no answer from it.
    """
    labels = naming.labels_of(project)
    if not any(label.description or label.examples for label in labels):
        raise Conflict("no_descriptions")
    space = encode.current_space(project)
    if space is None or not label_texts.is_possible(space):
        raise Conflict("encoder_not_ready")
    try:
        return _said(project, space, labels)
    except checksums.Corrupt as problem:
        damage = damaged_files.repair(problem).words
        raise Conflict("no_features", message="damaged_features", problem=damage) from problem


def _said(project: Project, space: FeatureSpace, labels: list[Label]) -> list[Said]:
    texts = label_texts.make(space, labels)
    if texts is None:
        raise Conflict("encoder_away", message="encoder_not_answering")
    positions = _sample(project, space)
    features = feature_store.gather(space, positions)
    rows = _typical(features, project.seed)
    proba = texts.zero_shot(features.take(rows))
    wanted = positions[rows].tolist()
    items = Item.objects.filter(project=project, position__in=wanted)
    by_position = {item.position: item for item in items}
    return [
        Said(by_position[position], labels[int(row.argmax())], float(row.max()))
        for position, row in zip(wanted, proba, strict=True)
        if position in by_position
    ]


def _sample(project: Project, space: FeatureSpace) -> NDArray[np.int64]:
    """Return positions of random items that are no audits, which nobody should see judged."""
    bound = audit_set.audit_threshold(project)
    rows = Item.objects.present(project).filter(position__lt=space.items, audit_key__gte=bound)
    found = rows.order_by("-audit_key").values_list("position", flat=True)[:SAMPLE]
    return np.fromiter(found, dtype=np.int64)


def _typical(features: Any, seed: int) -> NDArray[np.int64]:
    """Return the rows of a typical item of each of five clusters."""
    from selection.diversity import batch_diversity

    points = features.spread_block()
    rng = np.random.default_rng(seed)
    wanted = min(SHOWN, len(points))
    return np.asarray(batch_diversity.typical(points, wanted, points[:0], rng), dtype=np.int64)
