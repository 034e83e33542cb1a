"""A search for a rare label reads the audit reserve, too, and leaves the audit sample random."""

from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotator.flow.operations import background_reports
from annotator.flow.progress import audit_counts
from annotator.flow.projects import settings
from annotator.flow.queue import refill
from annotator.models import Annotation, Item, Project, QueueEntry, Report, Source, User
from annotator.pool import audit_set, feature_store, model_files, words
from selection.features.text import word_hashes
from tests import loop
from tests.given import Learn, PutState, RunRound

pytestmark = pytest.mark.django_db

ITEMS, RELEVANT = 200, 20
TARGET: dict[str, Any] = {
    "rare_label": "spam",
    "target_metric": Project.Metric.RECALL,
    "target_value": 0.95,
}


def rows(number: int) -> str:
    """Return texts of which every tenth has the rare label."""
    numbers = [2 * i if i % 10 == 0 else 2 * i + 1 for i in range(number)]
    return "text\n" + "".join(f"{loop.text(n)}\n" for n in numbers)


@pytest.fixture
def hunted(put_state: PutState) -> Any:
    """The project with 200 items, 20 of them relevant, and a target for their recall."""
    return put_state(_hunted)


def _hunted() -> Project:
    project = loop.mail_project()
    settings.change_settings(project, audit_share=0.3, batch_size=10, **TARGET)
    loop.bring_in(project, "rare.csv", rows(ITEMS))
    return loop.make_features(project)


def reserved(project: Project) -> Any:
    return Item.objects.filter(project=project, audit_key__lt=audit_set.audit_threshold(project))


def found(project: Project) -> int:
    labelled = Item.objects.filter(project=project, state=Item.State.LABELLED)
    return sum(loop.truth(item) == ["spam"] for item in labelled)


def go_on(project: Project, user: User, run_round: RunRound, labels: int) -> Any:
    for _ in range(labels // 20):
        loop.label(project, user, 20)
        turn = run_round(project)
    return turn


def test_target_for_the_recall_starts_the_search(
    hunted: Any, ana: User, run_round: RunRound
) -> None:
    assert hunted.strategy == "auto"
    assert go_on(hunted, ana, run_round, 40).phase == "rare"


@pytest.mark.parametrize(
    "change",
    [{"rare_label": None}, {"target_value": None}, {"target_metric": Project.Metric.ACCURACY}],
)
def test_without_a_rare_label_or_a_target_for_it_nothing_is_searched(
    hunted: Any, ana: User, run_round: RunRound, change: Any
) -> None:
    settings.change_settings(hunted, **change)
    turn = go_on(hunted, ana, run_round, 40)
    assert turn.phase != "rare"
    taken = Annotation.objects.filter(item__in=reserved(hunted)).values_list("source", flat=True)
    assert set(taken) == {Source.AUDIT}


def test_other_strategy_than_the_automatic_one_stays(
    hunted: Any, ana: User, run_round: RunRound
) -> None:
    settings.change_settings(hunted, strategy="margin")
    assert go_on(hunted, ana, run_round, 40).phase == "margin"
    assert not hunted.hunts


def test_search_finds_all_long_before_all_is_read(
    hunted: Any, ana: User, run_round: RunRound
) -> None:
    go_on(hunted, ana, run_round, 100)
    assert found(hunted) == RELEVANT
    by_search = Annotation.objects.filter(item__in=reserved(hunted), source=Source.ACTIVE)
    assert by_search.exists()


def test_search_ranks_by_the_words_too(hunted: Any, ana: User, run_round: RunRound) -> None:
    turn = go_on(hunted, ana, run_round, 40)
    shard = turn.shards.get().shard
    found = model_files.load_relevance(turn.model)
    waiting = Item.objects.filter(project=hunted).order_by("position")
    free = [item.position for item in waiting.exclude(state=Item.State.LABELLED)]
    X = feature_store.load_features(shard).take(free)
    ranks = found.rank(X, words.load_words(turn.space)[free])
    order = [free[row] for row in np.argsort(-ranks, kind="stable")]
    likely = [pick["position"] for pick in turn.picks if pick["reason"] == "rare"]
    assert likely
    by_words = set(likely) & set(order[: len(turn.picks)])
    # Every fifth pick is the most likely item by the model.
    assert len(by_words) >= 0.7 * len(likely)
    assert found.by_words.weights.any()


def test_words_are_counted_once_and_again_when_damaged(
    hunted: Any, ana: User, run_round: RunRound
) -> None:
    space = go_on(hunted, ana, run_round, 40).space
    before, path = words.load_words(space), words.counts_path(space)
    written = path.stat().st_mtime_ns
    words.load_words(space)
    assert path.stat().st_mtime_ns == written
    path.write_bytes(path.read_bytes()[:200])
    again = words.load_words(space)
    assert abs(again - before).sum() == 0
    assert path.stat().st_size > 200


def test_round_reads_the_words_once_whatever_the_number_of_shards(
    project: Project,
    learnt: Learn,
    ana: User,
    run_round: RunRound,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feature_store, "SHARD_ITEMS", 50)
    settings.change_settings(project, audit_share=0.3, batch_size=10, **TARGET)
    loop.bring_in(project, "rare.csv", rows(ITEMS))
    hunted = learnt(project)
    go_on(hunted, ana, run_round, 40)
    weigh, weighed = word_hashes.weigh, []

    def counted(counts: Any) -> Any:
        weighed.append(counts.shape[0])
        return weigh(counts)

    monkeypatch.setattr(word_hashes, "weigh", counted)
    words._weighed.cache_clear()
    turn = go_on(hunted, ana, run_round, 20)
    assert turn.shards.count() == ITEMS / 50
    assert turn.phase == "rare"
    assert weighed == [ITEMS]


def test_large_pools_are_searched_without_the_words(
    hunted: Any, ana: User, run_round: RunRound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_hashes, "MOST", ITEMS - 1)
    turn = go_on(hunted, ana, run_round, 40)
    assert turn.phase == "rare"
    assert not words.counts_path(turn.space).exists()
    assert model_files.load_relevance(turn.model) is None


def test_changed_file_of_the_search_is_noticed(hunted: Any, ana: User, run_round: RunRound) -> None:
    version = go_on(hunted, ana, run_round, 40).model
    path = model_files.relevance_path(hunted.pk, version.number)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(model_files.DamagedModel):
        model_files.load_relevance(version)


def test_without_a_search_no_model_of_it_is_made(
    hunted: Any, ana: User, run_round: RunRound
) -> None:
    settings.change_settings(hunted, rare_label=None)
    version = go_on(hunted, ana, run_round, 40).model
    assert model_files.load_relevance(version) is None


def test_reserve_is_served_blind_whoever_asks_for_it(
    hunted: Any, ana: User, run_round: RunRound
) -> None:
    go_on(hunted, ana, run_round, 60)
    entries = QueueEntry.objects.filter(item__in=reserved(hunted))
    assert set(entries.values_list("source", flat=True)) == {Source.AUDIT, Source.ACTIVE}
    assert all(entries.values_list("blind", flat=True))
    assert all(Annotation.objects.filter(item__in=reserved(hunted)).values_list("blind", flat=True))


def test_blind_items_of_the_search_hide_the_audits(
    hunted: Any, ana: User, run_round: RunRound
) -> None:
    go_on(hunted, ana, run_round, 40)
    waiting = QueueEntry.objects.filter(project=hunted, state=QueueEntry.State.OPEN)
    audits = waiting.filter(source=Source.AUDIT).count()
    others = waiting.filter(blind=True).exclude(source=Source.AUDIT).count()
    assert 0 < audits <= others


def test_what_the_search_read_counts_as_audited_in_its_turn(
    hunted: Any, ana: User, run_round: RunRound
) -> None:
    go_on(hunted, ana, run_round, 100)
    prefix = Item.objects.filter(project=hunted, audit_key__lte=audit_set.audit_frontier(hunted))
    assert set(prefix.values_list("state", flat=True)) == {Item.State.LABELLED}
    sources = set(Annotation.objects.filter(item__in=prefix).values_list("source", flat=True))
    assert sources == {Source.AUDIT, Source.ACTIVE}
    counted = audit_counts.count_audits(hunted)["audited"]
    assert counted == prefix.count()
    # About as many as the share wants, though fewer were asked for.
    asked = Annotation.objects.filter(project=hunted, source=Source.AUDIT).count()
    assert asked < 0.3 * 100
    assert asked < counted
    assert counted >= 0.3 * 100 - 8


def test_bound_is_below_the_truth_all_the_way(hunted: Any, ana: User, run_round: RunRound) -> None:
    lows = []
    for _ in range(10):
        go_on(hunted, ana, run_round, 20)
        background_reports.make_all(hunted.pk)
        told = Report.objects.get(project=hunted, kind="screening").found["recall"]
        if told is not None:
            lows.append(told["low"])
            assert told["low"] <= found(hunted) / RELEVANT + 1e-9
    assert lows[-1] == 1.0


def test_changed_share_keeps_what_the_search_picked(
    hunted: Any, ana: User, run_round: RunRound
) -> None:
    go_on(hunted, ana, run_round, 40)
    waiting = QueueEntry.objects.filter(state=QueueEntry.State.OPEN, source=Source.ACTIVE)
    before = set(waiting.values_list("item", flat=True))
    assert reserved(hunted).filter(pk__in=before).exists()
    settings.change_settings(hunted, audit_share=0.4)
    assert set(waiting.values_list("item", flat=True)) == before
    entries = QueueEntry.objects.filter(state=QueueEntry.State.OPEN, item__in=reserved(hunted))
    assert all(entries.values_list("blind", flat=True))


def test_reserve_is_closed_again_once_nothing_is_searched(
    hunted: Any, ana: User, run_round: RunRound
) -> None:
    go_on(hunted, ana, run_round, 40)
    settings.change_settings(hunted, rare_label=None)
    turn = run_round(hunted)
    picked = Item.objects.filter(position__in=[pick["position"] for pick in turn.picks])
    assert picked.exists()
    assert not (picked & reserved(hunted)).exists()


def test_filling_costs_no_query_for_each_audit(hunted: Any, ana: User, run_round: RunRound) -> None:
    go_on(hunted, ana, run_round, 40)
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as seen:
            refill.remix(hunted)
        costs.append(len(seen))
        go_on(hunted, ana, run_round, 40)
    assert costs[0] == costs[1]
