"""Answer tables for agreement: items by annotators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.flow.labels import naming
from annotator.flow.progress import daily_counts
from annotator.flow.review import corrections
from annotator.models import Annotation, AnnotationLabel, Project, Source
from annotator.tasktypes.marks import labels_of

if TYPE_CHECKING:
    from selection.models import LabelSpace

# The number of newest answers used; all of a large project would block a worker in every round.
MOST_ANSWERS = 200_000
# Re-annotation by the same user is not a second opinion, and bulk confirmation does not inspect
# items one by one.
LEFT_OUT = (Source.REPEAT, Source.BULK)


@dataclass(frozen=True)
class AnswerTable:
    """One row per answer: keys of item and user, day, and `said` (n, C) of booleans.

    `seconds` is the counted time of the answer. Where the answer is more than its labels, `marked`
    (n,) numbers those that are the same.
    """

    items: NDArray[np.int64]
    people: NDArray[np.int64]
    seconds: NDArray[np.float64]
    days: NDArray[np.int64]
    said: NDArray[np.bool_]
    marked: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.items)

    def shared(self) -> "AnswerTable":
        """Return the answers on items with at least two annotators."""
        _items, inverse, counts = np.unique(self.items, return_inverse=True, return_counts=True)
        return self.take(np.flatnonzero(counts[inverse] >= 2))

    def take(self, rows: NDArray[np.int64]) -> "AnswerTable":
        """Return these rows, in that order."""
        return AnswerTable(
            self.items[rows],
            self.people[rows],
            self.seconds[rows],
            self.days[rows],
            self.said[rows],
            None if self.marked is None else self.marked[rows],
        )

    def codes(self, classes: "LabelSpace") -> NDArray[np.int64]:
        """Return a number (n,) for each answer: the same one for the same answer."""
        return classes.answer_codes(self.said) if self.marked is None else self.marked

    def table(self, classes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return `classes` (n,) of the answers as (items, users), -1 where there is none."""
        _items, rows = np.unique(self.items, return_inverse=True)
        people, columns = np.unique(self.people, return_inverse=True)
        found = np.full((len(_items), len(people)), -1, dtype=np.int64)
        found[rows, columns] = classes
        return found


def of_project(project: Project, labels: Sequence[int]) -> AnswerTable:
    """Return the newest valid answers as people gave them, with a column for each of `labels`."""
    rows = Annotation.objects.filter(project=project, withdrawn_at=None, user__isnull=False)
    # Imported seed labels have no annotator; those given after a search have.
    imported = Q(source=Source.SEED) & ~Q(strategy="search")
    rows = rows.exclude(Q(source__in=LEFT_OUT) | imported).order_by("-id")
    fields = rows.values_list(
        "id", "item_id", "user_id", daily_counts.COUNTED_SECONDS, "created_at", "corrected_by"
    )
    found = list(fields[:MOST_ANSWERS])
    place = {row[0]: n for n, row in enumerate(found)}
    said = np.zeros((len(found), len(labels)), dtype=bool)
    column = {label: n for n, label in enumerate(labels)}
    first = min(place, default=0)
    given = AnnotationLabel.objects.filter(annotation__project=project, annotation_id__gte=first)
    for annotation, label in given.values_list("annotation_id", "label_id").iterator(20_000):
        if annotation in place and label in column:
            said[place[annotation], column[label]] = True
    # About people, what they said themselves counts, not what a lead made of it.
    before = corrections.of_keys([row[0] for row in found if row[5]])
    for annotation, own in before.items():
        now = set(labels_of(naming.current(project, own)))
        said[place[annotation]] = [label in now for label in labels]
    of_classes = tasktypes.of(project).answer.of_classes
    return AnswerTable(
        np.array([row[1] for row in found], dtype=np.int64),
        np.array([row[2] for row in found], dtype=np.int64),
        np.array([np.nan if row[3] is None else row[3] for row in found], dtype=np.float64),
        np.array([row[4].toordinal() for row in found], dtype=np.int64),
        said,
        None if of_classes else _marked(project, list(place), before),
    )


def _marked(project: Project, keys: Sequence[int], before: Mapping[int, Any]) -> NDArray[np.int64]:
    """Return a number for each answer, the same for the same marks in whatever order."""
    rows = Annotation.objects.filter(project=project, pk__gte=min(keys, default=0))
    values: dict[int, Any] = dict(rows.values_list("pk", "value").iterator(chunk_size=20_000))
    values.update(before)
    numbers: dict[frozenset[Any], int] = {}
    said = (frozenset(naming.current(project, values.get(key) or ())) for key in keys)
    return np.array([numbers.setdefault(each, len(numbers)) for each in said], dtype=np.int64)
