"""What went wrong, in words; and what every page carries."""

import json
import re
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig
from django.test import Client, RequestFactory
from django.urls import reverse

from annotator.models import Project, User
from annotator.views import error_pages
from tests.given import SignedIn

pytestmark = pytest.mark.django_db


def test_unknown_address_is_404_in_words(client: Client) -> None:
    answer = client.get("/no/such/page")
    assert answer.status_code == 404
    assert "have access to it" in answer.content.decode()


def test_errors_of_the_api_are_json() -> None:
    answer = error_pages.not_found(RequestFactory().get("/api/v1/no/such"), LookupError())
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/json"
    assert set(json.loads(answer.content)) == {"type", "code", "detail", "errors"}


def test_missing_token_is_explained(signed_in: SignedIn, ana: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    answer = client.post(reverse("logout"))
    assert answer.status_code == 403
    assert "This page is out of date" in answer.content.decode()


@pytest.mark.parametrize(
    ("status", "view"),
    [
        (400, lambda request: error_pages.bad_request(request, ValueError())),
        (413, lambda request: error_pages.bad_request(request, RequestDataTooBig())),
        (403, lambda request: error_pages.forbidden(request, PermissionError())),
        (404, lambda request: error_pages.not_found(request, LookupError())),
        (500, error_pages.server_error),
    ],
)
def test_every_error_page_says_what_to_do_next(status: int, view: Any) -> None:
    answer = view(RequestFactory().get("/"))
    assert answer.status_code == status
    page = answer.content.decode()
    assert re.search(r"<h1>\S.+</h1>", page)
    assert "Your projects" in page


def test_pages_are_strict_about_what_runs_in_them(
    signed_in: SignedIn, ana: User, project: Project
) -> None:
    answer = signed_in(ana).get(reverse("label:desk", args=[project.pk]))
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    page = answer.content.decode()
    # A data block is no script: the browser does not run it.
    assert not re.search(r'<script(?![^>]*(\bsrc=|type="application/json"))', page)
    assert not re.search(r"\s(style|on[a-z]+|hx-on[^=]*)=", page)
