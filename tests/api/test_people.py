"""Log-in, tokens, people and members."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from annotator.models import Membership, Project, User
from tests.given import Api

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def root(db: Any) -> Any:
    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def ana(ana: User) -> Any:
    ana.set_password(PASSWORD)
    ana.save()
    return ana


def log_in(client: Any, name: str = "ana", password: Any = PASSWORD, **headers: Any) -> Any:
    body = {"username": name, "password": password}
    return client.post("/api/v1/auth/token", body, content_type="application/json", **headers)


# Tokens ------------------------------------------------------------------------------------------


def test_name_and_password_give_a_token_that_lasts(client: Client, ana: User) -> None:
    answer = log_in(client)
    assert answer.status_code == 200
    assert set(answer.json()) == {"token", "expires_at"}
    assert answer.json()["expires_at"].endswith("Z")
    left = parse_datetime(answer.json()["expires_at"]) - timezone.now()
    assert timedelta(days=29) < left <= timedelta(days=30)
    headers = {"Authorization": f"Token {answer.json()['token']}"}
    assert client.get("/api/v1/projects", headers=headers).status_code == 200


def test_token_ends_with_its_time(client: Client, ana: User, time_machine: Any) -> None:
    headers = {"Authorization": f"Token {log_in(client).json()['token']}"}
    time_machine.move_to(timezone.now() + timedelta(days=31))
    answer = client.get("/api/v1/projects", headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize("header", ["Token", "Token x", "Token x y", "Bearer x", "Basic eDp5"])
def test_made_up_token_is_refused(client: Client, db: Any, header: str) -> None:
    answer = client.get("/api/v1/projects", headers={"Authorization": header})
    assert answer.status_code == 401
    assert set(answer.json()) == {"type", "code", "detail", "errors"}


def test_token_in_the_query_is_no_token(client: Client, ana: User) -> None:
    token = log_in(client).json()["token"]
    assert client.get(f"/api/v1/projects?token={token}").status_code == 401


def test_person_who_was_locked_out_is_out_at_once(client: Client, api: Api, ana: User) -> None:
    caller = api(ana)
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert caller.get("/api/v1/projects").status_code == 401
    assert log_in(client).status_code == 401


def test_wrong_name_and_wrong_password_look_alike(client: Client, ana: User) -> None:
    wrong = log_in(client, password="wrong")
    unknown = log_in(client, name="nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content
    assert wrong.json()["code"] == "wrong_password"


def test_six_wrong_passwords_lock_the_pair_of_name_and_address(
    client: Client, ana: User, ben: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    ben.set_password(PASSWORD)
    ben.save()
    for _ in range(5):
        assert log_in(client, password="wrong").status_code == 401
    locked = log_in(client, password="wrong")
    assert locked.status_code == 429
    assert locked.json()["code"] == "locked_out"
    assert locked.headers["Retry-After"] == "900"
    assert log_in(client).status_code == 429
    assert log_in(client, HTTP_X_FORWARDED_FOR="10.0.0.9").status_code == 429
    assert log_in(client, name="ben").status_code == 200
    assert log_in(client, REMOTE_ADDR="10.0.0.9").status_code == 200
    time_machine.shift(timedelta(minutes=16))
    assert log_in(client).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "ana"},
        {"username": "ana", "password": 5},
        {"username": ["ana"], "password": "x"},
        {"username": "a\x00", "password": "x"},
        {"username": "ana", "password": "x", "role": "admin"},
        [],
        ["ana"],
    ],
)
def test_log_in_that_is_no_log_in_is_refused(client: Client, db: Any, body: Any) -> None:
    answer = client.post("/api/v1/auth/token", body, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_browser_session_needs_the_csrf_token(ana: User, project: Project) -> None:
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    assert client.get("/api/v1/projects").status_code == 200
    assert client.post(f"/api/v1/projects/{project.pk}/next").status_code == 403


# People ------------------------------------------------------------------------------------------


def test_person_gets_a_password_or_an_invitation(api: Api, root: Any, client: Client) -> None:
    made = api(root).post("/api/v1/users", {"username": "new", "password": PASSWORD})
    assert (made.status_code, made.json()["username"]) == (201, "new")
    assert "invitation_url" not in made.json()
    assert log_in(client, "new").status_code == 200
    invited = api(root).post("/api/v1/users", {"username": "guest"}).json()
    assert invited["invitation_url"].startswith("http://testserver/invite/")
    names = [each["username"] for each in api(root).get("/api/v1/users").json()["results"]]
    assert names == ["guest", "new", "root"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "root", "password": PASSWORD}, 409),
        ({"username": "new", "password": "123"}, 422),
        ({"username": "a b", "password": PASSWORD}, 422),
        ({"username": ""}, 422),
        ({"username": 5}, 422),
        ({"username": "new", "is_superuser": True}, 422),
        ({}, 422),
    ],
)
def test_person_who_cannot_be_is_refused(api: Api, root: Any, body: Any, status: int) -> None:
    answer = api(root).post("/api/v1/users", body)
    assert answer.status_code == status
    assert User.objects.count() == 1


# Members -----------------------------------------------------------------------------------------


def test_member_comes_changes_and_goes(api: Api, project: Project, olga: User, zed: User) -> None:
    path, client = f"/api/v1/projects/{project.pk}/members", api(olga)
    made = client.post(path, {"username": "zed"})
    assert made.status_code == 201
    assert (made.json()["username"], made.json()["role"]) == ("zed", "annotator")
    assert client.post(path, {"username": "zed", "role": "lead"}).json()["role"] == "lead"
    roles = {each["username"]: each["role"] for each in client.get(path).json()["results"]}
    assert roles == {
        "olga": "admin",
        "lea": "lead",
        "ana": "annotator",
        "ben": "annotator",
        "zed": "lead",
    }
    assert client.delete(path, {"username": "zed"}).status_code == 204
    assert not Membership.objects.filter(user=zed).exists()


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("post", {"username": "nobody"}, 422),
        ("post", {"username": "zed", "role": "owner"}, 422),
        ("post", {"username": "zed", "user": 1}, 422),
        ("post", {}, 422),
        ("post", {"username": "olga", "role": "lead"}, 409),
        ("delete", {"username": "olga"}, 409),
        ("delete", {"username": "zed"}, 404),
        ("delete", {"username": "nobody"}, 404),
        ("delete", {}, 422),
    ],
)
def test_member_who_cannot_be_is_refused(
    api: Api, project: Project, olga: User, zed: User, method: str, body: Any, status: int
) -> None:
    before = list(Membership.objects.order_by("pk").values())
    answer = getattr(api(olga), method)(f"/api/v1/projects/{project.pk}/members", body)
    assert answer.status_code == status
    assert list(Membership.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("address", ["/api/schema", "/api/docs"])
def test_the_description_of_the_api_is_for_those_who_are_in(
    client: Client, api: Api, ana: User, address: str
) -> None:
    assert client.get(address).status_code == 401
    assert api(ana).get(address, headers={"Accept": "*/*"}).status_code == 200
