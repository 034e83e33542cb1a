"""Numbers from outside, and cases small enough to be worked out by hand.

The first half replays what other libraries publish. Not replayed, because there is nothing here
to compare: the ΔF rule of small-text (kappa is the stability rule here), and of ASReview the
ranking losses, which belong to an evaluation of rankings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_svmlight_file
from sklearn.linear_model import LogisticRegression

from selection import scores
from selection.agreement import coefficients
from selection.core import top_k
from selection.core.arrays import normalise_rows
from selection.core.distances import Gradients, to_all
from selection.diversity import batch_diversity
from selection.evaluation import stopping
from selection.features import Features
from selection.models import SingleLabel, logistic
from selection.models.committee import fit_committee, predict_committee
from selection.strategies.registry import STRATEGIES, Candidates

# In Debian's package liblinear-tools.
HEART_SCALE = Path("/usr/share/doc/liblinear-tools/examples/heart_scale")
THREE = [[0.2, 0.5, 0.3], [0.1, 0.7, 0.2]]


class TestPublished:
    @pytest.mark.skipif(not HEART_SCALE.exists(), reason="liblinear-tools is not installed")
    @pytest.mark.parametrize("score", [scores.margin, scores.least_confident, scores.entropy])
    def test_the_heart_scale_sequence_of_libact(self, score: Any) -> None:
        X, y = load_svmlight_file(str(HEART_SCALE))
        labelled = list(range(10))
        for _ in range(10):
            model = LogisticRegression(solver="liblinear").fit(X[labelled], y[labelled])
            rows = np.setdiff1d(np.arange(X.shape[0]), labelled)
            best = top_k.best(score(model.predict_proba(X[rows])), rows, 1, seed=0)
            labelled.append(int(rows[best[0]]))
        assert labelled[10:] == [145, 66, 82, 37, 194, 60, 191, 211, 245, 131]

    def test_three_classes_by_scikit_activeml(self) -> None:
        np.testing.assert_allclose(scores.least_confident(THREE), [0.5, 0.3])
        np.testing.assert_allclose(scores.entropy(THREE), [1.029653014, 0.8018185525])
        np.testing.assert_allclose(1 + scores.margin(THREE), [0.8, 0.5])

    def test_committees_by_scikit_activeml(self) -> None:
        members = np.array([[[0.3, 0.7], [0.4, 0.6]], [[0.2, 0.8], [0.5, 0.5]]])
        np.testing.assert_allclose(scores.bald(members), [0.00670178182, 0.00505938993])
        votes = np.array([[0, 1, 2], [0, 0, 1], [2, 2, 2]]).T
        np.testing.assert_allclose(scores.vote_entropy(votes, 3), [np.log(3), 0.636514168, 0.0])
        # The variation ratio of votes is how far the most frequent one is from unanimous.
        votes = np.array([[0, 0, 2], [1, 0, 2], [2, 1, 2], [0, 0, 0]]).T
        np.testing.assert_allclose(scores.label_dispersion(votes), [1 / 3, 2 / 3, 1 / 3, 0.0])

    def test_batch_bald_is_the_bald_of_a_joint_answer(self) -> None:
        # A member's answer to a batch is the product of its answers, so `bald` of those products
        # replays the published greedy steps, which were computed in float32.
        members = np.random.RandomState(0).random(4000).reshape(10, 200, 2)
        members /= members.sum(axis=2, keepdims=True)
        joint, left = np.ones((10, 1)), np.arange(200)
        for published in (0.26082319, 0.51374567, 0.73904878):
            batch = np.einsum("tj,tnc->tnjc", joint, members[:, left]).reshape(10, len(left), -1)
            worth = scores.bald(batch)
            assert worth.max() == pytest.approx(published, abs=2e-7)
            joint, left = batch[:, worth.argmax()], np.delete(left, worth.argmax())

    def test_margins_and_entropies_by_small_text(self) -> None:
        two = [[0.9, 0.1], [0.45, 0.55], [0.5, 0.5], [0.7, 0.3]]
        np.testing.assert_allclose(scores.margin(two), [-0.8, -0.1, 0.0, -0.4], atol=1e-12)
        assert set(top_k.best(scores.margin(two), np.arange(4), 2, 0)) == {1, 2}
        three = [[0.75, 0.15, 0.1], [0.35, 0.4, 0.25], [0.8, 0.1, 0.1], [0.7, 0.15, 0.15]]
        np.testing.assert_allclose(scores.margin(three), [-0.6, -0.05, -0.7, -0.55], atol=1e-12)
        assert set(top_k.best(scores.margin(three), np.arange(4), 2, 0)) == {1, 3}
        assert scores.entropy([[0.7, 0.3, 0.0]])[0] == pytest.approx(0.610864, abs=1e-6)
        assert scores.entropy([[0.33, 0.33, 0.34]])[0] == pytest.approx(1.098513, abs=1e-6)

    def test_kappa_by_small_text(self) -> None:
        assert coefficients.cohen_kappa([0, 1, 1, 0], [0, 1, 1, 1]) == pytest.approx(0.5)
        assert coefficients.cohen_kappa([0, 1, 1, 0], [0, 1, 1, 0]) == 1.0

    def test_the_core_set_of_libact(self) -> None:
        labelled = [[0.0, 0.0], [0.1, 0.1], [0.2, 0.0], [0.0, 0.2]]
        pool = [[1.0, 0.0], [2.0, 0.0], [3.0, 3.0], [5.0, 5.0]]
        assert batch_diversity.k_center(pool, 4, existing=labelled).tolist() == [3, 2, 1, 0]

    def test_uniform_votes_and_class_alignment_by_modal(self) -> None:
        assert scores.vote_entropy([[0], [1], [2], [3]], 4)[0] == pytest.approx(np.log(4))
        # Seen classes 2 and 0 of four, in any order: columns belong to the project's classes.
        X = Features(None, np.eye(2, dtype=np.float32))
        proba = logistic.fit(X, [2, 0], SingleLabel(4)).predict_proba(X)
        assert (proba[:, [1, 3]] == 0).all()
        assert proba.argmax(axis=1).tolist() == [2, 0]

    def test_weights_of_a_balancer_sum_to_the_labels_by_asreview(self) -> None:
        weights = logistic.class_weights(np.array([0] * 8 + [1] * 2))
        assert 8 * weights[0] + 2 * weights[1] == pytest.approx(10)
        assert 2 * weights[1] / (8 * weights[0]) == pytest.approx(1)  # at ten labels, even classes


class TestByHand:
    def test_k_center_on_a_line(self) -> None:
        # Mean 4.75, nearest 5; then 10 is 5 away, 0 is 5 away: the lower row of the two is 0.
        assert batch_diversity.k_center([[0.0], [4.0], [5.0], [10.0]], 4).tolist() == [2, 0, 3, 1]

    def test_k_center_around_labels(self) -> None:
        # From 0 and 10: gaps 2, 5, 1. After 5: gaps 2, 1.
        pool, labelled = [[2.0], [5.0], [9.0]], [[0.0], [10.0]]
        assert batch_diversity.k_center(pool, 3, existing=labelled).tolist() == [1, 0, 2]

    def test_badge_starts_with_the_longest_gradient(self) -> None:
        # |p - e| of two classes is sqrt(2) min p, times |(x, 1)|:
        # without the sqrt(2) 0.5 * 1, 0.1 * sqrt(17) and 0.4 * sqrt(2).
        proba, X = [[0.5, 0.5], [0.9, 0.1], [0.6, 0.4]], [[0.0], [4.0], [1.0]]
        for seed in range(20):
            assert batch_diversity.badge(proba, X, 1, seed).tolist() == [2]

    def test_badge_draws_the_second_by_the_distance_of_gradients(self) -> None:
        # Two classes: the gradient is min p times (-1, 1) or (1, -1), times (x, 1). With x = 0
        # they are 0.5, -0.4 and 0.2 along one line: from 0.5 the others are 0.9 and 0.3 away,
        # so the second is drawn as 81 : 9. A ghost at the origin would make it 16 : 4.
        proba, X = [[0.5, 0.5], [0.4, 0.6], [0.8, 0.2]], np.zeros((3, 1))
        seconds = [int(batch_diversity.badge(proba, X, 2, seed)[1]) for seed in range(2000)]
        assert np.mean(np.array(seconds) == 1) == pytest.approx(0.9, abs=0.02)

    def test_badge_never_takes_an_equal_gradient_while_another_is_left(self) -> None:
        # Rows 0 to 2 are equal, so once one is in, only row 3 is at a distance.
        proba = [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.9, 0.1]]
        for seed in range(20):
            assert batch_diversity.badge(proba, np.zeros((4, 1)), 2, seed).tolist() == [0, 3]

    def test_typical_is_the_middle_of_the_larger_group(self) -> None:
        # Groups 0..4 and 100..102; most typical is whose mean distance to its group is least.
        points = [[100.0], [0.0], [1.0], [2.0], [101.0], [3.0], [4.0], [102.0]]
        for seed in range(5):
            assert batch_diversity.typical(points, 2, rng=seed).tolist() == [3, 4]
            # One labelled item in the larger group: the smaller one comes first, of three groups.
            assert batch_diversity.typical(points, 1, existing=[[2.0]], rng=seed).tolist() == [4]

    def test_cluster_margin_goes_round_from_the_smallest_group(self) -> None:
        # Group 9 has two, group 5 three, group 7 four; each gives its most doubtful in turn.
        doubts = [0.9, 0.8, 0.1, 0.7, 0.2, 0.3, 0.6, 0.5, 0.4]
        groups = [5, 5, 9, 5, 9, 7, 7, 7, 7]
        got = batch_diversity.cluster_margin(doubts, groups, 9)
        assert got.tolist() == [4, 0, 6, 2, 1, 7, 3, 8, 5]

    def test_expected_gradient_length(self) -> None:
        # Two classes: |p - e_0| = sqrt(2) p_1, so the sum is 2 sqrt(2) p_0 p_1, times |(x, 1)|.
        proba = [[0.5, 0.5], [0.9, 0.1], [1.0, 0.0]]
        X = np.array([[np.sqrt(3.0)], [np.sqrt(8.0)], [5.0]])  # with the bias 2, 3 and sqrt(26)
        expected = 2 * np.sqrt(2) * np.array([0.25 * 2, 0.09 * 3, 0.0])
        np.testing.assert_allclose(scores.expected_model_change(proba, X), expected, atol=1e-12)
        # Three even classes: |p - e|^2 = 1/3 - 2/3 + 1 = 2/3 for each.
        even = scores.expected_model_change([[1 / 3] * 3], np.zeros((1, 2)))
        assert even[0] == pytest.approx(np.sqrt(2 / 3))

    def test_label_dispersion(self) -> None:
        # Of four rounds: one class; two of four; three different; nothing stored in one.
        history = [[5, 0, 0, -1], [5, 0, 1, 2], [5, 1, 2, 2], [5, 1, 2, 0]]
        np.testing.assert_allclose(
            scores.label_dispersion(history), [0.0, 0.5, 0.5, 1 / 3], atol=1e-12
        )


class TestMistakesOfOthers:
    def test_badge_equals_the_gradients_written_out(self) -> None:
        rng = np.random.default_rng(0)
        proba, X = rng.dirichlet(np.ones(5), 30), rng.normal(size=(30, 7))
        errors = proba - np.eye(5)[proba.argmax(axis=1)]
        written = np.einsum("nc,nd->ncd", errors, np.column_stack([X, np.ones(30)])).reshape(30, -1)
        factored = Gradients.of(errors, X)
        np.testing.assert_allclose(factored.squares, (written**2).sum(axis=1), atol=1e-10)
        for row in range(30):
            gaps = ((written - written[row]) ** 2).sum(axis=1)
            np.testing.assert_allclose(factored.to_nearest(np.array([row])), gaps, atol=1e-10)

    def test_badge_draws_as_the_gradients_written_out_would(self) -> None:
        rng = np.random.default_rng(1)
        proba, X = rng.dirichlet(np.ones(3), 5), rng.normal(size=(5, 2))
        errors = proba - np.eye(3)[proba.argmax(axis=1)]
        written = np.einsum("nc,nd->ncd", errors, np.column_stack([X, np.ones(5)])).reshape(5, -1)
        first = int((written**2).sum(axis=1).argmax())
        gaps = ((written - written[first]) ** 2).sum(axis=1)
        picks = [batch_diversity.badge(proba, X, 2, seed).tolist() for seed in range(3000)]
        assert {pick[0] for pick in picks} == {first}
        shares = np.bincount([pick[1] for pick in picks], minlength=5) / 3000
        np.testing.assert_allclose(shares, gaps / gaps.sum(), atol=0.035)

    def test_a_class_that_was_never_seen_does_not_bend_the_gradients(self) -> None:
        rng = np.random.default_rng(2)
        proba, X = rng.dirichlet(np.ones(3), 40), rng.normal(size=(40, 4))
        padded = np.insert(proba, 1, 0.0, axis=1)
        picks = batch_diversity.badge(proba, X, 8, 5).tolist()
        assert batch_diversity.badge(padded, X, 8, 5).tolist() == picks

    def test_a_float32_unit_vector_is_at_distance_zero_from_itself(self) -> None:
        points = normalise_rows(np.random.default_rng(0).normal(size=(500, 768)))
        assert points.dtype == np.float32
        squares = to_all(points, points)
        np.testing.assert_array_equal(np.diag(squares), 0.0)
        assert (squares >= 0).all()
        # Labelled items therefore come last.
        for rule in (batch_diversity.k_center, batch_diversity.kmeans_pp):
            assert rule(points, 500, points[:1], 0)[-1] == 0

    @pytest.mark.parametrize(
        "rule", [batch_diversity.k_center, batch_diversity.kmeans_pp, batch_diversity.typical]
    )
    def test_duplicates_are_chosen_once_each_and_nothing_is_divided_by_zero(
        self, rule: Any
    ) -> None:
        with np.errstate(all="raise"):
            assert sorted(rule(np.ones((9, 3)), 9, rng=0).tolist()) == list(range(9))
            assert sorted(rule(np.ones((9, 3)), 20, np.ones((2, 3)), 0).tolist()) == list(range(9))

    def test_badge_of_duplicates_divides_nothing_by_zero(self) -> None:
        with np.errstate(all="raise"):
            picks = batch_diversity.badge(np.full((9, 3), 1 / 3), np.ones((9, 2)), 20, 0)
            certain = batch_diversity.badge(np.tile([1.0, 0.0], (9, 1)), np.ones((9, 2)), 20, 0)
        assert sorted(picks.tolist()) == sorted(certain.tolist()) == list(range(9))

    @pytest.mark.parametrize("k", [1, 5, 10])
    def test_a_batch_has_the_size_that_was_asked_for(self, k: int) -> None:
        # A library returned 50 for 10 where the pool was read in blocks of 100.
        points = np.random.default_rng(0).normal(size=(450, 3))
        proba = np.random.default_rng(1).dirichlet(np.ones(3), 450)
        for rule in (batch_diversity.k_center, batch_diversity.kmeans_pp, batch_diversity.typical):
            assert len(set(rule(points, k, rng=0).tolist())) == k
        assert len(set(batch_diversity.badge(proba, points, k, 0).tolist())) == k

    def test_ties_at_the_top_are_drawn_as_ties_at_the_bottom_would_be(self) -> None:
        firsts = {int(top_k.best(np.ones(20), np.arange(20), 1, seed)[0]) for seed in range(60)}
        assert len(firsts) > 15

    def test_the_last_block_of_a_pool_counts(self) -> None:
        # Rows past the last full block were left out elsewhere: the farthest is the very last row.
        points = np.zeros((4096 * 2 + 7, 2), dtype=np.float32)
        points[-1] = 9.0
        assert batch_diversity.k_center(points, 1, existing=[[0.0, 0.0]]).tolist() == [
            len(points) - 1
        ]
        assert batch_diversity.kmeans_pp(points, 1, [[0.0, 0.0]], 0).tolist() == [len(points) - 1]

    def test_what_is_covered_does_not_send_every_pick_to_the_first_row(self) -> None:
        # After full coverage an argmax over zeros is always row 0, which may be taken already.
        points = np.repeat(np.eye(3), 4, axis=0)
        for rule in (batch_diversity.k_center, batch_diversity.kmeans_pp):
            assert len(set(rule(points, 12, points[:1], 0).tolist())) == 12

    def test_zero_probabilities_give_numbers(self) -> None:
        certain = np.eye(3)[[0, 1, 2, 0]]
        with np.errstate(all="raise"):
            np.testing.assert_array_equal(scores.entropy(certain), 0.0)
            np.testing.assert_allclose(scores.bald([certain, certain]), 0.0)
            apart = scores.bald([certain, certain[:, ::-1]])
        np.testing.assert_allclose(apart, [np.log(2), 0.0, np.log(2), np.log(2)], atol=1e-12)

    def test_a_committee_of_single_examples_is_soon_trained(self) -> None:
        # Bagging until every class is in would take 2e8 tries with 20 classes.
        X = Features(None, np.eye(20, dtype=np.float32))
        committee = fit_committee(X, np.arange(20), SingleLabel(20), members=2, seed=0)
        assert [member.n_seen for member in committee] == [20, 20]

    def test_seeded_members_of_a_committee_differ(self) -> None:
        rng = np.random.default_rng(0)
        y = rng.integers(3, size=40)
        X = Features(None, (np.eye(3)[y] + rng.normal(size=(40, 3))).astype(np.float32))
        members = predict_committee(fit_committee(X, y, SingleLabel(3), members=4, seed=0), X)
        for i in range(4):
            for j in range(i):
                assert np.abs(members[i] - members[j]).max() > 1e-3
        assert scores.bald(members).max() > 1e-3

    def test_perfect_agreement_is_one_and_not_nan(self) -> None:
        assert coefficients.cohen_kappa([1, 1, 1], [1, 1, 1]) == 1.0
        assert stopping.is_stable([[1, 1, 1]] * 4)

    def test_a_new_class_is_known_at_once(self) -> None:
        X = Features(None, np.eye(3, dtype=np.float32))
        before = fit_committee(X.take([0, 1]), [0, 1], SingleLabel(3), seed=0)
        after = fit_committee(X, [0, 1, 2], SingleLabel(3), seed=0)
        assert (predict_committee(before, X)[:, :, 2] == 0).all()
        assert (predict_committee(after, X)[:, 2].argmax(axis=1) == 2).all()

    def test_doubt_with_distance_uses_the_distance(self) -> None:
        # A library computed the distance of its hybrid and then left it out.
        proba, spread = np.full((2, 2), 0.5), np.array([[1.0, 0.0], [0.0, 1.0]])
        pool = Candidates(np.arange(2), np.zeros(2), proba, spread, existing=spread[:1])
        for seed in range(20):
            assert STRATEGIES["cover_margin"].choose(pool, 1, seed).rows.tolist() == [1]
