"""Who is in a project, and as what."""

import pytest
from django.urls import reverse

from annotator.models import Membership, User

pytestmark = pytest.mark.django_db


def at(project, name="members", *more):
    return reverse(name, args=[project.pk, *more])


def role_of(project, user):
    found = Membership.objects.filter(project=project, user=user).first()
    return found and found.role


def test_admin_adds_somebody_who_is_in_at_once(signed_in, olga, zed, project):
    signed_in(olga).post(at(project, "add_member"), {"username": "zed", "role": "lead"})
    assert role_of(project, zed) == "lead"
    assert signed_in(zed).get(reverse("dashboard", args=[project.pk])).status_code == 200


@pytest.mark.parametrize(
    "sent", [{"username": "nobody", "role": "lead"}, {"username": "zed", "role": "king"}, {}]
)
def test_wrong_name_or_role_is_422_in_words(signed_in, olga, zed, project, region, sent):
    answer = signed_in(olga).post(at(project, "add_member"), sent, headers=region("members"))
    assert answer.status_code == 422
    assert answer.content.decode().strip().startswith('<section id="members"')
    assert role_of(project, zed) is None


def test_role_is_changed(signed_in, olga, ana, project):
    signed_in(olga).post(at(project, "change_member", ana.pk), {"role": "lead"})
    assert role_of(project, ana) == "lead"


def test_stranger_cannot_be_changed_into_a_member(signed_in, olga, zed, project):
    answer = signed_in(olga).post(at(project, "change_member", zed.pk), {"role": "lead"})
    assert answer.status_code == 404
    assert role_of(project, zed) is None


def test_removed_member_is_out_at_once(signed_in, olga, ana, project):
    signed_in(olga).post(at(project, "remove_member", ana.pk))
    assert signed_in(ana).get(reverse("label:desk", args=[project.pk])).status_code == 404


def test_last_admin_stays(signed_in, olga, project):
    for name, sent in (("remove_member", {}), ("change_member", {"role": "lead"})):
        answer = signed_in(olga).post(at(project, name, olga.pk), sent)
        assert answer.status_code == 422
        assert "needs at least one admin" in answer.content.decode()
    assert role_of(project, olga) == "admin"


def test_htmx_comes_back_to_the_page(signed_in, olga, zed, project, region):
    answer = signed_in(olga).post(
        at(project, "add_member"), {"username": "zed", "role": "lead"}, headers=region("members")
    )
    assert answer.headers["HX-Redirect"] == at(project)


def test_list_costs_the_same_with_many_members(
    signed_in, olga, project, django_assert_max_num_queries
):
    people = User.objects.bulk_create(User(username=f"user{n}") for n in range(30))
    Membership.objects.bulk_create(Membership(project=project, user=user) for user in people)
    client = signed_in(olga)
    client.get(at(project))
    with django_assert_max_num_queries(9):
        page = client.get(at(project)).content.decode()
    assert "user29" in page
