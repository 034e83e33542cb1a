"""Guessing passwords is slowed down; other people's guesses lock no known browser out."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from annotator.flow.people import accounts, invitations
from annotator.jobs.outages import Away
from annotator.security import known_devices, password_hashing, rate_limits
from tests import servers

PASSWORD = "chaff-in-the-wind-7"
TOKEN = "/api/v1/auth/token"


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ann(db: Any, time_machine: Any) -> Any:
    time_machine.move_to(timezone.now(), tick=False)
    return accounts.create_user("ann", PASSWORD)


def log_in(
    client: Any, password: Any = PASSWORD, name: str = "ann", path: str = "login", **more: Any
) -> Any:
    return client.post(reverse(path), {"username": name, "password": password}, **more)


def ask_for_token(client: Any, password: Any = PASSWORD, name: str = "ann") -> Any:
    body = {"username": name, "password": password}
    return client.post(TOKEN, body, content_type="application/json")


def lock(client: Any = None) -> Any:
    for _try in range(6):
        answer = log_in(client or Client(), "wrong")
    assert answer.status_code == 429
    return answer


def test_lock_ends_when_it_was_said_to_end_whatever_is_tried_meanwhile(
    client: Client, ann: Any, time_machine: Any
) -> None:
    assert lock().headers["Retry-After"] == "900"
    time_machine.shift(timedelta(minutes=10))
    answer = log_in(client, "wrong")
    assert answer.headers["Retry-After"] == "300"
    assert "Try again in 5 minutes." in answer.content.decode()
    assert ask_for_token(client).headers["Retry-After"] == "300"
    time_machine.shift(timedelta(minutes=5, seconds=1))
    assert log_in(client).status_code == 302


def test_known_browser_is_not_locked_out_by_others_at_its_address(client: Client, ann: Any) -> None:
    log_in(client)
    client.post(reverse("logout"))
    lock()
    assert log_in(Client()).status_code == 429
    assert log_in(client).status_code == 302


def test_browser_is_known_after_an_invitation_too(
    client: Client, db: Any, time_machine: Any
) -> None:
    token = invitations.invite("ann").token
    client.post(reverse("invite", args=[token]), {"password": PASSWORD, "again": PASSWORD})
    client.post(reverse("logout"))
    lock()
    assert log_in(client).status_code == 302


def test_known_browser_has_a_limit_of_its_own(client: Client, ann: Any, time_machine: Any) -> None:
    log_in(client)
    client.post(reverse("logout"))
    for _try in range(10):
        assert log_in(client, "wrong").status_code == 200
    answer = log_in(client)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"
    # Attempts there do not count against anybody else.
    assert log_in(Client()).status_code == 302
    time_machine.shift(timedelta(minutes=15, seconds=1))
    assert log_in(client).status_code == 302


def test_browser_is_known_for_the_names_that_signed_in_there_only(client: Client, ann: Any) -> None:
    accounts.create_user("ben", PASSWORD)
    log_in(client, name="ben")
    client.post(reverse("logout"))
    lock()
    assert log_in(client).status_code == 429


@pytest.mark.parametrize("cookie", ["", "x", "a:b:c", "{}", "ann", "\xff"])
def test_made_up_cookies_are_not_believed(client: Client, ann: Any, cookie: str) -> None:
    lock()
    client.cookies[known_devices.COOKIE] = cookie
    assert log_in(client).status_code == 429


def test_a_signature_for_something_else_is_not_believed(client: Client, ann: Any) -> None:
    from django.core import signing

    lock()
    client.cookies[known_devices.COOKIE] = signing.dumps(
        {known_devices._name("ann"): "n"}, salt="other"
    )
    assert log_in(client).status_code == 429


def test_cookie_tells_no_names_and_no_script_reads_it(client: Client, ann: Any) -> None:
    cookie = log_in(client).cookies[known_devices.COOKIE]
    assert "ann" not in cookie.value
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_five_people_share_a_browser_and_the_sixth_replaces_the_first(
    client: Client, ann: Any
) -> None:
    for name in ("b", "c", "d", "e", "f"):
        accounts.create_user(name, PASSWORD)
    for name in ("ann", "b", "c", "d", "e"):
        log_in(client, name=name)
        client.post(reverse("logout"))
    request = client.get("/login").wsgi_request
    assert known_devices.known(request, "ann")
    log_in(client, name="f")
    request = client.get("/account").wsgi_request
    assert not known_devices.known(request, "ann")
    assert known_devices.known(request, "b")


# An address --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["login", "admin:login", None])
def test_made_up_names_use_up_an_address(
    client: Client, ann: Any, path: Any, time_machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attempt(name: Any) -> Any:
        return ask_for_token(client, "x", name) if path is None else log_in(client, "x", name, path)

    for number in range(20):
        assert attempt(f"nobody{number}").status_code in (200, 401)
    # From here on it costs no hash.
    monkeypatch.setattr("django.contrib.auth.hashers.MD5PasswordHasher.encode", None)
    time_machine.shift(timedelta(seconds=20))
    answer = attempt("nobody")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "40"
    assert attempt("ann").status_code == 429
    monkeypatch.undo()
    assert log_in(Client(REMOTE_ADDR="10.0.0.9")).status_code == 302
    time_machine.shift(timedelta(seconds=41))
    assert log_in(client).status_code == 302


def test_api_says_it_in_its_own_shape(client: Client, ann: Any) -> None:
    for number in range(21):
        answer = ask_for_token(client, "x", f"nobody{number}")
    assert answer.json() == {
        "type": "too_many_requests",
        "code": "too_many_attempts",
        "detail": "Too many failed attempts. Try again in 1 minute.",
        "errors": [
            {
                "field": "",
                "code": "too_many_attempts",
                "detail": "Too many failed attempts. Try again in 1 minute.",
            }
        ],
    }


def test_people_who_sign_in_use_up_nothing(client: Client, ann: Any) -> None:
    for _person in range(30):
        assert ask_for_token(client).status_code == 200


def test_addresses_of_one_ipv6_client_count_together() -> None:
    assert (
        rate_limits.network("2001:db8::1") == rate_limits.network("2001:db8::ffff") == "2001:db8::"
    )
    assert rate_limits.network("2001:db8:0:1::1") != rate_limits.network("2001:db8::1")
    assert rate_limits.network("192.0.2.1") != rate_limits.network("192.0.2.2")
    assert rate_limits.network("") == rate_limits.network(None) == ""


def test_old_password_is_guessed_six_times_only(ann: Any, time_machine: Any) -> None:
    client = Client()
    client.force_login(ann)
    form = {"old_password": "no", "new_password1": PASSWORD + "8", "new_password2": PASSWORD + "8"}
    for _try in range(6):
        assert client.post(reverse("account"), form).status_code == 422
    right = {**form, "old_password": PASSWORD}
    answer = client.post(reverse("account"), right)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"
    time_machine.shift(timedelta(minutes=15, seconds=1))
    assert client.post(reverse("account"), right).status_code == 302


def test_invitations_are_guessed_twenty_times_a_minute_only(
    client: Client, db: Any, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    token = invitations.invite("new").token
    for number in range(20):
        assert client.get(reverse("invite", args=[f"1.a:{number}"])).status_code == 404
    assert client.get(reverse("invite", args=[token])).status_code == 429
    time_machine.shift(timedelta(seconds=61))
    assert client.get(reverse("invite", args=[token])).status_code == 200


# The counts --------------------------------------------------------------------------------------


@pytest.mark.servers
def test_processes_count_together_in_the_broker_and_alone_without_it(settings: Settings) -> None:
    limit = rate_limits.Limit("test", 2, 60)
    with servers.redis() as address:
        settings.BROKER_URL = address
        one, other = rate_limits._Shared(), rate_limits._Shared()
        one.add("k", 60)
        one._redis.expire("k", 30)
        other.add("k", 60)
        # Later tries do not extend the window.
        assert one.read("k") == (2, 30)
        rate_limits._shared.cache_clear()
        rate_limits._away_until[0] = 0.0
        limit.count("x")
        assert rate_limits._own.counts == {}
        assert other.read("winnow:tries:test:x")[0] == 1
    for _try in range(2):
        limit.count("x")
    with pytest.raises(rate_limits.TooMany):
        limit.check("x")
    rate_limits._shared.cache_clear()


# Hashing -----------------------------------------------------------------------------------------


@pytest.fixture
def one_under_way(settings: Settings, ann: Any) -> Iterator[Any]:
    """Somebody's password is being hashed, and two more people wait."""
    settings.PASSWORD_HASHERS = ["annotator.security.password_hashing.PasswordHasher"]
    with password_hashing._turn:
        waiting = [
            password_hashing._room.acquire(blocking=False)
            for _ in range(1 + password_hashing.WAITING)
        ]
        assert all(waiting)
        yield
        for _ in waiting:
            password_hashing._room.release()


def test_hashing_never_takes_more_threads_than_it_may(one_under_way: Any, client: Client) -> None:
    with pytest.raises(Away, match="Too many people are signing in"):
        make_password("x")
    answer = ask_for_token(client, name="nobody")
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["Retry-After"] == "5"
    page = log_in(client, name="nobody")
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "5"
    assert "Too many people are signing in" in page.content.decode()


def test_one_hash_is_made_at_a_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PASSWORD_HASHERS = ["annotator.security.password_hashing.PasswordHasher"]
    under_way, most, hashed = [], [], []

    def slowly(_self: Any, password: Any, _salt: Any, _iterations: Any = None) -> str:
        under_way.append(password)
        most.append(len(under_way))
        threading.Event().wait(0.05)
        under_way.remove(password)
        return "hash"

    monkeypatch.setattr("django.contrib.auth.hashers.PBKDF2PasswordHasher.encode", slowly)
    threads = [
        threading.Thread(target=lambda n=n: hashed.append(make_password(f"p{n}"))) for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (max(most), len(hashed)) == (1, 3)


def test_hashes_of_before_are_still_right(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["annotator.security.password_hashing.PasswordHasher"]
    from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password

    assert check_password("x", PBKDF2PasswordHasher().encode("x", "salt", 1000))
