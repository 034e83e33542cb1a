"""The summary of a project: progress, accuracy, health, and their words."""

import threading
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from annotator.flow.annotation import revise
from annotator.flow.features import encode
from annotator.flow.operations import heartbeat, readiness
from annotator.flow.progress import audit_counts, estimate, model_history, stopping, summary
from annotator.flow.projects import settings as project_settings
from annotator.flow.queue import leasing, releasing
from annotator.messages import labelling, under_way, workers
from annotator.messages import progress as worded
from annotator.messages.estimate import needed_in_words
from annotator.models import (
    Annotation,
    Import,
    Job,
    ModelVersion,
    Project,
    Round,
    Source,
    User,
    WorkerBeat,
)
from tests import loop
from tests.given import Fill, Learn, PutState, RunRound

pytestmark = pytest.mark.django_db


@pytest.fixture
def trained(put_state: PutState) -> Any:
    """The project after a round with a model of twenty labels."""
    return put_state(_trained)


def _trained() -> Project:
    project = loop.mail_project()
    loop.fill(project, 60)
    loop.make_features(project)
    loop.go_round(project)
    loop.label(project, loop.person("ana"), 20)
    loop.go_round(project)
    return project


def proven_at(project: Project, low: Any, n: Any = 40, proven: float = 0.0) -> Any:
    accuracy = {"value": 0.9, "low": low, "high": 0.95, "n": n, "confidence": 0.95}
    accuracy["proven"] = proven
    ModelVersion.objects.filter(project=project).update(accuracy=accuracy)
    return accuracy


# A project ---------------------------------------------------------------------------------------


def test_progress_of_an_empty_project_is_nothing(project: Project) -> None:
    progress = worded.progress(project)
    numbers = {
        name: progress[name] for name in ("items", "labelled", "audited", "queued", "leased")
    }
    assert set(numbers.values()) == {0}
    assert progress["model"] is progress["accuracy"] is progress["round"] is None
    assert progress["stop"] == {"advice": "go_on", "reasons": []}
    assert progress["paused"] is None


def test_progress_counts_what_was_done(trained: Any, ana: User, ben: User) -> None:
    leasing.lease_next(trained, ana)
    releasing.skip(leasing.lease_next(trained, ben))
    progress = summary.progress(trained)
    audits = Annotation.objects.filter(source=Source.AUDIT).count()
    assert (progress["items"], progress["labelled"], progress["audited"]) == (60, 20, audits)
    assert (progress["leased"], progress["skipped"]) == (1, 1)
    assert progress["queued"] > 0
    assert (progress["model"]["version"], progress["model"]["trained_on"]) == (2, 20)
    assert progress["model"]["age_seconds"] >= 0
    assert (progress["round"]["number"], progress["round"]["state"]) == (2, "done")


def test_seeds_within_the_audited_stretch_are_audited_too(
    project: Project, filled: Fill, ana: User
) -> None:
    rows = "".join(f"{loop.text(i)},spam\n" for i in range(40))
    loop.bring_in(project, "seeds.csv", f"text,label\n{rows}")
    assert audit_counts.count_audits(project)["audited"] == 0
    filled(project, 40, start=100)
    while not Annotation.objects.filter(source=Source.AUDIT).exists():
        loop.label(project, ana, 1)
    last = Annotation.objects.get(source=Source.AUDIT).item.audit_key
    before = project_items(project).filter(audit_key__lte=last)
    assert audit_counts.count_audits(project)["audited"] == before.filter(state=2).count()


def project_items(project: Project) -> Any:
    from annotator.models import Item

    return Item.objects.filter(project=project)


def test_own_labels_are_counted_by_day(
    project: Project, filled: Fill, ana: User, ben: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    filled(project, 10)
    loop.label(project, ana, 3)
    time_machine.shift(timedelta(days=1))
    loop.label(project, ana, 2)
    loop.label(project, ben, 1)
    assert summary.mine(project, ana) == {"today": 2, "total": 5}


def test_stop_is_advised_with_the_reason_in_words(trained: Any) -> None:
    project_settings.change_settings(trained, budget=20)
    assert loop.advice_on(trained, 19, estimate.newest(trained))["advice"] == "go_on"
    assert loop.advice_on(trained, 20, estimate.newest(trained)) == {
        "advice": "stop",
        "reasons": ["Budget spent: 20 of 20 labels."],
    }


def test_target_counts_as_reached_when_the_audits_prove_it(trained: Any) -> None:
    project_settings.change_settings(trained, target_value=0.85)
    # The interval holds for one look; looking after every round takes a bound that is made for it.
    proven_at(trained, low=0.9, proven=0.849)
    assert loop.advice_on(trained, 20, estimate.newest(trained))["advice"] == "go_on"
    proven_at(trained, low=0.9, proven=0.85)
    (reason,) = loop.advice_on(trained, 20, estimate.newest(trained))["reasons"]
    assert "proves an accuracy of at least 85%" in reason
    proven_at(trained, low=0.99, proven=0.99, n=19)
    assert loop.advice_on(trained, 20, estimate.newest(trained))["advice"] == "go_on"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"target": 0.85, "needed": 60}, "about 60 more audit items would prove the target of 85%"),
        ({"target": 0.85, "needed": 1}, "about 1 more audit item would prove"),
        ({"target": 0.85, "needed": None}, "the model must improve first"),
        ({"target": 0.85, "needed": 0}, ""),
        ({"target": 0.8, "needed": 60}, ""),
        ({}, ""),
    ],
)
def test_outlook_tells_what_would_prove_the_target(trained: Any, told: Any, words: str) -> None:
    trained.target_value = 0.85
    accuracy = proven_at(trained, low=0.8) | told
    ModelVersion.objects.filter(project=trained).update(accuracy=accuracy)
    found = needed_in_words(trained, estimate.newest(trained))
    assert (words in found) if words else found == ""


def test_there_is_no_outlook_without_a_target_or_an_estimate(trained: Any) -> None:
    assert needed_in_words(trained, estimate.newest(trained)) == ""
    trained.target_value = 0.85
    assert needed_in_words(trained, estimate.newest(trained)) == ""


def test_round_tells_how_many_audits_its_target_still_needs(
    trained: Any, run_round: RunRound, ana: User
) -> None:
    project_settings.change_settings(trained, target_value=0.5)
    loop.label(trained, ana, 10)
    run_round(trained)
    measured_last = trained.models.first().accuracy
    assert measured_last["target"] == 0.5
    assert measured_last["needed"] is None or measured_last["needed"] + measured_last["n"] in {
        25 * 2**look for look in range(12)
    }


def test_everything_labelled_is_a_reason_to_stop(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 3)
    loop.label(project, ana, 2)
    assert worded.progress(project)["stop"]["advice"] == "go_on"
    loop.label(project, ana, 1)
    assert worded.progress(project)["stop"]["reasons"] == ["Every item is labelled."]


def test_curve_has_a_point_for_each_measured_model(trained: Any) -> None:
    assert estimate.newest(trained) is None
    proven_at(trained, low=0.8)
    (point,) = model_history.curve(trained)
    assert (point["model"], point["labels"], point["value"], point["low"]) == (2, 20, 0.9, 0.8)


def test_uncertainty_comes_with_its_bins(trained: Any) -> None:
    found = model_history.uncertainty(model_history.newest_scored_round(trained))
    assert found["round"] == 2
    assert len(found["edges"]) == len(found["pool"]) + 1 == len(found["picks"]) + 1
    assert sum(found["picks"]) == len(trained.rounds.first().picks)


def test_empty_desk_says_why(project: Project, filled: Fill, ana: User) -> None:
    assert "There are no items yet" in labelling.why_empty(project, stopping.find_pause(project))
    Import.objects.create(project=project, name="a.csv", path="x", format="csv")
    assert "being imported" in labelling.why_empty(project, stopping.find_pause(project))


# What is under way -------------------------------------------------------------------------------


def test_waiting_running_and_failed_work_is_told(project: Project, filled: Fill) -> None:
    assert under_way.told(project) == []
    work = Import.objects.create(project=project, name="a.csv", path="x", format="csv", total=9)
    (told,) = under_way.told(project)
    assert (told["kind"], told["words"], told["failed"]) == (
        "import",
        "a.csv is waiting for a worker.",
        False,
    )
    Import.objects.filter(pk=work.pk).update(
        state=Job.State.FAILED, error="No column.", finished_at=timezone.now()
    )
    (told,) = under_way.told(project)
    assert (told["words"], told["failed"]) == ("Import of a.csv failed: No column.", True)


def test_old_failures_are_told_no_more(project: Project) -> None:
    long_ago = timezone.now() - timedelta(days=2)
    Import.objects.create(
        project=project, name="a.csv", path="x", format="csv", state="failed", finished_at=long_ago
    )
    assert under_way.told(project) == []


def test_features_and_rounds_under_way_are_told_with_their_share(
    project: Project, filled: Fill, learnt: Learn
) -> None:
    filled(project, 5)
    (space,) = encode.plan(project)
    (told,) = under_way.told(project)
    assert (told["kind"], told["done"], told["total"]) == ("features", 0, 2)
    encode.fit(space.pk)
    (told,) = under_way.told(project)
    assert told["done"] == 1
    encode.transform(space.shards.get().pk)
    assert under_way.told(project) == []
    turn = loop.start(project)
    (told,) = under_way.told(project)
    assert told["words"] == "Round 1: training."
    Round.objects.filter(pk=turn.pk).update(state="failed", error="Disk full.")
    (told,) = under_way.told(project)
    assert told["failed"]
    assert "Disk full. Labelling continues" in told["words"]


# The installation --------------------------------------------------------------------------------


def test_dead_worker_is_named_with_how_long_it_has_been_silent(db: Any, time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    assert workers.workers()["words"].startswith("No worker is running")
    WorkerBeat.objects.create(name="here:1", seen_at=timezone.now())
    assert workers.workers()["alive"]
    time_machine.shift(timedelta(seconds=40))
    found = workers.workers()
    assert not found["alive"]
    assert found["words"].startswith("No worker seen for 40 s")
    time_machine.shift(timedelta(minutes=5))
    assert "5 minutes" in workers.workers()["words"]


def test_worker_reports_itself_and_takes_its_leave(
    db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat.connection, "close", lambda: None)
    seen = []

    class Over(threading.Event):
        def wait(self, timeout: Any = None) -> Any:
            seen.append(list(WorkerBeat.objects.values_list("name", flat=True)))
            return True

    heartbeat.report_worker("here:1", Over())
    assert seen == [["here:1"]]
    assert not WorkerBeat.objects.exists()


def test_worker_that_met_a_database_that_was_away_reports_itself_later(
    db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat.connection, "close", lambda: None)
    report, tries = WorkerBeat.objects.update_or_create, []

    def sometimes(**fields: Any) -> Any:
        tries.append(fields["name"])
        if len(tries) == 1:
            raise OperationalError("the connection is closed")
        return report(**fields)

    class Over(threading.Event):
        def wait(self, timeout: Any = None) -> Any:
            return len(tries) == 2 and WorkerBeat.objects.exists()

    monkeypatch.setattr(WorkerBeat.objects, "update_or_create", sometimes)
    heartbeat.report_worker("here:1", Over())
    assert tries == ["here:1", "here:1"]


def test_readiness_names_what_is_away(db: Any, settings: Settings, tmp_path: Path) -> None:
    settings.BROKER_URL = f"redis+socket://{tmp_path}/nothing.sock"
    parts = readiness.readiness()
    assert parts["database"] == "ok"
    assert parts["broker"].startswith("not reachable")
    assert parts["worker"] == "no heartbeat"


def test_a_project_that_stops_by_itself_gives_nothing_more_and_says_why(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 30)
    project_settings.change_settings(project, budget=3, auto_stop=True)
    loop.label(project, ana, 3)
    assert leasing.lease_next(project, ana) is None
    assert "Budget spent: 3 of 3 labels." in labelling.why_empty(
        project, stopping.find_pause(project)
    )
    project_settings.change_settings(project, auto_stop=False)
    assert leasing.lease_next(project, ana) is not None


def test_labels_cost_the_time_that_they_took(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 30)
    assert summary.progress(project)["cost"] is None
    project_settings.change_settings(project, hourly_rate=Decimal("36"))
    loop.answer(leasing.lease_next(project, ana), seconds=100.0)
    assert summary.progress(project)["cost"] == 1.0


# Audits counted from a mark ----------------------------------------------------------------------


def test_audits_since_a_mark_are_those_that_a_full_count_finds(
    project: Project, ana: User, ben: User
) -> None:
    loop.fill(project, 120)
    project_settings.change_settings(project, audit_share=0.4)
    project.refresh_from_db()
    loop.make_features(project)
    loop.label(project, ana, 20)
    mark = audit_counts.counting_mark(project)
    assert mark["audited"] > 0
    skipped = 0
    while skipped < 3:
        lease = leasing.lease_next(project, ana)
        if lease.source == Source.AUDIT:
            releasing.skip(lease)
            skipped += 1
        else:
            loop.answer(lease)
    loop.label(project, ana, 20)
    assert audit_counts.count_audits(project, mark) == audit_counts.count_audits(project)
    again = audit_counts.counting_mark(project)
    assert again["audits_skipped"] == 3
    # Another person answers what one skipped.
    loop.label(project, ben, 10)
    found = audit_counts.count_audits(project)
    assert found["audits_skipped"] < 3
    assert (
        audit_counts.count_audits(project, again)
        == audit_counts.count_audits(project, mark)
        == found
    )


def test_mark_is_left_aside_where_what_it_counted_is_open_again(
    project: Project, ana: User
) -> None:
    loop.fill(project, 60)
    loop.make_features(project)
    given = loop.label(project, ana, 20)
    mark = audit_counts.counting_mark(project)
    last = max((each for each in given if each.source == Source.AUDIT), key=_audit_key)
    revise.undo(last, ana)
    assert audit_counts.count_audits(project, mark) == audit_counts.count_audits(project)
    assert audit_counts.count_audits(project)["audited"] == mark["audited"] - 1


def test_mark_is_left_aside_where_items_came(project: Project, ana: User) -> None:
    loop.fill(project, 60)
    loop.make_features(project)
    loop.label(project, ana, 20)
    mark = audit_counts.counting_mark(project)
    loop.fill(project, 60, start=60)
    project.refresh_from_db()
    assert audit_counts.count_audits(project, mark) == audit_counts.count_audits(project)


def test_mark_of_a_project_without_audits_counts_on_from_nothing(
    project: Project, ana: User
) -> None:
    loop.fill(project, 60)
    mark = audit_counts.counting_mark(project)
    assert mark["audited"] == 0
    loop.make_features(project)
    loop.label(project, ana, 20)
    assert audit_counts.count_audits(project, mark) == audit_counts.count_audits(project)


def _audit_key(annotation: Any) -> Any:
    return annotation.item.audit_key
