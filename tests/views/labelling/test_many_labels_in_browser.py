"""One of many labels is found by words and taken by keys, in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.projects import members, settings
from annotator.models import User
from tests.given import Fill
from tests.views.desk_in_browser import given, open_desk, wait_for
from tests.views.in_browser import MARKS, sign_in, unfit

pytestmark = MARKS

NAMES = [
    f"{area} > {when} > {what}"
    for area in ("Billing", "Delivery", "Café", "Straße")
    for when in ("before purchase", "after purchase", "warranty")
    for what in ("complaint", "praise", "fraud")
]


@pytest.fixture
def opened(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    olga: User,
    ana: User,
    filled: Fill,
) -> Any:
    """Return a function that opens Ana's desk in a project with many labels."""

    def at(*, multi: Any) -> Any:
        many = settings.create_project(
            olga, name="Many", labels=NAMES, multi_label=multi, features="text-quick"
        )
        members.add_member(many, "ana", "annotator")
        filled(many, 12)
        sign_in(context, live_server, ana)
        return open_desk(page, live_server, many)

    return at


# The focused element, by its visible name.
FOCUSED = "document.activeElement.closest('.choice').querySelector('.choice-name').textContent"


def hits(desk: Any) -> Any:
    return desk.locator(".choice-list li:visible .choice-name").all_inner_texts()


def highlighted(desk: Any) -> Any:
    return desk.locator(".choice.highlighted .choice-name").all_inner_texts()


def search(desk: Any, words: Any) -> None:
    desk.keyboard.press("/")
    desk.fill("#find", words)


def test_words_come_in_any_order_case_and_spelling(opened: Any) -> None:
    desk = opened(multi=False)
    search(desk, "fraud  DELIVERY")
    assert hits(desk) == [name for name in NAMES if "Delivery" in name and "fraud" in name]
    assert highlighted(desk) == hits(desk)[:1]
    assert "3 labels found" in desk.inner_text("#found-labels")
    assert hits(desk)[0] in desk.locator("#found-labels").text_content()
    for words, part in (
        ("cafe praise", "Café"),
        ("CAFE\u0301 praise", "Café"),
        ("strasse", "Straße"),
    ):
        desk.fill("#find", words)
        assert hits(desk)
        assert all(part in name for name in hits(desk))
    desk.fill("#find", "warranty > delivery")
    assert len(hits(desk)) == 3
    desk.fill("#find", "no such label")
    assert (hits(desk), highlighted(desk)) == ([], [])
    assert desk.inner_text("#found-labels") == "No label found"
    desk.keyboard.press("Enter")
    assert desk.input_value("#find") == "no such label"
    assert given() == []


def test_enter_takes_what_is_highlighted_and_arrows_move_that(opened: Any) -> None:
    desk = opened(multi=False)
    search(desk, "warranty fraud")
    names = hits(desk)
    desk.keyboard.press("Enter")
    wait_for(desk, f"Saved: {names[0]}.")
    search(desk, "warranty fraud")
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        desk.keyboard.press(key)
    assert desk.evaluate(FOCUSED) == names[1]
    assert highlighted(desk) == [names[1]]
    desk.keyboard.press("Enter")
    wait_for(desk, f"Saved: {names[1]}.")
    assert given() == [[names[0]], [names[1]]]
    assert len(hits(desk)) == len(NAMES)
    assert desk.input_value("#find") == ""


def test_typing_goes_on_searching_and_escape_goes_back(opened: Any) -> None:
    desk = opened(multi=False)
    search(desk, "warranty")
    desk.keyboard.press("ArrowDown")
    # In the list a letter is no key of the desk, and a digit chooses no label.
    for key in " 1z":
        desk.keyboard.press(key if key != " " else "x")
    assert desk.input_value("#find") == "warrantyx1z"
    desk.fill("#find", "warranty")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Escape")
    assert desk.evaluate("document.activeElement.id") == "find"
    desk.keyboard.press("Escape")
    assert desk.evaluate("document.activeElement === document.body")
    assert len(hits(desk)) == len(NAMES)
    assert given() == []


def test_several_labels_are_ticked_without_leaving_the_search(opened: Any) -> None:
    desk = opened(multi=True)
    search(desk, "billing fraud")
    names = hits(desk)
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    assert hits(desk) == names
    desk.keyboard.press("Escape")
    desk.fill("#find", "cafe praise")
    third = hits(desk)[0]
    desk.keyboard.press("Enter")
    assert desk.evaluate("document.activeElement.id") == "find"
    # Pressed out of habit, the key of the search is no word to search for.
    desk.keyboard.press("/")
    assert desk.input_value("#find") == ""
    desk.keyboard.press("Enter")
    wait_for(desk, "Saved:")
    assert given() == [[names[1], names[2], third]]


def test_search_has_no_axe_findings_and_moves_nothing(opened: Any) -> None:
    desk = opened(multi=False)

    def reopen() -> None:
        desk.reload()
        before = desk.locator("#item").bounding_box()
        search(desk, "warranty fraud")
        desk.keyboard.press("ArrowDown")
        assert desk.locator("#item").bounding_box() == before

    assert unfit(desk, reopen) == []
