"""One record an item: the label that counts, where it comes from, and who said what."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from annotator import tasktypes
from annotator.flow.annotation import adjudicate
from annotator.flow.datasets.outgoing import choices
from annotator.flow.datasets.outgoing.choices import Choices
from annotator.flow.datasets.outgoing.records import (
    About,
    by_others,
    grouped,
    of_item,
    prediction,
    said,
)
from annotator.flow.labels import naming
from annotator.models import Annotation, Item, Lease, Project, Source
from annotator.pool import training_set
from annotator.projectsettings.marking import OVERLAPPING_SPANS
from annotator.tasktypes.common_marks import most_marks
from annotator.tasktypes.marks import labels_of

CHUNK = 500
OF_ANSWER = ("labels", "annotator", "counted", "seconds", "unsure", "note")
SINGLE, CONSENSUS, ADJUDICATION = "single", "consensus", "adjudication"


def records(about: About, wanted: Choices) -> Iterator[dict[str, Any]]:
    """Yield one record per item that was chosen, in the order of their ids."""
    rows, last = choices.items(about.project, wanted).order_by("pk"), 0
    names = set(naming.names(about.project, wanted.label))
    while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        for each in _of_chunk(about, wanted, chunk):
            if not names or names & set(labels_of(each["labels"])):
                yield each


def _of_chunk(about: About, wanted: Choices, items: Sequence[Item]) -> Iterator[dict[str, Any]]:
    keys = [item.pk for item in items]
    counted = by_item(full(Annotation.objects.filter(item__in=keys, **COUNTS)))
    shown = by_item(full(choices.answers(about.project, wanted).filter(item__in=keys)))
    skips = _skips(about.project, wanted, keys)
    found = resolved(about.project, keys, counted)
    for item in items:
        yield record(about, item, found.get(item.pk), shown.get(item.pk, ()), skips)


COUNTS = {"counted": True, "withdrawn_at": None}


def record(
    about: About,
    item: Item,
    resolved: tuple[list[Any], str] | None = None,
    answers: Sequence[Annotation] = (),
    skips: Any = None,
) -> dict[str, Any]:
    """Return the record of an item."""
    labels, by = resolved or ([], None)
    project = about.project
    return {
        **of_item(project, item),
        "labels": labels,
        **grouped(project, labels),
        "resolved_by": by,
        "agreed": _agree(project, answers),
        "answers": [_answer(project, each) for each in answers],
        "skips": (skips or {}).get(item.pk, []),
        "suggestion": naming.named(project, item.suggested),
        "judged": about.audits.of(item.position),
        **prediction(about, item),
    }


def full(answers: Any) -> Any:
    answers = answers.select_related("user", "corrected_by").prefetch_related(
        "given__label", "revisions"
    )
    return answers.order_by("item_id", "pk")


def by_item(answers: Any) -> dict[int, list[Annotation]]:
    return {key: list(rows) for key, rows in groupby(answers, key=lambda each: each.item_id)}


def _answer(project: Project, annotation: Annotation) -> dict[str, Any]:
    told = said(project, annotation)
    return {
        "id": annotation.pk,
        **{name: told[name] for name in OF_ANSWER},
        "source": annotation.source,
        "created_at": annotation.created_at,
        "updated_at": annotation.updated_at,
        "withdrawn_at": annotation.withdrawn_at,
        **by_others(project, annotation),
    }


def _skips(project: Project, wanted: Choices, keys: Sequence[int]) -> dict[int, list[Any]]:
    if "skipped" not in wanted.include:
        return {}
    rows = choices.skips(project, wanted).filter(item__in=keys).select_related("user")
    found: dict[int, list[Any]] = {}
    for lease in rows.order_by("ended_at", "pk"):
        found.setdefault(lease.item_id, []).append(_skip(lease))
    return found


def _skip(lease: Lease) -> dict[str, Any]:
    return {"annotator": lease.user.username, "reason": lease.reason, "at": lease.ended_at}


# The label that counts ----------------------------------------------------------------------------


def _agree(project: Project, answers: Sequence[Annotation]) -> bool | None:
    """Return whether all answers agree; None without an answer that stands."""
    said = [_refs(project, each) for each in answers if each.withdrawn_at is None]
    return all(each == said[0] for each in said) if said else None


def _refs(project: Project, annotation: Annotation) -> frozenset[Any]:
    if annotation.value is not None:
        return frozenset(naming.current(project, annotation.value))
    return frozenset(each.label_id for each in annotation.given.all())


def resolved(
    project: Project, keys: Sequence[int], counted: dict[int, list[Annotation]]
) -> dict[int, tuple[list[Any], str]]:
    """Return the labels that count, as the model is trained on them, and where they come from."""
    of_classes = tasktypes.of(project).answer.of_classes
    found = _majority(project, counted) if of_classes else _common(project, counted)
    for key, names in adjudicate.decided(project, keys).items():
        found[key] = (names, ADJUDICATION)
    return found


def _common(
    project: Project, counted: dict[int, list[Annotation]]
) -> dict[int, tuple[list[Any], str]]:
    """Return the marks that most people made, in order."""
    overlap = OVERLAPPING_SPANS.value(project)
    found = {}
    for key, answers in counted.items():
        said = [
            (naming.current(project, each.value or ()), each.source != Source.SEED)
            for each in answers
        ]
        marks = most_marks(said, overlap)
        by = SINGLE if len(answers) == 1 else CONSENSUS
        found[key] = (naming.names(project, marks), by)
    return found


def _majority(
    project: Project, counted: dict[int, list[Annotation]]
) -> dict[int, tuple[list[Any], str]]:
    labels = naming.labels_of(project)
    column = {label.pk: number for number, label in enumerate(labels)}
    votes = np.zeros((len(counted), 2, len(labels)), dtype=np.int64)
    voters = np.zeros((len(counted), 2), dtype=np.int64)
    for row, answers in enumerate(counted.values()):
        for each in answers:
            weight = np.array([1, each.source != Source.SEED])
            voters[row] += weight
            for ref in _refs(project, each):
                votes[row, :, column[ref]] += weight
    if not counted:
        return {}
    space = training_set.label_space(project, len(labels))
    y, is_settled = space.majority(votes, voters)
    given = space.indicator(y)
    found = {}
    for row, (key, answers) in enumerate(counted.items()):
        if is_settled[row]:
            names = [label.name for label, is_it in zip(labels, given[row], strict=True) if is_it]
            found[key] = (names, SINGLE if len(answers) == 1 else CONSENSUS)
    return found
