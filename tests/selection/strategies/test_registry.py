"""One contract for every strategy of the registry, and what each one is there for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from selection.core import top_k
from selection.models import MultiLabel, SingleLabel
from selection.strategies.registry import (
    STRATEGIES,
    Candidates,
    explain,
    fewest_labels,
    prefilter_size,
    resolve,
)
from selection.strategies.shortlist import Query, merge_shortlists, shortlist, to_candidates

NAMES = sorted(STRATEGIES)
K = 8


def pool(n: int = 60, classes: int = 3, seed: int = 0) -> Candidates:
    rng = np.random.default_rng(seed)
    spread = rng.normal(size=(n, 4)).astype(np.float32)
    return Candidates(
        ids=rng.permutation(10 * n)[:n].astype(np.int64),
        scores=np.zeros(n),
        proba=rng.dirichlet(np.ones(classes), size=n),
        spread=spread,
        existing=rng.normal(size=(5, 4)).astype(np.float32),
        n_labelled=5,
        space=SingleLabel(classes),
        classes_seen=classes,
        pool_size=n,
        class_counts=[3, 1, 1],
        rare_class=2,
    )


def scored(name: str, candidates: Candidates, seed: int = 11) -> Candidates:
    strategy = STRATEGIES[name]
    proba = candidates.proba
    if "committee" in strategy.needs and proba is not None:
        proba = np.stack([proba, proba[:, ::-1]])
    scores = strategy.score(proba, candidates.ids, seed, rare_class=candidates.rare_class)
    return replace(candidates, scores=scores)


def ask(name: str, candidates: Candidates, k: int = K, seed: int = 5) -> list[int]:
    selection = STRATEGIES[name].choose(candidates, k, seed)
    assert len(selection.rows) == len(selection.scores) == len(selection.probability)
    assert len(selection.reasons) == len(selection)
    assert len(set(selection.rows.tolist())) == len(selection) == min(k, len(candidates))
    return candidates.ids[selection.rows].tolist()


def go_round(
    name: str, whole: Candidates, labelled: np.ndarray, cuts: list[np.ndarray]
) -> list[Any]:
    """Return the picks of one round over the shards `cuts`, and how likely each draw was."""
    strategy, free = STRATEGIES[name], len(whole) - len(labelled)
    question = Query(strategy, SingleLabel(3), K, free, seed=11, rare_class=2)
    parts = []
    for cut in cuts:
        part = whole.take(np.setdiff1d(cut, labelled, assume_unique=True))
        votes = np.stack([part.proba, part.proba[:, ::-1]])
        parts.append(shortlist(question, part.ids, part.proba, votes))
    found = merge_shortlists(question, parts)
    rows = np.array([np.flatnonzero(whole.ids == i)[0] for i in found.ids])
    y = np.arange(len(labelled)) % 3
    known = whole.spread[labelled]
    candidates = to_candidates(question, found, whole.spread[rows], known, y)
    selection = strategy.choose(candidates, K, 5)
    return [found.ids[selection.rows].tolist(), selection.probability]


@pytest.mark.parametrize("name", NAMES)
class TestEveryStrategy:
    def test_same_seed_same_picks(self, name: Any) -> None:
        candidates = scored(name, pool())
        assert ask(name, candidates) == ask(name, candidates)
        drawn = STRATEGIES[name].choose(candidates, K, np.random.default_rng(5))
        assert candidates.ids[drawn.rows].tolist() == ask(name, candidates, seed=5)

    def test_chance_belongs_to_the_call_and_not_to_the_process(self, name: Any) -> None:
        before = np.random.get_state()[1].copy()
        ask(name, scored(name, pool()))
        np.testing.assert_array_equal(np.random.get_state()[1], before)

    def test_order_of_the_candidates_does_not_matter(self, name: Any) -> None:
        candidates = scored(name, pool())
        order = np.random.default_rng(3).permutation(len(candidates))
        assert ask(name, candidates) == ask(name, candidates.take(order))

    def test_neither_shards_nor_their_order_matter_and_nothing_labelled_is_asked(
        self, name: Any
    ) -> None:
        whole, labelled = pool(700), np.arange(0, 700, 50)
        rows = np.arange(700)
        layouts = (
            [rows],
            np.array_split(rows, 7),
            np.array_split(rows, 7)[::-1],
            [rows[::-1]],
            [rows[1::2], rows[:0], rows[::2]],
        )
        (picks, chances), *others = (go_round(name, whole, labelled, cuts) for cuts in layouts)
        assert len(set(picks)) == K
        assert not np.isin(picks, whole.ids[labelled]).any()
        for again, same in others:
            assert again == picks
            np.testing.assert_allclose(same, chances)

    def test_no_picks_and_no_pool(self, name: Any) -> None:
        assert ask(name, scored(name, pool()), k=0) == []
        nothing = pool().take(np.zeros(0, dtype=np.int64))
        assert ask(name, scored(name, nothing)) == []
        assert ask(name, scored(name, replace(nothing, existing=None)), k=0) == []

    def test_more_wanted_than_there_is(self, name: Any) -> None:
        candidates = scored(name, pool(6))
        assert sorted(ask(name, candidates, k=50)) == sorted(candidates.ids.tolist())
        assert sorted(ask(name, candidates, k=6)) == sorted(candidates.ids.tolist())

    def test_a_pool_of_one(self, name: Any) -> None:
        assert len(ask(name, scored(name, pool(1)))) == 1

    def test_nothing_labelled(self, name: Any) -> None:
        for existing in (None, np.zeros((0, 4), dtype=np.float32)):
            candidates = replace(pool(), existing=existing, n_labelled=0, classes_seen=0)
            candidates = replace(candidates, class_counts=None, rare_class=None)
            assert len(ask(name, scored(name, candidates))) == K

    def test_one_class_only(self, name: Any) -> None:
        one = replace(
            pool(), proba=np.eye(3)[np.ones(60, dtype=int)], classes_seen=1, class_counts=[0, 5, 0]
        )
        assert len(ask(name, scored(name, one))) == K
        # What runs then needs no model, so none has to be there.
        strategy = resolve(name, 5, 1, SingleLabel(3))
        unknown = scored(strategy.name, replace(one, proba=None))
        assert len(ask(strategy.name, unknown)) == K

    def test_a_project_of_one_class(self, name: Any) -> None:
        lonely = replace(pool(classes=1), class_counts=[5], rare_class=0)
        assert len(ask(name, scored(name, lonely))) == K

    def test_all_items_alike(self, name: Any) -> None:
        alike = replace(
            pool(), proba=np.full((60, 3), 1 / 3), spread=np.ones((60, 4), dtype=np.float32)
        )
        for existing in (None, alike.spread[:3]):
            candidates = scored(name, replace(alike, existing=existing))
            assert len(ask(name, candidates, k=60)) == 60
            assert ask(name, candidates) == ask(name, candidates.take(np.arange(60)[::-1]))

    def test_items_without_features(self, name: Any) -> None:
        mixed = pool().spread.copy()
        mixed[::3] = 0.0
        nothing = np.zeros((60, 4), dtype=np.float32)
        for spread in (mixed, nothing, nothing[:, :0]):
            empty = replace(pool(), spread=spread, existing=spread[:2])
            assert len(ask(name, scored(name, empty), k=60)) == 60

    def test_long_features_are_not_asked_for_their_length(self, name: Any) -> None:
        candidates = scored(name, pool())
        # Powers of two change no digit of a direction.
        lengths = 2.0 ** np.random.default_rng(0).integers(-9, 10, size=(60, 1))
        longer = replace(candidates, spread=candidates.spread * lengths.astype(np.float32))
        assert ask(name, longer) == ask(name, candidates)

    def test_certain_probabilities(self, name: Any) -> None:
        certain = replace(pool(), proba=np.eye(3)[np.arange(60) % 3])
        assert len(ask(name, scored(name, certain))) == K

    def test_single_precision_is_welcome(self, name: Any) -> None:
        rough = replace(pool(), proba=pool().proba.astype(np.float32))
        assert len(ask(name, scored(name, rough))) == K

    def test_several_labels_per_item(self, name: Any) -> None:
        strategy = STRATEGIES[name]
        many = replace(pool(), proba=np.random.default_rng(1).random((60, 3)), space=MultiLabel(3))
        proba = many.proba[None] if "committee" in strategy.needs else many.proba
        scores = strategy.score(proba, many.ids, 0, space=many.space, rare_class=1)
        assert len(ask(name, replace(many, scores=scores))) == K

    def test_a_bad_row_is_named(self, name: Any) -> None:
        candidates, strategy = pool(), STRATEGIES[name]
        for broken in (np.nan, np.inf):
            proba, spread = candidates.proba.copy(), candidates.spread.copy()
            proba[7, 0], spread[4, 1] = broken, broken
            with pytest.raises(ValueError, match="row 7"):
                strategy.choose(replace(candidates, proba=proba), K, 0)
            with pytest.raises(ValueError, match="row 4"):
                strategy.choose(replace(candidates, spread=spread), K, 0)
            if strategy.needs & {"proba", "committee"}:
                with pytest.raises(ValueError, match="row 7"):
                    scored(name, replace(candidates, proba=proba))
        scores = np.where(np.arange(60) == 3, np.nan, 0.0)
        with pytest.raises(ValueError, match="row 3"):
            strategy.choose(replace(candidates, scores=scores), K, 0)
        with pytest.raises(ValueError, match="twice"):
            strategy.choose(replace(candidates, ids=np.zeros(60, dtype=np.int64)), K, 0)

    def test_inputs_are_left_alone(self, name: Any) -> None:
        candidates = scored(name, pool())
        arrays = ("ids", "scores", "proba", "spread", "existing")
        copies = {array: getattr(candidates, array).copy() for array in arrays}
        for array in arrays:
            # A write would raise, wherever it were undone again.
            getattr(candidates, array).flags.writeable = False
        scored(name, candidates)
        ask(name, candidates)
        for array in arrays:
            np.testing.assert_array_equal(getattr(candidates, array), copies[array])

    def test_it_can_be_explained_to_people(self, name: Any) -> None:
        strategy = STRATEGIES[name]
        assert strategy.title
        assert strategy.description.endswith(".")
        selection = strategy.choose(scored(name, pool()), K, 0)
        for reason in set(selection.reasons):
            proba, names = [0.5, 0.3, 0.2], ["a", "b", "c"]
            sentence = explain(reason, 0.1, proba, names, SingleLabel(3), rare_class=2)
            assert sentence.endswith(".")
            assert "score" not in sentence

    def test_what_it_needs_is_demanded(self, name: Any) -> None:
        strategy, bare = STRATEGIES[name], replace(pool(), proba=None, spread=None, existing=None)
        if "proba" in strategy.needs and strategy.scorer is not None:
            with pytest.raises(ValueError, match="probabilities"):
                strategy.score(None, bare.ids, 0)
        if "features" in strategy.needs:
            with pytest.raises(ValueError, match="needs"):
                strategy.choose(bare, K, 0)


def test_until_two_classes_are_known_nothing_asks_a_model() -> None:
    for name in NAMES:
        for seen in (0, 1):
            strategy = resolve(name, 3, seen, SingleLabel(3))
            assert "proba" not in strategy.needs
    assert resolve("random", 0, 0, SingleLabel(3)).name == "random"
    assert resolve("coreset", 0, 0, SingleLabel(3)).name == "coreset"
    assert resolve("margin", 3, 1, MultiLabel(3)).name == "margin"


def test_auto_moves_from_seeds_to_uncertain_clusters_to_close_calls() -> None:
    phases = [
        resolve("auto", n, seen, SingleLabel(4)).name
        for n, seen in [(0, 0), (9, 1), (5, 2), (11, 4), (12, 4)]
    ]
    early = ["typical", "typical", "uncertain_clusters", "uncertain_clusters"]
    assert phases == [*early, "margin"]


def test_auto_counts_labels_per_class_that_was_seen() -> None:
    # Many classes with a label or two each: a batch must still represent many items.
    assert resolve("auto", 200, 100, SingleLabel(151)).name == "uncertain_clusters"
    # 47 declared classes never turned up: they do not keep the project at its start.
    assert resolve("auto", 500, 30, SingleLabel(77)).name == "margin"


def test_auto_covers_clusters_while_a_class_has_few_labels() -> None:
    # A first batch that is mostly of one class tells nothing of the others.
    space, counts = SingleLabel(4), [16, 2, 2, 0]
    fewest = fewest_labels(counts)
    assert resolve("auto", 20, 3, space, fewest=fewest).name == "margin_clusters"
    assert resolve("auto", 20, 3, space, fewest=3).name == "margin"
    ids = np.arange(60)
    proba = np.tile([0.5, 0.5, 0.0, 0.0], (60, 1))
    spread = np.repeat(np.eye(3), 20, axis=0)
    pool = Candidates(ids, np.zeros(60), proba, spread, space=space, n_labelled=20, classes_seen=3)
    taken = STRATEGIES["auto"].choose(replace(pool, class_counts=counts), 4, 0)
    assert sorted(taken.reasons) == ["margin", "margin", "uncertain-cluster", "uncertain-cluster"]
    taken = STRATEGIES["auto"].choose(replace(pool, class_counts=[14, 3, 3, 0]), 4, 0)
    assert taken.reasons == ["margin"] * 4


def test_auto_searches_where_the_recall_of_a_rare_class_is_the_goal() -> None:
    phases = [
        resolve("auto", n, seen, SingleLabel(4), hunts=True).name
        for n, seen in [(0, 0), (9, 1), (7, 2), (800, 4)]
    ]
    assert phases == ["typical", "typical", "rare", "rare"]
    assert resolve("margin", 800, 4, SingleLabel(4), hunts=True).name == "margin"


def test_the_first_batch_covers_the_pool_even_where_scores_exist() -> None:
    # Doubts of a model that was never checked picked 0.43 where a random seed gave 0.79.
    imported = replace(pool(), existing=None, n_labelled=0, classes_seen=0)
    covered = ask("typical", scored("typical", imported))
    assert ask("auto", scored("auto", imported)) == covered
    assert ask("auto", replace(imported, scores=imported.proba[:, 0])) == covered


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(ValueError, match="no strategy is called 'magic'"):
        resolve("magic", 0, 0, SingleLabel(2))


def test_prefilter_size_is_bounded() -> None:
    sizes = [prefilter_size(k, 10**6) for k in (1, 20, 1000, 6000)]
    assert sizes == [200, 400, 5000, 6000]
    assert prefilter_size(20, 70) == 70
    assert STRATEGIES["typical"].prefilter_size(20, 10**6) == 2000


def test_margin_asks_the_closest_calls_first() -> None:
    candidates = scored("margin", pool())
    top = np.sort(candidates.proba, axis=1)
    gap = top[:, -1] - top[:, -2]
    rows = STRATEGIES["margin"].choose(candidates, 5, 0).rows
    np.testing.assert_array_equal(rows, np.argsort(gap)[:5])


def test_random_says_how_likely_each_draw_was() -> None:
    selection = STRATEGIES["random"].choose(scored("random", pool()), 3, 0)
    np.testing.assert_allclose(selection.probability, [1 / 60, 1 / 59, 1 / 58])


def test_random_is_uniform_over_the_pool() -> None:
    firsts = []
    for seed in range(1500):
        scores = STRATEGIES["random"].score(None, np.arange(6), seed)
        firsts.append(int(top_k.best(scores, np.arange(6), 1, seed)[0]))
    np.testing.assert_allclose(np.bincount(firsts, minlength=6) / 1500, 1 / 6, atol=0.04)


def test_stochastic_draws_by_the_weights_it_reports() -> None:
    proba = np.array([[0.5, 0.5], [0.75, 0.25], [0.9, 0.1]])
    strategy, ids = STRATEGIES["stochastic"], np.arange(3)
    weights = strategy.weights(proba)
    firsts, told = [], []
    for seed in range(2000):
        candidates = Candidates(ids, strategy.score(proba, ids, seed), proba, pool_size=3)
        selection = strategy.choose(candidates, 3, 0)
        firsts.append(int(selection.rows[0]))
        told.append(selection.probability)
    np.testing.assert_allclose(weights, [1.0, 0.5, 0.2])
    np.testing.assert_allclose(
        np.bincount(firsts, minlength=3) / 2000, weights / weights.sum(), atol=0.03
    )
    assert {round(float(p[0]), 6) for p in told} == {
        round(w, 6) for w in (weights / weights.sum()).tolist()
    }
    np.testing.assert_allclose([p[2] for p in told], 1.0)


def test_balanced_serves_the_class_with_the_fewest_labels() -> None:
    candidates = replace(scored("balanced", pool()), class_counts=[50, 0, 50])
    rows = STRATEGIES["balanced"].choose(candidates, 5, 0).rows
    assert (candidates.proba[rows].argmax(axis=1) == 1).all()


def test_words_name_the_labels() -> None:
    names, space = ["spam", "ham"], SingleLabel(2)
    assert explain("margin", 0, [0.48, 0.45], names, space) == (
        "The model hesitates between spam (48 %) and ham (45 %)."
    )
    assert explain("badge", 0, [0.9, 0.1], names, space).endswith("The model expects spam (90 %).")
    assert explain("typical-margin", 0, [0.48, 0.45], names, space) == (
        "Uncertain, and typical of similar uncertain items. "
        "The model hesitates between spam (48 %) and ham (45 %)."
    )
    assert explain("uncertain-cluster", 0, [0.9, 0.1], names, space) == (
        "Typical of a cluster of uncertain items without a label. The model expects spam (90 %)."
    )
    assert explain("rare", 0, [0.63, 0.37], names, space, rare_class=1) == "Looks like ham (37 %)."
    assert explain("random", 0, None, names, space) == "Drawn at random."
    assert "unsure about ham (45 %)" in explain("margin", 0, [0.9, 0.45], names, MultiLabel(2))
    assert explain("margin", -0.25, None, names, space) == "Selected by margin (score -0.25)."


def test_copies_are_asked_after_everything_else() -> None:
    alike = np.array([[1, 0], [1, 0], [1, 0.001], [0, 1]], dtype=np.float32)
    candidates = Candidates(
        np.arange(4), np.array([0.9, 0.8, 0.7, 0.1]), np.full((4, 2), 0.5), alike
    )
    assert STRATEGIES["margin"].choose(candidates, 2, 0).rows.tolist() == [0, 3]
    assert STRATEGIES["margin"].choose(candidates, 4, 0).rows.tolist() == [0, 3, 1, 2]


def test_close_calls_that_are_far_apart_are_drawn_among_the_closest() -> None:
    candidates = scored("margin_apart", pool())
    closest = np.argsort(-candidates.scores)[:12]
    asked = STRATEGIES["margin_apart"].choose(candidates, 4, 0).rows
    assert set(asked) <= set(closest)
    points = candidates.spread / np.linalg.norm(candidates.spread, axis=1, keepdims=True)

    def nearest(rows: Any) -> Any:
        gaps = 1 - points[rows] @ points[rows].T + 2 * np.eye(len(rows))
        return gaps.min()

    runs = [STRATEGIES["margin_apart"].choose(candidates, 4, seed).rows for seed in range(20)]
    drawn = [np.random.default_rng(seed).choice(closest, 4, replace=False) for seed in range(20)]
    assert np.mean([nearest(r) for r in runs]) > np.mean([nearest(r) for r in drawn])


def test_typical_close_calls_stand_for_many_and_leave_outliers_out(rng: Any) -> None:
    # Three groups of uncertain items, three uncertain loners, and many items without doubt.
    centres = np.repeat(np.eye(6)[:3], 9, axis=0) + rng.normal(scale=0.05, size=(27, 6))
    sure = np.tile(np.full(6, 0.4), (200, 1)) + rng.normal(scale=0.05, size=(200, 6))
    spread = np.vstack([centres, np.eye(6)[3:], sure]).astype(np.float32)
    proba = np.repeat([[0.5, 0.5], [0.95, 0.05]], [30, 200], axis=0)
    proba += np.linspace(0, 0.01, 230)[:, None] * np.array([1, -1])
    ids = np.arange(230)
    scores = STRATEGIES["typical_margin"].score(proba, ids, 0)
    candidates = Candidates(ids, scores, proba, spread)
    for seed in range(10):
        asked = STRATEGIES["typical_margin"].choose(candidates, 3, seed).rows
        groups = {int(row) // 9 for row in asked if row < 27}
        assert len(groups) >= 2, asked
        assert (asked < 30).all()
    again = STRATEGIES["typical_margin"].choose(candidates, 3, 4).rows
    np.testing.assert_array_equal(again, STRATEGIES["typical_margin"].choose(candidates, 3, 4).rows)


def test_uncertain_clusters_go_by_their_sum_of_doubt_and_not_by_their_size(rng: Any) -> None:
    # Sixty items without doubt, twenty uncertain ones beside a label, ten uncertain ones elsewhere.
    sizes = [60, 20, 10]
    spread = np.repeat(np.eye(3), sizes, axis=0) + rng.normal(scale=0.01, size=(90, 3))
    proba = np.repeat([[0.95, 0.05], [0.5, 0.5], [0.6, 0.4]], sizes, axis=0)
    ids = np.arange(90)
    strategy = STRATEGIES["uncertain_clusters"]
    candidates = Candidates(ids, strategy.score(proba, ids, 0), proba, spread)
    labelled = replace(candidates, existing=np.eye(3)[1:2], labels=np.array([1]), n_labelled=1)
    for seed in range(10):
        assert 60 <= strategy.choose(candidates, 3, seed).rows[0] < 80
        assert strategy.choose(labelled, 2, seed).rows[0] >= 80
    assert STRATEGIES["typical"].choose(candidates, 3, 0).rows[0] < 60


def test_auto_asks_for_typical_items_where_a_model_is_to_label_the_rest() -> None:
    assert resolve("auto", 400, 2, SingleLabel(2), finishes=True).name == "typical_margin"
    assert resolve("margin", 400, 2, SingleLabel(2), finishes=True).name == "margin"
    assert resolve("auto", 400, 2, SingleLabel(2), finishes=True, hunts=True).name == "rare"
    assert resolve("auto", 3, 1, SingleLabel(2), finishes=True).name == "typical"


def test_half_are_the_closest_calls_and_half_are_typical_of_the_sample(rng: Any) -> None:
    # The closest calls form one cluster, the random sample has three others.
    sizes = [20, 30, 20, 10]
    spread = np.repeat(np.eye(4), sizes, axis=0) + rng.normal(scale=0.01, size=(80, 4))
    sure = np.repeat([0.5, 0.8, 0.7, 0.6], sizes)
    proba = np.column_stack([sure, 1 - sure])
    ids, strategy = np.arange(80), STRATEGIES["margin_clusters"]
    scores = strategy.score(proba, ids, 0, space=SingleLabel(2))
    pool = Candidates(ids, scores, proba, spread, space=SingleLabel(2), drawn=ids >= 20)
    asked = strategy.choose(pool, 6, 0)
    assert asked.reasons == ["margin"] * 3 + ["uncertain-cluster"] * 3
    assert (asked.rows[:3] < 20).all()
    groups = np.searchsorted(np.cumsum(sizes), asked.rows[3:], side="right")
    assert sorted(groups) == [1, 2, 3]


def test_batches_of_one_take_turns() -> None:
    ids, half, strategy = np.arange(4), np.full((4, 2), 0.5), STRATEGIES["margin_clusters"]
    pool = Candidates(ids, np.zeros(4), half, np.eye(4), space=SingleLabel(2))
    reasons = [strategy.choose(replace(pool, n_labelled=n), 1, 0).reasons[0] for n in range(4)]
    assert reasons == ["margin", "uncertain-cluster"] * 2


def test_sample_of_the_pool_is_the_same_however_it_is_cut() -> None:
    n = 9000
    proba = np.column_stack([np.linspace(0.5, 1, n), np.linspace(0.5, 0, n)])
    question = Query(STRATEGIES["margin_clusters"], SingleLabel(2), 20, n, 3)
    found = []
    for cuts in ([np.arange(n)], np.array_split(np.arange(n), 4)[::-1]):
        best = merge_shortlists(question, [shortlist(question, cut, proba[cut]) for cut in cuts])
        empty = np.zeros((len(best.ids), 1))
        taken = to_candidates(question, best, empty, np.zeros((0, 1)), [])
        found.append((set(best.ids.tolist()), set(best.ids[taken.drawn].tolist())))
    assert found[0] == found[1]
    closest, drawn = set(range(400)), found[0][1]
    assert closest <= found[0][0]
    assert len(drawn) == 2000
    assert abs(np.mean(list(drawn)) - n / 2) < 300
