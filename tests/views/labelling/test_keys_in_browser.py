"""Keys that are taken by pressing them, in a real browser."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.projects import preferences
from annotator.models import Project, User
from tests.given import AddItems
from tests.views.in_browser import MARKS, listen, sign_in, unfit

pytestmark = MARKS


@pytest.fixture
def account(
    page: Page, context: BrowserContext, live_server: LiveServer, ana: User, troubles: list[str]
) -> Any:
    """Ana's page with her keys."""
    sign_in(context, live_server, ana)
    listen(page, troubles)
    page.goto(live_server.url + reverse("desk_preferences"))
    return page


def save(page: Page) -> None:
    page.get_by_role("button", name="Save").last.click()
    page.get_by_text("Preferences saved.").wait_for()


def test_pressed_key_is_taken_and_saved(account: Any, ana: User, troubles: list[str]) -> None:
    account.get_by_label("Skip", exact=True).focus()
    account.keyboard.press("k")
    assert account.get_by_label("Skip", exact=True).input_value() == "K"
    assert account.inner_text("#key-said") == "Skip: K"
    account.get_by_label("Write a note").focus()
    account.keyboard.press("ArrowUp")
    account.get_by_label("Undo the last one").focus()
    account.keyboard.press("Delete")
    account.keyboard.press("Backspace")
    save(account)
    now = preferences.keys_of(User.objects.get(pk=ana.pk))
    assert (now["skip"], now["note"], now["undo"]) == (["k"], ["ArrowUp"], ["Backspace"])
    assert troubles == []


def test_tab_goes_on_escape_empties_and_enter_is_a_key(account: Any, ana: User) -> None:
    first = account.locator("[data-key-input]").first
    first.focus()
    account.keyboard.press("Enter")
    assert first.input_value() == "Enter"
    account.keyboard.press("Escape")
    assert first.input_value() == ""
    account.keyboard.press("Control+b")
    assert first.input_value() == ""
    account.keyboard.press("Tab")
    assert account.evaluate("document.activeElement.id") == "id_skip"
    account.keyboard.press("Shift+Tab")
    assert account.evaluate("document.activeElement.id") == "id_accept"
    save(account)
    assert User.objects.get(pk=ana.pk).desk == {}


def test_conflict_is_told_at_the_key_and_read_out_with_it(account: Any, ana: User) -> None:
    account.get_by_label("Write a note").focus()
    account.keyboard.press("x")
    account.get_by_role("button", name="Save").last.click()
    account.get_by_text("X is already the key for “mark as not sure”").wait_for()
    described = account.get_by_label("Write a note").get_attribute("aria-describedby")
    assert "X is already the key" in account.inner_text(f"#{described}")
    account.get_by_label("Mark as not sure").focus()
    account.keyboard.press("n")
    save(account)
    now = preferences.keys_of(User.objects.get(pk=ana.pk))
    assert (now["note"], now["unsure"]) == (["x"], ["n"])


def test_default_keys_come_back_at_a_button(account: Any, ana: User) -> None:
    preferences.change_preferences(ana, keys={"skip": "k"})
    account.reload()
    account.get_by_role("button", name="Restore default keys").click()
    account.get_by_text("Default keys restored").wait_for()
    assert User.objects.get(pk=ana.pk).desk == {}


def test_page_has_no_axe_findings_and_fits(account: Any) -> None:
    account.get_by_label("Write a note").fill("x")
    account.get_by_role("button", name="Save").last.click()
    account.locator(".key-row.has-error").wait_for()
    assert unfit(account) == []


def test_settings_have_no_axe_findings_and_fit(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    olga: User,
    project: Project,
    add_items: AddItems,
) -> None:
    (item,) = add_items("hello")
    item.meta = {"sender": "a", "a field with a long name " * 5: 1}
    item.save()
    sign_in(context, live_server, olga)
    page.goto(live_server.url + reverse("settings", args=[project.pk]))
    assert unfit(page, page.reload) == []
