"""Likely label errors: doubted by a cross-validated model, or contradicted by near-duplicates.

Audit items and the audit reserve are excluded: re-checking only the items that the model disagrees
with would bias them towards the model and inflate accuracy.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotator.flow.labels import naming
from annotator.flow.review.candidates import ReviewCandidate
from annotator.i18n import stored_texts
from annotator.models import REVIEW_SOURCES, Annotation, FeatureSpace, Label, Project, ReviewRequest
from annotator.pool import audit_set, feature_store, label_texts, training_set

if TYPE_CHECKING:
    from selection.features import Features
    from selection.models.label_texts import LabelTexts

# With fewer labels, a model is too weak to doubt others.
FEWEST = 20
# Five fits on more would delay the next round too long.
JUDGED = 5_000
COMPARED = 5_000
MOST = 200


@dataclass(frozen=True)
class LabelIssue:
    """A suspicious item: its position, the given classes and the suggested ones."""

    position: int
    kind: str
    score: float
    given: list[int]
    instead: list[int]
    why: str
    # The group of near-duplicates that contradict each other.
    group: int | None = None


def find_label_errors(
    project: Project, space: FeatureSpace, known: training_set.TrainingSet, labels: Sequence[Label]
) -> Any:
    """Return suspicious labels by kind, worst first, and how many were `judged`.

    Each with the `annotations` that gave the label, its `item`, and the label keys.
    """
    names = [naming.mark(label) for label in labels]
    free = _free(project, known)
    texts = label_texts.find(space, labels)
    suspects = _suspects(project, space, known, names, free, texts)
    copies = _contradictions(space, _rows(known, np.flatnonzero(free)[-COMPARED:]))
    keys = [label.pk for label in labels]
    kinds = ReviewRequest.Kind
    return {
        "judged": min(int(free.sum()), JUDGED)
        if len(known) >= FEWEST and known.is_trainable
        else 0,
        "compared": min(int(free.sum()), COMPARED),
        kinds.SUSPECT.value: _with_answers(project, suspects[:MOST], keys),
        kinds.CONTRADICTION.value: _with_answers(project, copies[:MOST], keys),
    }


def proposals(found: dict[str, Any]) -> list[ReviewCandidate]:
    """Return the likely errors as review requests, one per annotation with a label."""
    return [
        ReviewCandidate(pk, kind, row["score"], row["why"], row["instead"])
        for kind in (ReviewRequest.Kind.SUSPECT.value, ReviewRequest.Kind.CONTRADICTION.value)
        for row in found[kind]
        if row["instead"] or kind == ReviewRequest.Kind.SUSPECT.value
        for pk in row["annotations"]
    ]


def _free(project: Project, known: training_set.TrainingSet) -> NDArray[np.bool_]:
    """Return which items neither are nor can become audits."""
    return np.asarray(~known.audited & (known.keys >= audit_set.audit_threshold(project)))


def _rows(known: training_set.TrainingSet, rows: NDArray[np.int64]) -> training_set.TrainingSet:
    fields = ("positions", "y", "keys", "audited")
    return replace(known, **{name: getattr(known, name)[rows] for name in fields})


def _classes(known: training_set.TrainingSet, row: int) -> list[int]:
    given: list[int] = np.flatnonzero(known.label_space.indicator(known.y[[row]])[0]).tolist()
    return given


# Doubted by the model -----------------------------------------------------------------------------


def _suspects(
    project: Project,
    space: FeatureSpace,
    known: training_set.TrainingSet,
    names: list[str],
    free: NDArray[np.bool_],
    texts: "LabelTexts | None",
) -> list[LabelIssue]:
    from selection.models import logistic

    if len(known) < FEWEST or not known.is_trainable:
        return []
    newest = np.arange(len(known))[-JUDGED:]
    known, free = _rows(known, newest), free[newest]
    proba = logistic.cross_fit(
        feature_store.gather(space, known.positions),
        known.y,
        np.ones(len(known), dtype=np.bool_),
        known.label_space,
        seed=project.seed,
        texts=texts,
    )
    doubt = _of_one if known.label_space.is_nominal else _of_several
    return [each for row, each in doubt(known, proba, names) if free[row]]


def _of_one(
    known: training_set.TrainingSet, proba: NDArray[Any], names: list[str]
) -> list[tuple[int, LabelIssue]]:
    from selection.agreement import coefficients

    found = []
    for row, score, instead in zip(*coefficients.suspects(known.y, proba), strict=True):
        given = int(known.y[row])
        why = stored_texts.PREDICTS_ANOTHER % {
            "instead": names[instead],
            "sure": round(100 * float(proba[row, instead])),
            "given": names[given],
            "left": round(100 * float(proba[row, given])),
        }
        found.append((int(row), _suspect(known, row, score, [int(instead)], why)))
    return found


def _of_several(
    known: training_set.TrainingSet, proba: NDArray[Any], names: list[str]
) -> list[tuple[int, LabelIssue]]:
    """Judge each label separately; report the worst one of an item."""
    worst: dict[int, tuple[float, int]] = {}
    for column in range(known.y.shape[1]):
        for row, score in _of_label(known.y[:, column], proba[:, column]):
            worst[row] = max(worst.get(row, (0.0, 0)), (score, column))
    found = []
    for row, (score, column) in sorted(worst.items(), key=lambda each: (-each[1][0], each[0])):
        given = _classes(known, row)
        words = stored_texts.PREDICTS_NOT if column in given else stored_texts.PREDICTS_TOO
        why = words % {"label": names[column], "sure": round(100 * float(proba[row, column]))}
        found.append((row, _suspect(known, row, score, sorted({*given} ^ {column}), why)))
    return found


def _of_label(given: NDArray[np.int64], yes: NDArray[Any]) -> list[tuple[int, float]]:
    from selection.agreement import coefficients

    found = coefficients.suspects(given, np.stack([1 - yes, yes], axis=1))
    return [(int(row), float(score)) for row, score in zip(found.rows, found.scores, strict=True)]


def _suspect(
    known: training_set.TrainingSet, row: int, score: float, instead: list[int], why: str
) -> LabelIssue:
    return LabelIssue(
        int(known.positions[row]),
        ReviewRequest.Kind.SUSPECT,
        round(float(score), 4),
        _classes(known, row),
        instead,
        why,
    )


# Contradicted by near-duplicates ------------------------------------------------------------------


def _contradictions(space: FeatureSpace, known: training_set.TrainingSet) -> list[LabelIssue]:
    if len(known) < 2:
        return []
    found = contradicting(feature_store.gather(space, known.positions), known)
    return sorted(found, key=lambda each: (-each.score, each.position))


def contradicting(features: "Features", known: training_set.TrainingSet) -> list[LabelIssue]:
    """Return near-duplicates whose label differs from the majority of their group.

    The score is the share of the others with a different label; in a tie, all are suspicious.
    """
    from selection.diversity.near_duplicates import group_duplicates

    points = features.spread_block()
    if not points.shape[1]:
        return []
    groups = group_duplicates(points, np.arange(len(known)))
    numbers, sizes = np.unique(groups, return_counts=True)
    found = []
    for group in numbers[sizes > 1]:
        members = np.flatnonzero(groups == group)
        found += _otherwise(known, members, int(group))
    return found


def _otherwise(
    known: training_set.TrainingSet, members: NDArray[np.int64], group: int
) -> list[LabelIssue]:
    said = [_classes(known, row) for row in members]
    found = []
    for row, given in zip(members, said, strict=True):
        others = [each for each in said if each != given]
        if 2 * len(others) < len(said):
            continue
        instead = max(others, key=lambda each: (others.count(each), [-n for n in each]))
        score = round(len(others) / len(said), 4)
        kind, position = ReviewRequest.Kind.CONTRADICTION, int(known.positions[row])
        found.append(
            LabelIssue(position, kind, score, given, instead, stored_texts.COPY_DIFFERS, group)
        )
    return found


# Annotations behind the labels --------------------------------------------------------------------


def _with_answers(
    project: Project, suspects: list[LabelIssue], keys: list[int]
) -> list[dict[str, Any]]:
    """Return the issues as they are stored, with the annotations that gave the label."""
    said: dict[int, dict[int, set[int]]] = {}
    items: dict[int, int] = {}
    answers = Annotation.objects.filter(
        project=project,
        withdrawn_at=None,
        counted=True,
        item__position__in=[each.position for each in suspects],
    ).exclude(source__in=REVIEW_SOURCES)
    fields = ("pk", "item_id", "item__position", "given__label_id")
    for pk, item, position, label in answers.order_by("pk").values_list(*fields):
        said.setdefault(position, {}).setdefault(pk, set()).update(() if label is None else [label])
        items[position] = item
    rows = []
    for each in suspects:
        given = {keys[column] for column in each.given}
        gave = [pk for pk, labels in said.get(each.position, {}).items() if labels == given]
        if gave:
            rows.append(_kept(each, items[each.position], gave, keys))
    return rows


def _kept(each: LabelIssue, item: int, gave: list[int], keys: list[int]) -> dict[str, Any]:
    return {
        "item": item,
        "annotations": gave,
        "given": [keys[column] for column in each.given],
        "instead": [keys[column] for column in each.instead],
        "score": each.score,
        "why": each.why,
        **({} if each.group is None else {"group": each.group}),
    }
