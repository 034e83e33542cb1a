"""Shared by the browser tests of pages."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.models import User

LOOKS = [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")]

# Playwright runs an event loop in the test thread, in which Django refuses database access.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# Requests leave late and responses are read late, each by another time from a seeded series.
_LATE = """
let seed = %d;
const next = () => (seed = (seed * 16807) %% 2147483647) / 2147483647;
const later = (act) => setTimeout(act, 250 * next());
const send = XMLHttpRequest.prototype.send;
window.underWay = 0;
window.changedAt = performance.now();
const count = (by) => {
  window.underWay += by;
  window.changedAt = performance.now();
};
XMLHttpRequest.prototype.send = function (body) {
  const { onload } = this;
  count(1);
  this.onload = (event) =>
    later(() => {
      onload.call(this, event);
      count(-1);
    });
  later(() => send.call(this, body));
};
"""
# Longer than any pause before a page asks for the next thing.
_AT_REST = "() => window.underWay === 0 && performance.now() - window.changedAt > 500"

MARKS = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sign_in(context: BrowserContext, live_server: LiveServer, user: User) -> None:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    context.add_cookies(
        [{"name": "sessionid", "value": session.session_key, "url": live_server.url}]  # type: ignore[typeddict-item]
    )


def listen(page: Page, troubles: Any) -> None:
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: said.type == "error" and troubles.append(said.text))  # type: ignore[call-overload]


def delay_requests(page: Page, seed: int) -> None:
    """Have the requests of all pages that are opened from now on overtake one another."""
    page.add_init_script(_LATE % seed)


def wait_for_rest(page: Page) -> None:
    """Wait until all requests that were delayed are answered, and no more come."""
    page.wait_for_function(_AT_REST)


def violations(page: Page) -> list[str]:
    """Return the rules of axe that a page violates.

    Without its copies of our style sheets: it makes inline sheets of imported ones, which the
    content security policy reports. Only the rule about locked orientation reads them.
    """
    found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False})
    return [each["id"] for each in found.response["violations"]]


def unfit(page: Page, reopen: Callable[[], object] | None = None) -> list[str]:
    """Return axe's findings and overflows: on desktop and phone, light and dark.

    `reopen` is called for each width; without it, the page is checked as it is.
    """
    found, last = [], 0
    for width, scheme in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 740})
        if reopen is not None and width != last:
            reopen()
        last = width
        rules = violations(page)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            rules.append("too wide")
        found += [f"{width} {scheme}: {rule}" for rule in rules]
    return found
