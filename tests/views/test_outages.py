"""A database or a disk that is away is answered clearly, on pages and in the API."""

import sqlite3
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.urls import reverse

from annotator.flow.queue import leasing
from annotator.jobs.outages import outage
from annotator.jobs.runner import in_words
from annotator.models import Project, User
from tests.given import Api, SignedIn

pytestmark = pytest.mark.django_db


def from_sqlite(code: Any, words: Any) -> Any:
    cause = sqlite3.OperationalError(words)
    cause.sqlite_errorcode = code
    problem = OperationalError(words)
    problem.__cause__ = cause
    return problem


LOCKED = from_sqlite(sqlite3.SQLITE_BUSY, "database is locked")
FULL = from_sqlite(sqlite3.SQLITE_FULL, "database or disk is full")
WRONG = from_sqlite(sqlite3.SQLITE_ERROR, "no such table: nowhere")
GONE = OperationalError("server closed the connection unexpectedly")
OUTAGES = [
    (LOCKED, "database_away"),
    (FULL, "storage_full"),
    (GONE, "database_away"),
    (InterfaceError("the connection is closed"), "database_away"),
    (OperationalError("could not extend file: No space left on device"), "storage_full"),
    (OSError(28, "No space left on device"), "storage_full"),
]


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that lets leasing fail."""

    def by(problem: Any) -> None:
        def fail(*_args: Any, **_options: Any) -> None:
            raise problem

        monkeypatch.setattr(leasing, "lease_next", fail)

    return by


@pytest.mark.parametrize(("problem", "code"), OUTAGES)
def test_api_says_503_with_a_code_and_when_to_come_again(
    api: Api, project: Project, ana: User, breaks: Any, problem: Any, code: Any
) -> None:
    breaks(problem)
    answer = api(ana).post(f"/api/v1/projects/{project.pk}/next", {})
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert answer.json()["type"] == "away"
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(("problem", "code"), OUTAGES)
def test_desk_says_503_in_words(
    signed_in: SignedIn, project: Project, ana: User, breaks: Any, problem: Any, code: Any
) -> None:
    breaks(problem)
    client = signed_in(ana)
    client.raise_request_exception = False
    answer = client.get(reverse("label:desk", args=[project.pk]))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert outage(problem).detail in answer.content.decode()
    assert "Temporarily unavailable" in answer.content.decode()


def test_api_that_fails_before_its_view_says_the_same(
    api: Api, project: Project, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Any, _request: Any) -> None:
        raise GONE

    session = "django.contrib.sessions.middleware.SessionMiddleware.process_request"
    monkeypatch.setattr(session, fail)
    client = api(ana)
    client.raise_request_exception = False
    answer = client.post(f"/api/v1/projects/{project.pk}/next", {})
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")


def test_statement_that_is_wrong_is_an_error_of_ours(
    signed_in: SignedIn, project: Project, ana: User, breaks: Any
) -> None:
    breaks(WRONG)
    client = signed_in(ana)
    client.raise_request_exception = False
    assert client.get(reverse("label:desk", args=[project.pk])).status_code == 500


def test_job_that_found_the_disk_full_says_what_to_do() -> None:
    words = in_words(OSError(28, "No space left on device", "/srv/files/model.npz"))
    assert "storage is full" in words
    assert "make room" in words
