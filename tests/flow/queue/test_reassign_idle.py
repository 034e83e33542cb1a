"""Prefetched items of an idle page go to annotators whose queue is empty; shown items stay."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotator.flow.annotation import submit, sync_decisions
from annotator.flow.queue import (
    leasing,
    offline_buffer,
    prefetch,
    reassign_idle,
    releasing,
    withdraw,
)
from annotator.models import Annotation, Item, Lease, Project, QueueEntry, Source, User
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db

ONE, OTHER = "tab-1/load-1", "tab-2/load-1"
BEAT = 45


@pytest.fixture(autouse=True)
def _standing_clock(time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)


def hold(
    project: Project, user: User, page: Any = ONE, holding: Any = (), want: Any = 0, put_by: Any = 0
) -> Any:
    keys = [str(lease.pk) for lease in holding]
    return prefetch.sync_window(project, user, page, holding=keys, want=want, put_by=put_by)


def live_on(
    project: Project, user: User, page: Any, holding: Any, seconds: Any, time_machine: Any
) -> None:
    """Let a page that shows the first of what it holds be open for that long."""
    for _ in range(seconds // BEAT + 1):
        time_machine.shift(BEAT)
        assert hold(project, user, page, holding).lost == []


@pytest.fixture
def last_two(project: Project, filled: Fill, ana: User) -> Any:
    """All items, held by Ana's page: it shows the first and has the second in advance."""
    filled(project, 2)
    held = hold(project, ana, want=2).next
    assert len(held) == 2
    return held


def test_what_a_living_page_lets_lie_is_passed_on_and_what_it_shows_is_not(
    project: Project, last_two: Any, time_machine: Any, ana: User, ben: User
) -> None:
    shown, lying = last_two
    live_on(project, ana, ONE, last_two, reassign_idle.IDLE_SECONDS, time_machine)
    assert leasing.lease_next(project, ben).item_id == lying.item_id
    assert loop.refreshed(lying).outcome == Lease.Outcome.PASSED
    assert hold(project, ana, holding=last_two).lost == [str(lying.pk)]
    live_on(project, ana, ONE, [shown], 1000, time_machine)
    assert loop.refreshed(shown).ended_at is None


def test_nobody_loses_what_they_took_a_moment_ago(
    project: Project, last_two: Any, time_machine: Any, ana: User, ben: User
) -> None:
    time_machine.shift(reassign_idle.IDLE_SECONDS - 1)
    assert leasing.lease_next(project, ben) is None
    time_machine.shift(1)
    assert leasing.lease_next(project, ben) is not None


def test_page_that_died_gives_back_before_its_leases_run_out(
    project: Project, last_two: Any, time_machine: Any, ana: User, ben: User
) -> None:
    assert project.lease_seconds > reassign_idle.IDLE_SECONDS
    time_machine.shift(reassign_idle.IDLE_SECONDS)
    got = {loop.answer(leasing.lease_next(project, ben)).item_id for _ in range(2)}
    assert got == {lease.item_id for lease in last_two}


def test_page_that_shows_another_item_lets_the_first_one_lie(
    project: Project, last_two: Any, time_machine: Any, ana: User, ben: User
) -> None:
    first, second = last_two
    live_on(project, ana, ONE, [first, second], reassign_idle.IDLE_SECONDS, time_machine)
    live_on(project, ana, ONE, [second, first], reassign_idle.IDLE_SECONDS, time_machine)
    assert leasing.lease_next(project, ben).item_id == first.item_id


def test_what_is_not_in_a_page_is_lost_by_the_clock_alone(
    project: Project, filled: Fill, time_machine: Any, ana: User, ben: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    time_machine.shift(project.lease_seconds - 1)
    assert leasing.lease_next(project, ben) is None
    time_machine.shift(1)
    assert leasing.lease_next(project, ben).item == lease.item


def test_who_holds_something_takes_nothing_from_others(
    project: Project, filled: Fill, time_machine: Any, ana: User, ben: User
) -> None:
    filled(project, 4)
    own = hold(project, ben, OTHER, want=2).next
    hold(project, ana, want=2)
    time_machine.shift(reassign_idle.IDLE_SECONDS)
    assert hold(project, ben, OTHER, own, want=2).next == []
    assert reassign_idle.reassign_idle(project, ben) == 0


def test_one_who_is_hungry_gets_one_item_not_all(
    project: Project, last_two: Any, time_machine: Any, ana: User, ben: User
) -> None:
    time_machine.shift(reassign_idle.IDLE_SECONDS)
    assert len(hold(project, ben, OTHER, want=3).next) == 1


def test_nobody_is_passed_what_they_skipped_or_labelled(
    project: Project, filled: Fill, time_machine: Any, ana: User, ben: User
) -> None:
    project.overlap = 2
    project.save()
    filled(project, 3)
    releasing.skip(leasing.lease_next(project, ben))
    loop.answer(leasing.lease_next(project, ben))
    third = leasing.lease_next(project, ben)
    releasing.release(third)
    assert len(hold(project, ana, want=3).next) == 3
    QueueEntry.objects.filter(state=QueueEntry.State.OPEN).delete()
    time_machine.shift(reassign_idle.IDLE_SECONDS)
    assert leasing.lease_next(project, ben).item_id == third.item_id
    assert reassign_idle.reassign_idle(project, ben) == 0


def test_answer_to_what_was_passed_on_is_kept_beside_the_other(
    project: Project, last_two: Any, time_machine: Any, ana: User, ben: User
) -> None:
    time_machine.shift(reassign_idle.IDLE_SECONDS)
    taken = leasing.lease_next(project, ben)
    robbed = next(lease for lease in last_two if lease.item_id == taken.item_id)
    with pytest.raises(submit.StoredAsExtra):
        loop.answer(robbed)
    assert loop.answer(taken).counted
    item = Item.objects.get(pk=taken.item_id)
    assert (item.answers, item.state) == (1, Item.State.LABELLED)
    kept = Annotation.objects.filter(item=item).order_by("pk").values_list("user", "counted")
    assert list(kept) == [(ana.pk, False), (ben.pk, True)]


def test_answer_to_what_was_passed_on_counts_where_it_is_needed_after_all(
    project: Project, last_two: Any, time_machine: Any, ana: User, ben: User
) -> None:
    time_machine.shift(reassign_idle.IDLE_SECONDS)
    taken = leasing.lease_next(project, ben)
    releasing.release(taken)
    robbed = next(lease for lease in last_two if lease.item_id == taken.item_id)
    assert loop.answer(robbed).counted
    assert QueueEntry.objects.get(item=taken.item_id).user == ana


def test_skip_of_what_was_passed_on_is_heard(
    project: Project, last_two: Any, time_machine: Any, ana: User, ben: User
) -> None:
    time_machine.shift(reassign_idle.IDLE_SECONDS)
    taken = leasing.lease_next(project, ben)
    robbed = next(lease for lease in last_two if lease.item_id == taken.item_id)
    decision = {"kind": "skip", "client_id": "1", "lease": str(robbed.pk)}
    assert sync_decisions.apply_decision(project, ana, ONE, decision).code == "skipped"
    assert loop.refreshed(robbed).outcome == Lease.Outcome.SKIPPED
    assert leasing.lease_next(project, ben) == taken


def test_page_says_what_it_shows_only_now_and_then(
    project: Project, last_two: Any, time_machine: Any, ana: User
) -> None:
    with CaptureQueriesContext(connection) as young:
        hold(project, ana, holding=last_two)
    assert not any(each["sql"].startswith("UPDATE") for each in young)
    time_machine.shift(reassign_idle.SHOWN_AGAIN_SECONDS)
    hold(project, ana, holding=last_two)
    assert [loop.refreshed(lease).shown_at for lease in last_two] == [timezone.now(), None]


def test_page_that_lives_is_never_silent_for_too_long() -> None:
    """A mark may be one silence short of due when a page speaks, and is renewed by the next."""
    assert reassign_idle.SHOWN_AGAIN_SECONDS + BEAT < reassign_idle.IDLE_SECONDS


def test_spare_that_is_shown_is_not_taken_back(
    project: Project, filled: Fill, time_machine: Any, ana: User, ben: User
) -> None:
    filled(project, 60)
    shown, other = hold(project, ana, put_by=2).spares
    hold(project, ana, holding=[shown, other])
    assert offline_buffer.reclaim_buffered(project, ben) == 1
    assert loop.refreshed(shown).ended_at is None
    time_machine.shift(timedelta(seconds=reassign_idle.IDLE_SECONDS))
    assert offline_buffer.reclaim_buffered(project, ben) == 1


# Audits, which the estimate waits for -------------------------------------------------------------


def audit_in_advance(project: Project, user: User, page: Any = ONE) -> Any:
    """Have a page hold items until one that it does not show is an audit; return all of them."""
    project.audit_share = 0.5
    project.save()
    held = hold(project, user, page, want=6).next
    assert any(lease.source == Source.AUDIT for lease in held[1:])
    return held, next(lease for lease in held[1:] if lease.source == Source.AUDIT)


@pytest.fixture
def waiting_audit(project: Project, filled: Fill, ana: User) -> Any:
    """What a page of Ana holds, and the first audit among what it never showed."""
    filled(project, 40)
    return audit_in_advance(project, ana)


def test_audit_in_a_page_that_fell_silent_goes_to_whoever_asks_next(
    project: Project, waiting_audit: Any, time_machine: Any, ana: User, ben: User
) -> None:
    held, audit = waiting_audit
    hold(project, ana, ONE, held)
    time_machine.shift(reassign_idle.IDLE_SECONDS - 1)
    assert reassign_idle.reopen_idle_audits() == 0
    time_machine.shift(1)
    audits = sum(lease.source == Source.AUDIT for lease in held)
    assert reassign_idle.reopen_idle_audits() == audits
    assert loop.refreshed(audit).outcome == Lease.Outcome.PASSED
    # Before everything that waits, though Ben has enough items without it.
    assert QueueEntry.objects.filter(state=QueueEntry.State.OPEN).exclude(source="audit").exists()
    got = [loop.answer(leasing.lease_next(project, ben)) for _ in range(audits)]
    assert {answer.source for answer in got} == {Source.AUDIT}
    assert audit.item_id in {answer.item_id for answer in got}


def test_audit_stays_with_a_page_in_which_somebody_works(
    project: Project, waiting_audit: Any, time_machine: Any, ana: User
) -> None:
    held, audit = waiting_audit
    rest = list(held)
    for _ in range(3):
        live_on(project, ana, ONE, rest, reassign_idle.IDLE_SECONDS, time_machine)
        assert reassign_idle.reopen_idle_audits() == 0
        if rest[0] == audit:
            break
        loop.answer(rest.pop(0))
    assert loop.refreshed(audit).ended_at is None


def test_audit_leaves_a_page_before_which_nobody_sits(
    project: Project, waiting_audit: Any, time_machine: Any, ana: User
) -> None:
    held, audit = waiting_audit
    live_on(project, ana, ONE, held, project.lease_seconds + BEAT, time_machine)
    assert reassign_idle.reopen_idle_audits() >= 1
    assert loop.refreshed(audit).ended_at is not None
    # The item that it shows stays with it.
    assert loop.refreshed(held[0]).ended_at is None


def test_audit_of_a_program_is_lost_by_the_clock_alone(
    project: Project, filled: Fill, time_machine: Any, ana: User
) -> None:
    filled(project, 40)
    project.audit_share = 0.5
    project.save()
    while leasing.lease_next(project, ana).source != Source.AUDIT:
        loop.answer(leasing.lease_next(project, ana))
    time_machine.shift(project.lease_seconds - 1)
    assert reassign_idle.reopen_idle_audits() == 0
    time_machine.shift(1)
    assert releasing.release_expired() == 1


def test_who_is_hungry_gets_an_audit_before_older_items(
    project: Project, waiting_audit: Any, time_machine: Any, ana: User, ben: User
) -> None:
    _held, audit = waiting_audit
    QueueEntry.objects.filter(state=QueueEntry.State.OPEN).delete()
    Item.objects.filter(project=project, state=Item.State.POOL).update(state=Item.State.ASIDE)
    time_machine.shift(reassign_idle.IDLE_SECONDS)
    assert leasing.lease_next(project, ben).source == Source.AUDIT
    assert audit.source == Source.AUDIT


def test_window_that_goes_gives_the_audits_it_never_showed_back_at_once(
    project: Project, waiting_audit: Any, ana: User, ben: User
) -> None:
    held, audit = waiting_audit
    prefetch.leave(project, ana, ONE, [str(lease.pk) for lease in held])
    assert loop.refreshed(audit).outcome == Lease.Outcome.RELEASED
    # At once, and before everything else.
    assert leasing.lease_next(project, ben).source == Source.AUDIT
    assert loop.refreshed(held[0]).ended_at is None


def test_audit_that_is_given_back_stays_first_through_a_refill(
    project: Project, waiting_audit: Any, ana: User, ben: User
) -> None:
    _held, audit = waiting_audit
    releasing.release(audit)
    withdraw.withdraw_open(project)
    assert leasing.lease_next(project, ben).item_id == audit.item_id
