"""Leases run by one clock for all machines, that of the database."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotator.db import clock
from annotator.flow.annotation import submit
from annotator.flow.queue import leasing, prefetch, releasing
from annotator.models import Import, Lease, Project, User
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that shifts this machine's clock, from a fresh start."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite is on one machine and has no clock of its own")
    right = timezone.now
    monkeypatch.setattr(clock, "OWN_CLOCK", {"postgresql"})

    def off_by(skew: Any) -> None:
        monkeypatch.setattr(timezone, "now", lambda: right() + skew)
        monkeypatch.setattr(clock, "_last", None)

    return off_by


@pytest.mark.parametrize("skew", [HOUR, -HOUR])
def test_worker_with_a_wrong_clock_takes_nothing_away(
    project: Project, filled: Fill, machine: Any, ana: User, ben: User, skew: Any
) -> None:
    filled(project, 2)
    lease = leasing.lease_next(project, ana)
    page = prefetch.sync_window(project, ben, "tab/1", holding=[], want=1).next
    machine(skew)
    assert releasing.release_expired() == 0
    assert leasing.lease_next(project, ana) == lease
    assert prefetch.sync_window(project, ben, "tab/1", holding=[str(page[0].pk)]).lost == []


@pytest.mark.parametrize("skew", [HOUR, -HOUR])
def test_lease_of_a_web_process_with_a_wrong_clock_is_as_long_as_any(
    project: Project, filled: Fill, machine: Any, ana: User, ben: User, skew: Any
) -> None:
    filled(project, 1)
    machine(skew)
    lease = leasing.lease_next(project, ana)
    machine(timedelta(0))
    left = lease.expires_at - timezone.now()
    assert abs(left.total_seconds() - project.lease_seconds) < 30
    assert releasing.release_expired() == 0
    assert leasing.lease_next(project, ben) is None


@pytest.mark.parametrize("skew", [HOUR, -HOUR])
def test_running_job_is_not_taken_over_by_a_worker_with_a_wrong_clock(
    project: Project, machine: Any, skew: Any
) -> None:
    work = Import.objects.create(project=project, name="a", path="x", format="csv")
    assert Import.objects.claim(work.pk)
    machine(skew)
    assert Import.objects.claim(work.pk) is None


def test_clock_that_is_set_back_between_two_readings_changes_nothing(
    machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(timedelta(0))
    before = clock.now()
    monkeypatch.setattr(timezone, "now", lambda: before - HOUR)
    assert clock.now() >= before


def test_database_is_asked_once_a_minute(
    machine: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    machine(timedelta(0))
    with django_assert_num_queries(1):
        clock.now()
        clock.now()
    monkeypatch.setattr(clock, "FRESH_SECONDS", -1)
    with django_assert_num_queries(1):
        clock.now()


def test_clock_that_jumps_loses_no_answer(
    project: Project, filled: Fill, time_machine: Any, ana: User, ben: User
) -> None:
    """With only one clock, a jump passes items on to others, and answers are kept."""
    time_machine.move_to(timezone.now(), tick=False)
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    time_machine.shift(HOUR)
    other = leasing.lease_next(project, ben)
    assert other.item == lease.item
    time_machine.shift(-HOUR)
    assert loop.answer(other).counted
    with pytest.raises(submit.StoredAsExtra):
        loop.answer(lease)
    assert set(Lease.objects.values_list("outcome", flat=True)) == {Lease.Outcome.LABELLED}
