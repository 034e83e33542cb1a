"""Whom and what to trust: how far people agree, who is how steady, which labels are in doubt.

Reckoned by a worker after each round, from the newest answers; every number comes with what it
rests on and, where it is an estimate, with its 95 % interval.
"""

from dataclasses import asdict
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from annotator import pool
from annotator.flow import checks, featurise, opinions, second
from annotator.flow.opinions import Opinions
from annotator.models import LOOKS, Annotation, Project, SecondLook, Source

MOST_WEEKS = 26
MOST_PAIRS = 30
MOST_SUSPECTS = 200
# So many labelled items are judged out of fold; five fits of more would hold the rounds up.
MOST_JUDGED = 5_000
FEWEST_JUDGED = 20
# Somebody who went for coffee did not think about the item for so long.
LONGEST_SECONDS = 600.0
MOST_COMPARED = 50_000
DOUBTED = gettext_noop("The model, which did not learn from it, strongly doubts this label.")


def report(project: Project) -> dict[str, Any]:
    """Return all of it, and have the labels in doubt asked a second time."""
    labels = list(project.labels.values_list("pk", flat=True))
    found = opinions.of_project(project, labels)
    shared = found.shared()
    suspects = _suspects(project, labels)
    if project.second_share > 0:
        second.propose(project, [*map(_as_doubt, suspects), *second.repeats(project)])
    return {
        "answers": len(found),
        "overlap": _overlap(shared, project.multi_label),
        "weeks": _by_week(shared, project.multi_label),
        "labels": _by_label(shared, labels),
        "pairs": _by_pair(shared, project.multi_label),
        "consensus": {} if project.multi_label else _consensus(shared, len(labels)),
        "people": _paces(found),
        "effect": _effect(project),
        "gold": _gold(project),
        "drift": second.drift(project),
        "suspects": suspects,
    }


# Agreement ---------------------------------------------------------------------------------------


def _overlap(shared: Opinions, several: bool) -> dict[str, Any]:
    """Return in how many items people agree altogether, and their alpha beyond chance."""
    from selection import estimate, resampled

    if not len(shared):
        return {}
    table = shared.table(_classes(shared, several))
    share = estimate.accuracy(_all_agree(table))
    alpha = resampled.alpha(table)
    return {"share": _told(share), "alpha": _told(alpha)}


def _by_week(shared: Opinions, several: bool) -> list[dict[str, Any]]:
    """Return alpha for each of the latest weeks, by the day of an item's latest opinion."""
    from selection import resampled

    weeks: dict[str, list[int]] = {}
    _items, inverse = np.unique(shared.items, return_inverse=True)
    latest = np.zeros(len(_items), dtype=np.int64)
    np.maximum.at(latest, inverse, shared.days)
    for row, day in enumerate(latest[inverse].tolist()):
        year, number, _day = date.fromordinal(day).isocalendar()
        weeks.setdefault(f"{year}-W{number:02d}", []).append(row)
    found = []
    for week in sorted(weeks)[-MOST_WEEKS:]:
        rows = shared.take(np.array(weeks[week], dtype=np.int64))
        alpha = resampled.alpha(rows.table(_classes(rows, several)))
        if alpha is not None:
            found.append({"week": week, **asdict(alpha)})
    return found


def _by_label(shared: Opinions, labels: list[int]) -> list[dict[str, Any]]:
    """Return for each label how far people agree on whether it is given."""
    from selection import resampled

    found = []
    for column, label in enumerate(labels):
        given = shared.said[:, column]
        alpha = resampled.alpha(shared.table(given.astype(np.int64))) if given.any() else None
        if alpha is not None:
            found.append({"label": label, **asdict(alpha)})
    return found


def _by_pair(shared: Opinions, several: bool) -> list[dict[str, Any]]:
    """Return Cohen's kappa of the pairs of people who share most items."""
    from selection import resampled

    table, people = shared.table(_classes(shared, several)), np.unique(shared.people)
    answered = (table >= 0).astype(np.int64)
    both = answered.T @ answered
    pairs = sorted(combinations(range(len(people)), 2), key=lambda pair: -both[pair])
    found = []
    for a, b in pairs[:MOST_PAIRS]:
        kappa = resampled.kappa(table[:, a], table[:, b])
        if kappa is not None:
            found.append({"a": int(people[a]), "b": int(people[b]), **asdict(kappa)})
    return found


def _consensus(shared: Opinions, n_classes: int) -> dict[str, Any]:
    """Return how reliable each person is by Dawid and Skene, and what they say for what."""
    from selection import agreement

    people = np.unique(shared.people)
    if len(people) < 2:
        return {}
    found = agreement.dawid_skene(shared.table(_classes(shared, several=False)), n_classes)
    answered = {int(p): int((shared.people == p).sum()) for p in people}
    return {
        "people": [
            {
                "user": int(user),
                "n": answered[int(user)],
                "reliability": round(float(reliability), 4),
                "confusion": np.round(confusion, 3).tolist(),
            }
            for user, reliability, confusion in zip(
                people, found.reliability, found.confusion, strict=True
            )
        ],
    }


def _classes(found: Opinions, several: bool) -> NDArray[np.int64]:
    """Return one number for each answer; with several labels, one for each combination."""
    if several:
        _answers, classes = np.unique(found.said, axis=0, return_inverse=True)
        return np.asarray(classes, dtype=np.int64).reshape(-1)
    # An answer whose label is no more is none.
    return np.where(found.said.any(axis=1), found.said.argmax(axis=1), -1)


def _all_agree(table: NDArray[np.int64]) -> NDArray[np.bool_]:
    largest = table.max(axis=1)
    least = np.where(table >= 0, table, np.iinfo(np.int64).max).min(axis=1)
    return (largest == least)[(table >= 0).sum(axis=1) >= 2]


def _told(estimate: Any) -> dict[str, Any] | None:
    return None if estimate is None else asdict(estimate)


# People ------------------------------------------------------------------------------------------


def _paces(found: Opinions) -> list[dict[str, Any]]:
    """Return each person's median seconds an item, outliers capped."""
    paces = []
    for user in np.unique(found.people):
        seconds = found.seconds[found.people == user]
        known = np.minimum(seconds[~np.isnan(seconds)], LONGEST_SECONDS)
        median = float(np.median(known)) if len(known) else None
        paces.append({"user": int(user), "n": len(known), "median": median})
    return paces


def _gold(project: Project) -> list[dict[str, Any]]:
    """Return each person's score on hidden checks, with its interval."""
    from selection.estimate import binomial_interval

    scores = []
    for score in checks.gold_score(project):
        low, high = binomial_interval(score["right"], score["n"])
        scores.append({**score, "low": low, "high": high})
    return scores


def _effect(project: Project) -> dict[str, Any]:
    """Return how much more often people say what was suggested when they see it.

    Which of the strategy's items were served blind was drawn at random, so that nothing but the
    sight of the suggestion tells the two groups apart.
    """
    from selection import performance

    answers = Annotation.objects.filter(
        project=project, source=Source.ACTIVE, suggestion__isnull=False, withdrawn_at=None
    ).prefetch_related("given__label")
    counts = {True: [0, 0], False: [0, 0]}
    for answer in answers.order_by("-id")[:MOST_COMPARED].iterator(2000):
        said = {each.label.name for each in answer.given.all()}
        counts[answer.blind][0] += said == set((answer.suggestion or {}).get("labels", []))
        counts[answer.blind][1] += 1
    found = performance.contrast(*counts[False], *counts[True])
    if found is None:
        return {}
    return {**asdict(found), "shown": counts[False], "blind": counts[True]}


# Labels in doubt ---------------------------------------------------------------------------------


def _suspects(project: Project, labels: list[int]) -> list[dict[str, Any]]:
    """Return the answers that a model which did not learn from them doubts most."""
    from selection import agreement, models

    space = featurise.current_space(project)
    if space is None or project.multi_label:
        return []
    known = pool.labelled(project, space, labels)
    rows = np.arange(len(known))
    if len(rows) > MOST_JUDGED:
        drawn = np.random.default_rng(len(known)).choice(len(rows), MOST_JUDGED, replace=False)
        rows = np.sort(drawn)
    y = known.y[rows]
    if len(y) < FEWEST_JUDGED or len(np.unique(y)) < 2:
        return []
    features = pool.gather(space, known.positions[rows])
    everything = np.ones(len(y), dtype=bool)
    proba = models.cross_fit(features, y, everything, len(labels), seed=project.seed)
    found = agreement.suspects(y, proba)
    doubted = [
        (int(known.positions[rows[row]]), labels[y[row]], labels[instead], round(float(score), 4))
        for row, score, instead in zip(found.rows, found.scores, found.instead, strict=True)
    ]
    return _answers_of(project, doubted[:MOST_SUSPECTS])


def _answers_of(
    project: Project, doubted: list[tuple[int, int, int, float]]
) -> list[dict[str, Any]]:
    """Return the doubted labels with the answer that gave each, the most doubtful first."""
    answers = Annotation.objects.filter(
        project=project,
        withdrawn_at=None,
        counted=True,
        item__position__in=[position for position, *_rest in doubted],
    ).exclude(source__in=LOOKS)
    of_label = {
        (position, label): (pk, item)
        for pk, item, position, label in answers.order_by("-id").values_list(
            "pk", "item_id", "item__position", "given__label_id"
        )
    }
    return [
        {
            "annotation": of_label[position, given][0],
            "item": of_label[position, given][1],
            "given": given,
            "instead": instead,
            "score": score,
        }
        for position, given, instead, score in doubted
        if (position, given) in of_label
    ]


def _as_doubt(suspect: dict[str, Any]) -> second.Doubt:
    kind = SecondLook.Kind.SUSPECT
    return second.Doubt(suspect["annotation"], kind, suspect["score"], DOUBTED)
