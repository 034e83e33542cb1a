"""An item is read before it is decided: scrolling by keys, and what is not on the screen yet."""

import io
import zipfile
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.projects import preferences as flow_desk
from annotator.models import Annotation, Lease, Project, User
from tests import loop
from tests.given import AddItems
from tests.views.desk_in_browser import address, given, open_desk, wait_for, wait_until_saved
from tests.views.in_browser import MARKS, sign_in

pytestmark = MARKS

TOP = "document.querySelector('#item').scrollTop"
LONG = "A sentence of a long report about something. " * 200


@pytest.fixture
def long_text(
    context: BrowserContext,
    page: Page,
    live_server: LiveServer,
    project: Project,
    add_items: AddItems,
    ana: User,
) -> Any:
    """Return a function that opens Ana's desk with long texts."""

    def opened() -> Any:
        add_items(*[f"Report {number}. {LONG}" for number in range(5)])
        sign_in(context, live_server, ana)
        return open_desk(page, live_server, project)

    return opened


def top(desk: Any) -> Any:
    return desk.evaluate(TOP)


def skipped() -> int:
    return Lease.objects.filter(outcome="skipped").count()


def test_keys_scroll_a_long_text_which_says_how_much_is_below(long_text: Any) -> None:
    desk = long_text()
    seen = [top(desk)]
    assert "Scroll for more" in desk.inner_text("#more-below")
    before = desk.inner_text("#more-below")
    for key in ("ArrowDown", "PageDown", "End"):
        desk.keyboard.press(key)
        seen.append(top(desk))
        if key == "PageDown":
            assert desk.inner_text("#more-below") != before
    assert seen == sorted(set(seen))
    desk.locator("#more-below").wait_for(state="hidden")
    assert desk.evaluate("document.querySelector('#more-below').textContent") == ""
    for key in ("ArrowUp", "PageUp", "Home"):
        desk.keyboard.press(key)
        assert top(desk) < seen[-1]
        seen.append(top(desk))
    assert top(desk) == 0
    assert given() == []


def test_space_reads_on_and_skips_at_the_end_alone(long_text: Any) -> None:
    desk = long_text()
    first = desk.inner_text("#item")
    desk.keyboard.press("Space")
    down = top(desk)
    assert down > 0
    desk.keyboard.press("Shift+Space")
    assert top(desk) == 0
    desk.keyboard.press("Shift+Space")
    assert desk.inner_text("#item") == first
    desk.keyboard.press("End")
    desk.keyboard.press("Space")
    wait_for(desk, "Skipped")
    wait_until_saved(desk)
    assert desk.inner_text("#item") != first
    assert top(desk) == 0
    assert skipped() == 1


def test_own_keys_come_before_scrolling(long_text: Any, ana: User) -> None:
    flow_desk.change_preferences(ana, keys={"skip": "k", "unsure": "ArrowDown"})
    desk = long_text()
    desk.keyboard.press("ArrowDown")
    assert top(desk) == 0
    assert desk.locator("#unsure-button").get_attribute("aria-pressed") == "true"
    desk.keyboard.press("End")
    first = desk.inner_text("#item")
    desk.keyboard.press("Space")
    assert desk.inner_text("#item") == first
    desk.keyboard.press("Home")
    desk.keyboard.press("k")
    wait_for(desk, "Skipped")
    assert desk.inner_text("#item") != first


def test_short_text_has_nothing_below_and_space_skips_it(
    context: BrowserContext,
    page: Page,
    live_server: LiveServer,
    project: Project,
    add_items: AddItems,
    ana: User,
) -> None:
    add_items("short", "shorter", "shortest")
    sign_in(context, live_server, ana)
    desk = open_desk(page, live_server, project)
    assert not desk.locator("#more-below").is_visible()
    desk.keyboard.press("Space")
    wait_for(desk, "Skipped")


def test_what_is_pressed_before_the_item_is_there_decides_nothing(long_text: Any) -> None:
    """Two presses in one go: the second one was meant for the item before."""
    desk = long_text()
    press = "document.dispatchEvent(new KeyboardEvent('keydown', {key: '1', code: 'Digit1'}));"
    body = press.replace("document.", "document.body.").replace("{key", "{bubbles: true, key")
    # Read at once: the answer to the first press has words of its own.
    said = desk.evaluate(
        f"() => {{ {body * 3} return document.getElementById('said').innerText; }}"
    )
    assert "was not visible yet" in said
    wait_until_saved(desk)
    desk.wait_for_timeout(300)
    assert given() == [["spam"]]


# Pictures ----------------------------------------------------------------------------------------


def drawing(shade: Any) -> Any:
    out = io.BytesIO()
    Image.new("RGB", (900, 600), (shade, 90, 120)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def pictures(
    context: BrowserContext, page: Page, live_server: LiveServer, image_project: Project, ana: User
) -> Any:
    """Ana's page in a project of pictures, not opened yet."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for number in range(6):
            files.writestr(f"pets/{number}.png", drawing(40 * number))
    loop.bring_in(image_project, "pets.zip", archive.getvalue(), labels_are="ignore")
    sign_in(context, live_server, ana)
    return page


def test_key_before_the_picture_is_there_decides_nothing(
    pictures: Any, live_server: LiveServer, image_project: Project
) -> None:
    held = []
    pictures.route("**/media/**", lambda route: held.append(route))
    pictures.goto(address(live_server, image_project), wait_until="domcontentloaded")
    pictures.locator("#item", has_text="Loading the image").wait_for()
    for key in ("1", "Space"):
        pictures.keyboard.press(key)
        wait_for(pictures, "The image is still loading.")
        pictures.evaluate("document.querySelector('#said').textContent = ''")
    pictures.click("#choice-2")
    wait_for(pictures, "The image is still loading.")
    assert not Annotation.objects.exists()
    assert skipped() == 0
    for route in held:
        route.continue_()
    pictures.unroute("**/media/**")
    pictures.locator("#item img").wait_for()
    pictures.keyboard.press("1")
    wait_for(pictures, "Saved: cat.")
    # Nobody saw it while it was loading.
    assert given() == [["cat"]]


def test_picture_that_did_not_come_is_skipped_or_asked_for_again(
    pictures: Any, live_server: LiveServer, image_project: Project
) -> None:
    pictures.route("**/media/**", lambda route: route.abort())
    pictures.goto(address(live_server, image_project))
    pictures.locator('#item[data-picture-state="failed"]').wait_for()
    pictures.keyboard.press("1")
    wait_for(pictures, "The image could not be loaded.")
    pictures.keyboard.press("Space")
    wait_for(pictures, "Skipped")
    wait_until_saved(pictures)
    assert (given(), skipped()) == ([], 1)
    pictures.unroute("**/media/**")
    pictures.locator('#item[data-picture-state="failed"] button').click()
    pictures.locator("#item img").wait_for()
    pictures.keyboard.press("2")
    wait_for(pictures, "Saved: dog.")
