"""When a round starts, when it does not, and what follows a failed one."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotator.errors import Conflict
from annotator.flow.annotation import revise
from annotator.flow.features import encode
from annotator.flow.projects import settings
from annotator.flow.training import schedule
from annotator.models import Job, Project, Round, User
from annotator.pool import training_set
from tests import loop
from tests.given import Fill, RunRound

pytestmark = pytest.mark.django_db


def test_round_needs_features(project: Project, filled: Fill) -> None:
    filled(project, 5)
    assert schedule.due(project) == ""
    with pytest.raises(Conflict) as caught:
        schedule.start_round(project, "by hand")
    assert caught.value.code == "no_features"


def test_round_starts_by_itself_when_something_is_due(
    ready: Any, run_round: RunRound, ana: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    settings.change_settings(ready, retrain_every=3, retrain_seconds=60)
    assert schedule.due(ready) == "first"
    run_round(ready)
    assert schedule.due(ready) == ""
    time_machine.shift(timedelta(seconds=61))
    assert schedule.due(ready) == ""
    loop.label(ready, ana, 2)
    assert schedule.due(ready) == "time"
    run_round(ready)
    loop.label(ready, ana, 2)
    assert schedule.due(ready) == ""
    loop.label(ready, ana, 1)
    assert schedule.due(ready) == "labels"


def test_corrections_and_withdrawals_are_work_to_learn_from(
    ready: Any, run_round: RunRound, ana: User
) -> None:
    settings.change_settings(ready, retrain_every=2)
    (annotation,) = loop.label(ready, ana, 1)
    run_round(ready)
    loop.rest(ready)
    revise.correct(annotation, ana, ["ham"])
    assert schedule.due(ready) == "labels"
    run_round(ready)
    revise.withdraw(loop.refreshed(annotation), ana)
    assert training_set.label_revision(ready) > ready.rounds.first().seq


def test_better_features_are_used_at_once(
    project: Project, filled: Fill, run_round: RunRound
) -> None:
    settings.change_settings(project, features="auto")
    filled(project, 20)
    quick, better = encode.plan(project)
    for space in (quick, better):
        encode.fit(space.pk)
    encode.transform(quick.shards.get().pk)
    assert run_round(project).space == quick
    encode.transform(better.shards.get().pk)
    assert schedule.due(project) == "features"
    assert run_round(project).space == better


def test_project_that_was_deleted_learns_no_more(ready: Any) -> None:
    settings.delete_project(ready)
    assert schedule.start_if_due(ready.pk) is None
    assert schedule.start_all_due() == []


def test_only_one_round_is_active_in_a_project(ready: Any) -> None:
    turn = schedule.start_if_due(ready.pk)
    assert turn.trigger == "first"
    assert schedule.start_if_due(ready.pk) is None
    with pytest.raises(Conflict) as caught:
        schedule.start_round(ready, "by hand")
    assert caught.value.code == "round_running"


@pytest.mark.parametrize("state", [Job.State.QUEUED, Job.State.RUNNING])
def test_the_database_itself_refuses_a_second_active_round(ready: Any, state: Any) -> None:
    turn = loop.start(ready)
    Round.objects.filter(pk=turn.pk).update(state=state)
    with pytest.raises(IntegrityError), transaction.atomic():
        Round.objects.create(project=ready, number=9, trigger="", strategy="auto", seq=0)


def test_failed_round_is_made_up_for_after_a_pause_that_grows(
    ready: Any, run_round: RunRound, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    pauses = []
    for _ in range(4):
        turn = loop.start(ready)
        Round.objects.filter(pk=turn.pk).update(state=Job.State.FAILED, finished_at=timezone.now())
        seconds = 0
        while not schedule.due(ready):
            time_machine.shift(timedelta(seconds=5))
            seconds += 5
        pauses.append(seconds)
    assert pauses == [30, 60, 120, 240]
    run_round(ready)
    assert schedule.due(ready) == ""


def test_labels_of_a_failed_round_are_not_forgotten(
    ready: Any, run_round: RunRound, ana: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    run_round(ready)
    loop.label(ready, ana, ready.retrain_every)
    turn = schedule.start_if_due(ready.pk)
    Round.objects.filter(pk=turn.pk).update(state=Job.State.FAILED, finished_at=timezone.now())
    assert schedule.start_if_due(ready.pk) is None
    time_machine.shift(timedelta(seconds=31))
    assert schedule.start_if_due(ready.pk).trigger == "labels"


@pytest.fixture
def after_round(ready: Any, run_round: RunRound, ana: User, time_machine: Any) -> Any:
    """Return a function: why a round is due so many seconds after one that took so many."""
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    turn = run_round(ready)
    loop.label(ready, ana, ready.retrain_every)

    def due(seconds: Any, *, took: Any) -> Any:
        began = now - timedelta(seconds=took)
        Round.objects.filter(pk=turn.pk).update(created_at=began, finished_at=now)
        time_machine.move_to(now + timedelta(seconds=seconds), tick=False)
        return schedule.due(ready)

    return due


@pytest.mark.parametrize(("took", "rest"), [(0.5, 1.5), (4, 12), (30, 20), (600, 20)])
def test_after_a_round_comes_a_rest_of_a_multiple_of_what_it_took(
    after_round: Any, took: float, rest: float
) -> None:
    assert after_round(rest - 0.1, took=took) == ""
    assert after_round(rest, took=took) == "labels"


def test_clock_that_was_set_back_lengthens_no_rest(after_round: Any) -> None:
    assert after_round(-60, took=30) == "labels"


def test_rest_holds_up_no_round_by_hand(ready: Any, after_round: Any) -> None:
    assert after_round(1, took=30) == ""
    assert schedule.start_round(ready, "by hand").trigger == "by hand"
