"""Spans on a bad line, in two windows and over a crash: each is saved once, where it was marked."""

from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Error, Page
from pytest_django.live_server_helper import LiveServer

from annotator.models import Annotation, Project, User
from tests import loop
from tests.views.desk_in_browser import address, open_desk, wait_until_painted, wait_until_saved
from tests.views.in_browser import MARKS, sign_in
from tests.views.labelling.test_spans_in_browser import (
    drag,
    listed,
    press,
    project,
)

pytestmark = MARKS

__all__ = ["project"]

EACH = 30
FORTH, BACK = "ArrowRight", "ArrowLeft"


def texts(number: int) -> list[tuple[str, str, list[str]]]:
    """Return texts, each with what is marked in it, and the keys that select it."""
    kinds = [
        ("👩🏽‍🚒 met Ana{n} today", "Ana{n}", [FORTH] * 3),
        ("see Rene\u0301{n} now", "Rene\u0301{n}", [FORTH] * 2),
        ("قال محمد{n} اليوم", "محمد{n}", [BACK] * 2),
        ("在北京大学{n}读书", "北京", [FORTH] * 2 + [f"Shift+{FORTH}"]),
        ("x {n} 👨‍👩‍👧 y", "👨‍👩‍👧", [FORTH] * 3),
    ]
    found = []
    for n in range(number):
        text, wanted, keys = kinds[n % len(kinds)]
        found.append((text.format(n=n), wanted.format(n=n), keys))
    return found


# Many, as only a share of them goes to the offline buffer.
TEXTS = texts(600)
WANTED = {text: (wanted, keys) for text, wanted, keys in TEXTS}


@pytest.fixture
def filled(project: Project, context: BrowserContext, live_server: LiveServer, ana: User) -> Any:
    rows = "text\n" + "".join(f"{text}\n" for text, _wanted, _keys in TEXTS)
    work = loop.bring_in(project, "texts.csv", rows)
    assert work.created == len(TEXTS), work.errors
    sign_in(context, live_server, ana)
    return project


def shown(page: Page) -> str:
    return page.evaluate("() => document.querySelector('#item .text').firstChild.data")


def save(page: Page, text: str) -> None:
    """Save, and wait for the next text."""
    assert len(listed(page)) == 1, (text, listed(page))
    page.keyboard.press("Enter")
    page.wait_for_function(
        "(text) => document.querySelector('#item .text').firstChild?.data !== text", arg=text
    )
    wait_until_painted(page)


def by_keyboard(page: Page, number: int) -> list[str]:
    seen = []
    for _ in range(number):
        seen.append(shown(page))
        press(page, *WANTED[seen[-1]][1], "1")
        save(page, seen[-1])
    return seen


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def by_mouse(page: Page, number: int) -> list[str]:
    seen = []
    for turn in range(number):
        text = shown(page)
        seen.append(text)
        wanted = WANTED[text][0]
        start = units(text[: text.index(wanted)])
        drag(page, start, start + units(wanted), is_back=turn % 2 == 1)
        press(page, "1")
        save(page, text)
    return seen


def wait_for_answers(page: Page, number: int) -> None:
    for _ in range(400):
        if Annotation.objects.count() >= number:
            break
        page.wait_for_timeout(100)
    wait_until_saved(page)


def test_thirty_by_keyboard_and_thirty_by_mouse_are_saved_once_in_their_places(
    page: Page, context: BrowserContext, live_server: LiveServer, filled: Project
) -> None:
    page.goto(address(live_server, filled))
    # Items go to the offline buffer.
    with page.expect_response(
        lambda answer: "/desk" in answer.url and len(answer.json()["spares"]) > 9
    ):
        pass
    wait_until_painted(page)
    seen = by_keyboard(page, 11)
    wait_until_saved(page)
    # Offline, and then with the page closed.
    context.set_offline(True)
    seen += by_keyboard(page, 9)
    page.locator("#standing", has_text="9 waiting").wait_for()
    page.wait_for_timeout(200)
    with pytest.raises(Error):
        page.goto("chrome://crash", timeout=5000)
    page.close()
    context.set_offline(False)
    first = open_desk(context.new_page(), live_server, filled)
    second = open_desk(context.new_page(), live_server, filled)
    for window in (first, second):
        window.bring_to_front()
        wait_until_painted(window)
        seen += by_keyboard(window, 5)
        seen += by_mouse(window, EACH // 2)
    wait_for_answers(second, 2 * EACH)
    first.bring_to_front()
    wait_until_saved(first)
    records = loop.exported(filled)
    assert Counter(each["text"] for each in records) == Counter(seen)
    assert len(seen) == len(set(seen)) == 2 * EACH
    for each in records:
        (span,) = each["spans"]
        assert span["text"] == WANTED[each["text"]][0]
        assert span["start"] == each["text"].index(span["text"])


def test_ten_steps_are_undone_and_done_again(
    page: Page, live_server: LiveServer, filled: Project
) -> None:
    open_desk(page, live_server, filled)
    wait_until_painted(page)
    text = shown(page)
    keys = WANTED[text][1]
    for _ in range(5):
        press(page, "Escape", *keys, "1")
        press(page, "Delete")
    press(page, "Escape", *keys, "2")
    after = listed(page)
    press(page, *["Control+z"] * 11)
    assert listed(page) == []
    press(page, *["Control+Shift+Z"] * 11)
    assert listed(page) == after
    save(page, text)
    wait_for_answers(page, 1)
    (record,) = loop.exported(filled)
    assert [each["text"] for each in record["spans"]] == [WANTED[text][0]]
