"""Figures of health: for one project, for all, and for the installation."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from annotator.flow.operations import health
from annotator.flow.projects import members
from annotator.flow.projects import settings as project_settings
from annotator.flow.queue import leasing
from annotator.models import (
    Annotation,
    FeatureShard,
    Import,
    Job,
    Lease,
    Project,
    QueueEntry,
    Round,
    Simulation,
    User,
    WorkerBeat,
)
from tests import loop
from tests.given import Fill, PutState, RunRound

pytestmark = pytest.mark.django_db


@pytest.fixture
def trained(put_state: PutState) -> Any:
    """The project with a round that learnt from twenty labels."""
    return put_state(_trained)


def _trained() -> Project:
    project = loop.mail_project()
    loop.fill(project, 60)
    loop.make_features(project)
    loop.label(project, loop.person("ana"), 20)
    loop.go_round(project)
    return project


def failed(model: Any, project: Project, ago: Any = timedelta(hours=1), **fields: Any) -> Any:
    at = timezone.now() - ago
    return model.objects.create(
        project=project, state=Job.State.FAILED, error="No room.", finished_at=at, **fields
    )


def failed_import(project: Project, **fields: Any) -> Any:
    return failed(Import, project, name="a.csv", path="x", **fields)


def failed_round(project: Project, number: Any, **fields: Any) -> Any:
    space = loop.ready_space(project)
    return failed(
        Round, project, number=number, space=space, trigger="labels", strategy="auto", seq=0
    )


# Projects ----------------------------------------------------------------------------------------


def test_new_project_stands_at_nothing(project: Project) -> None:
    found = health.standing(project)
    assert (found.open, found.leased, found.unseen, found.failed) == (0, 0, 0, 0)
    assert found.oldest_lease is found.model_age is None
    assert found.last is found.done is found.taught is None


def test_open_entries_and_live_leases_are_told_apart(
    trained: Any, ana: User, ben: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    before = health.standing(trained)
    assert before.open == QueueEntry.objects.filter(state=QueueEntry.State.OPEN).count() > 0
    leasing.lease_next(trained, ana)
    time_machine.shift(timedelta(seconds=30))
    leasing.lease_next(trained, ben)
    found = health.standing(trained)
    assert (found.open, found.leased) == (before.open - 2, 2)
    assert found.oldest_lease == 30


def test_lease_that_ran_out_is_not_live(trained: Any, ana: User, time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    leasing.lease_next(trained, ana)
    time_machine.shift(timedelta(seconds=trained.lease_seconds + 1))
    found = health.standing(trained)
    assert (found.leased, found.oldest_lease) == (0, None)


def test_labels_since_the_model_are_those_it_has_not_seen(trained: Any, ana: User) -> None:
    assert health.standing(trained).unseen == 0
    loop.label(trained, ana, 3)
    Annotation.objects.filter(pk=Annotation.objects.latest("pk").pk).update(
        withdrawn_at=timezone.now()
    )
    assert health.standing(trained).unseen == 2


def test_without_a_model_no_label_was_seen(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 10)
    loop.label(project, ana, 4)
    assert health.standing(project).unseen == 4


def test_a_round_that_failed_keeps_the_model_of_the_one_before(
    trained: Any, time_machine: Any
) -> None:
    good = trained.rounds.first()
    bad = failed_round(trained, good.number + 1)
    found = health.standing(trained)
    assert (found.last, found.done, found.taught) == (bad, good, good)
    assert found.failed == 1
    assert set(found.done.timings) >= {"train", "score", "select", "refill", "evaluate"}
    time_machine.move_to(good.model.created_at + timedelta(minutes=5), tick=False)
    assert found.model_age == 300


def test_counts_stop_at_their_most(
    trained: Any, ana: User, ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "MOST", 1)
    leasing.lease_next(trained, ana)
    leasing.lease_next(trained, ben)
    loop.label(trained, ana, 3)
    found = health.standing(trained)
    assert (found.open, found.leased, found.unseen) == (2, 1, 2)


def test_all_projects_cost_as_many_queries_as_one(
    trained: Any, olga: User, filled: Fill, ana: User
) -> None:
    with CaptureQueriesContext(
        connection,
    ) as few:
        health.standings()
    for number in range(8):
        other = project_settings.create_project(olga, name=f"P{number}", labels=["a", "b"])
        members.add_member(other, ana.username, "annotator")
        filled(other, 12)
        failed_round(other, 1)
        leasing.lease_next(other, ana)
    with CaptureQueriesContext(connection) as many:
        found = health.standings()
    assert len(found) == 9
    assert len(many) == len(few)
    assert [each.leased for each in found[:8]] == [1] * 8
    assert [each.failed for each in found[:8]] == [1] * 8


def test_no_count_reads_more_than_its_most(trained: Any, ana: User) -> None:
    """The database is asked, not believed: each counted subquery has its limit in the statement."""
    with CaptureQueriesContext(connection) as asked:
        health.standings()
    (statement,) = [each["sql"] for each in asked.captured_queries if "COUNT(*)" in each["sql"]]
    assert statement.count("COUNT(*)") == 3
    assert statement.count(f"LIMIT {health.MOST + 1}") == 4


def test_deleted_projects_do_not_stand(trained: Any) -> None:
    project_settings.delete_project(trained)
    assert health.standings() == []


# Jobs --------------------------------------------------------------------------------------------


def kind(name: Any) -> Any:
    return next(each for each in health.jobs() if each.name == name)


def test_jobs_are_counted_by_kind_and_state(project: Project) -> None:
    failed_import(project)
    Import.objects.create(project=project, name="b.csv", path="x")
    Import.objects.create(project=project, name="c.csv", path="x", state=Job.State.DONE)
    found = kind("import")
    assert (found.queued, found.running, found.failed) == (1, 0, 1)
    assert [each.name for each in health.jobs()] == list(health.KINDS)


def test_oldest_due_job_tells_how_long_nobody_came(project: Project, time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    assert kind("import").oldest_due is None
    work = Import.objects.create(project=project, name="b.csv", path="x")
    time_machine.shift(timedelta(seconds=50))
    assert kind("import").oldest_due == 50
    Import.objects.filter(pk=work.pk).update(retry_at=timezone.now() + timedelta(seconds=5))
    assert kind("import").oldest_due is None


def test_running_job_whose_worker_died_is_due(trained: Any) -> None:
    silent = timezone.now() - timedelta(minutes=2)
    FeatureShard.objects.update(state=Job.State.RUNNING, heartbeat_at=silent)
    assert kind("feature_shard").oldest_due >= 120


def test_failures_of_the_last_day_come_newest_first(
    project: Project, image_project: Project
) -> None:
    failed_import(project, ago=timedelta(days=2))
    first = failed_import(project, ago=timedelta(hours=3))
    second = failed_import(image_project)
    assert [each.job for each in health.failures()] == [second, first]
    assert [each.job for each in health.failures(project)] == [first]
    assert health.failures()[0].project == image_project


def test_what_a_later_job_made_up_for_is_no_failure(
    trained: Any, run_round: RunRound, ana: User
) -> None:
    failed_round(trained, trained.rounds.first().number + 1)
    assert [each.kind for each in health.failures(trained)] == ["round"]
    loop.label(trained, ana, 2)
    run_round(trained)
    assert health.failures(trained) == []


def test_failed_simulation_is_a_failure(project: Project, olga: User) -> None:
    fields = {"strategies": ["auto"], "seeds": 1, "labels": 10, "batch": 5, "audit_share": 0.1}
    failed(Simulation, project, total=1, user=olga, **fields)
    assert [each.kind for each in health.failures()] == ["simulation"]


# Workers and the disk ----------------------------------------------------------------------------


def test_workers_are_known_by_name_and_silence(db: Any, time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    WorkerBeat.objects.create(name="old:1", seen_at=timezone.now())
    time_machine.shift(timedelta(seconds=60))
    WorkerBeat.objects.create(name="new:2", seen_at=timezone.now())
    found = [(beat.name, beat.seconds, beat.alive) for beat in health.beats()]
    assert found == [("new:2", 0, True), ("old:1", 60, False)]


@pytest.mark.parametrize(
    ("free", "total", "low"),
    [(50 << 30, 100 << 30, False), (1 << 30, 20 << 30, True), (40 << 30, 1000 << 30, True)],
)
def test_disk_is_low_with_two_gigabytes_or_a_twentieth_left(
    free: Any, total: Any, low: bool
) -> None:
    assert health.Disk(free, total).is_low is low


def test_disk_is_that_of_the_data_directory(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    found = health.disk()
    assert 0 < found.free <= found.total


def test_clocks_that_differ_give_no_age_below_zero() -> None:
    assert health.seconds_since(timezone.now() + timedelta(seconds=5)) == 0


def test_looking_changes_nothing(trained: Any, ana: User) -> None:
    leasing.lease_next(trained, ana)
    before = list(Lease.objects.order_by("pk").values())
    with CaptureQueriesContext(connection) as asked:
        health.standings()
        health.jobs()
        health.failures()
        health.beats()
    said = {each["sql"].split()[0] for each in asked.captured_queries}
    assert not said & {"INSERT", "UPDATE", "DELETE"}
    assert list(Lease.objects.order_by("pk").values()) == before
