"""The hunt for a rare class: everywhere first, then where it is likely, then at its edge."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from selection.core.arrays import normalise_rows
from selection.features import Features
from selection.models import MultiLabel, SingleLabel
from selection.simulation.dataset import LabelledDataset, Plan
from selection.simulation.loop import replay
from selection.strategies import rare_class
from selection.strategies.candidates import Candidates
from selection.strategies.registry import STRATEGIES
from selection.strategies.shortlist import (
    Query,
    Shortlist,
    merge_shortlists,
    shortlist,
    to_candidates,
)

N = 5000
HUNT = STRATEGIES["rare"]


def pool(found: int, n: int = 60, *, several: bool = False) -> Candidates:
    """Return candidates of three classes; of the last one `found` of 40 labelled items are."""
    rng = np.random.default_rng(0)
    y = np.where(np.arange(40) < found, 2, np.arange(40) % 2)
    proba = rng.dirichlet(np.ones(3), size=n)
    return Candidates(
        ids=rng.permutation(10 * n)[:n],
        scores=proba[:, 2],
        proba=proba,
        spread=rng.normal(size=(n, 4)).astype(np.float32),
        existing=rng.normal(size=(40, 4)).astype(np.float32),
        labels=np.eye(3, dtype=np.int64)[y] if several else y,
        n_labelled=40,
        space=MultiLabel(3) if several else SingleLabel(3),
        classes_seen=3,
        pool_size=n,
        class_counts=np.bincount(y, minlength=3).tolist(),
        rare_class=2,
    )


def reasons(found: int, k: int = 20, **options: Any) -> Counter[Any]:
    return Counter(HUNT.choose(pool(found, **options), k, 0).reasons)


# The phases --------------------------------------------------------------------------------------


def test_until_one_is_found_typical_items_of_groups_without_a_label_are_asked() -> None:
    assert reasons(0) == {"cluster-seed": 19, "random": 1}


def test_while_few_are_found_a_fifth_still_looks_elsewhere() -> None:
    assert reasons(1) == reasons(19) == {"rare": 15, "cluster-seed": 4, "random": 1}


@pytest.mark.parametrize("several", [False, True])
def test_with_twenty_found_a_fifth_is_doubtful_and_near_them(several: bool) -> None:
    assert reasons(20, several=several) == {"rare": 15, "near-found": 4, "random": 1}


def test_likeliest_are_asked_in_order() -> None:
    candidates = pool(20)
    picks = HUNT.choose(candidates, 20, 0)
    asked = [row for row, why in zip(picks.rows, picks.reasons, strict=True) if why == "rare"]
    others = set(picks.rows.tolist()) - set(asked)
    ranked = [row for row in np.argsort(-candidates.scores) if row not in others]
    assert asked == ranked[: len(asked)]


def test_what_is_asked_near_those_found_is_the_most_doubtful_there() -> None:
    candidates = pool(25, 600)
    points, found = (normalise_rows(part) for part in (candidates.spread, candidates.existing[:25]))
    # No likely item is uncertain here, so the two queues do not share items.
    proba = np.where(candidates.proba[:, 2:] > 0.6, 1.0, candidates.proba[:, 2:] / 2)
    candidates = replace(
        candidates, proba=np.hstack([1 - proba, 0 * proba, proba]), scores=proba[:, 0]
    )
    picks = HUNT.choose(candidates, 40, 0)
    edge = picks.rows[np.array(picks.reasons) == "near-found"]
    likeness = np.sort(points @ found.T, axis=0)[-rare_class.NEAREST]
    assert len(edge) == 8
    assert ((points[edge] @ found.T) >= likeness - 1e-5).any(axis=1).all()
    assert np.median(np.abs(2 * proba[edge] - 1)) < np.median(np.abs(2 * proba - 1))


def test_neighbourhood_is_the_nearest_of_ten_anchors() -> None:
    rng = np.random.default_rng(1)
    points, found = (normalise_rows(rng.normal(size=(n, 6))) for n in (2000, 30))
    near = rare_class.near_anchors(points, found, 3)
    assert rare_class.NEAREST <= near.sum() <= rare_class.ANCHORS * rare_class.NEAREST
    one = rare_class.near_anchors(points, found[:1], 3)
    assert set(np.flatnonzero(one)) == set(np.argsort(-(points @ found[0]))[: rare_class.NEAREST])
    assert not rare_class.near_anchors(points, found[:0], 3).any()


def test_every_beginning_has_its_share_wherever_the_order_is_entered() -> None:
    shares = {"rare": 15, "cluster-seed": 4, "random": 1}
    for start in range(20):
        turns = rare_class.share_out(shares, 100, start)
        for k in range(1, 101):
            counts = Counter(turns[:k])
            assert all(abs(counts[reason] - n * k / 20) < 2 for reason, n in shares.items())
        assert Counter(turns) == {reason: 5 * n for reason, n in shares.items()}


def test_small_batches_come_to_their_random_items_too() -> None:
    drawn = [HUNT.choose(pool(25), 4, seed).reasons.count("random") for seed in range(400)]
    # One item in 20: 80 of 1,600, give or take 4 standard deviations of 8.
    assert abs(sum(drawn) - 80) < 32


def test_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="39 labels for 40 labelled"):
        HUNT.choose(replace(pool(20), labels=np.zeros(39, dtype=np.int64)), 5, 0)


# The floor ---------------------------------------------------------------------------------------


def ask(seed: int, cuts: list[np.ndarray]) -> tuple[Query, Shortlist]:
    """Return what a pool of items, the likelier the lower their number, is asked and answers."""
    chance = 1 - np.arange(N) / N
    proba = np.column_stack([1 - chance, chance])
    question = Query(HUNT, SingleLabel(2), 20, N, seed, rare_class=1)
    return question, merge_shortlists(
        question, [shortlist(question, cut, proba[cut]) for cut in cuts]
    )


def test_random_items_come_from_the_whole_pool() -> None:
    places = []
    for seed in range(400):
        question, found = ask(seed, [np.arange(N)])
        spread, existing = np.ones((len(found.ids), 2)), np.ones((20, 2))
        candidates = to_candidates(question, found, spread, existing, [1] * 20)
        picks = HUNT.choose(candidates, 20, seed)
        places += found.ids[picks.rows[np.array(picks.reasons) == "random"]].tolist()
    counts, _edges = np.histogram(places, bins=5, range=(0, N))
    # Of 400 draws 80 in each fifth, give or take 4 standard deviations of 8.
    assert counts.sum() == 400
    assert (abs(counts - 80) < 32).all()


def test_sample_is_the_same_however_the_pool_is_cut() -> None:
    rows = np.arange(N)
    question, whole = ask(3, [rows])
    sample = to_candidates(question, whole, np.zeros((len(whole.ids), 1)), np.zeros((0, 1)), [])
    drawn = set(whole.ids[sample.drawn].tolist())
    assert len(drawn) == 20
    assert len(whole.ids) > 2000
    for cuts in ([rows[::-1]], np.array_split(rows, 7), np.array_split(rows, 7)[::-1]):
        again = ask(3, cuts)[1]
        assert set(again.ids.tolist()) == set(whole.ids.tolist())
        mask = to_candidates(question, again, np.zeros((len(again.ids), 1)), np.zeros((0, 1)), [])
        assert set(again.ids[mask.drawn].tolist()) == drawn


def test_rules_without_a_floor_draw_nothing() -> None:
    question = Query(STRATEGIES["margin"], SingleLabel(2), 20, N, 0)
    found = shortlist(question, np.arange(N), np.full((N, 2), 0.5))
    assert len(found.ids) == question.most
    assert to_candidates(question, found, np.zeros((400, 0)), np.zeros((0, 0)), []).drawn is None


# The whole hunt ----------------------------------------------------------------------------------


def test_hidden_class_is_found_long_before_chance_would() -> None:
    rng = np.random.default_rng(2)
    y = np.where(np.arange(1000) < 30, 2, rng.integers(2, size=1000))
    points = (3 * np.eye(3, 8)[y] + rng.normal(size=(1000, 8))).astype(np.float32)
    known = LabelledDataset(
        Features(None, points, (0, 8)), y, SingleLabel(3), rare_class=2, rare_class_declared=True
    )
    plan = Plan(labels=1000, until_found=0.8)
    runs = {name: replay(known, name, 0, plan, lambda: 0.0) for name in ("rare", "random")}
    assert 5 * runs["rare"].labels[-1] < runs["random"].labels[-1]
