"""Pictures that come late, larger, ahead or not at all, in a real browser."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.views.in_browser import MARKS, violations
from tests.views.pictures.viewing import (
    do,
    natural_width,
    place,
    said,
    show,
    start_showing,
    until,
    wait_for,
    wait_for_original,
)

pytestmark = MARKS


# The original ------------------------------------------------------------------------------------


def test_original_comes_where_somebody_looks_closer_than_the_copy_shows(
    viewer: Any, picture: Any, asked: Any
) -> None:
    url = picture()
    show(viewer, url)
    viewer.evaluate(
        """() => {
          const stage = document.querySelector(".picture-stage");
          window.gaps = 0;
          const look = () => {
            if (!stage.firstChild?.complete) gaps += 1;
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    viewer.evaluate("viewer.zoomTo(2)")
    assert len(asked) == 1
    before = place(viewer)
    viewer.evaluate("viewer.zoomTo(2.2); viewer.zoomTo(2)")
    wait_for_original(viewer)
    assert place(viewer) == before
    assert viewer.evaluate("gaps") == 0
    assert asked == [f"{url.split('/')[-1]}?size=1280", url.split("/")[-1]]
    assert viewer.get_attribute("[data-picture=original]", "aria-pressed") == "true"
    assert said(viewer)[-1] == "originalShown"


def test_original_is_one_key_away_and_so_is_the_copy(viewer: Any, picture: Any) -> None:
    show(viewer, picture())
    assert do(viewer, "toggleOriginal") == {"key": "original"}
    wait_for_original(viewer)
    assert place(viewer) == [0, 0, 600, 400]
    assert do(viewer, "toggleOriginal") == {"key": "copy"}
    assert natural_width(viewer) == 1280
    assert viewer.get_attribute("[data-picture=original]", "aria-pressed") == "false"


def test_picture_that_was_no_larger_is_not_fetched_twice(
    viewer: Any, picture: Any, asked: Any
) -> None:
    show(viewer, picture(600, 400))
    viewer.evaluate("viewer.zoomTo(8)")
    assert do(viewer, "toggleOriginal") == {"key": "whole"}
    assert viewer.get_attribute("[data-picture=original]", "aria-disabled") == "true"
    assert len(asked) == 1


def test_original_that_does_not_come_leaves_the_copy(
    viewer: Any, picture: Any, troubles: list[str]
) -> None:
    show(viewer, picture())
    viewer.route(re.compile(r"/media/items/\d+$"), lambda route: route.abort())
    do(viewer, "toggleOriginal")
    until(viewer, "said.some(({ key }) => key === 'originalFailed')")
    wait_for(viewer, "shown")
    assert natural_width(viewer) == 1280
    assert viewer.get_attribute("[data-picture=original]", "aria-pressed") == "false"
    forgive(troubles)


# Loading -----------------------------------------------------------------------------------------


def forgive(troubles: Any) -> None:
    """Forget what the browser said of requests that the test itself broke."""
    troubles[:] = [each for each in troubles if "Failed to load resource" not in each]


@pytest.fixture
def held(viewer: Any, troubles: list[str]) -> Iterator[Any]:
    """Hold back all pictures; return the routes that wait, for the test to let go."""
    waiting = []
    viewer.route("**/media/**", lambda route: waiting.append(route))
    yield waiting
    for route in waiting:
        route.abort()
    forgive(troubles)


def let_go(page: Page, held: Any, number: Any = 1) -> None:
    page.wait_for_timeout(50)
    for _time in range(number):
        held.pop(0).continue_()


def test_slow_picture_says_so_and_nothing_jumps(viewer: Any, picture: Any, held: Any) -> None:
    before = viewer.locator("#box").bounding_box()
    start_showing(viewer, picture())
    assert viewer.get_attribute("#box", "data-picture-state") == "loading"
    assert viewer.inner_text(".picture-state") == ""
    viewer.locator(".picture-state", has_text="Loading the image…").wait_for()
    assert viewer.locator("#box").bounding_box() == before
    let_go(viewer, held)
    wait_for(viewer, "shown")
    assert viewer.inner_text(".picture-state") == ""
    assert viewer.locator("#box").bounding_box() == before


def test_failure_is_shown_and_retried(viewer: Any, picture: Any, troubles: list[str]) -> None:
    viewer.route("**/media/**", lambda route: route.abort())
    before = viewer.locator("#box").bounding_box()
    start_showing(viewer, picture())
    viewer.locator(".picture-state", has_text="The image could not be loaded.").wait_for()
    assert said(viewer) == ["failed"]
    assert viewer.locator("#box").bounding_box() == before
    assert violations(viewer) == []
    viewer.unroute("**/media/**")
    viewer.focus("#box button")
    viewer.keyboard.press("Enter")
    wait_for(viewer, "shown")
    assert place(viewer) == [0, 0, 600, 400]
    assert viewer.evaluate("document.activeElement.id") == "box"
    assert not viewer.locator("#box button").is_visible()
    forgive(troubles)


def test_failure_is_retried_when_the_connection_is_back(
    viewer: Any, context: BrowserContext, picture: Any, troubles: list[str]
) -> None:
    context.set_offline(True)
    start_showing(viewer, picture())
    wait_for(viewer, "failed")
    context.set_offline(False)
    wait_for(viewer, "shown")
    forgive(troubles)


def test_file_that_is_no_picture_fails_in_words(viewer: Any, picture: Any) -> None:
    viewer.route(
        "**/media/**", lambda route: route.fulfill(body=b"no picture", content_type="image/png")
    )
    start_showing(viewer, picture())
    viewer.locator(".picture-state", has_text="The image could not be loaded.").wait_for()


def test_late_picture_never_takes_the_place_of_the_next(
    viewer: Any, picture: Any, held: Any
) -> None:
    start_showing(viewer, picture())
    start_showing(viewer, picture(300, 3000))
    viewer.wait_for_timeout(50)
    late, following = held.pop(0), held.pop(0)
    following.continue_()
    wait_for(viewer, "shown")
    late.continue_()
    viewer.wait_for_timeout(200)
    assert place(viewer) == [280, 0, 40, 400]
    assert said(viewer) == ["shown"]


def preload(page: Page, *urls: Any) -> None:
    page.evaluate("urls => viewer.preload(urls.map((url) => ({ url })))", list(urls))


def test_two_at_a_time_are_loaded_ahead_after_the_one_in_sight(
    viewer: Any, picture: Any, held: Any
) -> None:
    first, *others = [f"{picture(300, 300)}?size=640" for _number in range(4)]
    start_showing(viewer, first, size=0)
    preload(viewer, *others)
    viewer.wait_for_timeout(100)
    assert len(held) == 1
    let_go(viewer, held)
    wait_for(viewer, "shown")
    for _wait in range(50):
        if len(held) < 2:
            viewer.wait_for_timeout(50)
    assert [
        route.request.url.endswith(each) for route, each in zip(held, others, strict=False)
    ] == [
        True,
        True,
    ]
    let_go(viewer, held)
    viewer.wait_for_timeout(100)
    assert len(held) == 2


def test_what_was_loaded_ahead_is_there_at_once_and_asked_for_once(
    viewer: Any, picture: Any, asked: Any
) -> None:
    show(viewer, picture())
    url = picture(300, 3000)
    with viewer.expect_response(lambda response: url in response.url):
        preload(viewer, f"{url}?size=640")
    viewer.wait_for_timeout(200)
    state = viewer.evaluate(
        """url => {
          viewer.show({ url: `${url}?size=640`, original: url, alt: "" });
          return document.getElementById("box").dataset.pictureState;
        }""",
        url,
    )
    assert state == "shown"
    assert place(viewer) == [280, 0, 40, 400]
    assert len(asked) == 2


def test_what_is_on_its_way_is_not_asked_for_again(
    viewer: Any, picture: Any, asked: Any, held: Any
) -> None:
    url = f"{picture(300, 3000)}?size=640"
    preload(viewer, url)
    viewer.wait_for_timeout(50)
    start_showing(viewer, url, size=0)
    let_go(viewer, held)
    wait_for(viewer, "shown")
    assert len(asked) == 1


def test_what_failed_ahead_is_tried_again_in_its_turn(
    viewer: Any, picture: Any, troubles: list[str]
) -> None:
    url = f"{picture()}?size=640"
    viewer.route("**/media/**", lambda route: route.abort())
    with viewer.expect_event("requestfailed"):
        preload(viewer, url)
    viewer.unroute("**/media/**")
    viewer.wait_for_timeout(100)
    show(viewer, url, size=0)
    forgive(troubles)


def test_browser_keeps_what_the_server_sent(viewer: Any, picture: Any) -> None:
    url = picture()
    show(viewer, url)
    show(viewer, picture())
    show(viewer, url)
    sent = viewer.evaluate(
        """url => performance.getEntriesByName(new URL(url, location.href).href)
          .map((each) => each.transferSize)""",
        f"{url}?size=1280",
    )
    assert [bool(size) for size in sent] in ([True], [True, False])
