"""The training set: labelled rows and their targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from django.db.models import F, Sum
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.models import (
    Annotation,
    Disagreement,
    FeatureSpace,
    Project,
    Source,
    Tally,
)
from annotator.pool.audit_set import audit_frontier

if TYPE_CHECKING:
    from selection.models import LabelSpace


def label_space(project: Project, n_classes: int) -> "LabelSpace":
    """Return the label space of the project over `n_classes` classes."""
    return tasktypes.of(project).answer.label_space(n_classes)


@dataclass(frozen=True)
class TrainingSet:
    """Labelled items (n rows) with their targets `y`, in the shape of their `label_space`."""

    positions: NDArray[np.int64]
    y: NDArray[np.int64]
    keys: NDArray[np.int64]
    audited: NDArray[np.bool_]
    label_space: "LabelSpace"

    @property
    def classes_seen(self) -> int:
        """Return the number of classes with at least one example."""
        return len(self.label_space.classes_seen(self.y))

    @property
    def is_trainable(self) -> bool:
        """Return whether a model can be fitted on these classes."""
        return self.label_space.is_trainable(self.classes_seen)

    def __len__(self) -> int:
        return len(self.positions)


def load_training_set(
    project: Project, space: FeatureSpace, label_ids: Sequence[int]
) -> TrainingSet:
    """Return the labelled items of `space`, in order of position.

    With several annotations, the majority counts. In a tie, an annotator's answer precedes a seed
    label; then the label that comes first in the project. A lead's decision replaces them all.
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
    # After the audit share was raised, the reserve can contain items confirmed in bulk.
    alone = ~np.isin(positions, np.fromiter(in_bulk, dtype=np.int64))
    audited = alone & (places <= audit_frontier(project))
    counts = np.array([votes[p] for p in positions], np.int64).reshape(-1, 2, len(label_ids))
    asked = [(len(answers[p]), sum(answers[p].values())) for p in positions]
    answer_space = label_space(project, len(label_ids))
    y, settled = answer_space.majority(counts, np.array(asked, np.int64).reshape(-1, 2))
    # An annotation whose labels were all deleted teaches nothing.
    return TrainingSet(
        positions[settled], y[settled], places[settled], audited[settled], answer_space
    )


def _decided(project: Project, column: dict[int, int]) -> dict[int, NDArray[np.int64]]:
    """Return the decided labels (C,) of 0 and 1 by position."""
    rows = Disagreement.objects.filter(project=project, state=Disagreement.State.DECIDED)
    found: dict[int, NDArray[np.int64]] = {}
    for position, label in rows.values_list("item__position", "decision__given__label_id"):
        given = found.setdefault(position, np.zeros(len(column), np.int64))
        if label in column:
            given[column[label]] = 1
    return found


def label_revision(project: Project) -> int:
    """Return a number that grows with every label given, corrected, withdrawn or removed."""
    total = Tally.objects.filter(project=project).aggregate(n=Sum(F("labels") + 2 * F("changes")))
    return (total["n"] or 0) + project.removed_changes
