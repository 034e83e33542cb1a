"""The top line in a real browser: one line on every screen, a menu on a phone."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotator.models import Project, User
from tests.views.in_browser import MARKS, sign_in

pytestmark = MARKS

TOPS = "elements => elements.map(each => Math.round(each.getBoundingClientRect().top))"
FIRST_LINE = ".logo, .top-project, .top-nav > ul > li > a, .menu-button, .top-own > button"
LONG = "Sentiment of customer letters about deliveries and deliveries"


@pytest.fixture
def opened(page: Page, context: BrowserContext, live_server: LiveServer, project: Project) -> Any:
    Project.objects.filter(pk=project.pk).update(name=LONG)
    rosa = User.objects.create_superuser("maximilian-the-third", language="de")
    sign_in(context, live_server, rosa)

    def open_page(name: str, width: int) -> Page:
        page.set_viewport_size({"width": width, "height": 740})
        at = [] if name == "projects" else [project.pk]
        page.goto(live_server.url + reverse(name, args=at))
        return page

    return open_page


@pytest.mark.parametrize("name", ["projects", "decisions", "label:desk"])
@pytest.mark.parametrize("width", [345, 780, 1024, 1280])
def test_the_top_line_is_one_line(opened: Any, name: str, width: int) -> None:
    page = opened(name, width)
    shown = page.locator(FIRST_LINE).locator("visible=true")
    tops = shown.evaluate_all(TOPS)
    assert len(tops) > 2
    assert max(tops) - min(tops) < 14, tops
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_menu_of_a_phone_opens_and_closes_by_keyboard(opened: Any) -> None:
    page = opened("decisions", 360)
    button = page.locator(".menu-button")
    menu = page.locator("#site-menu")
    expect(menu).to_be_hidden()
    button.focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    page.keyboard.press("Tab")
    assert menu.evaluate("it => it.contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()


def test_menu_of_a_phone_leads_to_every_page(
    opened: Any, live_server: LiveServer, project: Project
) -> None:
    page = opened("decisions", 360)
    page.locator(".menu-button").click()
    page.locator(f"#site-menu a[href='{reverse('exports', args=[project.pk])}']").click()
    page.wait_for_url(f"**{reverse('exports', args=[project.pk])}")


def test_projects_are_listed_when_the_switch_opens(opened: Any, project: Project) -> None:
    page = opened("decisions", 1280)
    menu = page.locator("#projects-menu")
    assert menu.locator("li").count() == 1
    page.locator(".switcher button").click()
    expect(menu.get_by_role("link", name=LONG)).to_be_visible()
