"""The parts of the design system in a real browser."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotator.models import User
from tests.views.in_browser import MARKS, listen, sign_in, unfit

pytestmark = MARKS

PARTS = (
    "colours type space icons breadcrumbs figure button field tabs table badge menu dialog help "
    "toast empty fold"
).split()


@pytest.fixture
def design(page: Page, context: BrowserContext, live_server: LiveServer) -> Any:
    sign_in(context, live_server, User.objects.create_superuser("rosa"))
    troubles: list[str] = []
    listen(page, troubles)
    page.goto(live_server.url + reverse("design"))
    yield page
    assert troubles == []


def test_every_part_is_drawn(design: Any) -> None:
    shown = design.locator("[data-part]").evaluate_all("them => them.map(it => it.dataset.part)")
    assert shown == PARTS
    blank = design.screenshot(clip={"x": 1, "y": 700, "width": 40, "height": 40})
    for name in PARTS:
        part = design.locator(f"[data-part={name}]")
        box = part.bounding_box()
        assert box["height"] > 40, name
        assert len(part.screenshot()) > len(blank), name
    icons = design.locator("[data-part=icons] svg")
    assert icons.count() > 15
    assert icons.first.evaluate("icon => getComputedStyle(icon).stroke") != "none"


def test_parts_have_no_axe_findings_and_fit(design: Any) -> None:
    assert unfit(design, design.reload) == []


def test_help_opens_and_closes_by_keyboard(design: Any) -> None:
    button = design.get_by_role("button", name="About Help")
    button.focus()
    design.keyboard.press("Enter")
    expect(design.locator("#sample-help")).to_be_visible()
    design.keyboard.press("Escape")
    expect(design.locator("#sample-help")).to_be_hidden()
    expect(button).to_be_focused()


def test_menu_closes_by_escape_and_by_a_press_elsewhere(design: Any) -> None:
    summary = design.locator("[data-part=menu] summary")
    entry = design.locator("[data-part=menu] button")
    summary.click()
    expect(entry).to_be_visible()
    design.keyboard.press("Escape")
    expect(entry).to_be_hidden()
    expect(summary).to_be_focused()
    summary.click()
    design.locator("#tabs-title").click()
    expect(entry).to_be_hidden()


def test_tables_sort_by_numbers(design: Any) -> None:
    head = design.locator("[data-part=table]").get_by_role("button", name="Labels")
    names = design.locator("[data-part=table] tbody th")
    head.click()
    assert [each.split()[-1] for each in names.all_inner_texts()] == ["Ben", "Dora", "Ana", "Cem"]
    head.click()
    assert [each.split()[-1] for each in names.all_inner_texts()] == ["Cem", "Ana", "Dora", "Ben"]
    sorts = design.locator("[data-part=table] th[aria-sort]")
    assert sorts.evaluate_all("them => them.map(it => it.ariaSort)") == ["descending"]
