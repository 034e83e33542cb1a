"""Leases of former members, and from before the clock was set back, expire."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotator.flow.projects import settings
from annotator.flow.queue import leasing, releasing
from annotator.flow.queue.orphaned_leases import release_orphaned
from annotator.flow.training import schedule
from annotator.jobs.runner import sweep
from annotator.models import Import, Lease, Membership, Project, QueueEntry, Round, User
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db

LATER = timedelta(hours=1)


def test_lease_of_somebody_who_is_no_member_goes_back(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 30)
    strange, own = leasing.lease_next(project, ana), leasing.lease_next(project, ben)
    Membership.objects.filter(user=ana).delete()
    release_orphaned()
    strange.refresh_from_db()
    assert strange.outcome == Lease.Outcome.RELEASED
    held = QueueEntry.objects.filter(state=QueueEntry.State.LEASED)
    assert [entry.lease_id for entry in held] == [own.pk]


def test_lease_of_a_deactivated_user_goes_back(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 30)
    late, own = leasing.lease_next(project, ana), leasing.lease_next(project, ben)
    User.objects.filter(pk=ana.pk).update(is_active=False)
    release_orphaned()
    late.refresh_from_db()
    assert late.outcome == Lease.Outcome.RELEASED
    held = QueueEntry.objects.filter(state=QueueEntry.State.LEASED)
    assert [entry.lease_id for entry in held] == [own.pk]


def test_lease_of_an_installation_admin_stays(project: Project, filled: Fill, zed: User) -> None:
    zed.is_superuser = True
    zed.save()
    filled(project, 30)
    lease = leasing.lease_next(project, zed)
    release_orphaned()
    assert leasing.lease_next(project, zed).pk == lease.pk


def test_lease_from_before_the_clock_was_set_back_ends_in_time(
    project: Project, filled: Fill, ana: User, ben: User, time_machine: Any
) -> None:
    now = timezone.now()
    filled(project, 30)
    settings.change_settings(project, lease_seconds=30)
    time_machine.move_to(now + LATER)
    lease = leasing.lease_next(project, ana)
    time_machine.move_to(now)
    release_orphaned()
    lease.refresh_from_db()
    assert lease.expires_at <= now + timedelta(seconds=31)
    time_machine.move_to(now + timedelta(seconds=32))
    assert releasing.release_expired() == 1


def test_lease_that_runs_as_long_as_it_may_is_left_alone(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 30)
    lease = leasing.lease_next(project, ana)
    release_orphaned()
    until = Lease.objects.get(pk=lease.pk).expires_at
    assert until == lease.expires_at


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "queued", "retry_at": LATER},
        {"state": "running", "heartbeat_at": LATER},
    ],
)
def test_job_whose_times_lie_in_the_future_is_taken_up(project: Project, fields: Any) -> None:
    now = timezone.now()
    times = {name: now + each if name != "state" else each for name, each in fields.items()}
    work = Import.objects.create(project=project, name="a", path="a", **times)
    Import.objects.update(created_at=now + LATER)
    assert sweep(Import) == [work.pk]
    assert Import.objects.claim(work.pk) is not None


def test_round_is_due_though_the_last_one_lies_in_the_future(
    project: Project, filled: Fill, ana: User, time_machine: Any
) -> None:
    now = timezone.now()
    filled(project, 30)
    loop.ready_space(project)
    turn = loop.start(project)
    Round.objects.filter(pk=turn.pk).update(state="done", created_at=now + LATER)
    loop.label(project, ana, 1)
    assert schedule.due(project) == "time"
    failed = {"state": "failed", "finished_at": now + LATER}
    Round.objects.create(project=project, number=2, seq=1, space=turn.space, **failed)
    assert schedule.due(project) == "time"
