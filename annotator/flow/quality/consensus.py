"""Consensus and annotator reliability by Dawid-Skene, estimated from the answers alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator.models import Item, Project
from annotator.pool import training_set

# Fewer items with two annotations say nothing about who is right.
LEAST_ITEMS = 10
# Items times users times labels: the worker holds several arrays of that size.
MOST_CELLS = 4_000_000
# A larger confusion matrix is unreadable, and would take megabytes to store.
MOST_LABELS = 12
MOST_PEOPLE = 50
CANDIDATES = 1_000
DIFFERING = 50
AT_ONCE = 500


def find_consensus(
    items: NDArray[np.int64],
    people: NDArray[np.int64],
    classes: NDArray[np.int64],
    n_classes: int,
) -> dict[str, Any]:
    """Return each annotator's reliability and confusion matrix; {} with too little data.

    `items` and `people` are the keys of the newest answers (m,) on shared items, `classes` their
    class, -1 for none. `differing` are items whose annotations differ from the most likely class,
    with that class and its probability; outvoted ones first, then the most certain.
    """
    from selection.agreement import annotator_agreement, consensus

    answered = classes >= 0
    keys, rows = np.unique(items[answered], return_inverse=True)
    who, columns = np.unique(people[answered], return_inverse=True)
    if len(who) < 2 or len(keys) < LEAST_ITEMS:
        return {}
    table = np.full((len(keys), len(who)), -1, dtype=np.int64)
    table[rows, columns] = classes[answered]
    most = max(MOST_CELLS // (len(who) * n_classes), LEAST_ITEMS)
    keys, table = keys[-most:], table[-most:]
    found = consensus.dawid_skene(table, n_classes)
    counts = annotator_agreement.confusions(table, found.proba)
    busiest = np.argsort(-counts.sum(axis=(1, 2)), kind="stable")[:MOST_PEOPLE]
    return {
        "items": len(table),
        "people": [
            _person(int(who[n]), counts[n], found.confusion[n]) for n in busiest if counts[n].any()
        ],
        "differing": _differing(keys, table, found.proba),
    }


def against_today(
    project: Project, found: dict[str, Any], known: training_set.TrainingSet, labels: Sequence[int]
) -> list[dict[str, Any]]:
    """Return the items whose consensus is not the current label, most certain first."""
    differing = found.get("differing", [])
    places = _places(project, [each["item"] for each in differing])
    today = {int(p): int(y) for p, y in zip(known.positions, known.y, strict=True)}
    rows = []
    for each in differing:
        counts = today.get(places.get(each["item"], -1))
        if counts is not None and counts != each["instead"]:
            rows.append({**each, "today": labels[counts], "instead": labels[each["instead"]]})
    return sorted(rows, key=lambda row: -row["proba"])[:DIFFERING]


def _person(
    user: int, counts: NDArray[np.float64], confusion: NDArray[np.float64]
) -> dict[str, Any]:
    from selection.agreement import annotator_agreement

    right = annotator_agreement.share_right(counts)
    assert right is not None
    ends = {"reliability": right.value, "low": right.low, "high": right.high}
    is_small = len(confusion) <= MOST_LABELS
    return {
        "user": user,
        "n": right.n,
        **{name: round(value, 4) for name, value in ends.items()},
        # Each row with the number of the user's answers that it rests on.
        "confusion": confusion.round(3).tolist() if is_small else [],
        "row_n": counts.sum(axis=1).round(1).tolist() if is_small else [],
    }


def _differing(
    keys: NDArray[np.int64], table: NDArray[np.int64], proba: NDArray[np.float64]
) -> list[dict[str, Any]]:
    likeliest = proba.argmax(axis=1)
    sure = proba.max(axis=1)
    rows = np.flatnonzero(((table >= 0) & (table != likeliest[:, None])).any(axis=1))
    # A strict majority for the most likely class is the current label, unless a lead decided
    # otherwise.
    order = rows[np.argsort(-sure[rows], kind="stable")]
    votes = (table[order] == likeliest[order, None]).sum(axis=1)
    outvoted = 2 * votes <= (table[order] >= 0).sum(axis=1)
    return [
        {"item": int(keys[n]), "instead": int(likeliest[n]), "proba": round(float(sure[n]), 3)}
        for n in np.concatenate([order[outvoted], order[~outvoted]])[:CANDIDATES]
    ]


def _places(project: Project, items: list[int]) -> dict[int, int]:
    places: dict[int, int] = {}
    for start in range(0, len(items), AT_ONCE):
        few = Item.objects.filter(project=project, pk__in=items[start : start + AT_ONCE])
        places |= dict(few.values_list("pk", "position"))
    return places
