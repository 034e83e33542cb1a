"""Quality report: agreement, annotators, likely label errors.

Computed by a worker after each round, from the newest answers; every figure has its sample size
and, for an estimate, its 95 % interval.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.flow.features import encode
from annotator.flow.labels import naming
from annotator.flow.quality import (
    answer_table,
    consensus,
    label_errors,
    span_agreement,
    span_suspects,
    suggestion_bias,
)
from annotator.flow.quality.answer_table import AnswerTable
from annotator.flow.review import candidates, gold_items
from annotator.models import Project
from annotator.pool import training_set

if TYPE_CHECKING:
    from selection.models import LabelSpace

MOST_WEEKS = 26
MOST_PAIRS = 30


def build_report(project: Project) -> dict[str, Any]:
    """Return the report, and request reviews of the suspicious labels."""
    labels = naming.labels_of(project)
    keys = [label.pk for label in labels]
    answers = answer_table.of_project(project, keys)
    shared, classes = answers.shared(), training_set.label_space(project, len(keys))
    of_classes = tasktypes.of(project).answer.of_classes
    space = encode.current_space(project)
    known = None if space is None else training_set.load_training_set(project, space, keys)
    doubted: dict[str, Any] = {}
    if space is not None and not of_classes:
        doubted = span_suspects.find(project, space, labels)
    elif space is not None and known is not None:
        doubted = label_errors.find_label_errors(project, space, known, labels)
    if project.second_share > 0:
        found = label_errors.proposals(doubted) if doubted and of_classes else []
        candidates.request_reviews(project, [*found, *candidates.consistency_samples(project)])
    return {
        "answers": len(answers),
        "overlap": _overlap(shared, classes),
        "weeks": _by_week(shared, classes),
        "labels": _by_label(shared, keys),
        "pairs": _by_pair(shared, classes) if of_classes else [],
        "span_pairs": [] if of_classes else span_agreement.of_pairs(project),
        "others": _with_others(shared, classes),
        "consensus": _consensus(project, shared, known, keys, classes),
        "people": _paces(answers),
        "effect": suggestion_bias.of_suggestions(project),
        "gold": _scores(gold_items.gold_score(project), "right"),
        "drift": _scores(candidates.drift(project), "same"),
        "doubts": doubted,
    }


# Agreement ---------------------------------------------------------------------------------------


def _overlap(shared: AnswerTable, classes: "LabelSpace") -> dict[str, Any]:
    """Return the share of items with full agreement, and alpha, which corrects for chance.

    Alpha only for nominal answers: with multiple labels, one wrong label of five would count as
    five. Each label has its own there.
    """
    from selection.agreement import bootstrap
    from selection.core import intervals

    if not len(shared):
        return {}
    table = shared.table(shared.codes(classes))
    share = intervals.accuracy_interval(_all_agree(table))
    alpha = bootstrap.agreement_interval(table) if classes.is_nominal else None
    return {"share": _told(share), "alpha": _told(alpha)}


def _by_week(shared: AnswerTable, classes: "LabelSpace") -> list[dict[str, Any]]:
    """Return alpha of the latest weeks, by the day of an item's latest annotation.

    For answers that are not nominal, the share of items with full agreement.
    """
    from selection.agreement import bootstrap
    from selection.core import intervals

    found = []
    for week, rows in _weeks(shared):
        table = rows.table(rows.codes(classes))
        told = (
            bootstrap.agreement_interval(table)
            if classes.is_nominal
            else intervals.accuracy_interval(_all_agree(table))
        )
        if told is not None:
            found.append({"week": week, **asdict(told)})
    return found


def _weeks(shared: AnswerTable) -> Iterator[tuple[str, AnswerTable]]:
    """Yield the latest weeks, oldest first, with the annotations on each one's items."""
    items, inverse = np.unique(shared.items, return_inverse=True)
    latest = np.zeros(len(items), dtype=np.int64)
    np.maximum.at(latest, inverse, shared.days)
    weeks: dict[str, list[int]] = {}
    for row, day in enumerate(latest[inverse].tolist()):
        year, number, _day = date.fromordinal(day).isocalendar()
        weeks.setdefault(f"{year}-W{number:02d}", []).append(row)
    for week in sorted(weeks)[-MOST_WEEKS:]:
        yield week, shared.take(np.array(weeks[week], dtype=np.int64))


def _by_label(shared: AnswerTable, labels: list[int]) -> list[dict[str, Any]]:
    """Return for each label the agreement on whether it is given."""
    from selection.agreement import bootstrap

    found = []
    for column, label in enumerate(labels):
        given = shared.said[:, column]
        alpha = (
            bootstrap.agreement_interval(shared.table(given.astype(np.int64)))
            if given.any()
            else None
        )
        if alpha is not None:
            found.append({"label": label, **asdict(alpha)})
    return found


def _by_pair(shared: AnswerTable, classes: "LabelSpace") -> list[dict[str, Any]]:
    """Return Cohen's kappa of the pairs of annotators who share most items."""
    from selection.agreement import bootstrap

    table = shared.table(shared.codes(classes))
    people = np.unique(shared.people)
    answered = (table >= 0).astype(np.int64)
    both = answered.T @ answered
    pairs = sorted(combinations(range(len(people)), 2), key=lambda pair: -both[pair])
    found = []
    for a, b in pairs[:MOST_PAIRS]:
        kappa = bootstrap.agreement_interval(table[:, [a, b]], "cohen")
        if kappa is not None:
            found.append({"a": int(people[a]), "b": int(people[b]), **asdict(kappa)})
    return found


def _with_others(shared: AnswerTable, classes: "LabelSpace") -> list[dict[str, Any]]:
    """Return each annotator's agreement with others on the same items."""
    from selection.agreement import annotator_agreement

    codes = shared.codes(classes)
    said = np.flatnonzero(codes >= 0)
    each = annotator_agreement.agreement_of_each(
        shared.items[said], shared.people[said], codes[said]
    )
    return [{"user": person, **asdict(found)} for person, found in each.items()]


def _consensus(
    project: Project,
    shared: AnswerTable,
    known: training_set.TrainingSet | None,
    labels: list[int],
    classes: "LabelSpace",
) -> dict[str, Any]:
    """Return the reliabilities, and the items whose current label differs from the consensus."""
    if not classes.is_nominal:
        return {}
    codes = shared.codes(classes)
    found = consensus.find_consensus(shared.items, shared.people, codes, len(labels))
    if not found:
        return {}
    differing = consensus.against_today(project, found, known, labels) if known else []
    return {**found, "differing": differing}


def _all_agree(table: NDArray[np.int64]) -> NDArray[np.bool_]:
    largest = table.max(axis=1)
    least = np.where(table >= 0, table, np.iinfo(np.int64).max).min(axis=1)
    agree: NDArray[np.bool_] = (largest == least)[(table >= 0).sum(axis=1) >= 2]
    return agree


def _told(estimate: Any) -> dict[str, Any] | None:
    return None if estimate is None else asdict(estimate)


# Annotators ---------------------------------------------------------------------------------------


def _paces(found: AnswerTable) -> list[dict[str, Any]]:
    """Return each annotator's median seconds per item."""
    paces = []
    for user in np.unique(found.people):
        seconds = found.seconds[found.people == user]
        known = seconds[~np.isnan(seconds)]
        median = float(np.median(known)) if len(known) else None
        paces.append({"user": int(user), "n": len(known), "median": median})
    return paces


def _scores(scores: list[dict[str, Any]], right: str) -> list[dict[str, Any]]:
    """Return each annotator's score with its interval; `right` names the count of `n`."""
    from selection.core.intervals import binomial_interval

    found = []
    for score in scores:
        low, high = binomial_interval(score[right], score["n"])
        share = score[right] / score["n"]
        found.append(
            {"user": score["user"], "n": score["n"], "value": share, "low": low, "high": high}
        )
    return found
