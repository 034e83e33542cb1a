"""Agreement against published numbers, hand-made tables and real crowds with known answers."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from selection import agreement

# Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section C: nominal 0.743.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, -1, -1, -1],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, -1, 3],
        [-1, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, -1],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, -1],
    ]
).T


def crowd(name: str, folder: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    with (folder / f"{name}_annotations.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (folder / f"{name}_items.csv").open(newline="", encoding="utf-8") as file:
        items = {row["item_id"]: row.get("gold") for row in csv.DictReader(file)}
    names = sorted({row["label"] for row in rows})
    people = {who: i for i, who in enumerate(sorted({row["annotator"] for row in rows}))}
    places = {item: i for i, item in enumerate(items)}
    answers = np.full((len(items), len(people)), -1)
    for row in rows:
        place = places[row["item_id"]], people[row["annotator"]]
        answers[place] = names.index(row["label"])
    gold = np.array([names.index(g) if g in names else -1 for g in items.values()])
    return answers, gold, names


def test_kappa_golden_numbers():
    assert agreement.cohen_kappa([0, 1, 1, 0], [0, 1, 1, 1]) == pytest.approx(0.5)
    assert agreement.cohen_kappa([2, 2, 2], [2, 2, 2]) == 1.0
    assert agreement.cohen_kappa([0, 1], [1, 0]) == -1.0
    table = [(0, 0)] * 20 + [(0, 1)] * 5 + [(1, 0)] * 10 + [(1, 1)] * 15
    a, b = np.array(table).T
    assert agreement.cohen_kappa(a, b) == pytest.approx(0.4)


def test_kappa_leaves_out_what_one_did_not_answer():
    assert agreement.cohen_kappa([0, 1, 1, 0, -1], [0, 1, 1, 1, 0]) == pytest.approx(0.5)
    assert np.isnan(agreement.cohen_kappa([-1], [0]))
    assert agreement.cohen_kappa(["a", "b"], ["a", "b"]) == 1.0


def test_alpha_golden_numbers():
    assert agreement.krippendorff_alpha(PUBLISHED) == pytest.approx(0.743, abs=5e-4)
    assert agreement.krippendorff_alpha([[3, 3], [3, 3]]) == 1.0
    assert np.isnan(agreement.krippendorff_alpha([[0, -1], [-1, 1]]))
    assert np.isnan(agreement.krippendorff_alpha(np.zeros((0, 3))))


@pytest.mark.parametrize(
    ("name", "pairs", "alpha"),
    [
        ("crowd_climate", 0.575, 0.33),
        ("crowd_ducks", 0.588, 0.126),
        ("crowd_products", 0.725, 0.157),
    ],
)
def test_agreement_of_real_crowds(name, pairs, alpha, shared_data):
    answers, _, _ = crowd(name, shared_data)
    assert agreement.pairwise_agreement(answers) == pytest.approx(pairs, abs=2e-3)
    assert agreement.krippendorff_alpha(answers) == pytest.approx(alpha, abs=6e-3)


@pytest.mark.parametrize(("name", "share"), [("crowd_ducks", 0.898), ("crowd_products", 0.940)])
def test_dawid_skene_finds_the_known_answers(name, share, shared_data):
    answers, gold, names = crowd(name, shared_data)
    consensus = agreement.dawid_skene(answers, len(names))
    assert (consensus.labels == gold).mean() == pytest.approx(share, abs=0.012)
    voted = agreement.majority(answers, len(names)).argmax(axis=1)
    assert (consensus.labels == gold).mean() > (voted == gold).mean()


def test_dawid_skene_learns_who_turns_everything_round():
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=200)
    answers = np.column_stack([truth, truth, truth, 1 - truth, rng.integers(2, size=200)])
    consensus = agreement.dawid_skene(answers, 2)
    np.testing.assert_array_equal(consensus.labels, truth)
    assert consensus.reliability[:3].min() > 0.99
    assert consensus.reliability[3] < 0.01
    assert 0.3 < consensus.reliability[4] < 0.7


def test_dawid_skene_on_little_or_nothing():
    assert agreement.dawid_skene(np.zeros((0, 2), dtype=int), 2).proba.shape == (0, 2)
    unanswered = agreement.dawid_skene([[-1, -1], [0, 0]], 2).proba
    assert np.isfinite(unanswered).all()
    np.testing.assert_allclose(unanswered.sum(axis=1), 1)
    assert agreement.dawid_skene([[1], [1], [1]], 3).labels.tolist() == [1, 1, 1]


def test_bad_answers_are_named():
    with pytest.raises(ValueError, match="row 1"):
        agreement.dawid_skene([[0, 1], [2, 0]], 2)
    with pytest.raises(ValueError, match="row 0"):
        agreement.krippendorff_alpha([[0.5, 1], [1, 0]])
    with pytest.raises(ValueError, match="items, people"):
        agreement.majority([0, 1], 2)
    with pytest.raises(ValueError, match="equal rows"):
        agreement.cohen_kappa([0], [0, 1])
