"""A project pauses and resumes; a budget is kept, and tells what it proved."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotator.errors import Invalid
from annotator.flow.annotation import revise
from annotator.flow.progress import stopping, summary
from annotator.flow.projects import members, overview, settings
from annotator.flow.queue import admission, current_leases, leasing, prefetch, releasing
from annotator.messages import labelling
from annotator.messages import progress as worded
from annotator.messages.stopping import pause_words, reason_words
from annotator.models import (
    Annotation,
    Item,
    Lease,
    ModelVersion,
    Project,
    QueueEntry,
    Report,
    Tally,
    User,
)
from annotator.views.projects.list_text import row_in_words
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db

PAGE = "tab-1/load-1"


def hold(
    project: Project,
    user: User,
    page: Any = PAGE,
    holding: Any = (),
    want: Any = 0,
    put_by: Any = 0,
    **more: Any,
) -> Any:
    return prefetch.sync_window(
        project, user, page, holding=holding, want=want, put_by=put_by, **more
    )


def keys(leases: Any) -> Any:
    return [str(lease.pk) for lease in leases]


# Words -------------------------------------------------------------------------------------------


def measured(project: Project, **found: Any) -> Any:
    told = {"value": 0.58, "low": 0.42, "high": 0.72, "n": 40, "confidence": 0.95, **found}
    return ModelVersion.objects.create(
        project=project,
        space=loop.ready_space(project),
        number=project.models.count() + 1,
        labels=["spam", "ham"],
        trained_on=40,
        accuracy=told,
        measured={"macro_f1": {"value": 0.4, "low": 0.311, "high": 0.5}},
    )


RECALL = {"target_metric": "recall", "target_value": 0.9, "rare_label": "spam"}
UNPROVEN = "Budget spent; target not proven: "


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        ({}, "Budget spent: 30 of 30 labels."),
        ({"target_value": 0.55}, UNPROVEN + "58% [42–72], target 55%."),
        ({"target_value": 0.999}, UNPROVEN + "58% [42–72], target 99.9%."),
        (
            {"target_value": 0.55, "target_metric": "macro_f1"},
            UNPROVEN + "40% [31–50], target 55%.",
        ),
        (RECALL, UNPROVEN + "80% [61–100], target 90%."),
    ],
)
def test_a_spent_budget_says_what_is_proven_of_the_target(
    project: Project, ana: User, lea: User, goal: Any, words: Any
) -> None:
    settings.change_settings(project, budget=30, auto_stop=True, **goal)
    measured(project, proven=0.5)
    found = {"label": project.rare_label_id, "recall": {"value": 0.8, "low": 0.61}}
    Report.objects.create(
        project=project, kind="screening", seq=1, made_at=timezone.now(), found=found
    )
    Tally.objects.create(project=project, user=ana, day="2026-01-01", labels=30)
    progress = worded.progress(project)
    assert progress["stop"] == {"advice": "stop", "reasons": [words]}
    assert not progress["target_proven"]
    assert (progress["paused"]["cause"], progress["paused"]["reason"]) == ("budget", words)
    # The list of projects says the same, to annotators too.
    (row,) = overview.rows(lea)
    assert row_in_words(row)["decisions"] == [words]
    for person in (lea, ana):
        assert pause_words(overview.rows(person)[0].pause) == progress["paused"]["words"]
        assert overview.pauses(person) == {project.pk: row.pause}


def test_without_a_measurement_it_says_so(project: Project, ana: User) -> None:
    settings.change_settings(project, budget=30, target_value=0.55)
    assert stopping.budget_spent(project, 29, None) is None
    words = reason_words(stopping.budget_spent(project, 30, None))
    assert words == UNPROVEN + "not measured yet, target 55%."


def test_it_is_enough_only_where_the_target_is_proven(project: Project, ana: User) -> None:
    settings.change_settings(project, budget=30, target_value=0.55)
    measured(project, proven=0.56)
    Tally.objects.create(project=project, user=ana, day="2026-01-01", labels=31)
    progress = worded.progress(project)
    assert progress["target_proven"]
    assert progress["stop"]["reasons"][1] == "Budget spent: 31 of 30 labels."


# By a lead ---------------------------------------------------------------------------------------


def test_a_pause_tells_by_whom_since_when_and_why(
    project: Project, filled: Fill, lea: User, ana: User
) -> None:
    filled(project, 30)
    stopping.pause(project, lea, "  New guidelines  ")
    paused = stopping.find_pause(loop.refreshed(project))
    assert (paused.cause, paused.by, paused.typed) == ("lead", "lea", "New guidelines")
    assert paused.at is not None
    words = labelling.why_empty(project, stopping.find_pause(project))
    assert words.startswith("Paused by lea since ")
    assert words.endswith("Reason: “New guidelines”.")
    stopping.pause(project, lea)
    assert labelling.why_empty(project, stopping.find_pause(project)).endswith(" UTC.")
    lea.delete()
    assert pause_words(stopping.find_pause(loop.refreshed(project))).startswith("Paused since ")
    stopping.resume(project)
    assert stopping.find_pause(loop.refreshed(project)) is None


@pytest.mark.parametrize("reason", ["x" * 501, "a\x00b"])
def test_a_reason_that_cannot_be_stored_is_refused(
    project: Project, lea: User, reason: str
) -> None:
    with pytest.raises(Invalid):
        stopping.pause(project, lea, reason)
    assert loop.refreshed(project).paused_at is None


def test_what_is_on_the_screen_is_saved_in_a_pause_and_what_waits_behind_it_goes(
    project: Project, filled: Fill, lea: User, ana: User, ben: User
) -> None:
    filled(project, 120)
    held = hold(project, ana, want=3, put_by=3)
    mine = keys(held.next + held.spares)
    stopping.pause(project, lea)
    heard = hold(project, ana, holding=mine, want=2, put_by=3)
    assert heard.lost == sorted(mine[1:])
    assert (heard.next, heard.spares) == ([], [])
    assert heard.is_paused
    assert loop.answer(held.next[0]).counted
    assert hold(project, ana, want=2).next == []
    assert not QueueEntry.objects.filter(state=QueueEntry.State.LEASED).exists()
    stopping.resume(project)
    # All of it is available to whoever comes first.
    given = {each.item_id for each in loop.label(project, ben, 200)}
    assert given >= {lease.item_id for lease in held.next[1:] + held.spares}


def test_what_a_window_painted_since_the_pause_goes_too(
    project: Project, filled: Fill, lea: User, ana: User
) -> None:
    filled(project, 60)
    mine = keys(hold(project, ana, want=3).next)
    stopping.pause(project, lea)
    heard = hold(project, ana, holding=mine[1:], just_decided=True)
    assert heard.lost == sorted(mine[1:])


def test_decisions_made_before_the_window_knew_are_kept(
    project: Project, filled: Fill, lea: User, ana: User
) -> None:
    filled(project, 60)
    held = hold(project, ana, want=3, put_by=2)
    stopping.pause(project, lea)
    hold(project, ana, holding=keys(held.next + held.spares))
    for lease in held.next + held.spares:
        assert loop.answer(lease).counted


def test_an_undo_in_a_pause_hands_nothing_back_and_loses_nothing(
    project: Project, filled: Fill, lea: User, ana: User
) -> None:
    filled(project, 30)
    given = loop.answer(leasing.lease_next(project, ana))
    passed = leasing.lease_next(project, ana)
    releasing.skip(passed)
    stopping.pause(project, lea)
    assert revise.undo(given, ana) is None
    passed = current_leases.get_lease(loop.refreshed(project), ana, str(passed.pk))
    assert releasing.unskip(passed) is None
    stopping.resume(project)
    mine = {each.item_id for each in loop.label(loop.refreshed(project), ana, 200)}
    assert {given.item_id, passed.item_id} <= mine


# A budget ----------------------------------------------------------------------------------------


def test_what_is_held_counts_against_the_budget(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 120)
    settings.change_settings(project, budget=10, auto_stop=True)
    one = hold(project, ana, want=5, put_by=10)
    other = hold(project, ben, "tab-2/load-1", want=5, put_by=10)
    assert len(one.next) == 5
    assert one.spares
    assert other.next
    assert QueueEntry.objects.filter(state=QueueEntry.State.LEASED).count() <= 10
    for lease in [*one.next, *one.spares, *other.next, *other.spares]:
        loop.answer(lease)
    # The rest goes to whoever still asks.
    loop.label(project, ben, 30)
    assert summary.progress(project)["answers"] == 10


def test_the_last_of_a_budget_that_others_hold_is_said_to_be_with_them(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 30)
    settings.change_settings(project, budget=1, auto_stop=True)
    lease = leasing.lease_next(project, ana)
    assert leasing.lease_next(project, ben) is None
    assert "leased to others" in labelling.why_empty(project, stopping.find_pause(project))
    releasing.release(lease)
    assert leasing.lease_next(project, ben) is not None


def test_undo_gives_its_place_in_the_budget_back(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 30)
    settings.change_settings(project, budget=2, auto_stop=True)
    _first, last = loop.label(project, ana, 5)
    assert leasing.lease_next(project, ana) is None
    again = revise.undo(last, ana)
    loop.answer(again)
    assert leasing.lease_next(project, ana) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("budget", [1, 7, 25])
def test_windows_that_ask_in_the_same_moment_keep_to_the_budget(
    project: Project, filled: Fill, budget: int
) -> None:
    filled(project, 200)
    settings.change_settings(project, budget=budget, auto_stop=True, lease_seconds=600)
    people = [User.objects.create_user(f"person-{number}") for number in range(6)]
    for person in people:
        members.add_member(project, person.username)

    def work(person: Any) -> None:
        try:
            for turn in range(6):
                fresh = loop.refreshed(project)
                page = f"tab-{person.pk}/{turn}"
                for lease in hold(fresh, person, page, want=4, put_by=8).next:
                    loop.answer(lease)
                lease = leasing.lease_next(fresh, person)
                if lease is not None:
                    loop.answer(lease)
                assert _given_or_held() <= budget
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as threads:
        list(threads.map(work, people))
    for person in people:
        loop.label(loop.refreshed(project), person, budget)
    assert _given_or_held() == budget


def _given_or_held() -> int:
    # In one look: a label that comes in between is held no more.
    held = QueueEntry.objects.exclude(state=QueueEntry.State.OPEN)
    return held.count()


def test_a_room_that_is_full_stores_nothing(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 30)
    settings.change_settings(project, budget=1, auto_stop=True)
    room = admission.room(project)
    items = list(Item.objects.all()[:2])
    with pytest.raises(admission.NoRoom):
        room.hand_out([room.new_lease(item, ana, source="random") for item in items])
    assert not Lease.objects.exists()
    # Another window was first, which this room has not seen.
    assert leasing.lease_next(project, ana) is not None
    with pytest.raises(admission.NoRoom):
        room.hand_out([room.new_lease(items[0], ana, source="random")])
    assert Lease.objects.count() == 1
    assert not Annotation.objects.exists()


def test_asking_costs_nothing_where_nothing_may_stop(
    project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert admission.room(project)
    settings.change_settings(project, budget=10, auto_stop=True)
    with django_assert_num_queries(3):
        assert admission.room(project).left == 10
