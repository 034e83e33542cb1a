"""An open desk hears of a pause with its next call, and goes on by itself."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.progress import stopping
from annotator.flow.projects import settings
from annotator.models import Annotation, Project, User
from tests import loop
from tests.given import Fill
from tests.servers import wait_until
from tests.views.desk_in_browser import open_desk
from tests.views.in_browser import MARKS, listen, sign_in

pytestmark = MARKS


@pytest.fixture
def desk(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    ana: User,
    project: Project,
    filled: Fill,
    troubles: list[str],
) -> Any:
    """Ana's desk with items in advance and some put by."""
    filled(project, 120)
    sign_in(context, live_server, ana)
    listen(page, troubles)
    with page.expect_response(
        lambda answer: answer.url.endswith("/desk") and answer.json()["spares"]
    ):
        open_desk(page, live_server, project)
    return page


def paused(desk: Any) -> Any:
    desk.locator(".desk-empty .when-paused").first.wait_for()
    return desk.locator("#empty-words").text_content()


def test_an_open_desk_saves_what_it_shows_and_stops(
    desk: Any, project: Project, lea: User, troubles: list[str]
) -> None:
    stopping.pause(project, lea, "New guidelines")
    desk.keyboard.press("1")
    assert "“New guidelines”" in paused(desk)
    for _ in range(4):
        assert not desk.is_visible("#item")
        desk.keyboard.press("1")
        desk.wait_for_timeout(250)
    wait_until(lambda: Annotation.objects.count() == 1, 5)
    stopping.resume(project)
    desk.locator("#item").wait_for()
    desk.keyboard.press("2")
    wait_until(lambda: Annotation.objects.count() == 2, 5)
    assert not troubles


def test_who_looks_at_an_item_is_told_and_may_save_it(
    desk: Any, project: Project, lea: User
) -> None:
    stopping.pause(project, lea, "Lunch")
    shown = desk.locator("#item .text").text_content()
    # As if the person switched tabs for a moment: the desk calls at once.
    desk.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    desk.locator("#paused", has_text="You can still save the item on your screen.").wait_for()
    assert desk.locator("#item .text").text_content() == shown
    desk.keyboard.press("1")
    assert "“Lunch”" in paused(desk)
    wait_until(lambda: Annotation.objects.count() == 1, 5)
    assert Annotation.objects.get().item.text == shown


def test_what_was_decided_offline_before_it_knew_is_stored(
    desk: Any, context: BrowserContext, project: Project, lea: User
) -> None:
    context.set_offline(True)
    for _ in range(4):
        desk.keyboard.press("1")
        desk.wait_for_timeout(100)
    stopping.pause(project, lea)
    context.set_offline(False)
    wait_until(lambda: Annotation.objects.count() == 4, 20)
    paused(desk)
    assert Annotation.objects.filter(counted=True).count() == 4


def test_a_budget_holds_for_a_desk_that_was_open_before_it_was_set(
    desk: Any, project: Project, ben: User
) -> None:
    settings.change_settings(project, budget=3, auto_stop=True)
    loop.label(loop.refreshed(project), ben, 3)
    for _ in range(12):
        if desk.is_visible("#item"):
            desk.keyboard.press("1")
        desk.wait_for_timeout(250)
    paused(desk)
    # At most the item that was on the screen when the budget was spent.
    assert Annotation.objects.count() <= 4
