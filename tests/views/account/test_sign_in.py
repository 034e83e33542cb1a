"""Coming in, going out, choosing a password."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotator.flow.people import accounts, invitations
from tests.given import SignedIn

pytestmark = pytest.mark.django_db

PASSWORD = "chaff-in-the-wind-7"


@pytest.fixture
def ann() -> Any:
    return accounts.create_user("ann", PASSWORD)


def log_in(client: Any, **more: Any) -> Any:
    return client.post(reverse("login"), {"username": "ann", "password": PASSWORD, **more})


def test_login_leads_to_the_projects(client: Client, ann: Any) -> None:
    assert log_in(client).url == reverse("projects")


def test_login_goes_back_to_where_one_wanted(client: Client, ann: Any) -> None:
    assert log_in(client, next="/projects/7/label").url == "/projects/7/label"


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https:evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_login_never_leads_elsewhere(client: Client, ann: Any, elsewhere: str) -> None:
    assert log_in(client, next=elsewhere).url == reverse("projects")


def test_wrong_name_and_wrong_password_read_the_same(client: Client, ann: Any) -> None:
    def words(username: Any) -> bool:
        answer = client.post(reverse("login"), {"username": username, "password": "no"})
        return "Incorrect username or password." in answer.content.decode()

    assert words("ann")
    assert words("nobody")


def test_many_wrong_passwords_lock_in_words(client: Client, ann: Any) -> None:
    for _try in range(6):
        answer = client.post(reverse("login"), {"username": "ann", "password": "no"})
    assert answer.status_code == 429
    assert "Try again in 15 minutes" in answer.content.decode()
    assert log_in(client).status_code == 429


def test_logout_needs_a_post_and_ends_the_session(signed_in: SignedIn, ann: Any) -> None:
    client = signed_in(ann)
    assert client.get(reverse("logout")).status_code == 405
    client.post(reverse("logout"))
    assert client.get(reverse("projects")).status_code == 302


def test_password_change_keeps_this_session_and_ends_the_others(
    signed_in: SignedIn, ann: Any
) -> None:
    here, there = signed_in(ann), signed_in(ann)
    new = "wheat-and-barley-8"
    here.post(
        reverse("account"),
        {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
    )
    assert here.get(reverse("account")).status_code == 200
    assert there.get(reverse("account")).status_code == 302


def test_wrong_old_password_is_422(signed_in: SignedIn, ann: Any) -> None:
    answer = signed_in(ann).post(reverse("account"), {"old_password": "no"})
    assert answer.status_code == 422


def test_invitation_lets_choose_a_password_once(client: Client, db: Any) -> None:
    link = invitations.invite("new")
    user, address = link.invitation.user, reverse("invite", args=[link.token])
    assert "Welcome, new" in client.get(address).content.decode()
    answer = client.post(address, {"password": PASSWORD, "again": PASSWORD})
    assert answer.url == reverse("projects")
    assert client.get(reverse("projects")).status_code == 200
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    used = client.get(address)
    assert used.status_code == 410
    assert "already used" in used.content.decode()


def test_invitation_refuses_a_weak_password_and_a_slip(client: Client, db: Any) -> None:
    address = reverse("invite", args=[invitations.invite("new").token])
    weak = client.post(address, {"password": "12345", "again": "12345"})
    assert weak.status_code == 422
    assert "too short" in weak.content.decode()
    slip = client.post(address, {"password": PASSWORD, "again": "other"})
    assert slip.status_code == 422


def test_made_up_invitation_is_404(client: Client, db: Any) -> None:
    assert client.get(reverse("invite", args=["1.abc:def:ghi"])).status_code == 404
