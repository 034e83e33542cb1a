"""What the tests of the desk in a real browser share."""

import os

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.urls import reverse

from annotator.models import Annotation
from tests.browser import browser_type_launch_args  # noqa: F401, a fixture

# Playwright runs an event loop in the test's thread, beside which Django would refuse to query.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

MARKS = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]


def sign_in(context, live_server, user):
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    context.add_cookies(
        [{"name": "sessionid", "value": session.session_key, "url": live_server.url}]
    )


def address(live_server, project):
    return live_server.url + reverse("label:desk", args=[project.pk])


def open_desk(page, live_server, project):
    """Open the desk and wait until it has spoken to the server."""
    page.goto(address(live_server, project))
    page.locator('#standing[data-standing="saved"]:not(:empty)').wait_for()
    return page


@pytest.fixture
def troubles():
    """What the browser complained about; a lost connection is the test's own doing."""
    return []


def listen(page, troubles):
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: said.type == "error" and troubles.append(said.text))


def wait_for(desk, words):
    desk.locator("#said", has_text=words).wait_for()


def wait_until_saved(desk):
    desk.locator('#standing[data-standing="saved"]').wait_for()


def given():
    return [
        [label.label.name for label in each.given.all()]
        for each in Annotation.objects.order_by("pk")
    ]
