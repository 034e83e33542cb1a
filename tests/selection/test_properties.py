"""What must hold for any input, tried on inputs that nobody would think of."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from selection import scores
from selection.agreement import coefficients, consensus
from selection.core import intervals, top_k
from selection.diversity import batch_diversity
from selection.evaluation import difference_estimator, learning_curve, stopping

SINGLE = (scores.least_confident, scores.margin, scores.entropy)
SEEDS = st.integers(0, 2**32)


def for_all(
    examples: int = 60, **inputs: st.SearchStrategy
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that tries a test on `inputs`; a slow machine is no failure."""
    return lambda test: settings(deadline=None, max_examples=examples)(given(**inputs)(test))


@st.composite
def distributions(draw: Any, members: int | None = None) -> np.ndarray:
    """Rows that sum to 1, with exact zeros, ones and ties among them."""
    n, classes = draw(st.integers(1, 8)), draw(st.integers(2, 5))
    shape = (n, classes) if members is None else (members, n, classes)
    raw = draw(arrays(np.float64, shape, elements=st.sampled_from([0.0, 1e-9, 0.1, 0.5, 1.0, 3.0])))
    raw[..., 0] += raw.sum(axis=-1) == 0
    return raw / raw.sum(axis=-1, keepdims=True)


@st.composite
def tables(draw: Any) -> np.ndarray:
    """Answers (items, people) of up to four classes, -1 = none."""
    shape = draw(array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7))
    return draw(arrays(np.int64, shape, elements=st.integers(-1, 3)))


@st.composite
def clouds(draw: Any) -> np.ndarray:
    """Points on a small grid: many of them equal or equally far."""
    shape = draw(st.integers(1, 25)), draw(st.integers(0, 3))
    return draw(arrays(np.float64, shape, elements=st.integers(-3, 3).map(float)))


class TestScores:
    @pytest.mark.parametrize("score", SINGLE)
    @for_all(proba=distributions(), seed=SEEDS)
    def test_only_the_numbers_of_an_item_count_not_their_order_or_neighbours(
        self, score: Any, proba: Any, seed: Any
    ) -> None:
        rng, before = np.random.default_rng(seed), proba.copy()
        got = score(proba)
        rows, classes = rng.permutation(len(proba)), rng.permutation(proba.shape[1])
        np.testing.assert_allclose(score(proba[rows][:, classes]), got[rows], atol=1e-12)
        np.testing.assert_array_equal(proba, before)

    @pytest.mark.parametrize("score", SINGLE)
    @for_all(proba=distributions())
    def test_nothing_is_more_doubtful_than_even_odds_nor_less_than_certainty(
        self, score: Any, proba: Any
    ) -> None:
        classes = proba.shape[1]
        top, bottom = score([[1 / classes] * classes])[0], score(np.eye(classes)[:1])[0]
        got = score(proba)
        assert ((got <= top + 1e-9) & (got >= bottom - 1e-9)).all()

    @for_all(members=distributions(members=3), order=st.permutations(range(3)))
    def test_bald_is_between_nothing_and_the_consensus(self, members: Any, order: Any) -> None:
        got = scores.bald(members)
        assert (got >= 0).all()
        assert (got <= scores.entropy(members.mean(axis=0)) + 1e-9).all()
        assert (got <= np.log(3) + 1e-9).all()  # three members cannot tell more than which is right
        np.testing.assert_allclose(scores.bald(members[list(order)]), got, atol=1e-12)
        np.testing.assert_array_equal(scores.bald(members[[0, 0, 0]]).round(9), 0.0)

    @for_all(votes=arrays(np.int64, (4, 5), elements=st.integers(0, 3)))
    def test_hard_votes_are_certain_probabilities(self, votes: Any) -> None:
        certain = np.eye(4)[votes]
        np.testing.assert_allclose(scores.vote_entropy(votes, 4), scores.bald(certain), atol=1e-12)

    @for_all(proba=distributions(), scale=st.floats(0, 5))
    def test_expected_change_is_that_of_the_squares_at_most(self, proba: Any, scale: Any) -> None:
        got = scores.expected_model_change(proba, np.full((len(proba), 1), scale))
        squares = (1 - (proba**2).sum(axis=1)) * (scale**2 + 1)  # E |g|^2, and (E |g|)^2 <= E |g|^2
        assert (got >= 0).all()
        assert (got**2 <= squares + 1e-9).all()

    @for_all(
        history=arrays(np.int64, (5, 4), elements=st.integers(-1, 3)),
        names=st.permutations(range(4)),
    )
    def test_dispersion_knows_neither_names_nor_the_order_of_rounds(
        self, history: Any, names: Any
    ) -> None:
        got = scores.label_dispersion(history)
        assert ((got >= 0) & (got < 1)).all()
        renamed = np.append(names, -1)[history]
        np.testing.assert_array_equal(scores.label_dispersion(renamed[::-1]), got)


class TestShards:
    @for_all(
        values=st.lists(st.sampled_from([0.0, 0.1, 0.1 + 1e-9, 0.5, np.inf]), max_size=40),
        m=st.integers(0, 45),
        seed=SEEDS,
        data=st.data(),
    )
    def test_the_best_of_parts_is_the_best_of_all(
        self, values: Any, m: Any, seed: Any, data: Any
    ) -> None:
        ids = np.arange(len(values)) * 7 - 20
        order = np.array(data.draw(st.permutations(range(len(values)))), dtype=np.int64)
        cuts = np.array_split(order, data.draw(st.integers(1, 7)))
        parts = [(np.array(values)[cut], ids[cut]) for cut in cuts]
        _, merged = top_k.merge(parts, m, seed)
        assert merged.tolist() == ids[top_k.best(values, ids, m, seed)].tolist()
        # Merging in steps, and wanting fewer, tell the same story.
        halves = [top_k.merge(parts[:3], m, seed), top_k.merge(parts[3:], m, seed)]
        assert top_k.merge(halves, m, seed)[1].tolist() == merged.tolist()
        fewer = top_k.best(values, ids, m // 2, seed)
        assert ids[fewer].tolist() == merged[: m // 2].tolist()


class TestDiversity:
    @pytest.mark.parametrize(
        "rule", [batch_diversity.k_center, batch_diversity.kmeans_pp, batch_diversity.typical]
    )
    @for_all(points=clouds(), k=st.integers(0, 30), known=st.integers(0, 4), seed=SEEDS)
    def test_each_row_once_and_as_many_as_there_are(
        self, rule: Any, points: Any, k: Any, known: Any, seed: Any
    ) -> None:
        existing = points[:known] if known else None
        before = points.copy()
        chosen = rule(points, k, existing, seed).tolist()
        assert len(chosen) == len(set(chosen)) == min(k, len(points))
        assert set(chosen) <= set(range(len(points)))
        assert rule(points, k, existing, seed).tolist() == chosen
        np.testing.assert_array_equal(points, before)

    @for_all(points=clouds(), k=st.integers(0, 30), seed=SEEDS)
    def test_badge_takes_each_row_once_too(self, points: Any, k: Any, seed: Any) -> None:
        proba = np.random.default_rng(seed).integers(1, 3, size=(len(points), 3)) / 1.0
        proba /= proba.sum(axis=1, keepdims=True)
        chosen = batch_diversity.badge(proba, points, k, seed).tolist()
        assert len(chosen) == len(set(chosen)) == min(k, len(points))

    @for_all(points=clouds(), k=st.integers(1, 10))
    def test_k_center_takes_what_is_farthest_and_only_ever_adds(self, points: Any, k: Any) -> None:
        chosen = batch_diversity.k_center(points, k).tolist()
        assert batch_diversity.k_center(points, k - 1).tolist() == chosen[: k - 1]
        for i in range(1, len(chosen)):
            gaps = ((points[:, None] - points[chosen[:i]]) ** 2).sum(axis=2).min(axis=1)
            gaps[chosen[:i]] = -1.0
            assert gaps[chosen[i]] == gaps.max()

    @for_all(places=st.lists(st.integers(0, 40), min_size=1, max_size=8), k=st.integers(1, 3))
    def test_k_center_is_within_twice_the_best_radius(self, places: Any, k: Any) -> None:
        line = np.array(places, dtype=np.float64)[:, None]

        def radius(chosen: object) -> float:
            return float(np.abs(line - line[np.array(chosen)].T).min(axis=1).max())

        k = min(k, len(places))
        best = min(radius(chosen) for chosen in combinations(range(len(places)), k))
        assert radius(batch_diversity.k_center(line, k)) <= 2 * best

    @for_all(
        groups=st.lists(st.integers(0, 4), min_size=1, max_size=20),
        k=st.integers(0, 25),
        seed=SEEDS,
    )
    def test_cluster_margin_serves_every_group_before_a_second_time(
        self, groups: Any, k: Any, seed: Any
    ) -> None:
        doubts = np.random.default_rng(seed).permutation(len(groups)) / 7.0
        chosen = batch_diversity.cluster_margin(doubts, groups, k).tolist()
        assert len(set(chosen)) == len(chosen) == min(k, len(groups))
        taken = np.bincount(np.array(groups)[chosen], minlength=5) if chosen else np.zeros(5)
        sizes = np.bincount(groups, minlength=5)
        # Whoever got fewer than another by more than one has nothing left.
        assert (sizes[taken < taken.max() - 1] == taken[taken < taken.max() - 1]).all()
        for group in set(groups):
            own = [row for row in chosen if groups[row] == group]
            assert own == sorted(own, key=lambda row: -doubts[row])


class TestAgreement:
    @for_all(answers=tables(), seed=SEEDS)
    def test_alpha_knows_neither_people_nor_items_nor_names(self, answers: Any, seed: Any) -> None:
        rng = np.random.default_rng(seed)
        got = coefficients.krippendorff_alpha(answers)
        renamed = np.append(rng.permutation(4), -1)[answers]
        shuffled = rng.permuted(rng.permutation(renamed), axis=1)
        np.testing.assert_allclose(coefficients.krippendorff_alpha(shuffled), got, atol=1e-12)
        assert np.isnan(got) or got <= 1.0

    @for_all(answers=tables())
    def test_an_item_with_one_answer_changes_no_agreement(self, answers: Any) -> None:
        lonely = np.full((1, answers.shape[1]), -1)
        lonely[0, 0] = 2
        for measure in (coefficients.krippendorff_alpha, coefficients.pairwise_agreement):
            np.testing.assert_allclose(
                measure(np.vstack([answers, lonely])), measure(answers), atol=1e-12
            )

    @for_all(answers=arrays(np.int64, (6, 2), elements=st.integers(0, 3)), seed=SEEDS)
    def test_kappas_know_neither_names_nor_order(self, answers: Any, seed: Any) -> None:
        rng = np.random.default_rng(seed)
        a, b = answers.T
        got = coefficients.cohen_kappa(a, b)
        assert -1.0 <= got <= 1.0
        assert coefficients.cohen_kappa(b, a) == pytest.approx(got)
        names, rows = rng.permutation(4), rng.permutation(6)
        assert coefficients.cohen_kappa(names[a][rows], names[b][rows]) == pytest.approx(got)
        assert coefficients.cohen_kappa(a, a) == 1.0
        # With two people Fleiss' chance is Scott's, which is never below Cohen's.
        fleiss = coefficients.fleiss_kappa(answers)
        assert fleiss <= got + 1e-12
        swapped = names[rng.permuted(answers, axis=1)][rows]
        assert coefficients.fleiss_kappa(swapped) == pytest.approx(fleiss)

    @for_all(15, answers=tables(), seed=SEEDS)
    def test_consensus_is_a_distribution_that_knows_no_order_of_people(
        self, answers: Any, seed: Any
    ) -> None:
        got = consensus.dawid_skene(answers, 4)
        np.testing.assert_allclose(got.proba.sum(axis=1), 1.0)
        np.testing.assert_allclose(got.confusion.sum(axis=2), 1.0)
        assert ((got.reliability > 0) & (got.reliability < 1)).all()
        people = np.random.default_rng(seed).permutation(answers.shape[1])
        again = consensus.dawid_skene(answers[:, people], 4)
        np.testing.assert_allclose(again.proba, got.proba, atol=1e-6)

    @for_all(proba=distributions(), seed=SEEDS)
    def test_suspects_are_in_order_and_known_by_their_numbers(self, proba: Any, seed: Any) -> None:
        rng = np.random.default_rng(seed)
        classes = proba.shape[1]
        labels = rng.integers(-1, classes, size=len(proba))
        found = coefficients.suspects(labels, proba)
        assert (np.diff(found.scores) <= 1e-12).all()
        assert ((found.scores >= 0) & (found.scores <= 1)).all()
        assert (labels[found.rows] >= 0).all()
        assert (labels[found.rows] != found.instead).all()
        names = rng.permutation(classes)
        renamed = np.append(names, -1)[labels]
        again = coefficients.suspects(renamed, proba[:, np.argsort(names)])
        assert set(again.rows.tolist()) == set(found.rows.tolist())


COUNTS = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
CONFIDENCE = st.sampled_from([0.5, 0.8, 0.95, 0.999])


class TestIntervals:
    @for_all(counts=COUNTS, confidence=CONFIDENCE)
    def test_the_share_lies_inside_and_more_confidence_is_wider(
        self, counts: Any, confidence: Any
    ) -> None:
        right, n = counts
        low, high = intervals.binomial_interval(right, n, confidence)
        assert 0.0 <= low <= right / n <= high <= 1.0
        wider = intervals.binomial_interval(right, n, (1 + confidence) / 2)
        assert wider[0] <= low
        assert high <= wider[1]
        mirrored = intervals.binomial_interval(n - right, n, confidence)
        assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)

    @for_all(counts=COUNTS, confidence=CONFIDENCE)
    def test_one_more_right_answer_moves_everything_up(self, counts: Any, confidence: Any) -> None:
        right, n = counts
        assume(right < n)
        for interval in (
            lambda r: intervals.binomial_interval(r, n, confidence),
            lambda r: intervals.population_interval(r, n, n + 40, confidence),
            lambda r: (intervals.lower_bound(r, n, confidence),),
        ):
            assert all(a <= b for a, b in zip(interval(right), interval(right + 1), strict=True))

    @for_all(counts=COUNTS, left=st.integers(0, 500), confidence=CONFIDENCE)
    def test_a_pool_of_known_size_is_never_less_known(
        self, counts: Any, left: Any, confidence: Any
    ) -> None:
        right, n = counts
        found = intervals.accuracy_interval(np.arange(n) < right, confidence, population=n + left)
        assert found.low <= found.value <= found.high
        assert found.value == pytest.approx(right / n, abs=1 / n)
        assert right / (n + left) <= found.low
        assert found.high <= (right + left) / (n + left)

    @for_all(counts=COUNTS, seed=SEEDS, pool_doubt=st.floats(0, 1), confidence=CONFIDENCE)
    def test_the_difference_contains_what_it_estimates(
        self, counts: Any, seed: Any, pool_doubt: Any, confidence: Any
    ) -> None:
        right, n = counts
        doubt = np.random.default_rng(seed).random(n).round(1)
        options = {"pool_doubt": pool_doubt, "population": 3 * n}
        found, wider = (
            difference_estimator.difference(np.arange(n) < right, doubt, confidence=c, **options)
            for c in (confidence, (1 + confidence) / 2)
        )
        assert 0.0 <= found.low <= found.value <= found.high <= 1.0
        assert wider.low <= found.low
        assert found.high <= wider.high

    @for_all(rises=st.lists(st.floats(-0.05, 0.1), min_size=5, max_size=12), confidence=CONFIDENCE)
    def test_the_expected_gain_lies_inside_its_interval(self, rises: Any, confidence: Any) -> None:
        sizes = 20.0 * np.arange(1, len(rises) + 1)
        found = learning_curve.expected_gain(sizes, 0.5 + np.cumsum(rises) / 5, confidence)
        assert 0.0 <= found.low <= found.value <= found.high

    @for_all(
        found=st.integers(0, 40),
        hits=st.integers(0, 3),
        left=st.integers(0, 120),
        targets=st.lists(st.floats(0.05, 0.99), min_size=2, max_size=2),
    )
    def test_recall_is_proven_by_reading_on_and_sooner_for_less(
        self, found: Any, hits: Any, left: Any, targets: Any
    ) -> None:
        marks = np.arange(hits + 5) < hits
        easy, hard = sorted(targets)
        size = len(marks) + left
        less, more = stopping.recall_frontier(found, marks, size, [easy, hard])
        assert 0.0 <= less.p_value <= more.p_value + 1e-12
        assert 0 <= less.reads_needed <= more.reads_needed <= left
        one_on = stopping.recall_p_value(found, [*marks, False], size + 1, hard)
        assert 0.0 <= one_on <= 1.0
        if left:
            read = stopping.recall_p_value(found, [*marks, False], size, hard)
            assert read <= more.p_value + 1e-12

    @for_all(n=st.sampled_from([25, 50, 100]), target=st.floats(0.5, 0.99), data=st.data())
    def test_more_right_answers_prove_more(self, n: Any, target: Any, data: Any) -> None:
        right = data.draw(st.integers(0, n - 1))
        fewer, more = (
            stopping.target_reached(np.arange(n) < r, target) for r in (right, right + 1)
        )
        assert fewer.low <= more.low <= (right + 1) / n
        assert more.reached or not fewer.reached
