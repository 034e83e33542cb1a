"""The maths library as others call it: its names, their arguments, their numbers, and the picks.

The numbers were computed once. `tests/selection` tells why they are right; here they only stay.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from selection import agreement, diversity, scores, strategies
from selection.models import LabelSpace, MultiLabel, SingleLabel
from selection.strategies.candidates import Candidates
from tests.contract import snapshots

# What follows these arguments may change.
CALLED: dict[str, dict[str, list[str]]] = {
    "scores": {
        "least_confident": ["proba"],
        "margin": ["proba"],
        "entropy": ["proba"],
        "vote_entropy": ["votes", "n_classes"],
        "bald": ["proba"],
        "expected_model_change": ["proba", "features"],
    },
    "diversity": {
        "k_center": ["features", "k", "existing", "rng"],
        "kmeans_pp": ["features", "k", "existing", "rng"],
        "badge": ["proba", "features", "k", "rng"],
    },
    "agreement": {
        "cohen_kappa": ["a", "b"],
        "krippendorff_alpha": ["answers"],
        "dawid_skene": ["answers", "n_classes"],
    },
}
MODULES = {"scores": scores, "diversity": diversity, "agreement": agreement}
PROBA = [[0.7, 0.2, 0.1], [0.4, 0.35, 0.25], [0.05, 0.05, 0.9]]
POINTS = [[0.0, 0.0], [1.0, 0.5], [9.0, 7.0]]
ANSWERS = [[0, 0, -1], [1, 1, 1], [0, 1, 0], [2, 2, -1], [1, 1, 2], [0, 0, 0]]
N, K, GROUPS, CLASSES = 90, 8, 6, 3


def rounded(found: Any) -> Any:
    """Return plain numbers with as many digits as processors agree on."""
    return np.round(np.asarray(found, dtype=float), 9).tolist()


@pytest.mark.parametrize("module", CALLED)
def test_names_and_arguments_stay(module: Any) -> None:
    for name, expected in CALLED[module].items():
        found = list(inspect.signature(getattr(MODULES[module], name)).parameters)
        assert found[: len(expected)] == expected, name


def test_scores_stay() -> None:
    votes = [[0, 1, 2], [0, 0, 2], [1, 0, 2]]
    other = [row[::-1] for row in PROBA]
    found = {
        "least_confident": scores.least_confident(PROBA),
        "margin": scores.margin(PROBA),
        "entropy": scores.entropy(PROBA),
        "vote_entropy": scores.vote_entropy(votes, 3),
        "bald": scores.bald([PROBA, other]),
        "expected_model_change": scores.expected_model_change(PROBA, POINTS),
    }
    snapshots.assert_as_stored("scores.json", {name: rounded(each) for name, each in found.items()})


def test_spread_rows_stay() -> None:
    points, far = spread()[:30], np.eye(4)[:2]
    proba = probabilities()[:30]
    found = {
        "k_center": diversity.k_center(points, 5),
        "k_center around labels": diversity.k_center(points, 5, existing=far),
        "kmeans_pp": diversity.kmeans_pp(points, 5, None, 3),
        "kmeans_pp around labels": diversity.kmeans_pp(points, 5, far, 3),
        "badge": diversity.badge(proba, points, 5, 3),
    }
    snapshots.assert_as_stored("spread.json", {name: each.tolist() for name, each in found.items()})


def test_agreement_stays() -> None:
    first, second = [row[0] for row in ANSWERS], [row[1] for row in ANSWERS]
    found = {
        "cohen_kappa": rounded(agreement.cohen_kappa(first, second)),
        "krippendorff_alpha": rounded(agreement.krippendorff_alpha(ANSWERS)),
        # The solver stops when changes are small, so fewer digits agree everywhere.
        "dawid_skene": np.round(agreement.dawid_skene(ANSWERS, 3).proba, 4).tolist(),
    }
    snapshots.assert_as_stored("agreement.json", found)


# Picks -------------------------------------------------------------------------------------------


def spread() -> Any:
    """Return made-up features (N, 4): groups far from each other, no two items alike."""
    row = np.arange(N)[:, None]
    inside = (row * np.array([37, 61, 83, 101]) + row**2 * np.array([3, 5, 7, 11])) % 997 / 997
    centres = np.array([[9, 0, 0, 0], [0, 7, 0, 0], [0, 0, 6, 0], [0, 0, 0, 8], [-5, -5, 0, 0]])
    centres = np.vstack([centres, [0, 0, -7, -6]])
    return (centres[np.arange(N) % GROUPS] + inside).astype(np.float32)


def probabilities() -> Any:
    """Return made-up probabilities (N, C), no two alike, so that no last digit decides."""
    row = np.arange(N)[:, None]
    weight = 1 + (row * np.array([53, 71, 29]) + row**2 * np.array([13, 17, 19])) % 499
    weight = weight + np.array([0.0, 0.31, 0.57]) + row * 0.0013
    return weight / weight.sum(axis=1, keepdims=True)


def pool(space: LabelSpace) -> Candidates:
    """Return the pool, of which every tenth item is labelled already."""
    return Candidates(
        ids=np.arange(N) * 7 + 3,
        scores=np.zeros(N),
        proba=probabilities(),
        spread=spread(),
        existing=spread()[::10] + np.float32(0.25),
        n_labelled=9,
        space=space,
        classes_seen=CLASSES,
        pool_size=N,
        class_counts=[5, 3, 1],
        rare_class=2,
    )


def picks(name: str, space: LabelSpace) -> list[str]:
    """Return what a strategy asks, why, and with what probability it drew each."""
    strategy, candidates = strategies.STRATEGIES[name], pool(space)
    members = np.stack([candidates.proba, candidates.proba[:, ::-1]])
    proba = members if "committee" in strategy.needs else candidates.proba
    scored = strategy.score(
        proba, candidates.ids, 11, space=space, rare_class=candidates.rare_class
    )
    weight = strategy.weights(candidates.proba, space).sum()
    whole = replace(candidates, scores=scored, total_weight=float(weight))
    chosen = strategy.choose(whole, K, 5)
    told = zip(whole.ids[chosen.rows], chosen.reasons, chosen.probability, strict=True)
    return [f"{number} {reason} {chance:.6f}" for number, reason, chance in told]


@pytest.mark.parametrize("kind", [SingleLabel, MultiLabel])
def test_same_seed_gives_the_same_picks_as_before(kind: Any) -> None:
    found = {name: picks(name, kind(CLASSES)) for name in strategies.STRATEGIES}
    snapshots.assert_as_stored(f"picks_{kind.kind}.json", found)
