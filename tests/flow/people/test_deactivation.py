"""Accounts are switched off and on: what ends at once, and what stays."""

from typing import Any

import pytest
from django.test import Client

from annotator.errors import Conflict, Gone
from annotator.flow.people import deactivation, invitations, sign_ins
from annotator.flow.people.deactivation import Effects
from annotator.flow.queue import leasing
from annotator.models import Annotation, Lease, Membership, Project, QueueEntry, User
from tests import loop
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_work(project: Project, filled: Fill, ana: User) -> Any:
    """Ana has labelled three items of the project and holds a fourth."""
    filled(project, 20)
    loop.label(project, ana, 3)
    return leasing.lease_next(project, ana)


def test_sign_ins_and_leases_end_and_labels_stay(
    project: Project, at_work: Any, ana: User, api: Api
) -> None:
    client, caller = Client(), api(ana)
    client.force_login(ana)
    assert caller.get("/api/v1/projects").status_code == 200
    link = invitations.renew(ana)
    assert deactivation.effects_of_deactivation(ana) == Effects(1, 3, sessions=1, tokens=1)
    deactivation.deactivate(ana)
    assert client.get("/projects/").status_code == 302
    assert caller.get("/api/v1/projects").status_code == 401
    assert sign_ins.sessions(ana) == sign_ins.tokens(ana) == []
    with pytest.raises(Gone):
        invitations.invited(link.token)
    assert Lease.objects.get(pk=at_work.pk).outcome == Lease.Outcome.RELEASED
    assert not QueueEntry.objects.filter(state=QueueEntry.State.LEASED).exists()
    assert Annotation.objects.filter(user=ana, withdrawn_at=None).count() == 3


def test_activated_account_is_as_before_but_signed_out(project: Project, ana: User) -> None:
    client = Client()
    client.force_login(ana)
    deactivation.deactivate(ana)
    deactivation.activate(ana)
    assert User.objects.get(pk=ana.pk).is_active
    assert Membership.objects.filter(project=project, user=ana).exists()
    assert client.get("/projects/").status_code == 302


def test_last_installation_admin_stays(ana: User) -> None:
    one, other = (User.objects.create_superuser(name) for name in ("root", "wheel"))
    deactivation.deactivate(one)
    with pytest.raises(Conflict) as caught:
        deactivation.deactivate(other)
    assert caught.value.code == "last_installation_admin"
    assert User.objects.get(pk=other.pk).is_active
    deactivation.deactivate(ana)


def test_removal_counts_only_what_is_in_the_project(
    project: Project, image_project: Project, at_work: Any, ana: User, ben: User
) -> None:
    assert deactivation.effects_of_removal(project, ana) == Effects(leases=1, labels=3)
    assert deactivation.effects_of_removal(image_project, ana) == Effects(leases=0, labels=0)
    assert deactivation.effects_of_removal(project, ben) == Effects(leases=0, labels=0)
