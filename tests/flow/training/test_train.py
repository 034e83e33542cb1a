"""One round: its training set, its picks, its measures, and its failures."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from annotator import projectsettings
from annotator.flow.annotation import revise
from annotator.flow.evaluation import audit_accuracy
from annotator.flow.features import encode
from annotator.flow.labels import naming
from annotator.flow.operations import cleanup
from annotator.flow.progress import estimate
from annotator.flow.projects import settings
from annotator.flow.queue import leasing
from annotator.flow.training import score, select, train
from annotator.models import (
    Annotation,
    Item,
    Job,
    ModelVersion,
    Project,
    QueueEntry,
    Round,
    RoundShard,
    Source,
    User,
)
from annotator.pool import audit_set, feature_store, model_files, training_set
from selection.features import Features
from selection.features.text.encoders import Text, TextQuick
from tests import loop
from tests.given import Fill, Learn, RunRound

pytestmark = pytest.mark.django_db


# Training ----------------------------------------------------------------------------------------


def test_first_round_needs_no_labels(ready: Any, run_round: RunRound) -> None:
    turn = run_round(ready)
    assert (turn.state, turn.model, turn.phase) == (Job.State.DONE, None, "typical")
    assert turn.picks
    assert all(pick["suggestion"] is None for pick in turn.picks)


def test_round_covers_clusters_while_a_label_was_given_once_or_twice(
    ready: Any, run_round: RunRound, ana: User
) -> None:
    for number in range(14):
        loop.answer(leasing.lease_next(ready, ana), ["ham" if number < 12 else "spam"])
    turn = run_round(ready)
    assert turn.phase == "margin_clusters"
    reasons = [pick["reason"] for pick in turn.picks]
    halves = reasons.count("margin"), reasons.count("uncertain-cluster")
    assert sum(halves) == len(reasons)
    assert abs(halves[0] - halves[1]) <= 1
    loop.answer(leasing.lease_next(ready, ana), ["spam"])
    assert run_round(ready).phase == "margin"


def test_model_learns_from_standing_answers_that_count(
    ready: Any, run_round: RunRound, ana: User, ben: User, lea: User
) -> None:
    for person in (ana, ben):
        loop.label(ready, person, 8)
    revise.withdraw(Annotation.objects.filter(user=ana).first(), lea)
    extra = Annotation.objects.filter(user=ben).first()
    Annotation.objects.filter(pk=extra.pk).update(counted=False)
    version = run_round(ready).model
    assert version.trained_on == 14
    assert sum(version.seen.values()) == 14
    assert version.labels == [label.pk for label in ready.labels.all()]


def test_most_frequent_answer_counts_and_the_first_label_of_equals(
    ready: Any, ana: User, ben: User, lea: User
) -> None:
    settings.change_settings(ready, overlap=3)
    answers = {
        "ana": ["ham", "ham", "spam"],
        "ben": ["ham", "spam", "ham"],
        "lea": ["spam", "spam"],
    }
    for person in (ana, ben, lea):
        for name in answers[person.username]:
            loop.answer(leasing.lease_next(ready, person), [name])
    space, ids = encode.current_space(ready), [label.pk for label in ready.labels.all()]
    known = training_set.load_training_set(ready, space, ids)
    by_item = {
        Item.objects.get(project=ready, position=position).pk: int(y)
        for position, y in zip(known.positions, known.y, strict=True)
    }
    first, second, third = list(
        dict.fromkeys(Annotation.objects.values_list("item", flat=True).order_by("pk"))
    )
    # ham ham spam -> ham; ham spam spam -> spam; spam ham -> the first in the project's order.
    assert (by_item[first], by_item[second], by_item[third]) == (1, 0, 0)


def test_suggestions_and_reasons_come_from_the_model(trained: Any) -> None:
    turn = trained.rounds.first()
    assert turn.model == trained.models.first()
    assert turn.picks
    for pick in turn.picks:
        assert set(pick["suggestion"]) == {"labels", "confidence"}
        assert pick["suggestion"]["labels"][0] in loop.ids(trained, "spam", "ham")
        assert pick["why"]
    assert sum(turn.distribution["pool"]) == sum(turn.distribution["predicted"])
    assert {"train", "score", "select", "refill", "evaluate", "to_refill"} <= set(turn.timings)


def test_model_tells_what_each_block_of_the_features_counts_for(trained: Any) -> None:
    version = trained.models.first()
    assert version is not None
    told = version.params["block_weights"]
    assert {"itself": 1.0, "exact": 1.0}.items() <= told.items()
    assert told == {name: getattr(model_files.load_model(version).weights, name) for name in told}
    assert not {"encoder", "label_texts"} & set(told)


def test_rounds_go_on_when_nothing_is_left_to_choose(
    ready: Any, run_round: RunRound, ana: User
) -> None:
    loop.label(ready, ana, 100)
    turn = run_round(ready)
    assert (turn.state, turn.picks) == (Job.State.DONE, [])


def test_strategy_never_picks_labelled_held_or_checked_items(
    ready: Any, run_round: RunRound, ana: User, ben: User
) -> None:
    loop.label(ready, ana, 12)
    held = leasing.lease_next(ready, ben)
    pool_items = Item.objects.filter(state=Item.State.POOL)
    checked = pool_items.filter(audit_key__gte=audit_set.audit_threshold(ready)).last()
    Item.objects.filter(pk=checked.pk).update(gold=loop.ids(ready, "spam"))
    picked = {pick["position"] for pick in run_round(ready).picks}
    taken = {a.item.position for a in Annotation.objects.all()}
    assert picked
    assert not picked & (taken | {held.item.position, checked.position})


@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("name", list(projectsettings.strategy_titles()))
def test_every_strategy_goes_round(
    olga: User,
    ana: User,
    filled: Fill,
    learnt: Learn,
    run_round: RunRound,
    name: Any,
    multi_label: bool,
) -> None:
    made = settings.create_project(
        olga,
        name=name,
        labels=["spam", "ham"],
        strategy=name,
        multi_label=multi_label,
        batch_size=5,
    )
    settings.change_settings(made, rare_label="ham", features="text-quick")
    filled(made, 40)
    learnt(made)
    for _ in range(2):
        turn = run_round(made)
        assert (turn.state, turn.error) == (Job.State.DONE, "")
        assert 0 < len(turn.picks) <= 15
        loop.label(made, olga, 6)


@pytest.mark.parametrize("name", ["auto", "badge", "committee"])
def test_one_label_is_enough_where_items_may_have_several(
    olga: User, filled: Fill, learnt: Learn, run_round: RunRound, name: str
) -> None:
    made = settings.create_project(
        olga, name="Tags", labels=["spam", "ham"], strategy=name, multi_label=True
    )
    settings.change_settings(made, features="text-quick")
    filled(made, 30)
    learnt(made)
    for _ in range(4):
        loop.answer(leasing.lease_next(made, olga), ["spam"])
    turn = run_round(made)
    spam, ham = map(str, loop.ids(made, "spam", "ham"))
    assert (turn.state, turn.model.seen) == (Job.State.DONE, {spam: 4, ham: 0})
    assert turn.picks


# Measuring ---------------------------------------------------------------------------------------


def test_audit_items_are_judged_by_models_that_did_not_train_on_them(
    trained: Any, monkeypatch: pytest.MonkeyPatch, ana: User, run_round: RunRound
) -> None:
    from selection.models import logistic

    seen = []
    fit, cross_fit = logistic.fit, logistic.cross_fit

    def spied(features: Any, y: Any, audited: Any, *args: Any, **options: Any) -> Any:
        rows = np.arange(len(y))
        inside = []

        def fitted(part: Any, part_y: Any, *fit_args: Any, **fit_options: Any) -> Any:
            inside.append(len(part_y))
            return fit(part, part_y, *fit_args, **fit_options)

        monkeypatch.setattr(logistic, "fit", fitted)
        proba = cross_fit(features, y, audited, *args, **options)
        monkeypatch.setattr(logistic, "fit", fit)
        seen.append((len(rows), int(audited.sum()), len(proba), inside))
        return proba

    monkeypatch.setattr(logistic, "cross_fit", spied)
    loop.label(trained, ana, 20)
    run_round(trained)
    ((total, audits, judged, inside),) = seen
    standing = Annotation.objects.filter(source=Source.AUDIT).count()
    assert audits == judged == standing >= 4
    # Each fold's model saw everything but its part of the audit items.
    assert len(inside) > 1
    assert sum(total - each for each in inside) == audits


def test_accuracy_is_told_only_of_enough_audits(trained: Any, run_round: RunRound) -> None:
    version = trained.models.first()
    measured = {"value": 0.9, "low": 0.7, "high": 0.99, "n": 19, "confidence": 0.95}
    for n, told in ((19, None), (20, {**measured, "n": 20})):
        ModelVersion.objects.filter(pk=version.pk).update(accuracy={**measured, "n": n})
        # With the model that it describes.
        of = {"model": version.number, "labels": version.trained_on, "metric": "accuracy"}
        assert estimate.newest(trained) == (told and {**told, **of})


def test_accuracy_comes_with_its_interval(trained: Any, run_round: RunRound, ana: User) -> None:
    loop.label(trained, ana, 30)
    version = run_round(trained).model
    assert version.accuracy["n"] == Annotation.objects.filter(source=Source.AUDIT).count()
    assert version.accuracy["low"] <= version.accuracy["value"] <= version.accuracy["high"]
    assert 0 <= version.macro_f1 <= 1


# The same again ----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
@pytest.mark.parametrize("size", [7, 1000])
def test_same_seed_and_labels_give_the_same_picks(
    olga: User, ana: User, filled: Fill, monkeypatch: pytest.MonkeyPatch, order: Any, size: int
) -> None:
    """Whatever the number of shards and the order in which they are scored."""
    _look_at_texts_one_by_one(monkeypatch)
    monkeypatch.setattr(feature_store, "SHARD_ITEMS", size)
    assert _history(olga, filled, order) == _expected(olga, filled, monkeypatch)


def _look_at_texts_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take from the features what a processor's matrix product adds by a row's place in a block.

    Shards have one size, so in a project the last bits of a feature are always the same; between
    two sizes they differ on some processors, which is not what this is about.
    """
    for encoder in (Text, TextQuick):

        def one_by_one(self: Any, docs: Any, whole: Any = encoder.transform) -> Any:
            return Features.concat([whole(self, [doc]) for doc in docs])

        monkeypatch.setattr(encoder, "transform", one_by_one)


def _expected(olga: User, filled: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(feature_store, "SHARD_ITEMS", 65_536)
    return _history(olga, filled, slice(None))


def _history(olga: User, filled: Any, order: Any) -> Any:
    made = settings.create_project(olga, name="Again", labels=["spam", "ham"], seed=3, batch_size=5)
    filled(made, 45)
    loop.make_features(made)
    history = []
    for _ in range(3):
        turn = loop.go_round(made, order)
        # Each project has labels of its own, whose ids stand in the reasons.
        whys = [naming.untranslated(made, pick["why"]) for pick in turn.picks]
        picks = [(p["position"], round(p["score"], 4)) for p in turn.picks]
        history.append(list(zip(picks, whys, strict=True)))
        history.append([a.item.text for a in loop.label(made, olga, 9)])  # type: ignore[misc]
        history.append(turn.model.snapshot if turn.model else None)
    assert made.models.count() == 2
    return history


# Crashes and old hands ---------------------------------------------------------------------------


def test_stage_that_runs_twice_changes_nothing(ready: Any) -> None:
    turn = loop.start(ready)
    for stage in ("train", "score", "select", "refill", "evaluate"):
        loop.go_stage(turn, stage)
        before = (
            list(Round.objects.order_by("pk").values()),
            list(RoundShard.objects.order_by("pk").values()),
        )
        queued = list(QueueEntry.objects.order_by("pk").values())
        for work in (train.train, select.select, loop.refill, audit_accuracy.evaluate):
            if work.__name__ not in _next_stage(turn):
                assert work(turn.pk) is None
        for scoring in RoundShard.objects.filter(state=Job.State.DONE):
            assert score.score_shard(scoring.pk) is None
        assert (
            list(Round.objects.order_by("pk").values()),
            list(RoundShard.objects.order_by("pk").values()),
        ) == before
        assert list(QueueEntry.objects.order_by("pk").values()) == queued


def _next_stage(turn: Any) -> Any:
    now = loop.refreshed(turn)
    return now.stage if now.is_active else ""


def test_scoring_waits_for_the_last_shard_and_only_its_worker_goes_on(
    project: Project, filled: Fill, learnt: Learn, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(project, 60)
    monkeypatch.setattr(feature_store, "SHARD_ITEMS", 20)
    learnt(project)
    turn = loop.start(project)
    loop.go_stage(turn, "train")
    shards = list(turn.shards.all())
    assert len(shards) == 3
    assert [score.score_shard(each.pk) for each in shards] == [None, None, turn]
    assert score.close_scoring(turn) is None
    assert loop.refreshed(turn).stage == Round.Stage.SELECT


def test_round_whose_worker_died_is_taken_up_at_its_stage(
    ready: Any, time_machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    turn = loop.start(ready)
    loop.go_stage(turn, "train")
    loop.go_stage(turn, "score")
    # A worker claims the round and is killed.
    assert Round.objects.claim(turn.pk) is not None
    assert select.select(turn.pk) is None
    time_machine.shift(timedelta(seconds=31))
    assert select.select(turn.pk) is not None


def test_old_worker_that_comes_back_writes_nothing(
    ready: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = loop.start(ready)
    resolve = training_set.load_training_set

    def taken_over_meanwhile(*args: Any) -> Any:
        Round.objects.filter(pk=turn.pk).update(token=None, stage=Round.Stage.SELECT)
        return resolve(*args)

    monkeypatch.setattr(training_set, "load_training_set", taken_over_meanwhile)
    assert train.train(turn.pk) is None
    now = loop.refreshed(turn)
    assert (now.stage, now.model, now.error) == (Round.Stage.SELECT, None, "")
    assert not ModelVersion.objects.exists()
    assert not RoundShard.objects.exists()


def test_older_round_never_overwrites_a_newer_ranking(ready: Any, run_round: RunRound) -> None:
    old = loop.start(ready)
    for stage in ("train", "score", "select"):
        loop.go_stage(old, stage)
    Round.objects.filter(pk=old.pk).update(state=Job.State.FAILED, finished_at=timezone.now())
    new = run_round(ready)
    ranking = list(QueueEntry.objects.values_list("pk", "rank", "round"))
    assert {each[2] for each in ranking if each[2]} == {new.pk}
    assert loop.refill(old.pk) is None
    assert list(QueueEntry.objects.values_list("pk", "rank", "round")) == ranking


def test_train_again_after_a_crash_leaves_one_model(
    ready: Any, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.label(ready, ana, 8)
    turn = loop.start(ready)

    def crash(*args: Any) -> None:
        store(*args)
        raise RuntimeError("out of luck")

    store = train._store_version
    monkeypatch.setattr(train, "_store_version", crash)
    assert train.train(turn.pk) is None
    monkeypatch.undo()
    assert "out of luck" in loop.refreshed(turn).error
    Round.objects.filter(pk=turn.pk).update(retry_at=None)
    assert train.train(turn.pk) is not None
    assert ready.models.count() == 1
    assert loop.refreshed(turn).error == ""


# Scores that came with the items -----------------------------------------------------------------


def with_scores(project: Project, number: Any = 60) -> None:
    """Import texts with what another model said: unsure of the first ten, sure of the rest."""
    rows = [
        f"{loop.text(n)},{'spam' if n % 2 else 'ham'},{0.52 if n < 10 else 0.99}"
        for n in range(number)
    ]
    work = loop.bring_in(
        project,
        "scored.csv",
        "text,label,confidence\n" + "\n".join(rows) + "\n",
        labels_are="suggestion",
    )
    assert work.created == number
    loop.make_features(project)


def test_imported_scores_choose_after_a_first_batch_by_coverage(
    olga: User, run_round: RunRound
) -> None:
    made = settings.create_project(
        olga, name="Scored", labels=["spam", "ham"], seed=3, batch_size=3, strategy="margin"
    )
    with_scores(made)
    assert Item.objects.filter(project=made, suggested__confidence=0.99).count() == 50
    assert not Item.objects.filter(project=made).exclude(meta={}).exists()
    first = run_round(made)
    assert first.phase == "typical"
    loop.label(made, olga, 1)
    second = run_round(made)
    assert (second.phase, second.model) == ("margin", None)
    asked = {pick["position"] for pick in second.picks[:6]}
    assert asked <= set(range(10))


def test_own_model_takes_over_with_two_labels_per_class(olga: User, run_round: RunRound) -> None:
    made = settings.create_project(
        olga, name="Scored", labels=["spam", "ham"], seed=3, batch_size=3, strategy="margin"
    )
    with_scores(made)
    loop.label(made, olga, 12)
    turn = run_round(made)
    assert turn.model.trained_on == 12
    plain = model_files.load_model(turn.model).predict_proba(
        feature_store.gather(turn.space, np.array([pick["position"] for pick in turn.picks]))
    )
    doubts = [round(-abs(row[0] - row[1]), 3) for row in plain.tolist()]
    assert [round(pick["score"], 3) for pick in turn.picks] == doubts


def test_scorings_of_older_rounds_are_tidied_away_and_the_rounds_stay(
    project: Project, filled: Fill, learnt: Learn, run_round: RunRound
) -> None:
    filled(project, 40)
    learnt(project)
    for _ in range(cleanup.ROUNDS_KEPT + 2):
        run_round(project)
    scored = list(project.rounds.values_list("number", flat=True))
    cleanup.tidy()
    kept = RoundShard.objects.values_list("round__number", flat=True).distinct()
    assert sorted(kept, reverse=True) == scored[: cleanup.ROUNDS_KEPT]
    assert list(project.rounds.values_list("number", flat=True)) == scored
