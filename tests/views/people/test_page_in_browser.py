"""The tasks of an installation admin, in a real browser, counted in actions."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotator.flow.people import accounts, invitations, sign_ins
from annotator.flow.projects import members
from annotator.models import Project, User
from tests.views.in_browser import MARKS, listen, sign_in, unfit

pytestmark = MARKS

PASSWORD = "chaff-in-the-wind-7"


@pytest.fixture
def ann(db: Any) -> User:
    return accounts.create_user("ann", PASSWORD)


@pytest.fixture
def root(db: Any) -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def opened(
    page: Page, context: BrowserContext, live_server: LiveServer, troubles: list[str], root: User
) -> Any:
    """Return a function that opens a page for the installation admin."""
    sign_in(context, live_server, root)
    listen(page, troubles)
    # What is copied is read back.
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live_server.url)

    def at(name: str, *args: Any) -> Page:
        page.goto(live_server.url + reverse(name, args=args))
        return page

    return at


class Actions:
    """Clicks, counted."""

    def __init__(self) -> None:
        self.count = 0

    def click(self, target: Locator) -> None:
        self.count += 1
        target.click()


def test_password_is_reset_in_three_actions(
    opened: Any, ann: User, troubles: list[str], client: Client
) -> None:
    page, acts = opened("projects"), Actions()
    acts.click(page.get_by_role("link", name="People", exact=True))
    acts.click(page.get_by_role("button", name="Reset the password of ann"))
    acts.click(page.get_by_role("button", name="Copy", exact=True))
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#link-box").input_value()
    assert acts.count == 3
    new = "rye-and-oats-and-more"
    path = "/" + copied.split("/", 3)[3]
    assert client.post(path, {"password": new, "again": new}).status_code == 302
    assert User.objects.get(pk=ann.pk).check_password(new)
    assert troubles == []


def test_account_is_deactivated_in_three_actions(
    opened: Any, ann: User, troubles: list[str]
) -> None:
    page, acts = opened("projects"), Actions()
    acts.click(page.get_by_role("link", name="People", exact=True))
    acts.click(page.get_by_role("link", name="Deactivate ann"))
    acts.click(page.get_by_role("button", name="Deactivate", exact=True))
    expect(page.get_by_role("button", name="Activate ann")).to_be_visible()
    assert acts.count == 3
    assert not User.objects.get(pk=ann.pk).is_active
    assert troubles == []


def test_copy_works_without_a_clipboard(opened: Any, ann: User) -> None:
    page = opened("people")
    page.get_by_role("button", name="Reset the password of ann").click()
    # As on a server without https.
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()


def test_pages_about_people_are_fit(opened: Any, project: Project, ann: User, root: User) -> None:
    members.add_member(project, "ann")
    sign_ins.add_token(ann, "labels.py", "10.0.0.1")
    name = "maximiliane.von-und-zu-langenname-der-siebten"
    invitations.invite(name, root, email=f"{name}@example.org", project=project)
    found = {}
    for address in (
        ("people",),
        ("person", ann.pk),
        ("deactivate", ann.pk),
        ("account",),
        ("members", project.pk),
        ("remove_member", project.pk, ann.pk),
    ):
        page = opened(*address)
        found[address] = unfit(page)
    assert {address: faults for address, faults in found.items() if faults} == {}
    page = opened("people")
    page.get_by_role("button", name=f"New invitation link for {name}").click()
    page.locator("#link-box").wait_for()
    assert unfit(page) == []
