"""German in a real browser: chosen by keyboard, and with room for its longer words."""

from typing import Any

from django.urls import reverse
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.models import Project, User
from tests import loop
from tests.views.in_browser import MARKS, sign_in, unfit

pytestmark = MARKS

HIDDEN_LINKS = """() => {
  const nav = document.querySelector(".top-nav");
  return nav ? nav.scrollWidth - nav.clientWidth : 0;
}"""
OF_A_PROJECT = [
    *("label:desk", "dashboard", "imports", "settings", "members"),
    *("items", "bulk:page"),
]
OTHERS = ["projects", "account", "desk_preferences"]


def test_language_is_chosen_by_keyboard(
    page: Page, context: BrowserContext, live_server: LiveServer, ana: User
) -> None:
    sign_in(context, live_server, ana)
    page.goto(live_server.url + reverse("account"))
    page.get_by_label("Interface language").focus()
    page.keyboard.type("Deutsch")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Sprache geändert.").wait_for()
    assert page.locator("html").get_attribute("lang") == "de"
    assert page.get_by_label("Sprache der Oberfläche").input_value() == "de"


def test_german_pages_fit_and_have_no_axe_findings(
    page: Page, context: BrowserContext, live_server: LiveServer, project: Project
) -> None:
    loop.fill(project, 30)
    sign_in(context, live_server, User.objects.create_superuser("rosa", language="de"))
    for name in [*OF_A_PROJECT, *OTHERS]:
        arguments = [project.pk] if name in OF_A_PROJECT else []
        page.goto(live_server.url + reverse(name, args=arguments))

        def reopen(name: Any = name) -> None:
            page.reload()
            # A line of links that scrolls sideways hides some of them.
            assert page.evaluate(HIDDEN_LINKS) <= 0, name

        assert unfit(page, reopen) == [], name
