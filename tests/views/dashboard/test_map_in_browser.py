"""The map in a real browser: items are selected by mouse, finger and keyboard."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.models import Item, Project, Report, User
from tests.given import Fill
from tests.views.in_browser import MARKS, listen, sign_in, unfit

pytestmark = MARKS

# Where the items lie, from 0 to 1; y rises upwards.
PLACES = [(0.1, 0.9), (0.2, 0.8), (0.5, 0.5), (0.9, 0.1)]


@pytest.fixture
def mapped(project: Project, filled: Fill) -> Any:
    """Return four items that have places on the map."""
    items = filled(project, 4)
    points = [[x, y, item.pk, 0, 0] for item, (x, y) in zip(items, PLACES, strict=True)]
    found = {"round": 1, "labels": [each.pk for each in project.labels.all()], "points": points}
    Report.objects.create(project=project, kind="plane", seq=0, found=found, made_at=timezone.now())
    return items


@pytest.fixture
def opened(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    mapped: list[Item],
    lea: User,
    troubles: list[str],
) -> Any:
    sign_in(context, live_server, lea)
    listen(page, troubles)
    page.goto(live_server.url + reverse("map", args=[mapped[0].project_id]))
    return page


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """Return where a place of the map is in the window."""
    page.locator("[data-lasso-map]").scroll_into_view_if_needed()
    box: Any = page.locator("[data-lasso-map]").bounding_box()
    return box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"]


def draw(page: Page, corners: list[tuple[float, float]]) -> None:
    page.mouse.move(*at(page, *corners[0]))
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*at(page, *corner), steps=3)
    page.mouse.up()


def keys(page: Page) -> list[str]:
    """Return the items that the list would open."""
    link = page.locator("[data-lasso-open]").get_attribute("href") or ""
    return link.split("ids=")[1].split(".")


UPPER_LEFT = [(0.02, 0.98), (0.35, 0.98), (0.35, 0.7), (0.02, 0.7)]


def test_line_around_items_selects_them_and_opens_the_list(
    opened: Any, mapped: list[Item], troubles: list[str]
) -> None:
    opened.get_by_role("button", name="Select items", exact=True).click()
    draw(opened, UPPER_LEFT)
    assert opened.locator("[data-lasso-count]").inner_text() == "2 items selected"
    assert keys(opened) == [str(item.pk) for item in mapped[:2]]
    opened.keyboard.down("Shift")
    draw(opened, [(0.85, 0.2), (0.98, 0.2), (0.98, 0.02), (0.85, 0.02)])
    opened.keyboard.up("Shift")
    assert opened.locator("[data-lasso-count]").inner_text() == "3 items selected"
    opened.get_by_role("link", name="Open in the list").click()
    opened.wait_for_url("**/items?ids=**")
    assert opened.locator(".find-item").count() == 3
    assert troubles == []


def test_points_open_nothing_while_items_are_selected(opened: Any, mapped: list[Item]) -> None:
    opened.get_by_role("button", name="Select items", exact=True).click()
    before = opened.url
    opened.mouse.click(*at(opened, 0.5, 0.5))
    assert opened.url == before
    opened.get_by_role("button", name="Select items", exact=True).click()
    opened.locator(f"[data-item='{mapped[2].pk}']").click()
    opened.wait_for_url("**/items?like=**")


def test_keyboard_moves_a_frame_and_selects_what_is_in_it(
    opened: Any, mapped: list[Item], troubles: list[str]
) -> None:
    opened.get_by_role("button", name="Select items", exact=True).focus()
    opened.keyboard.press("Enter")
    frame = opened.locator(".lasso")
    frame.wait_for()
    # The frame lies in the middle at first, on the third item.
    opened.keyboard.press("Enter")
    assert keys(opened) == [str(mapped[2].pk)]
    for _ in range(20):
        opened.keyboard.press("ArrowLeft")
        opened.keyboard.press("ArrowUp")
    for _ in range(3):
        opened.keyboard.press("Shift+ArrowRight")
        opened.keyboard.press("Shift+ArrowDown")
    opened.keyboard.press("Enter")
    assert set(keys(opened)) == {str(item.pk) for item in mapped[:3]}
    opened.keyboard.press("Escape")
    assert opened.locator("[data-lasso-count]").inner_text() == "No items selected"
    assert opened.locator("[data-lasso-open]").is_hidden()
    assert troubles == []


def test_finger_draws_a_line(opened: Any, mapped: list[Item]) -> None:
    opened.get_by_role("button", name="Select items", exact=True).click()
    touch = opened.context.new_cdp_session(opened)

    def send(kind: str, *place: float) -> None:
        points = [{"x": place[0], "y": place[1]}] if place else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    first, *others = [at(opened, *corner) for corner in UPPER_LEFT]
    send("touchStart", *first)
    for corner in others:
        send("touchMove", *corner)
    send("touchEnd")
    opened.locator("[data-lasso-count]", has_text="2 items selected").wait_for()


def test_selecting_has_no_axe_findings_and_fits(opened: Any) -> None:
    opened.get_by_role("button", name="Select items", exact=True).click()
    draw(opened, UPPER_LEFT)
    assert unfit(opened) == []
