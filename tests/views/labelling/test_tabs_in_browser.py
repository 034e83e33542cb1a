"""What belongs to one tab, its items and its drafts, over reloads, log-ins and duplicates."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.projects import members, settings
from annotator.models import Annotation, Lease, User
from tests import loop
from tests.views.desk_in_browser import (
    address,
    given,
    open_desk,
    reload,
    wait_for,
    wait_until_painted,
    wait_until_saved,
)
from tests.views.in_browser import MARKS, sign_in

pytestmark = MARKS

TICKS = "boxes => boxes.map(box => box.checked)"


@pytest.fixture
def tags(olga: User, lea: User, ana: User, ben: User) -> Any:
    """A project with several labels for each item."""
    made = settings.create_project(
        olga, name="Tags", labels=["a", "b", "c"], multi_label=True, features="text-quick"
    )
    for person in (ana, ben):
        members.add_member(made, person.username, "annotator")
    loop.fill(made, 30)
    return made


@pytest.fixture
def desk(page: Page, context: BrowserContext, live_server: LiveServer, ana: User, tags: Any) -> Any:
    """Ana's page."""
    sign_in(context, live_server, ana)
    return open_desk(page, live_server, tags)


def text_of(page: Page) -> Any:
    """Return the text of the item, once it can be decided."""
    page.wait_for_function("() => document.querySelector('#item .text').textContent.trim()")
    wait_until_painted(page)
    return page.locator("#item .text").text_content()


def wait_for_another(page: Page, item: Any) -> None:
    """Wait until the next item is shown; where none is held, it comes after the message."""
    page.wait_for_function(
        "item => ![item, ''].includes(document.querySelector('#item .text').textContent)", arg=item
    )
    wait_until_painted(page)


def ticks(page: Page) -> Any:
    return page.locator("[data-choice]").evaluate_all(TICKS)


def draft(page: Page) -> None:
    for key in "12xn":
        page.keyboard.press(key)
    page.keyboard.type("half a note")


def assert_is_restored(page: Page, item: Any) -> None:
    assert text_of(page) == item
    assert ticks(page) == [True, True, False]
    assert page.input_value("#note") == "half a note"
    assert page.locator("#note").is_visible()
    assert page.locator("#unsure-button").get_attribute("aria-pressed") == "true"


def assert_is_blank(page: Page) -> None:
    assert ticks(page) == [False, False, False]
    assert page.input_value("#note") == ""
    assert page.locator("#unsure-button").get_attribute("aria-pressed") == "false"


# Drafts ------------------------------------------------------------------------------------------


def test_ticks_and_note_outlive_a_reload_and_end_with_the_decision(desk: Any) -> None:
    item = text_of(desk)
    draft(desk)
    reload(desk)
    assert_is_restored(desk, item)
    desk.keyboard.press("Enter")
    wait_for(desk, "Saved: a, b.")
    assert Annotation.objects.get().note == "half a note"
    wait_for_another(desk, item)
    assert_is_blank(desk)
    reload(desk)
    assert_is_blank(desk)
    skipped = text_of(desk)
    draft(desk)
    desk.keyboard.press("Escape")
    desk.keyboard.press("Space")
    wait_for(desk, "Skipped")
    wait_for_another(desk, skipped)
    assert_is_blank(desk)
    assert desk.evaluate("Object.keys(sessionStorage).join()").count("drafts") == 0


HELD_UP = """
const query = navigator.locks.query.bind(navigator.locks);
navigator.locks.query = () => new Promise((done) => { window.goOn = () => done(query()); });
"""


def test_word_of_a_decision_stays_though_the_next_item_comes_along(
    page: Page, context: BrowserContext, live_server: LiveServer, ana: User, tags: Any
) -> None:
    # A slow machine: the first item is decided before the page has asked for the next ones.
    page.add_init_script(HELD_UP)
    sign_in(context, live_server, ana)
    page.goto(address(live_server, tags))
    page.wait_for_function("() => window.goOn")
    item = text_of(page)
    wait_until_painted(page)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    wait_for(page, "a")
    page.evaluate("goOn()")
    wait_for_another(page, item)
    wait_for(page, "Saved: a.")
    assert "Saved: a." in page.locator("#announce").text_content()


def test_draft_waits_for_a_new_log_in_and_is_shown_to_nobody_else(
    desk: Any, context: BrowserContext, live_server: LiveServer, tags: Any, ana: User, ben: User
) -> None:
    item = text_of(desk)
    draft(desk)
    context.clear_cookies(name="sessionid")
    desk.reload()
    desk.wait_for_url("**/login**")
    sign_in(context, live_server, ben)
    open_desk(desk, live_server, tags)
    text_of(desk)
    assert_is_blank(desk)
    sign_in(context, live_server, ana)
    open_desk(desk, live_server, tags)
    for _turn in range(4):
        if text_of(desk) == item:
            break
        assert_is_blank(desk)
        desk.keyboard.press("Space")
    assert_is_restored(desk, item)


def test_session_that_runs_out_brings_the_same_item_back(
    desk: Any, context: BrowserContext, live_server: LiveServer, tags: Any, ana: User
) -> None:
    item = text_of(desk)
    draft(desk)
    context.clear_cookies(name="sessionid")
    desk.reload()
    desk.wait_for_url("**/login**")
    sign_in(context, live_server, ana)
    open_desk(desk, live_server, tags)
    assert_is_restored(desk, item)


def test_refused_save_brings_ticks_and_note_back(
    desk: Any, context: BrowserContext, tags: Any
) -> None:
    item = text_of(desk)
    draft(desk)
    context.set_offline(True)
    desk.keyboard.press("Escape")
    desk.keyboard.press("3")
    desk.keyboard.press("Enter")
    tags.labels.filter(name="c").delete()
    context.set_offline(False)
    desk.locator("#refused", has_text="half").or_(desk.locator("#refused", has_text="c")).wait_for()
    desk.click("[data-decide-again]")
    assert text_of(desk) == item
    assert ticks(desk)[:2] == [True, True]
    assert desk.input_value("#note") == "half a note"
    reload(desk)
    assert given() == []


def test_note_of_a_correction_outlives_a_reload_with_its_answer_alone(desk: Any) -> None:
    desk.keyboard.press("1")
    desk.keyboard.press("Enter")
    wait_for(desk, "Saved: a.")
    desk.keyboard.press("ArrowLeft")
    desk.locator("#past").wait_for()
    desk.keyboard.press("n")
    desk.keyboard.type("rather b")
    reload(desk)
    assert_is_blank(desk)
    desk.keyboard.press("ArrowLeft")
    desk.locator("#past").wait_for()
    assert desk.input_value("#note") == "rather b"
    assert ticks(desk) == [True, False, False]


# Windows -----------------------------------------------------------------------------------------


def test_second_window_beside_a_reload_never_shows_the_same_item(
    desk: Any, context: BrowserContext, live_server: LiveServer, tags: Any
) -> None:
    item = text_of(desk)
    desk.evaluate("dispatchEvent(new Event('beforeunload'))")
    second = context.new_page()
    seen = []
    second.expose_function("saw", lambda text: seen.append(text))
    second.add_init_script(
        "new MutationObserver(() => saw(document.querySelector('#item')?.textContent ?? ''))"
        ".observe(document, { childList: true, subtree: true, characterData: true })"
    )
    # The browser has just learnt that a tab is about to reload; here comes another one.
    open_desk(second, live_server, tags)
    theirs = text_of(second)
    reload(desk)
    assert text_of(desk) == item != theirs
    third = open_desk(context.new_page(), live_server, tags)
    assert len({item, theirs, text_of(third)}) == 3
    assert not any(item in each for each in seen)
    for page in (desk, second, third):
        page.reload()
    assert [text_of(page) for page in (desk, second)] == [item, theirs]
    shown = Lease.objects.filter(ended_at=None).exclude(page="").values_list("item", flat=True)
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize("secure", [True, False])
def test_duplicate_shows_neither_the_item_nor_the_draft(
    desk: Any, context: BrowserContext, live_server: LiveServer, tags: Any, secure: bool
) -> None:
    if not secure:
        # As without https.
        without = "Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined })"
        context.add_init_script(without)
        desk.reload()
    item = text_of(desk)
    wait_until_saved(desk)
    draft(desk)
    stored = desk.evaluate("JSON.stringify({ ...sessionStorage })")
    twin = context.new_page()
    copied = f"Object.assign(sessionStorage, {stored})"
    twin.add_init_script(f"if (!window.name) {{ window.name = 'twin'; {copied}; }}")
    twin.goto(address(live_server, tags))
    name = "sessionStorage.getItem('winnow-tab')"
    twin.wait_for_function(f"name => ![name, null].includes({name})", arg=desk.evaluate(name))
    twin.locator('#standing[data-standing="saved"]:not(:empty)').wait_for()
    assert text_of(twin) != item
    assert_is_blank(twin)
    assert_is_restored(desk, item)
