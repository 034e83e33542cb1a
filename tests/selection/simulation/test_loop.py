"""The loop of the app, offline: same seed, same curve; every label is counted, audits included."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from selection.features import Features, TextQuick
from selection.models import MultiLabel, SingleLabel, committee, logistic
from selection.models.label_texts import LabelTexts
from selection.simulation import baseline, loop
from selection.simulation.dataset import LabelledDataset, Plan, macro_f1
from selection.simulation.loop import audits_due, replay
from selection.strategies import registry
from selection.strategies.base import Strategy
from selection.strategies.registry import STRATEGIES


def still() -> float:
    return 0.0


@pytest.fixture(scope="module")
def pool(blobs: Any) -> LabelledDataset:
    """200 points of three blobs to ask, 100 to measure on; class 2 is the rare one."""
    X, y = blobs
    inside, outside = np.arange(200), np.arange(200, 300)
    return LabelledDataset(
        X.take(inside), y[inside], SingleLabel(3), 2, X.take(outside), y[outside]
    )


@pytest.fixture(scope="module")
def texts(topics: Any) -> tuple[LabelledDataset, list[str]]:
    """200 short texts to ask and 200 to measure on."""
    docs, y = topics
    encoder = TextQuick.fit(docs[:200], seed=0)
    X, T = encoder.transform(docs[:200]), encoder.transform(docs[200:])
    return LabelledDataset(X, y[:200], SingleLabel(4), 3, T, y[200:]), docs


# One run -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_same_seed_gives_the_same_run_and_nothing_is_asked_twice(pool: Any, name: Any) -> None:
    plan = Plan(labels=50, batch=20, audit_share=0.15)
    first, again = (replay(pool, name, 3, plan, still) for _ in range(2))
    assert first.asked.tolist() == again.asked.tolist()
    assert first.accuracy.tolist() == again.accuracy.tolist()
    assert first.labels.tolist() == [20, 40, 50]
    assert len(set(first.asked.tolist())) == 50
    assert first.accuracy[-1] > 0.8


@pytest.mark.parametrize("name", ["auto", "random", "margin"])
def test_another_seed_asks_other_items(pool: Any, name: str) -> None:
    one, two = (replay(pool, name, seed, Plan(labels=40), still) for seed in (0, 1))
    assert one.asked.tolist() != two.asked.tolist()


def test_whole_pool_can_be_asked(pool: Any) -> None:
    run = replay(pool, "auto", 0, Plan(labels=200, batch=30, audit_share=0.15), still)
    assert sorted(run.asked.tolist()) == list(range(200))
    assert run.rare_found[-1] == 1.0


def test_model_of_the_last_mark_is_that_of_the_app(pool: Any) -> None:
    run = replay(pool, "margin", 0, Plan(labels=40), still)
    model = logistic.fit(pool.X.take(run.asked), pool.y[run.asked], SingleLabel(3), seed=0)
    said = model.predict_proba(pool.test).argmax(axis=1)
    assert run.accuracy[-1] == (said == pool.truth).mean()
    assert run.macro_f1[-1] == pytest.approx(macro_f1(pool.truth, said, SingleLabel(3)))
    assert run.rare_found[-1] == (pool.y[run.asked] == 2).sum() / (pool.y == 2).sum()


def test_auto_covers_clusters_until_every_class_it_met_has_three_labels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nearly all items have one class, so the first batch tells little of the others."""
    rng = np.random.default_rng(5)
    y = rng.permutation(np.repeat(np.arange(3), [385, 10, 5]))
    points = (np.eye(3, 8)[y] + rng.normal(size=(400, 8))).astype(np.float32)
    known = LabelledDataset(Features(None, points, (0, 8)), y, SingleLabel(3), rare_class=2)
    resolve, phases = registry.resolve, []

    def noted(*given: Any, **named: Any) -> Strategy:
        phases.append((named.get("fewest"), resolve(*given, **named)))
        return phases[-1][1]

    monkeypatch.setattr(registry, "resolve", noted)
    asked = replay(known, "auto", 0, Plan(labels=200), still).asked
    fewest = [min(np.unique(y[asked[:n]], return_counts=True)[1]) for n in range(20, 200, 20)]
    told = [(few, strategy.name) for few, strategy in phases[-9:]]
    assert told == [(few, "margin_clusters" if few < 3 else "margin") for few in fewest]
    assert len({name for _few, name in told}) == 2


def test_strategy_that_knows_the_answers_finds_the_rare_class_first(
    pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is asked is scored by id, so this one may look the answer up.
    def knows(proba: Any, ids: Any, seed: Any, **_: Any) -> Any:
        return (pool.y[ids] == 2).astype(float)

    from selection.strategies import batch as strategies_batch

    chooser = lambda found, k, rng: strategies_batch.top_k(found, k, rng, "oracle")  # noqa: E731
    oracle = Strategy("oracle", "Oracle", "Knows.", frozenset({"proba"}), knows, chooser)
    monkeypatch.setitem(STRATEGIES, "oracle", oracle)
    rare = int((pool.y == 2).sum())
    run = replay(pool, "oracle", 0, Plan(labels=rare + 20, batch=20), still)
    found = np.isin(run.asked[20:], np.flatnonzero(pool.y == 2))
    assert run.rare_found[-1] == 1.0
    assert found[: rare - (pool.y[run.asked[:20]] == 2).sum()].all()
    random = replay(pool, "random", 0, Plan(labels=rare + 20, batch=20), still)
    assert random.rare_found[-1] < 0.7


def test_time_of_a_round_is_that_of_learning_and_asking(pool: Any) -> None:
    ticks = iter(range(100))
    run = replay(pool, "random", 0, Plan(labels=60), lambda: float(next(ticks)))
    assert run.seconds_per_round == 1.0


def test_one_known_class_is_what_everything_is_called() -> None:
    X = Features(None, np.eye(4, dtype=np.float32), (0, 4))
    same = LabelledDataset(X, np.array([1, 1, 1, 0]), SingleLabel(2), 0, X, np.array([1, 1, 1, 0]))
    run = replay(same, "coreset", 0, Plan(labels=1), still)
    assert run.accuracy[0] in {0.25, 0.75}


def test_run_stops_when_the_rare_items_are_found(pool: Any) -> None:
    run = replay(pool, "rare", 0, Plan(labels=200, batch=10, until_found=0.8), still)
    assert run.rare_found[-2] < 0.8 <= run.rare_found[-1]
    assert len(run.asked) == run.labels[-1] < 200


def test_without_a_test_set_only_what_is_found_counts(pool: Any) -> None:
    run = replay(replace(pool, test=None, truth=None), "auto", 0, Plan(labels=40), still)
    assert np.isnan(run.accuracy).all()
    assert np.isnan(run.macro_f1).all()
    assert (run.rare_found > 0).all()


def test_items_may_have_several_labels(pool: Any) -> None:
    y, truth = (np.eye(3, dtype=np.int64)[labels] for labels in (pool.y, pool.truth))
    y[:, 0] |= y[:, 1]
    truth[:, 0] |= truth[:, 1]
    several = replace(pool, y=y, truth=truth, space=MultiLabel(3))
    for name in ("auto", "committee", "random"):
        run = replay(several, name, 0, Plan(labels=60, audit_share=0.15), still)
        assert run.accuracy[-1] > 0.7
        assert run.macro_f1[-1] > 0.7


def test_random_without_a_test_set_makes_no_model_and_asks_the_same(pool: Any) -> None:
    def refuse(*_args: Any, **_options: Any) -> None:
        raise AssertionError("a model that nobody asks")

    blind = replace(pool, test=None, truth=None, learner=refuse)
    run = replay(blind, "random", 0, Plan(labels=60), still)
    assert run.asked.tolist() == replay(pool, "random", 0, Plan(labels=60), still).asked.tolist()
    with pytest.raises(AssertionError, match="nobody"):
        replay(blind, "margin", 0, Plan(labels=60), still)


def test_committee_learns_from_the_texts_of_labels_as_the_model_does(
    pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = LabelTexts(np.eye(4, 3, dtype=np.float32), np.eye(4, 3, dtype=np.float32))
    given = []
    fit = committee.fit_committee

    def watched(*args: Any, **more: Any) -> Any:
        given.append(more["texts"])
        return fit(*args, **more)

    monkeypatch.setattr(committee, "fit_committee", watched)
    for known in (pool, pool.taught_by(texts)):
        replay(known, "committee", 0, Plan(labels=60), still)
    rounds = len(given) // 2
    assert rounds
    assert given == [None] * rounds + [texts] * rounds


def test_inputs_stay_as_they_were(pool: Any) -> None:
    before = pool.X.dense.copy(), pool.y.copy()
    replay(pool, "auto", 0, Plan(labels=60, audit_share=0.15), still)
    assert (pool.X.dense == before[0]).all()
    assert (pool.y == before[1]).all()


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan(labels=0), "0 labels"),
        (Plan(labels=201), "201 labels cannot be spent on 200 items"),
        (Plan(labels=20, batch=0), "at least one"),
        (Plan(labels=20, audit_share=1.5), "between 0 and 1"),
    ],
)
def test_plan_that_cannot_be_is_refused(pool: Any, plan: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replay(pool, "auto", 0, plan, still)


def test_unknown_strategy_is_refused_by_name(pool: Any) -> None:
    for known in (pool, replace(pool, test=None, truth=None)):
        with pytest.raises(ValueError, match="nonsense"):
            replay(known, "nonsense", 0, Plan(labels=20), still)


# Audits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.07, 0.15, 0.29, 0.5])
@pytest.mark.parametrize("batch", [7, 20])
def test_audits_take_their_share_exactly_at_every_mark(pool: Any, share: float, batch: int) -> None:
    run = replay(pool, "margin", 1, Plan(labels=100, batch=batch, audit_share=share), still)
    assert run.audited.tolist() == [audits_due(share, n) for n in run.labels]
    assert run.audited[-1] == round(share * 100)


def test_audits_are_the_same_random_items_for_every_strategy(pool: Any) -> None:
    plan = Plan(labels=60, batch=20, audit_share=0.2)
    audits = [
        [set(replay(pool, name, 5, plan, still).asked[20 * r + 16 : 20 * r + 20]) for r in range(3)]
        for name in ("margin", "coreset", "auto")
    ]
    assert audits[0] == audits[1] == audits[2]


def test_random_needs_no_audits(pool: Any) -> None:
    run = replay(pool, "random", 0, Plan(labels=60, audit_share=0.5), still)
    assert run.audited.tolist() == [0, 0, 0]
    without = replay(pool, "random", 0, Plan(labels=60), still)
    assert run.asked.tolist() == without.asked.tolist()


# A search ----------------------------------------------------------------------------------------


def test_auto_searches_like_rare_where_recall_is_the_goal(pool: Any) -> None:
    declared = replace(pool, rare_class_declared=True)
    plan = Plan(labels=80, audit_share=0.2)
    rare = replay(declared, "rare", 2, plan, still).asked
    searching = replay(declared, "auto", 2, replace(plan, hunts=True), still).asked
    assert searching.tolist() == rare.tolist()
    assert replay(declared, "auto", 2, plan, still).asked.tolist() != rare.tolist()
    # Nothing to search for without a declared class.
    undeclared = replay(pool, "auto", 2, replace(plan, hunts=True), still).asked
    assert undeclared.tolist() == replay(pool, "auto", 2, plan, still).asked.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_search_reads_the_audit_reserve_and_the_audits_stay_a_prefix(pool: Any, seed: int) -> None:
    declared = replace(pool, rare_class_declared=True)
    run = replay(declared, "rare", seed, Plan(labels=200, audit_share=0.2), still)
    assert sorted(run.asked.tolist()) == list(range(200))
    audits = loop.audit_order(200, seed)[:40]
    for labels, audited in zip(run.labels, run.audited, strict=True):
        read = np.isin(audits, run.asked[:labels])
        assert read[:audited].all()
        assert audited == 40 or not read[audited]
        assert audited >= min(audits_due(0.2, labels), 40)
    # All of the rare class is found while a third of the pool is unread.
    assert run.rare_found[run.labels <= 130].max() == 1.0


# The baseline ------------------------------------------------------------------------------------


def test_baseline_learns_from_the_rows_that_random_asks(texts: Any) -> None:
    known, docs = texts
    plain = baseline.plain(known, docs[:200], docs[200:])
    for seed in range(3):
        ours = replay(known, "random", seed, Plan(labels=50, audit_share=0.15), still)
        theirs = replay(plain, "random", seed, Plan(labels=50, audit_share=0.15), still)
        assert ours.asked.tolist() == theirs.asked.tolist()
        assert theirs.accuracy[-1] > 0.6


def test_baseline_is_the_plain_logistic_regression_of_everybody(texts: Any) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    known, docs = texts
    plain = baseline.plain(known, docs[:200], docs[200:])
    run = replay(plain, "random", 0, Plan(labels=100), still)
    encoder = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))
    X, T = encoder.fit_transform(docs[:200]), encoder.transform(docs[200:])
    model = LogisticRegression(C=10, max_iter=500).fit(X[run.asked], known.y[run.asked])
    assert run.accuracy[-1] == pytest.approx(model.score(T, known.truth), abs=0.01)


@pytest.mark.parametrize("word", ["x", "大家好吗"])
def test_baseline_reads_characters_where_there_are_no_words(texts: Any, word: str) -> None:
    known, _docs = texts
    plain = baseline.plain(known, [f"{word} {i % 7}" for i in range(200)], [word] * 200)
    assert plain.test.sparse.nnz > 0


def test_baseline_sees_nothing_of_the_test_set(texts: Any) -> None:
    known, docs = texts
    plain = baseline.plain(known, docs[:200], ["zebra quagga okapi"] * 200)
    assert plain.test.sparse.nnz == 0


def test_baseline_of_several_labels_is_one_model_each(texts: Any) -> None:
    known, docs = texts
    space = MultiLabel(4)
    y, truth = (np.eye(4, dtype=np.int64)[each] for each in (known.y, known.truth))
    several = replace(known, y=y, truth=truth, space=space)
    plain = baseline.plain(several, docs[:200], docs[200:])
    assert replay(plain, "random", 0, Plan(labels=100), still).macro_f1[-1] > 0.5


def test_baseline_of_pictures_is_their_pixels() -> None:
    import io

    from PIL import Image

    def picture(shade: int) -> bytes:
        out = io.BytesIO()
        Image.new("L", (12, 10), shade).save(out, "PNG")
        return out.getvalue()

    docs = [picture(shade) for shade in (10, 20, 240, 250)]
    X = Features(None, np.eye(4, dtype=np.float32), (0, 4))
    known = LabelledDataset(X, np.array([0, 0, 1, 1]), SingleLabel(2), 1, X, np.array([0, 0, 1, 1]))
    plain = baseline.plain(known, docs, docs)
    assert plain.X.dense.shape == (4, 12 * 12)
    assert plain.X.dense.mean() == pytest.approx(0, abs=1e-6)
    assert replay(plain, "random", 0, Plan(labels=4), still).accuracy[-1] == 1.0
    with pytest.raises(ValueError, match="row 0"):
        baseline.plain(known, [b"no picture"] * 4, [])


def test_module_reads_no_clock() -> None:
    assert not hasattr(loop, "time")
