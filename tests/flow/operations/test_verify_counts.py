"""Every counter can be verified while people label, and wrong ones are corrected."""

import contextlib
import io
import json
import logging
import uuid
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from annotator import tasks
from annotator.errors import Conflict
from annotator.flow.annotation import bulk_confirm, bulk_pages, revise, seed_labels, submit
from annotator.flow.operations import verify_counts
from annotator.flow.progress import expected_tallies, summary
from annotator.flow.projects import settings
from annotator.flow.queue import leasing, releasing, skipped_items
from annotator.messages import under_way
from annotator.models import Annotation, Item, Membership, Project, Tally, User
from tests import loop
from tests.flow.queue.test_at_once import at_once
from tests.given import Fill, PutState

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_counts, "PAUSE", 0)


@pytest.fixture
def worked(put_state: PutState) -> Any:
    """The project after some of everything that is counted."""
    return put_state(_worked)


def _worked() -> Project:
    project = loop.mail_project()
    ana, ben, lea = map(loop.person, ("ana", "ben", "lea"))
    settings.change_settings(project, overlap=2)
    loop.bring_in(project, "seeds.csv", "text,label\nx,spam\ny,ham\n")
    loop.fill(project, 40)
    mine, theirs = (
        loop.label(project, ana, 12),
        loop.label(project, ben, 6),
    )
    revise.correct(mine[0], lea, ["ham"], note="really")
    revise.withdraw(mine[1], lea)
    releasing.skip(revise.undo(mine[2], ana))
    revise.withdraw(theirs[0], ben)
    for person in (ana, ben):
        releasing.skip(leasing.lease_next(project, person), "hard")
    found = Item.objects.filter(state=Item.State.POOL).first()
    seed_labels.seed(project, lea, found, labels=["spam"], client_id=str(uuid.uuid4()))
    seed_labels.take_back(project, lea, found)
    settings.change_settings(project, overlap=1)
    _extra_opinion(project, ana, lea)
    project.refresh_from_db()
    return project


def _extra_opinion(project: Project, one: Any, other: Any) -> None:
    lost = leasing.lease_next(project, one)
    releasing.release(lost)
    taken = leasing.lease_next(project, other)
    assert taken.item == lost.item
    loop.answer(taken)
    with pytest.raises(submit.StoredAsExtra):
        loop.answer(lost)


def found(project: Project, **options: Any) -> Any:
    return [(each.counter, each.of) for each in verify_counts.recount(project, **options)]


# Right -------------------------------------------------------------------------------------------


def test_all_that_is_counted_on_the_way_is_right(worked: Any) -> None:
    assert Annotation.objects.filter(counted=False).exists()
    assert found(worked) == []


def test_rounds_spares_leases_that_ran_out_and_bulk_pages_leave_nothing_wrong(
    sure: Project, ben: User, ana: User, time_machine: Any
) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from annotator.flow.queue import prefetch

    page = [str(lease.pk) for lease in bulk_pages.take(sure, ben, "spam")]
    bulk_confirm.confirm(sure, ben, page, page[2:], 60.0)
    bulk_confirm.undo(sure, ben)
    prefetch.sync_window(sure, ana, "tab/1", holding=[], want=3, put_by=4)
    loop.go_round(sure)
    time_machine.move_to(timezone.now() + timedelta(hours=1))
    releasing.release_expired()
    loop.label(sure, ana, 5)
    assert found(sure) == []


def test_finished_items_stay_right_when_more_opinions_are_wanted(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 10)
    loop.label(project, ana, 4)
    settings.change_settings(project, overlap=3)
    assert found(project) == []


def test_set_aside_is_a_state_like_others(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 5)
    for person in (ana, ben):
        releasing.skip(leasing.lease_next(project, person))
    assert found(project) == []
    skipped_items.reopen_skipped(project)
    assert found(project) == []


def test_what_is_left_for_nobody_since_somebody_left_is_set_aside(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    (item,) = filled(project, 1)
    releasing.skip(leasing.lease_next(project, ana))
    Membership.objects.filter(user=ben).delete()
    assert found(project) == []
    assert loop.refreshed(item).state == Item.State.ASIDE


# Wrong -------------------------------------------------------------------------------------------


def an_item(**where: Any) -> Any:
    return Item.objects.filter(**where).first()


def labelled(_project: Any) -> Any:
    return an_item(state=Item.State.LABELLED, answers__gt=0)


CORRUPTIONS = {
    "project.items": lambda p: type(p).objects.filter(pk=p.pk).update(items=F("items") + 7),
    "item.answers": lambda p: Item.objects.filter(pk=labelled(p).pk).update(answers=9),
    "item.skips": lambda p: Item.objects.filter(pk=labelled(p).pk).update(skips=3),
    "tally.labels": lambda p: _bump("labels", -2),
    "tally.audits": lambda p: _bump("audits", -3),
    "tally.skips": lambda p: _bump("skips", 5),
    "tally.seconds": lambda p: _bump("seconds", 60.0),
    "tally.changes": lambda p: _bump("changes", -1),
    "tally.finished": lambda p: _bump("finished", 2),
}


def _bump(name: Any, amount: Any) -> None:
    tally = Tally.objects.get(user__username="ana")
    Tally.objects.filter(pk=tally.pk).update(**{name: F(name) + amount})


@pytest.mark.parametrize("counter", CORRUPTIONS)
def test_counter_that_is_wrong_is_found_and_mended(worked: Any, counter: Any) -> None:
    CORRUPTIONS[counter](worked)
    assert [name for name, _of in found(worked)] == [counter]
    # A look alone changes nothing.
    assert [name for name, _of in found(worked)] == [counter]
    assert [each.mended for each in verify_counts.recount(worked, mend=True)] == [True]
    assert found(worked) == []


STATES = {
    "labelled without an answer": (Item.State.POOL, Item.State.LABELLED, Item.State.POOL),
    "queued though nobody asks": (Item.State.POOL, Item.State.QUEUED, Item.State.POOL),
    "aside though nobody skipped it": (Item.State.POOL, Item.State.ASIDE, Item.State.POOL),
    "in the pool with its answer": (Item.State.LABELLED, Item.State.POOL, Item.State.LABELLED),
    "in the pool though it waits": (Item.State.QUEUED, Item.State.POOL, Item.State.QUEUED),
    "aside though it waits": (Item.State.QUEUED, Item.State.ASIDE, Item.State.QUEUED),
}


@pytest.mark.parametrize("case", STATES)
def test_state_that_is_wrong_is_found_and_mended(
    project: Project, filled: Fill, ana: User, case: Any
) -> None:
    was, made, right = STATES[case]
    filled(project, 60)
    loop.label(project, ana, 3)
    item = an_item(state=was)
    Item.objects.filter(pk=item.pk).update(state=made)
    assert ("item.state", item.pk) in found(project)
    verify_counts.recount(project, mend=True)
    assert loop.refreshed(item).state == right
    assert found(project) == []
    assert summary.progress(project)["labelled"] == 3


def test_tallies_that_are_gone_are_made_anew(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 30)
    loop.label(project, ana, 10)
    before = summary.progress(project)
    Tally.objects.all().delete()
    assert summary.progress(project)["labelled"] == 0
    verify_counts.recount(project, mend=True)
    assert summary.progress(project) == before


def test_other_projects_are_left_alone(worked: Any, image_project: Project) -> None:
    Tally.objects.create(project=image_project, user=worked.created_by, day="2026-01-01", labels=5)
    assert found(worked, mend=True) == []
    assert Tally.objects.get(project=image_project).labels == 5


# Meanwhile ---------------------------------------------------------------------------------------


def test_what_changes_between_two_looks_is_not_blamed(
    worked: Any, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = verify_counts._truths

    def look_and_label(items: Any) -> Any:
        truths = look(items)
        if len(items) > 1:
            loop.label(worked, ana, 1)
        return truths

    monkeypatch.setattr(verify_counts, "_truths", look_and_label)
    monkeypatch.setattr(verify_counts, "AT_ONCE", 10)
    assert found(worked) == []


def test_sum_that_does_not_stand_still_is_not_judged(
    project: Project, filled: Fill, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(project, 40)
    loop.label(project, ana, 1)
    count = expected_tallies.counted

    def count_and_label(*args: Any) -> Any:
        numbers = count(*args)
        loop.label(project, ana, 1)
        return numbers

    monkeypatch.setattr(expected_tallies, "counted", count_and_label)
    _bump("labels", 100)
    assert ("tally.labels", ana.pk) not in found(project)


def test_skip_that_is_taken_back_during_the_count_blames_nobody(
    project: Project, filled: Fill, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(project, 40)
    loop.label(project, ana, 1)
    count, leases = expected_tallies.counted, [leasing.lease_next(project, ana)]

    def skip_meanwhile(*args: Any) -> Any:
        for lease in leases:
            releasing.skip(lease)
        numbers = count(*args)
        while leases:
            releasing.unskip(loop.refreshed(leases.pop()))
        return numbers

    monkeypatch.setattr(expected_tallies, "counted", skip_meanwhile)
    assert found(project) == []
    assert not leases


@pytest.mark.django_db(transaction=True)
def test_nothing_is_wrong_while_people_label_and_all_is_right_afterwards(
    project: Project, filled: Fill, ana: User, ben: User, lea: User
) -> None:
    settings.change_settings(project, overlap=2)
    filled(project, 60)

    def work(user: User) -> Any:
        def call() -> None:
            for turn in range(25):
                lease = leasing.lease_next(project, user)
                if lease is None:
                    break
                with contextlib.suppress(Conflict):
                    if turn % 5 == 0:
                        releasing.skip(lease)
                    elif turn % 5 == 1:
                        revise.withdraw(loop.answer(lease), user)
                    else:
                        loop.answer(lease)

        return call

    def count() -> Any:
        return [each for _ in range(8) for each in verify_counts.recount(project, mend=True)]

    answers = at_once(work(ana), work(ben), work(lea), count)
    assert answers[-1] == []
    assert found(project) == []


def test_what_is_right_is_not_written_to(worked: Any) -> None:
    """Where all is right, nothing is written but the outcome."""
    with CaptureQueriesContext(connection) as asked:
        verify_counts.recount(worked)
    writes = [each["sql"] for each in asked if each["sql"].startswith(("UPDATE", "INSERT"))]
    assert len(writes) == 1
    assert "recounted" in writes[0]


# Told --------------------------------------------------------------------------------------------


def test_night_changes_nothing_but_tells_log_and_lead(
    worked: Any, caplog: pytest.LogCaptureFixture
) -> None:
    _bump("labels", 4)
    tally = Tally.objects.get(user__username="ana")
    with caplog.at_level(logging.ERROR):
        tasks.recount(worked.pk)
    assert "tally.labels" in caplog.text
    worked.refresh_from_db()
    assert (worked.recounted["wrong"], worked.recounted["left"]) == (1, 1)
    (said,) = [each for each in under_way.told(worked) if each["kind"] == "recount"]
    assert said["failed"]
    assert "1 counter is wrong" in said["words"]
    assert loop.refreshed(tally).labels == tally.labels


def test_night_looks_at_every_project_that_is_there(
    worked: Any, image_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = []
    monkeypatch.setattr(tasks.recount, "delay", sent.append)
    settings.delete_project(image_project)
    tasks.recount_all()
    assert sent == [worked.pk]
    tasks.recount(image_project.pk)
    image_project.refresh_from_db()
    assert image_project.recounted == {}


def told(*options: Any) -> Any:
    out = io.StringIO()
    call_command("recount", *map(str, options), stdout=out)
    return out.getvalue()


def test_command_prints_a_table_and_fails_until_all_is_mended(worked: Any) -> None:
    assert "0 counters wrong" in told(worked.pk)
    _bump("skips", 3)
    with pytest.raises(CommandError, match="1 counters are wrong"):
        told()
    table = told("--fix")
    assert "tally.skips" in table
    assert "mended" in table
    assert json.loads(told(worked.pk, "--format", "json")) == {str(worked.pk): []}
    assert loop.refreshed(worked).recounted["left"] == 0


def test_command_knows_no_project_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="There is no project 99"):
        told(99)
