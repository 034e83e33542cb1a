"""Disagreements settled by keyboard alone, in a real browser."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.models import Decision, Disagreement, Project, User
from tests.views.in_browser import MARKS, listen, sign_in, unfit

pytestmark = MARKS


@pytest.fixture
def opened(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    project: Project,
    lea: User,
    torn: Any,
    troubles: list[str],
) -> Any:
    """Lea's page of disagreements."""
    sign_in(context, live_server, lea)
    listen(page, troubles)
    page.goto(live_server.url + reverse("disagreements", args=[project.pk]))
    return page


def decided() -> Any:
    rows = Disagreement.objects.filter(state=Disagreement.State.DECIDED).order_by("-pk")
    return [(row.item_id, row.decision.given.get().label.name) for row in rows]


def focused(page: Page) -> Any:
    return page.evaluate(
        "[...document.querySelectorAll('[data-find]')]"
        ".indexOf(document.activeElement.closest('[data-find]'))"
    )


def said(page: Page, words: Any) -> None:
    page.locator("#announce", has_text=words).wait_for(state="attached")


def test_all_of_it_by_keyboard(opened: Any, torn: Any, troubles: list[str]) -> None:
    # The first one has the focus from the start.
    opened.keyboard.press("2")
    said(opened, "Decided: ham.")
    assert focused(opened) == 1
    opened.keyboard.press("1")
    said(opened, "Decided: spam.")
    assert decided() == [(torn[0].item_id, "ham"), (torn[1].item_id, "spam")]
    opened.keyboard.press("z")
    said(opened, "Decision withdrawn")
    assert decided() == [(torn[0].item_id, "ham")]
    opened.focus("#more")
    opened.keyboard.press("Enter")
    opened.locator("[data-find]").nth(11).wait_for()
    assert troubles == []


def test_note_is_typed_without_choosing_a_label(opened: Any, torn: Any) -> None:
    first = opened.locator("[data-find]").first
    first.get_by_label("Note").fill("")
    first.get_by_label("Note").press_sequentially("12 z")
    assert not Decision.objects.exists()
    first.get_by_role("button", name="spam").click()
    said(opened, "Decided: spam.")
    assert Decision.objects.get().note == "12 z"


def test_page_has_no_axe_findings_and_fits(opened: Any) -> None:
    opened.locator("[data-find]").first.get_by_role("button", name="ham").click()
    said(opened, "Decided: ham.")
    assert unfit(opened) == []
    opened.goto(opened.url + "?state=decided")
    assert unfit(opened, opened.reload) == []


def test_note_survives_an_expired_session(
    opened: Any, context: BrowserContext, live_server: LiveServer, lea: User, torn: Any
) -> None:
    card = opened.locator("[data-find]").first
    card.locator("[name=note]").fill("half an hour's thought")
    Session.objects.all().delete()
    card.locator("button.find-choice").first.click()
    opened.locator("#unsaved", has_text="You are signed out.").wait_for()
    link = opened.locator("#unsaved").get_by_role("link", name="Log in")
    assert link.get_attribute("href").startswith("/login?next=%2Fprojects%2F")
    # After signing in again, the link leads straight back.
    sign_in(context, live_server, lea)
    link.click()
    card.locator(".restored").wait_for()
    assert card.locator("[name=note]").input_value() == "half an hour's thought"
    card.locator("button.find-choice").first.click()
    said(opened, "Decided: ")
    assert Decision.objects.get().note == "half an hour's thought"
    opened.reload()
    assert opened.locator(".restored").count() == 0
