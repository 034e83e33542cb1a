"""Values of charts in a real browser: under the pointer, and under a finger."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotator.models import ModelVersion, Project, User
from tests.loop import ready_space
from tests.views.in_browser import MARKS, listen, sign_in

pytestmark = MARKS

MOST_BYTES = 250_000  # not compressed
FILES = """() => [
  ...performance.getEntriesByType("navigation"),
  ...performance.getEntriesByType("resource"),
].map(({ name, decodedBodySize }) => [name, decodedBodySize])"""


@pytest.fixture
def measured(project: Project) -> Project:
    Project.objects.filter(pk=project.pk).update(items=2000, target_metric="accuracy")
    Project.objects.filter(pk=project.pk).update(target_value=0.9)
    for number, value in enumerate((0.6, 0.7, 0.8), start=1):
        ModelVersion.objects.create(
            project=project,
            space=ready_space(project),
            number=number,
            labels=["spam", "ham"],
            trained_on=100 * number,
            accuracy={"value": value, "low": value - 0.1, "high": value + 0.1, "n": 60}
            | {"confidence": 0.95},
        )
    return project


def curve(page: Page, live_server: LiveServer, project: Project) -> Any:
    page.goto(live_server.url + reverse("dashboard", args=[project.pk]))
    plot = page.locator("#figure-curve [data-plot]")
    plot.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#figure-curve img').naturalWidth > 0")
    return plot


def test_the_dashboard_weighs_little(
    page: Page, context: BrowserContext, live_server: LiveServer, measured: Project, lea: User
) -> None:
    sign_in(context, live_server, lea)
    curve(page, live_server, measured)
    files = page.evaluate(FILES)
    assert len(files) > 8
    assert sum(size for _name, size in files) < MOST_BYTES, files


def test_values_stand_under_the_pointer(
    page: Page, context: BrowserContext, live_server: LiveServer, measured: Project, lea: User
) -> None:
    troubles: list[str] = []
    listen(page, troubles)
    sign_in(context, live_server, lea)
    plot = curve(page, live_server, measured)
    box = plot.locator("img").bounding_box()
    told = plot.locator(".told")
    # The newest model lies at the right edge, at 80 percent.
    for share in range(20, 100, 3):
        page.mouse.move(box["x"] + box["width"] * 0.96, box["y"] + box["height"] * share / 100)
        page.wait_for_timeout(60)
        if told.count() and "300" in told.inner_text():
            break
    assert told.locator("span").all_inner_texts()[:2] == ["labels: 300", "accuracy: 80%"]
    page.mouse.move(5, 5)
    expect(told).to_have_count(0)
    assert troubles == []


def test_values_stand_under_a_finger(
    browser: Browser, live_server: LiveServer, measured: Project, lea: User
) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 800})
    sign_in(context, live_server, lea)
    page = context.new_page()
    plot = curve(page, live_server, measured)
    box = plot.locator("img").bounding_box()
    told = plot.locator(".told")
    for share in range(20, 100, 4):
        page.touchscreen.tap(box["x"] + box["width"] * 0.95, box["y"] + box["height"] * share / 100)
        page.wait_for_timeout(60)
        if told.count():
            break
    expect(told).to_be_visible()
    context.close()
