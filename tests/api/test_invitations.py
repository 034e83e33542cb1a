"""Invitations, password links, deactivation, sessions and tokens, by the API."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from annotator.flow.people import invitations
from annotator.models import Invitation, Membership, Project, User
from tests.api.calls import assert_refused, at
from tests.given import Api

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
NEW = "rye and oats and barley"


@pytest.fixture
def ana(ana: User) -> User:
    ana.set_password(PASSWORD)
    ana.save()
    return ana


@pytest.fixture
def root(db: Any) -> Any:
    return User.objects.create_superuser("root", password=PASSWORD)


def accept(link: str, password: str = NEW) -> Any:
    client = Client()
    return client.post(link, {"password": password, "again": password})


def of(user: User, tail: str = "") -> str:
    return f"/api/v1/users/{user.pk}{tail}"


# Links -------------------------------------------------------------------------------------------


def test_new_link_resets_a_password_and_ends_the_earlier_one(
    api: Api, root: Any, ana: User
) -> None:
    first = api(root).post(of(ana, "/invitation"))
    assert first.status_code == 201
    assert set(first.json()) == {"id", "username", "invitation_url", "expires_at", "note", "mail"}
    second = api(root).post(of(ana, "/invitation")).json()
    assert accept(first.json()["invitation_url"]).status_code == 410
    assert accept(second["invitation_url"]).status_code == 302
    assert User.objects.get(pk=ana.pk).check_password(NEW)
    assert accept(second["invitation_url"]).status_code == 410


def test_link_of_a_user_is_withdrawn(api: Api, root: Any, ana: User) -> None:
    link = api(root).post(of(ana, "/invitation")).json()["invitation_url"]
    assert api(root).delete(of(ana, "/invitation")).status_code == 204
    assert accept(link).status_code == 410
    assert_refused(api(root).delete(of(ana, "/invitation")), 404, "unknown_invitation")


def test_project_invites_lists_renews_and_withdraws(api: Api, project: Project, olga: User) -> None:
    client, path = api(olga), at(project, "/invitations")
    made = client.post(path, {"username": "new", "role": "lead", "email": "new@example.org"})
    assert made.status_code == 201
    assert made.json()["role"] == "lead"
    (row,) = client.get(path).json()["results"]
    assert (row["username"], row["invited_by"], row["is_expired"]) == ("new", "olga", False)
    assert "invitation_url" not in row
    renewed = client.post(f"{path}/{row['id']}").json()
    assert accept(made.json()["invitation_url"]).status_code == 410
    assert accept(renewed["invitation_url"]).status_code == 302
    assert Membership.objects.get(user__username="new").role == "lead"
    assert client.get(path).json()["results"] == []
    other = client.post(path, {"username": "other"}).json()
    assert client.delete(f"{path}/{other['id']}").status_code == 204
    assert accept(other["invitation_url"]).status_code == 410


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"username": "ana"}, 409, "username"),
        ({"username": "new", "role": "owner"}, 422, "role"),
        ({"username": "a b"}, 422, "username"),
        ({"username": "new", "email": "at home"}, 422, "email"),
        ({"username": "new", "project": 1}, 422, "project"),
        ({}, 422, "username"),
    ],
)
def test_invitation_that_cannot_be_is_refused(
    api: Api, project: Project, olga: User, body: Any, status: int, field: str
) -> None:
    assert_refused(api(olga).post(at(project, "/invitations"), body), status, field=field)
    assert not Invitation.objects.exists()


def test_admin_of_a_project_cannot_reset_a_password(
    api: Api, project: Project, image_project: Project, olga: User, ana: User, root: Any
) -> None:
    reset = invitations.renew(ana, root).invitation
    elsewhere = invitations.invite("new", olga, project=image_project).invitation
    for each in (reset, elsewhere):
        path = at(project, f"/invitations/{each.pk}")
        assert_refused(api(olga).post(path), 404, "unknown_invitation")
        assert_refused(api(olga).delete(path), 404, "unknown_invitation")
    assert Invitation.objects.unended().count() == 2


def test_host_that_is_not_ours_gets_no_link(
    api: Api, root: Any, ana: User, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    answer = api(root).post(of(ana, "/invitation"), HTTP_HOST="evil.example")
    assert answer.status_code == 400


# Mail --------------------------------------------------------------------------------------------


def test_link_is_mailed_where_a_mail_server_is_configured(
    api: Api, project: Project, olga: User, settings: Settings
) -> None:
    settings.EMAIL_HOST = "mail.example.org"
    body = {"username": "new", "email": "new@example.org"}
    made = api(olga).post(at(project, "/invitations"), body).json()
    assert made["mail"]["state"] == "sent"
    (sent,) = mail.outbox
    assert sent.to == ["new@example.org"]
    assert made["invitation_url"] in sent.body
    assert "olga invites you to the project Mail" in sent.body


def test_without_a_mail_server_the_link_comes_with_the_reason(
    api: Api, project: Project, olga: User, settings: Settings
) -> None:
    settings.EMAIL_HOST = ""
    body = {"username": "new", "email": "new@example.org"}
    made = api(olga).post(at(project, "/invitations"), body).json()
    assert made["mail"]["state"] == "not_configured"
    assert "EMAIL_HOST" in made["mail"]["words"]
    assert mail.outbox == []
    assert accept(made["invitation_url"]).status_code == 302


def test_mail_server_that_does_not_answer_costs_no_invitation(
    api: Api, project: Project, olga: User, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    body = {"username": "new", "email": "new@example.org"}
    made = api(olga).post(at(project, "/invitations"), body)
    assert (made.status_code, made.json()["mail"]["state"]) == (201, "failed")
    assert "did not answer" in made.json()["mail"]["words"]
    assert accept(made.json()["invitation_url"]).status_code == 302


# Accounts ----------------------------------------------------------------------------------------


def test_user_is_deactivated_and_activated(
    api: Api, root: Any, ana: User, project: Project
) -> None:
    caller = api(ana)
    off = api(root).patch(of(ana), {"active": False})
    assert (off.status_code, off.json()["is_active"], off.json()["state"]) == (200, False, "off")
    assert caller.get("/api/v1/projects").status_code == 401
    assert api(root).patch(of(ana), {"active": True}).json()["state"] == "active"
    assert caller.get("/api/v1/projects").status_code == 401
    assert api(ana).get("/api/v1/projects").status_code == 200


def test_last_installation_admin_cannot_deactivate_themself(api: Api, root: Any) -> None:
    assert_refused(api(root).patch(of(root), {"active": False}), 409, "last_installation_admin")
    for body in ({}, {"active": 5}, {"active": True, "is_superuser": True}):
        assert_refused(api(root).patch(of(root), body), 422)


def test_list_is_searched_and_filtered_at_one_cost(
    api: Api, root: Any, ana: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api(root)
    invitations.invite("anabel", email="bel@example.org")

    def names(query: str) -> Any:
        rows = client.get(f"/api/v1/users?{query}").json()["results"]
        return [row["username"] for row in rows]

    assert names("") == ["ana", "anabel", "root"]
    assert names("q=ana") == ["ana", "anabel"]
    assert names("q=bel@") == ["anabel"]
    assert names("state=invited&q=ana") == ["anabel"]
    assert names("cursor=ana") == ["anabel", "root"]
    assert client.get("/api/v1/users?state=odd").status_code == 422
    with django_assert_num_queries(8):
        names("")
    User.objects.bulk_create(User(username=f"user{n}") for n in range(30))
    with django_assert_num_queries(8):
        assert len(names("")) == 33


# Sessions and tokens -----------------------------------------------------------------------------


def test_token_is_listed_by_its_beginning_and_revoked(client: Client, ana: User, root: Any) -> None:
    body = {"username": "ana", "password": PASSWORD}
    plain = client.post(
        "/api/v1/auth/token",
        body,
        content_type="application/json",
        headers={"User-Agent": "labels.py"},
    ).json()["token"]
    headers = {"Authorization": f"Token {plain}"}
    answer = client.get(of(ana, "/tokens"), headers=headers)
    (row,) = answer.json()["results"]
    assert (row["device"], row["address"]) == ("labels.py", "127.0.0.1")
    assert plain not in answer.content.decode()
    assert plain.startswith(row["id"])
    assert client.delete(of(ana, f"/tokens/{row['id']}"), headers=headers).status_code == 204
    assert client.get(of(ana, "/tokens"), headers=headers).status_code == 401


def test_sessions_are_ended_by_their_owner_and_by_admins(api: Api, ana: User, root: Any) -> None:
    browsers = [Client(headers={"User-Agent": f"browser {n}"}) for n in range(3)]
    for browser in browsers:
        browser.post("/login", {"username": "ana", "password": PASSWORD})
    rows = browsers[0].get(of(ana, "/sessions")).json()["results"]
    assert {row["device"]: row["is_current"] for row in rows} == {
        "browser 0": True,
        "browser 1": False,
        "browser 2": False,
    }
    keys = {row["device"]: row["id"] for row in rows}
    assert api(ana).delete(of(ana, f"/sessions/{keys['browser 1']}")).status_code == 204
    assert api(root).delete(of(ana, f"/sessions/{keys['browser 2']}")).status_code == 204
    signed_in = [browser.get("/projects/").status_code for browser in browsers]
    assert signed_in == [200, 302, 302]
    gone = api(root).delete(of(ana, f"/sessions/{keys['browser 2']}"))
    assert_refused(gone, 404, "unknown_session")
    # A key does not work with the name of another user.
    assert_refused(api(root).delete(of(root, f"/sessions/{keys['browser 0']}")), 404)
