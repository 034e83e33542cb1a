"""Everybody who may sign in to this installation."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from annotator.models import User
from tests.given import Region, SignedIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(db: Any) -> Any:
    return User.objects.create_superuser("root")


def test_page_is_for_the_installation_admin(signed_in: SignedIn, olga: User, root: Any) -> None:
    assert signed_in(olga).get(reverse("users")).status_code == 403
    assert signed_in(olga).post(reverse("users"), {"username": "eve"}).status_code == 403
    assert signed_in(root).get(reverse("users")).status_code == 200


def test_person_with_a_password_may_sign_in(signed_in: SignedIn, root: Any, client: Client) -> None:
    signed_in(root).post(reverse("users"), {"username": "new", "password": "rye-and-oats-and-more"})
    answer = client.post(reverse("login"), {"username": "new", "password": "rye-and-oats-and-more"})
    assert answer.url == reverse("projects")


def test_invitation_is_shown_once_and_works(signed_in: SignedIn, root: Any, client: Client) -> None:
    page = signed_in(root).post(reverse("users"), {"username": "new"}).content.decode()
    link = re.search(r'value="(http://testserver/invite/[^"]+)"', page)[1]
    assert client.get(link).status_code == 200
    assert "/invite/" not in signed_in(root).get(reverse("users")).content.decode()


@pytest.mark.parametrize(
    "sent", [{"username": "root"}, {"username": "a b"}, {"username": "x", "password": "123"}, {}]
)
def test_what_cannot_be_is_422_in_words(
    signed_in: SignedIn, root: Any, region: Region, sent: Any
) -> None:
    answer = signed_in(root).post(reverse("users"), sent, headers=region("users"))
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode()
    assert User.objects.count() == 1


def test_list_costs_the_same_with_many_users(
    signed_in: SignedIn, root: Any, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    User.objects.bulk_create(User(username=f"user{n}") for n in range(30))
    client = signed_in(root)
    client.get(reverse("users"))
    with django_assert_max_num_queries(8):
        page = client.get(reverse("users")).content.decode()
    assert "user29" in page
