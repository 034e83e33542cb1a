"""A new API token, with calls that work as they are shown."""

import html
import re
import subprocess
import sys

import pytest
from django.urls import reverse
from knox.models import AuthToken
from pytest_django.live_server_helper import LiveServer

from annotator.models import Project, User
from tests.given import SignedIn

pytestmark = pytest.mark.django_db


def test_page_alone_makes_no_token(signed_in: SignedIn, ana: User) -> None:
    page = signed_in(ana).get(reverse("api_token")).content.decode()
    assert "YOUR-TOKEN" in page
    assert not AuthToken.objects.exists()


def test_token_is_shown_once_and_listed(signed_in: SignedIn, ana: User) -> None:
    client = signed_in(ana)
    answer = client.post(reverse("api_token"))
    found = re.search(r'id="token" value="(\w+)"', answer.content.decode())
    assert found
    assert AuthToken.objects.get(user=ana).token_key == found[1][:15]
    assert "no-store" in answer.headers["Cache-Control"]
    assert found[1] not in client.get(reverse("api_token")).content.decode()
    listed = client.get(reverse("account")).content.decode()
    assert f"<code>{found[1][:8]}" in listed


@pytest.mark.django_db(transaction=True)
def test_python_example_runs_as_it_is(
    signed_in: SignedIn, ana: User, project: Project, live_server: LiveServer
) -> None:
    host = live_server.url.removeprefix("http://")
    answer = signed_in(ana).post(reverse("api_token"), HTTP_HOST=host)
    page = answer.content.decode()
    found = re.search(r'<textarea[^>]* id="python"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert found
    done = subprocess.run(
        [sys.executable, "-c", html.unescape(found[1])], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "Mail" in done.stdout
