"""Two texts beside each other at the desk, and the keys that compare them, in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.projects import settings
from annotator.models import Membership, Role, User
from tests import loop
from tests.views.desk_in_browser import given, open_desk, wait_for
from tests.views.in_browser import MARKS, listen, sign_in

pytestmark = MARKS


@pytest.fixture
def desk(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    olga: User,
    ana: User,
    troubles: list[str],
) -> Any:
    """Ana's page at the desk of a project that compares texts."""
    project = settings.create_project(olga, name="Replies", task="text-pairs")
    Membership.objects.create(project=project, user=ana, role=Role.ANNOTATOR)
    rows = "".join(f"first {number},second {number}\n" for number in range(8))
    loop.bring_in(project, "pairs.csv", f"a,b\n{rows}")
    sign_in(context, live_server, ana)
    listen(page, troubles)
    return open_desk(page, live_server, project)


def sides(desk: Any) -> list[Any]:
    return [desk.locator(f'[data-part="{part}"]').bounding_box() for part in ("a", "b")]


def test_letters_and_digits_compare(desk: Any, troubles: list[str]) -> None:
    assert desk.inner_text('[data-part="a"]').startswith("first")
    assert desk.inner_text('[data-part="b"]').startswith("second")
    for key, words in (
        ("b", "Saved: B is better."),
        ("1", "Saved: A is better."),
        ("t", "Saved: Equal."),
    ):
        before = desk.inner_text('[data-part="a"]')
        desk.keyboard.press(key)
        wait_for(desk, words)
        assert desk.inner_text('[data-part="a"]') != before
    assert given() == [["b"], ["a"], ["tie"]]
    desk.keyboard.press("ArrowLeft")
    desk.locator("#past-said", has_text="Equal").wait_for()
    assert troubles == []


def test_texts_stand_beside_each_other_and_on_a_phone_below(desk: Any) -> None:
    one, other = sides(desk)
    assert one["x"] + one["width"] <= other["x"]
    assert one["y"] == other["y"]
    desk.set_viewport_size({"width": 360, "height": 740})
    one, other = sides(desk)
    assert one["x"] == other["x"]
    assert one["y"] + one["height"] <= other["y"]
