"""Who is in a project, and as what."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from annotator.flow.people import invitations
from annotator.flow.queue import leasing
from annotator.models import Invitation, Membership, Project, User
from tests import loop
from tests.given import Fill, Region, SignedIn

pytestmark = pytest.mark.django_db


def at(project: Project, name: str = "members", *more: Any) -> str:
    return reverse(name, args=[project.pk, *more])


def role_of(project: Project, user: User) -> Any:
    found = Membership.objects.filter(project=project, user=user).first()
    return found and found.role


def test_admin_adds_somebody_who_is_in_at_once(
    signed_in: SignedIn, olga: User, zed: User, project: Project
) -> None:
    signed_in(olga).post(at(project, "add_member"), {"username": "zed", "role": "lead"})
    assert role_of(project, zed) == "lead"
    assert signed_in(zed).get(reverse("dashboard", args=[project.pk])).status_code == 200


@pytest.mark.parametrize(
    "sent", [{"username": "nobody", "role": "lead"}, {"username": "zed", "role": "king"}, {}]
)
def test_wrong_name_or_role_is_422_in_words(
    signed_in: SignedIn, olga: User, zed: User, project: Project, region: Region, sent: Any
) -> None:
    answer = signed_in(olga).post(at(project, "add_member"), sent, headers=region("members"))
    assert answer.status_code == 422
    assert answer.content.decode().strip().startswith('<section id="members"')
    assert role_of(project, zed) is None


def test_role_is_changed(signed_in: SignedIn, olga: User, ana: User, project: Project) -> None:
    signed_in(olga).post(at(project, "change_member", ana.pk), {"role": "lead"})
    assert role_of(project, ana) == "lead"


def test_stranger_cannot_be_changed_into_a_member(
    signed_in: SignedIn, olga: User, zed: User, project: Project
) -> None:
    answer = signed_in(olga).post(at(project, "change_member", zed.pk), {"role": "lead"})
    assert answer.status_code == 404
    assert role_of(project, zed) is None


def test_removed_member_is_out_at_once(
    signed_in: SignedIn, olga: User, ana: User, project: Project
) -> None:
    signed_in(olga).post(at(project, "remove_member", ana.pk))
    assert signed_in(ana).get(reverse("label:desk", args=[project.pk])).status_code == 404


def test_removal_says_what_happens_to_leases_and_labels(
    signed_in: SignedIn, olga: User, ana: User, project: Project, filled: Fill
) -> None:
    filled(project, 20)
    loop.label(project, ana, 3)
    leasing.lease_next(project, ana)
    page = signed_in(olga).get(at(project, "remove_member", ana.pk)).content.decode()
    found = re.findall(r"<dt>(.+)</dt><dd>(\d+)</dd>", page)
    assert found == [("leased items", "1"), ("labels", "3")]
    assert role_of(project, ana) == "annotator"


def test_invitation_is_shown_once_renewed_and_withdrawn(
    signed_in: SignedIn, olga: User, project: Project, client: Client, region: Region
) -> None:
    admin = signed_in(olga)
    sent = {"username": "new", "role": "lead", "email": "new@example.org"}
    page = admin.post(at(project, "invite_member"), sent, headers=region("members"))
    first = link_on(page.content.decode())
    listed = admin.get(at(project)).content.decode()
    assert "Open invitations" in listed
    assert "/invite/" not in listed
    (waiting,) = invitations.unended(project)
    renewed = admin.post(at(project, "renew_invitation", waiting.pk)).content.decode()
    assert client.get(first).status_code == 410
    new = "rye-and-oats-and-more"
    assert client.post(link_on(renewed), {"password": new, "again": new}).status_code == 302
    assert role_of(project, User.objects.get(username="new")) == "lead"
    admin.post(at(project, "invite_member"), {"username": "other", "role": "annotator"})
    (waiting,) = invitations.unended(project)
    admin.post(at(project, "withdraw_invitation", waiting.pk))
    assert not invitations.unended(project).exists()


@pytest.mark.parametrize("name", ["renew_invitation", "withdraw_invitation"])
def test_links_of_others_are_out_of_reach(
    signed_in: SignedIn, olga: User, ana: User, project: Project, name: str
) -> None:
    reset = invitations.renew(ana).invitation
    answer = signed_in(olga).post(at(project, name, reset.pk))
    assert answer.status_code == 422
    assert "/invite/" not in answer.content.decode()
    assert Invitation.objects.unended().get() == reset


@pytest.mark.parametrize(
    "sent", [{"username": "ana", "role": "lead"}, {"username": "new", "role": "king"}, {}]
)
def test_invitation_that_cannot_be_is_422_in_words(
    signed_in: SignedIn, olga: User, ana: User, project: Project, sent: Any
) -> None:
    answer = signed_in(olga).post(at(project, "invite_member"), sent)
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode()
    assert not Invitation.objects.exists()


def link_on(page: str) -> str:
    found = re.search(r'value="(http://testserver/invite/[^"]+)"', page)
    assert found
    return found[1]


def test_last_admin_stays(signed_in: SignedIn, olga: User, project: Project) -> None:
    for name, sent in (("remove_member", {}), ("change_member", {"role": "lead"})):
        answer = signed_in(olga).post(at(project, name, olga.pk), sent)
        assert answer.status_code == 422
        assert "needs at least one admin" in answer.content.decode()
    assert role_of(project, olga) == "admin"


def test_htmx_comes_back_to_the_page(
    signed_in: SignedIn, olga: User, zed: User, project: Project, region: Region
) -> None:
    answer = signed_in(olga).post(
        at(project, "add_member"), {"username": "zed", "role": "lead"}, headers=region("members")
    )
    assert answer.headers["HX-Redirect"] == at(project)


def test_list_costs_the_same_with_many_members(
    signed_in: SignedIn,
    olga: User,
    project: Project,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    people = User.objects.bulk_create(User(username=f"user{n}") for n in range(30))
    Membership.objects.bulk_create(Membership(project=project, user=user) for user in people)
    client = signed_in(olga)
    client.get(at(project))
    with django_assert_max_num_queries(11):
        page = client.get(at(project)).content.decode()
    assert "user29" in page
