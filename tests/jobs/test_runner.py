"""A long piece of work is a row: claimed once, fenced, tried three times, given up with words."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from annotator.errors import Invalid
from annotator.flow.features import encode
from annotator.flow.operations import cleanup
from annotator.flow.queue import leasing
from annotator.flow.training import predict, schedule, score
from annotator.jobs.runner import in_words, job, sweep
from annotator.models import (
    FeatureShard,
    FeatureSpace,
    Import,
    Job,
    LostClaim,
    Project,
    Round,
    User,
    jobs,
)
from tests import loop
from tests.given import Fill, Learn, RunRound

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _standing_clock(time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)


@pytest.fixture
def work(project: Project) -> Any:
    """A job that waits to be claimed."""
    return Import.objects.create(project=project, name="a.csv", path="none", format="csv")


def later(time_machine: Any, seconds: Any) -> None:
    time_machine.shift(timedelta(seconds=seconds))


def test_job_is_claimed_by_one_worker_only(work: Any) -> None:
    mine = Import.objects.claim(work.pk)
    assert mine.state == Job.State.RUNNING
    assert mine.attempts == 1
    assert Import.objects.claim(work.pk) is None


def test_claim_is_narrowed_to_a_stage(project: Project, filled: Fill) -> None:
    filled(project, 3)
    (space,) = encode.plan(project)
    assert FeatureSpace.objects.claim(space.pk, stage=FeatureSpace.Stage.TRANSFORM) is None
    assert FeatureSpace.objects.claim(space.pk, stage=FeatureSpace.Stage.FIT) is not None


def test_worker_that_is_heard_of_keeps_its_job(work: Any, time_machine: Any) -> None:
    mine = Import.objects.claim(work.pk)
    for _ in range(5):
        later(time_machine, jobs.STALE_SECONDS - 1)
        mine.write(done=1)
        assert Import.objects.claim(work.pk) is None


def test_stale_heartbeat_is_taken_up_and_the_old_token_fenced(work: Any, time_machine: Any) -> None:
    old = Import.objects.claim(work.pk)
    later(time_machine, jobs.STALE_SECONDS + 1)
    assert sweep(Import) == [work.pk]
    new = Import.objects.claim(work.pk)
    assert new.token != old.token
    for write in (
        lambda: old.write(done=7),
        lambda: old.finish(),
        lambda: old.hand_on(),
        lambda: old.fail("late"),
        lambda: old.give_up("late"),
    ):
        with pytest.raises(LostClaim):
            write()
    now = loop.refreshed(work)
    assert (now.state, now.done, now.error, now.token) == (Job.State.RUNNING, 0, "", new.token)


def test_error_is_tried_again_after_a_pause_and_given_up_after_the_third(
    work: Any, time_machine: Any
) -> None:
    @job(Import)
    def fails(mine: Any) -> None:
        raise ValueError("no such luck")

    for pause in (5, 10):
        assert fails(work.pk) is None
        now = loop.refreshed(work)
        assert (now.state, now.error) == (Job.State.QUEUED, "ValueError: no such luck")
        later(time_machine, pause - 1)
        assert fails(work.pk) is None
        assert loop.refreshed(work).attempts == now.attempts
        later(time_machine, 1)
    fails(work.pk)
    now = loop.refreshed(work)
    assert (now.state, now.attempts) == (Job.State.FAILED, 3)
    assert now.error == "ValueError: no such luck"
    assert now.finished_at is not None
    assert Import.objects.claim(work.pk) is None


def test_refusal_ends_the_job_at_once_with_its_words(work: Any) -> None:
    @job(Import)
    def refuses(mine: Any) -> None:
        raise Invalid("bad", detail="The file is no file.")

    refuses(work.pk)
    now = loop.refreshed(work)
    assert (now.state, now.attempts, now.error) == (Job.State.FAILED, 1, "The file is no file.")


def test_job_whose_workers_keep_dying_is_given_up_with_words(work: Any, time_machine: Any) -> None:
    for _ in range(3):
        assert Import.objects.claim(work.pk) is not None
        later(time_machine, jobs.STALE_SECONDS + 1)
    assert Import.objects.claim(work.pk) is None
    assert sweep(Import) == []
    now = loop.refreshed(work)
    assert now.state == Job.State.FAILED
    assert "crashed 3 times" in now.error


def test_each_stage_has_its_own_attempts(project: Project, filled: Fill) -> None:
    filled(project, 3)
    (space,) = encode.plan(project)
    FeatureSpace.objects.filter(pk=space.pk).update(attempts=2)
    encode.fit(space.pk)
    now = loop.refreshed(space)
    assert (now.stage, now.attempts, now.token) == (FeatureSpace.Stage.TRANSFORM, 0, None)


def test_sweep_leaves_alone_what_has_its_message_on_the_way(work: Any, time_machine: Any) -> None:
    assert sweep(Import) == []
    later(time_machine, 11)
    assert sweep(Import) == [work.pk]
    assert sweep(FeatureSpace) == []


def test_beat_that_meets_a_locked_database_beats_on(
    work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Import.objects.claim(work.pk)
    beats, over = [], []

    class Waits:
        def wait(self, _seconds: Any) -> bool:
            return len(beats) == 3

    class Rows:
        def update(self, **_fields: Any) -> None:
            beats.append(1)
            raise OperationalError("database is locked")

    monkeypatch.setattr(Import.objects, "filter", lambda **_: Rows(), raising=False)
    monkeypatch.setattr(jobs.connection, "close", lambda: over.append(1))
    mine._beat_until(Waits())
    assert len(beats) == len(over) == 3


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (MemoryError(), "The worker ran out of memory."),
        (OSError(13, "Permission denied", "/data/x"), "Permission denied (/data/x)."),
        (KeyError("a"), "KeyError: 'a'"),
    ],
)
def test_errors_are_told_in_words(problem: Any, words: str) -> None:
    assert in_words(problem) == words


# What a crash left half done ---------------------------------------------------------------------


def test_space_whose_last_worker_died_before_closing_it_is_closed(
    project: Project, filled: Fill
) -> None:
    filled(project, 3)
    (space,) = encode.plan(project)
    encode.fit(space.pk)
    encode.transform(space.shards.get().pk)
    FeatureSpace.objects.filter(pk=space.pk).update(state=Job.State.QUEUED)
    cleanup.close_finished()
    assert loop.refreshed(space).state == Job.State.DONE


def test_round_whose_last_worker_died_before_closing_it_goes_on(
    project: Project, filled: Fill, learnt: Learn
) -> None:
    filled(project, 10)
    learnt(project)
    turn = loop.start(project)
    loop.go_stage(turn, "train")
    turn.shards.update(state=Job.State.DONE)
    cleanup.close_finished()
    assert loop.refreshed(turn).stage == Round.Stage.SELECT


def test_failed_shard_fails_what_waits_for_it(
    project: Project, filled: Fill, learnt: Learn
) -> None:
    filled(project, 10)
    learnt(project)
    turn = loop.start(project)
    loop.go_stage(turn, "train")
    turn.shards.update(state=Job.State.FAILED, error="disk full")
    filled(project, 2, start=50)
    (space,) = encode.plan(project)
    encode.fit(space.pk)
    FeatureShard.objects.filter(space=space).update(state=Job.State.FAILED, error="disk full")
    cleanup.close_finished()
    for each in (turn, space):
        now = loop.refreshed(each)
        assert (now.state, now.error) == (Job.State.FAILED, "disk full")
    assert schedule.due(project) == ""


def test_round_that_failed_leaves_no_work_behind(
    project: Project, filled: Fill, learnt: Learn, time_machine: Any
) -> None:
    filled(project, 10)
    learnt(project)
    turn = loop.start(project)
    loop.go_stage(turn, "train")
    Round.objects.filter(pk=turn.pk).update(state=Job.State.FAILED, finished_at=timezone.now())
    assert score.score_shard(turn.shards.get().pk) is None
    assert loop.refreshed(turn).stage == Round.Stage.SCORE


# Removing ----------------------------------------------------------------------------------------


def test_deleted_project_goes_for_good_after_a_week(
    project: Project, filled: Fill, learnt: Learn, run_round: RunRound, ana: User, time_machine: Any
) -> None:
    from annotator.flow.projects import settings
    from annotator.models import Annotation, Item, Project
    from annotator.pool import feature_store

    filled(project, 20)
    learnt(project)
    loop.label(project, ana, 5)
    run_round(project)
    folder = feature_store.project_folder(project.pk)
    assert folder.exists()
    settings.delete_project(project)
    later(time_machine, 6 * 86_400)
    cleanup.tidy()
    assert Project.objects.exists()
    later(time_machine, 2 * 86_400)
    cleanup.tidy()
    assert not Project.objects.exists()
    assert not Item.objects.exists()
    assert not Annotation.objects.exists()
    assert not folder.exists()


def test_tidying_keeps_what_is_still_used(
    project: Project, filled: Fill, learnt: Learn, run_round: RunRound, ana: User
) -> None:
    filled(project, 20)
    loop.label(project, ana, 8)
    for more in range(4):
        filled(project, 3, start=100 + 10 * more)
        learnt(project)
        run_round(project)
    cleanup.tidy()
    assert 2 <= project.spaces.count() < 5
    assert predict.predict(project, ["prize"])[0] == project.models.first()
    assert leasing.lease_next(project, ana) is not None
    assert run_round(project).state == Job.State.DONE


# Of workers that died ----------------------------------------------------------------------------


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a set: whose names are put in is proven dead."""
    names = set()
    monkeypatch.setattr(jobs.owners, "is_dead", names.__contains__)
    return names


def test_what_a_dead_worker_held_is_due_at_once(work: Any, dead: Any) -> None:
    old = Import.objects.claim(work.pk)
    assert old.owner
    assert sweep(Import) == []
    dead.add(old.owner)
    assert sweep(Import) == [work.pk]
    dead.clear()
    new = Import.objects.claim(work.pk)
    assert new.token != old.token
    with pytest.raises(LostClaim):
        old.write(done=5)
    new.write(done=1)


def test_message_that_comes_again_is_enough_to_take_a_dead_workers_job(
    work: Any, dead: Any
) -> None:
    dead.add(Import.objects.claim(work.pk).owner)
    assert Import.objects.claim(work.pk) is not None


def test_job_that_kills_its_worker_three_times_is_given_up(work: Any, dead: Any) -> None:
    for _ in range(3):
        dead.add(Import.objects.claim(work.pk).owner)
    assert sweep(Import) == []
    failed = loop.refreshed(work)
    assert failed.state == Job.State.FAILED
    assert "crashed 3 times" in failed.error


def test_job_of_a_worker_that_lives_or_cannot_be_told_of_is_left_alone(
    work: Any, dead: Any
) -> None:
    mine = Import.objects.claim(work.pk)
    Import.objects.filter(pk=work.pk).update(owner="")
    dead.update({"", mine.owner})
    assert sweep(Import) == []
    mine.write(done=1)


def test_worker_that_starts_is_told_of_jobs_whose_message_may_be_lost(work: Any) -> None:
    assert sweep(Import) == []
    assert sweep(Import, just_now=True) == [work.pk]
