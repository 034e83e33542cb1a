"""The desk of spans beside marking: attributes, the auto-tag, fingers, and little work."""

from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.projects import settings
from annotator.models import Annotation, Project, User
from tests import loop
from tests.views.desk_in_browser import address, open_desk, wait_until_painted, wait_until_saved
from tests.views.in_browser import MARKS, sign_in, unfit
from tests.views.labelling.test_spans_in_browser import (
    SELECT,
    drag,
    listed,
    opened,
    press,
    project,
    saved,
)

pytestmark = MARKS

__all__ = ["opened", "project"]


def suggested(page: Page) -> int:
    wait_until_painted(page)
    return page.locator(".span-mark.suggested").count()


def save(page: Page) -> None:
    """Save, and wait for the next text or the end."""
    shown = "() => document.querySelector('#item .text').firstChild?.data"
    before = page.evaluate(shown)
    page.keyboard.press("Enter")
    page.wait_for_function(
        "(text) => document.querySelector('#item .text').firstChild?.data !== text"
        " || document.getElementById('desk').classList.contains('is-empty')",
        arg=before,
    )
    wait_until_painted(page)


# Attributes ---------------------------------------------------------------------------------------


def test_attribute_is_one_key(opened: Any, project: Project, troubles: list[str]) -> None:
    settings.change_settings(project, span_attributes="negated, uncertain")
    page = opened("Ana Roth met Li.")
    press(page, "v")
    assert "Choose a span" in page.inner_text("#said")
    press(page, "ArrowRight", "1", "v")
    assert listed(page) == ["person (negated) Ana"]
    assert page.locator(".span-mark.made").get_attribute("data-name") == "person (negated)"
    press(page, "v")
    assert listed(page) == ["person (uncertain) Ana"]
    press(page, "v")
    assert listed(page) == ["person Ana"]
    press(page, "Control+z", "Control+z")
    assert listed(page) == ["person (negated) Ana"]
    page.locator("#span-list .span-row").click()
    # Another label, or another border, keeps it.
    press(page, "2", "Shift+ArrowRight")
    assert listed(page) == ["place (negated) Ana Roth"]
    assert unfit(page) == []
    press(page, "Enter")
    assert saved(page, 1) == [[("Ana Roth", "place")]]
    place = loop.ids(project, "place")[0]
    assert Annotation.objects.get().value == [[0, 8, place, "negated"]]
    assert troubles == []


def test_project_without_attributes_has_no_button(opened: Any) -> None:
    page = opened("Ana Roth met Li.")
    assert page.locator("#span-attribute").count() == 0
    press(page, "ArrowRight", "1", "v")
    assert listed(page) == ["person Ana"]


# Auto-tag -----------------------------------------------------------------------------------------


def test_what_was_tagged_a_moment_ago_is_suggested(opened: Any, troubles: list[str]) -> None:
    page = opened("Lyon one.", "Two Lyon.", "Three LYON.")
    word = page.evaluate(
        "() => document.querySelector('#item .text').firstChild.data.search(/lyon/i)"
    )
    drag(page, word, word + 4)
    press(page, "2")
    save(page)
    assert suggested(page) == 1
    # Enter takes it, and an undone answer counts no more.
    save(page)
    assert suggested(page) == 1
    press(page, "Enter")
    first, *later = [each.suggestion for each in answers_in_order(page, 3)]
    assert first is None
    assert [each and each["tagged"] for each in later] == [1, 1]
    assert [len(each) for each in saved(page, 3)] == [1, 1, 1]
    assert troubles == []


def answers_in_order(page: Page, number: int) -> list[Annotation]:
    """Wait for that many answers, and return them in order."""
    for _ in range(200):
        if Annotation.objects.count() >= number:
            break
        page.wait_for_timeout(50)
    return list(Annotation.objects.order_by("pk"))


def test_blind_items_have_no_auto_tag(opened: Any, project: Project) -> None:
    settings.change_settings(project, audit_share=0.3)
    page = opened(*(f"Lyon {number}." for number in range(12)))
    for _ in range(12):
        seen = suggested(page)
        if not seen:
            press(page, "ArrowRight", "2")
        save(page)
    _first, *later = answers_in_order(page, 12)
    assert {each.blind for each in later} == {True, False}
    for each in later:
        assert (each.suggestion is None) == each.blind, (each.pk, each.suggestion)


# Fingers ------------------------------------------------------------------------------------------


@pytest.fixture
def touched(browser: Browser, live_server: LiveServer, ana: User, project: Project) -> Any:
    """Bring in texts, and return Ana's page on a phone."""
    made: list[BrowserContext] = []

    def touched(*texts: str) -> Page:
        loop.bring_in(project, "texts.csv", "text\n" + "".join(f'"{each}"\n' for each in texts))
        context = browser.new_context(
            viewport={"width": 390, "height": 740}, has_touch=True, is_mobile=True
        )
        made.append(context)
        sign_in(context, live_server, ana)
        page = open_desk(context.new_page(), live_server, project)
        wait_until_painted(page)
        return page

    yield touched
    for each in made:
        each.close()


def tap(page: Page, start: int, end: int) -> None:
    left, top, right, _bottom = page.evaluate(SELECT, [start, end])
    page.touchscreen.tap((left + right) / 2, top)
    wait_until_painted(page)


SELECT_BY_HANDLES = """([start, end]) => {
    const { firstChild } = document.querySelector('#item .text');
    getSelection().setBaseAndExtent(firstChild, start, firstChild, end);
}"""


def test_finger_selects_and_a_button_marks(touched: Any) -> None:
    text = "Ana Roth met Li in Lyon."
    page = touched(text)
    tap(page, 0, 3)
    page.locator("[data-choice]", has_text="person").tap()
    assert listed(page) == ["person Ana"]
    # A long press selects a word, and the handles of the browser move its ends: as often as they
    # move, nothing is marked until a label is touched.
    tap(page, text.index("Lyon"), len(text) - 1)
    for end in (text.index(" in"), text.index("Lyon"), text.index("Lyon") + 4):
        page.evaluate(SELECT_BY_HANDLES, [text.index("Li"), end])
        wait_until_painted(page)
    assert listed(page) == ["person Ana"]
    page.locator("[data-choice]", has_text="place").tap()
    assert listed(page) == ["person Ana", "place Li in Lyon"]
    page.locator("#span-list .span-row", has_text="Li in Lyon").tap()
    assert page.locator(".span-row[aria-current]").inner_text().split() == [
        *["place", "Li", "in", "Lyon"]
    ]


def test_finger_that_selects_does_not_swipe(touched: Any) -> None:
    text = "Ana Roth met Li in Lyon and stayed there for long."
    page = touched(text)
    tap(page, 0, 3)
    page.evaluate(SELECT_BY_HANDLES, [0, 12])
    left, top, _right, _bottom = page.evaluate(SELECT, [0, 12])
    line = page.context.new_cdp_session(page)
    for kind, x in [("touchStart", 300), ("touchMove", 150), ("touchMove", 60), ("touchEnd", None)]:
        points = [] if x is None else [{"x": x, "y": top}]
        line.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    wait_until_painted(page)
    page.wait_for_timeout(300)
    assert page.evaluate("() => document.querySelector('#item .text').firstChild.data") == text
    assert left < 390


# Little work --------------------------------------------------------------------------------------

COUNT = """() => {
    window.touched = 0;
    const observer = new MutationObserver((all) => {
        const nodes = ({ type, addedNodes, removedNodes }) =>
            type === 'childList' ? addedNodes.length + removedNodes.length : 1;
        for (const each of all) window.touched += nodes(each);
    });
    for (const id of ['item', 'span-list']) {
        const options = { childList: true, subtree: true, attributes: true };
        observer.observe(document.getElementById(id), options);
    }
}"""
# A mark has two boxes at most here, each set up in a few steps, beside cursor, handles and row.
MOST_TOUCHED = 40


def test_a_step_touches_few_nodes_among_five_hundred_spans(opened: Any) -> None:
    words = "the court heard the case of that day and wrote what it found in the file again and "
    text = "".join(f"Lyon {words}\n" for _ in range(500))
    page = opened({"text": f"{text}{'x' * 200} {words * 100}"})
    press(page, "ArrowRight", "2", "m")
    assert page.locator(".span-mark.made").count() == 500
    listed(page)
    page.evaluate(COUNT)
    steps = ["Escape", "ArrowRight", "ArrowRight", "1", "2", "Shift+ArrowRight", "Control+z"]
    for key in [*steps, "Control+Shift+Z", "Tab", "Delete", "ArrowRight", "Shift+ArrowRight"]:
        page.evaluate("() => (window.touched = 0)")
        press(page, key)
        wait_until_painted(page)
        touched = page.evaluate("() => window.touched")
        assert touched <= MOST_TOUCHED, (key, touched)
    assert page.locator(".span-mark.made").count() == 500


def test_next_text_is_there_before_any_answer(
    opened: Any, page: Page, live_server: LiveServer, project: Project
) -> None:
    opened(*(f"Text {number} of Ana." for number in range(8)))
    waiting: list[Any] = []
    wait_until_saved(page)
    is_held = [True]

    def hold(route: Any) -> None:
        if is_held[0]:
            waiting.append(route)
        else:
            route.continue_()

    page.route("**/api/**", hold)
    # The current text and two more are there; none of these decisions is answered.
    for _ in range(2):
        press(page, "ArrowRight", "1")
        before = page.evaluate("() => document.querySelector('#item .text').firstChild.data")
        page.keyboard.press("Enter")
        # In the same task as the key, so no answer can have come.
        after = page.evaluate("() => document.querySelector('#item .text').firstChild?.data")
        assert after not in (None, before)
        assert page.locator(".span-mark.made").count() == 0
    assert not Annotation.objects.exists()
    assert waiting
    is_held[0] = False
    for each in waiting:
        each.continue_()
    assert [len(each) for each in saved(page, 2)] == [1, 1]
    assert page.url == address(live_server, project)


def test_long_text_neither_jumps_nor_hides(opened: Any) -> None:
    line = "Lyon the court heard the case of that day and wrote what it found in the file\n"
    text = "".join(f"{line}{'and then some more words of the day ' * 7}\n" for _ in range(300))
    page = opened(f"{text}Zanzibar.")
    assert len(text.split()) > 20_000
    press(page, "ArrowRight", "2", "m")
    assert page.locator(".span-mark.made").count() == 300
    listed(page)
    page.evaluate("() => (document.getElementById('item').scrollTop = 3000)")
    wait_until_painted(page)
    at = "() => document.getElementById('item').scrollTop"
    before = page.evaluate(at)
    box = page.locator("#item").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    wait_until_painted(page)
    press(page, "1")
    assert len(listed(page)) >= 300
    assert page.evaluate(at) == before
    # The search of the browser finds what is not on the screen.
    assert page.evaluate("() => window.find('Zanzibar')")
    wait_until_painted(page)
    assert page.evaluate("() => getSelection().toString()") == "Zanzibar"


def test_selection_goes_on_while_the_text_scrolls(opened: Any) -> None:
    lines = [f"Line {number} of the long text with a few words" for number in range(120)]
    page = opened({"text": "\n".join(lines)})
    left, top, _right, _bottom = page.evaluate(SELECT, [0, 4])
    page.mouse.move(left + 1, top)
    page.mouse.down()
    page.mouse.move(left + 60, top + 40, steps=3)
    page.mouse.wheel(0, 600)
    page.wait_for_function("() => document.getElementById('item').scrollTop > 300")
    start = sum(len(each) + 1 for each in lines[:16])
    _left, _top, right, bottom = page.evaluate(SELECT, [start, start + 7])
    page.mouse.move(right - 1, bottom, steps=3)
    page.mouse.up()
    wait_until_painted(page)
    press(page, "1", "Enter")
    ((span,),) = saved(page, 1)
    assert span[0].startswith("Line 0 of")
    assert span[0].endswith("\nLine 16")
