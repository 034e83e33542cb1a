"""Texts with their spans, as the maths of spans takes them.

A label is its number among those of the model, as text: ids differ where a project is moved to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator.models import Annotation, Disagreement, FeatureSpace, Project, Source
from annotator.pool import documents
from annotator.pool.audit_set import audit_frontier
from annotator.projectsettings.marking import OVERLAPPING_SPANS
from annotator.tasktypes.common_marks import most_marks
from annotator.tasktypes.marks import Mark, current

Spans = list[tuple[int, int, str]]


@dataclass(frozen=True)
class SpanSet:
    """Labelled texts (n) in order of position, with the spans that count, and which are audited."""

    positions: NDArray[np.int64]
    keys: NDArray[np.int64]
    audited: NDArray[np.bool_]
    texts: list[str]
    spans: list[Spans]

    def __len__(self) -> int:
        return len(self.texts)

    def counts(self, n_labels: int) -> list[int]:
        """Return in how many texts each label is."""
        said = [{span[2] for span in each} for each in self.spans]
        return [sum(key in each for each in said) for key in keys_of(n_labels)]

    def take(self, rows: Iterable[int]) -> tuple[list[str], list[Spans]]:
        """Return the texts and spans of some rows."""
        chosen = list(rows)
        return [self.texts[row] for row in chosen], [self.spans[row] for row in chosen]


def keys_of(n_labels: int) -> list[str]:
    """Return the keys of that many labels."""
    return [str(number) for number in range(n_labels)]


def load_span_set(project: Project, space: FeatureSpace, labels: Sequence[int]) -> SpanSet:
    """Return the labelled texts of `space` with the spans that most people marked.

    A lead's decision replaces them all; spans of a deleted label are left out.
    """
    rows = Annotation.objects.filter(
        project=project, counted=True, withdrawn_at=None, item__position__lt=space.items
    ).values_list("item__position", "item__audit_key", "source", "value")
    answers: dict[int, list[tuple[Any, bool]]] = {}
    keys: dict[int, int] = {}
    for position, key, source, value in rows.iterator(chunk_size=10_000):
        marks = current(project.merged_labels, value or ())
        answers.setdefault(position, []).append((marks, source != Source.SEED))
        keys[position] = key
    overlap = OVERLAPPING_SPANS.value(project)
    found = {position: most_marks(said, overlap) for position, said in answers.items()}
    found |= {at: marks for at, marks in _decided(project).items() if at in found}
    positions = np.array(sorted(found), dtype=np.int64)
    places = np.array([keys[at] for at in positions.tolist()], dtype=np.int64)
    known = dict(zip(labels, keys_of(len(labels)), strict=True))
    return SpanSet(
        positions,
        places,
        places <= audit_frontier(project),
        list(documents.documents_at(project, positions.tolist())),
        [_as_spans(found[at], known) for at in positions.tolist()],
    )


def _decided(project: Project) -> dict[int, list[Mark]]:
    rows = Disagreement.objects.filter(project=project, state=Disagreement.State.DECIDED)
    return {
        position: most_marks([(current(project.merged_labels, value or ()), True)])
        for position, value in rows.values_list("item__position", "decision__value")
    }


def _as_spans(marks: Iterable[Mark], known: Mapping[Any, str]) -> Spans:
    return [(mark.start, mark.end, known[mark.label]) for mark in marks if mark.label in known]


def as_refs(found: Iterable[Any], labels: Sequence[int]) -> list[list[int]]:
    """Return spans of the maths as references that are stored, to these labels."""
    return [[each.start, each.end, labels[int(each.label)]] for each in found]
