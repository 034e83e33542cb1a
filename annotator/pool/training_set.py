"""The training set: labelled rows and their targets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from django.db.models import F, Sum
from numpy.typing import NDArray

from annotator.models import (
    Annotation,
    Disagreement,
    FeatureSpace,
    Project,
    Source,
    Tally,
)

if TYPE_CHECKING:
    pass
from annotator.pool.audit_set import audit_frontier


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


def work_done(project: Project) -> int:
    """Return a number that grows with every label that is given, corrected or withdrawn."""
    total = Tally.objects.filter(project=project).aggregate(n=Sum(F("labels") + 2 * F("changes")))
    return total["n"] or 0
