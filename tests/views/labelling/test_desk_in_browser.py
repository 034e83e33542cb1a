"""The desk's keys, and what happens to a decision whatever happens around it, in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.queue import leasing
from annotator.models import Annotation, Lease, Project, User
from tests import loop
from tests.given import AddItems
from tests.views.desk_in_browser import given, open_desk, reload, wait_for, wait_until_saved
from tests.views.in_browser import MARKS, listen, sign_in, unfit

pytestmark = MARKS


@pytest.fixture
def desk(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    ana: User,
    project: Project,
    add_items: AddItems,
    troubles: list[str],
) -> Any:
    """Ana's page at the desk, with short and long items to come."""
    add_items(*[f"text number {number} " * (1 + 40 * (number % 3)) for number in range(12)])
    sign_in(context, live_server, ana)
    listen(page, troubles)
    return open_desk(page, live_server, project)


def text_of(desk: Any) -> Any:
    return desk.locator("#item .text").text_content()


# Keys and clicks ---------------------------------------------------------------------------------


def test_digits_label_and_the_next_item_comes(desk: Any, troubles: list[str]) -> None:
    first = text_of(desk)
    desk.keyboard.press("1")
    assert text_of(desk) != first
    wait_for(desk, "Saved: spam.")
    desk.keyboard.press("2")
    wait_for(desk, "Saved: ham.")
    assert given() == [["spam"], ["ham"]]
    assert all(each.seconds > 0 for each in Annotation.objects.all())
    assert text_of(desk)[:10] in desk.inner_text("#announce")
    assert troubles == []


def test_space_skips_and_z_undoes(desk: Any) -> None:
    first = text_of(desk)
    desk.keyboard.press("1")
    wait_for(desk, "Saved")
    skipped_text = text_of(desk)
    desk.keyboard.press("Space")
    skipped = Lease.objects.filter(outcome="skipped")
    wait_for(desk, "Skipped. Another annotator")
    assert skipped.count() == 1
    desk.keyboard.press("z")
    wait_for(desk, "Undone")
    assert text_of(desk) == skipped_text
    assert skipped.count() == 0
    reload(desk)
    desk.keyboard.press("z")
    wait_for(desk, "Undone")
    assert text_of(desk) == first
    assert Annotation.objects.get().withdrawn_at


def test_undo_of_a_skip_that_somebody_took_on_goes_further_with_the_next(
    desk: Any, project: Project, ben: User
) -> None:
    first = text_of(desk)
    desk.keyboard.press("1")
    wait_for(desk, "Saved")
    desk.keyboard.press("Space")
    wait_for(desk, "Skipped. Another annotator")
    skipped = Lease.objects.get(outcome="skipped")
    while leasing.lease_next(project, ben).item_id != skipped.item_id:
        loop.answer(leasing.lease_next(project, ben))
    desk.keyboard.press("z")
    wait_for(desk, "Other annotators have taken the item")
    desk.keyboard.press("z")
    wait_for(desk, "Undone. Here is the item again.")
    assert text_of(desk) == first


def test_undo_brings_back_the_item_and_the_one_before_it_waits(desk: Any) -> None:
    first = text_of(desk)
    desk.keyboard.press("1")
    second = text_of(desk)
    wait_for(desk, "Saved")
    desk.keyboard.press("z")
    wait_for(desk, "Undone")
    assert text_of(desk) == first
    desk.keyboard.press("2")
    assert text_of(desk) == second
    wait_for(desk, "Saved: ham.")
    assert [each.withdrawn_at is None for each in Annotation.objects.order_by("pk")] == [
        False,
        True,
    ]


def test_held_key_gives_one_annotation(desk: Any) -> None:
    for _repeat in range(5):
        desk.keyboard.down("1")
    desk.keyboard.up("1")
    wait_for(desk, "Saved")
    desk.wait_for_timeout(200)
    assert given() == [["spam"]]


@pytest.mark.parametrize("held_ms", [0, 30, 120])
def test_double_click_gives_one_annotation(desk: Any, held_ms: int) -> None:
    desk.dblclick("#choice-2", delay=held_ms)
    wait_for(desk, "Saved: ham.")
    desk.wait_for_timeout(300)
    assert given() == [["ham"]]
    assert desk.evaluate("document.activeElement === document.body")


def test_keys_with_modifiers_and_in_dialogs_do_nothing(desk: Any) -> None:
    desk.keyboard.press("Control+1")
    desk.keyboard.press("Alt+2")
    desk.keyboard.press("?")
    assert desk.locator("#help").is_visible()
    desk.keyboard.press("1")
    desk.keyboard.press("Escape")
    desk.keyboard.press("g")
    assert desk.locator("#guidelines").is_visible()
    desk.wait_for_timeout(200)
    assert given() == []


def test_undo_has_the_key_of_other_programs(desk: Any) -> None:
    desk.keyboard.press("1")
    wait_for(desk, "Saved: spam.")
    desk.keyboard.press("n")
    desk.keyboard.type("a")
    # In a field, it undoes what was typed.
    desk.keyboard.press("Control+z")
    assert desk.input_value("#note") == ""
    # Escape of an input method ends its word, not the note.
    pressed = {"key": "Escape", "isComposing": True, "bubbles": True, "cancelable": True}
    desk.dispatch_event("#note", "keydown", pressed)
    assert desk.evaluate("document.activeElement.id") == "note"
    desk.keyboard.press("Escape")
    assert given() == [["spam"]]
    desk.keyboard.press("Control+z")
    wait_for(desk, "Undone.")


def test_enter_without_a_suggestion_says_so(desk: Any) -> None:
    desk.keyboard.press("Enter")
    wait_for(desk, "No suggestion for this item")
    assert given() == []


def test_button_reached_by_tab_keeps_the_focus(desk: Any) -> None:
    desk.focus("#choice-2")
    desk.keyboard.press("Enter")
    wait_for(desk, "Saved: ham.")
    assert desk.evaluate("document.activeElement.id") == "choice-2"


def test_labels_stay_in_their_place_whatever_the_item(desk: Any) -> None:
    before = desk.locator("#choice-1").bounding_box()
    for key, name in ("1", "spam"), ("2", "ham"), ("1", "spam"):
        desk.keyboard.press(key)
        wait_for(desk, f"Saved: {name}.")
        assert desk.locator("#choice-1").bounding_box() == before
    desk.keyboard.press("n")
    assert desk.locator("#choice-1").bounding_box() == before


def test_note_and_doubt_go_with_the_label_and_end_with_it(desk: Any) -> None:
    desk.keyboard.press("n")
    desk.keyboard.type("1 or 2?")
    desk.keyboard.press("Escape")
    desk.keyboard.press("x")
    desk.keyboard.press("2")
    wait_for(desk, "Saved: ham.")
    assert not desk.locator("#note-box").is_visible()
    desk.keyboard.press("1")
    wait_for(desk, "Saved: spam.")
    said = Annotation.objects.order_by("pk").values_list("note", "unsure")
    assert list(said) == [("1 or 2?", True), ("", False)]


def test_skip_with_a_reason_is_two_keys(desk: Any) -> None:
    first = text_of(desk)
    desk.keyboard.press("s")
    desk.keyboard.press("3")
    assert text_of(desk) != first
    wait_for(desk, "Skipped. Another annotator")
    assert list(Lease.objects.exclude(reason="").values_list("reason", flat=True)) == ["broken"]
    assert given() == []


def test_what_was_said_is_corrected_by_going_back(desk: Any) -> None:
    first = text_of(desk)
    for key in "121":
        desk.keyboard.press(key)
    wait_for(desk, "Saved: spam.")
    here = text_of(desk)
    for _ in range(3):
        desk.keyboard.press("ArrowLeft")
    desk.locator("#past-place", has_text="3 items back").wait_for()
    assert text_of(desk) == first
    assert desk.locator("#choice-1").get_attribute("class").split()[-1] == "chosen"
    desk.keyboard.press("2")
    wait_for(desk, "Corrected: ham.")
    assert text_of(desk) == here
    wait_until_saved(desk)
    assert given() == [["ham"], ["ham"], ["spam"]]


def test_past_reaches_what_an_earlier_page_said(desk: Any) -> None:
    first = text_of(desk)
    desk.keyboard.press("1")
    wait_for(desk, "Saved: spam.")
    reload(desk)
    here = text_of(desk)
    desk.keyboard.press("ArrowLeft")
    desk.locator("#past").wait_for()
    assert text_of(desk) == first
    desk.keyboard.press("ArrowLeft")
    wait_for(desk, "You have no earlier annotations")
    desk.keyboard.press("ArrowRight")
    assert text_of(desk) == here


def test_decision_behind_another_call_is_not_called_saved(desk: Any) -> None:
    held = []
    # The first call waits, whatever comes after it does not.
    desk.route(
        "**/api/v1/projects/*/desk",
        lambda route: route.continue_() if held else held.append(route),
    )
    with desk.expect_request("**/api/v1/projects/*/desk"):
        desk.evaluate("dispatchEvent(new Event('online'))")
    desk.keyboard.press("1")
    wait_for(desk, "spam")
    assert desk.get_attribute("#standing", "data-standing") == "saving"
    held[0].continue_()
    wait_until_saved(desk)
    assert given() == [["spam"]]


# Coming and going --------------------------------------------------------------------------------


def test_reload_shows_the_same_item(desk: Any) -> None:
    desk.keyboard.press("1")
    wait_for(desk, "Saved")
    item = text_of(desk)
    desk.reload()
    assert text_of(desk) == item


def test_labels_are_kept_while_the_server_is_away_and_sent_when_it_is_back(
    desk: Any, context: BrowserContext
) -> None:
    context.set_offline(True)
    desk.keyboard.press("2")
    desk.keyboard.press("1")
    desk.locator("#standing", has_text="2 waiting, offline").wait_for()
    assert given() == []
    context.set_offline(False)
    wait_until_saved(desk)
    assert given() == [["ham"], ["spam"]]


def test_undo_works_without_a_connection_on_what_has_not_gone_out(
    desk: Any, context: BrowserContext
) -> None:
    first = text_of(desk)
    context.set_offline(True)
    desk.keyboard.press("2")
    desk.locator("#standing", has_text="1 waiting, offline").wait_for()
    desk.keyboard.press("z")
    wait_for(desk, "Undone")
    assert text_of(desk) == first
    desk.keyboard.press("1")
    context.set_offline(False)
    wait_until_saved(desk)
    desk.wait_for_timeout(300)
    assert given() == [["spam"]]


def test_labels_outlive_a_log_out(
    desk: Any, context: BrowserContext, live_server: LiveServer, ana: User
) -> None:
    context.clear_cookies(name="sessionid")
    desk.keyboard.press("1")
    desk.locator("#unsaved", has_text="You are signed out.").wait_for()
    assert desk.locator("#unsaved").inner_text().count("1 annotation is kept")
    sign_in(context, live_server, ana)
    desk.click("[data-again]")
    wait_for(desk, "Saved: spam.")
    assert given() == [["spam"]]


def test_nobody_else_sends_what_one_decided(
    desk: Any,
    context: BrowserContext,
    live_server: LiveServer,
    project: Project,
    ana: User,
    ben: User,
) -> None:
    context.clear_cookies(name="sessionid")
    desk.keyboard.press("1")
    desk.locator("#unsaved", has_text="You are signed out.").wait_for()
    sign_in(context, live_server, ben)
    desk.click("[data-again]")
    desk.locator("#unsaved", has_text="Another user is signed in").wait_for()
    desk.close()
    his = open_desk(context.new_page(), live_server, project)
    his.keyboard.press("2")
    wait_for(his, "Saved: ham.")
    assert list(Annotation.objects.values_list("user__username", flat=True)) == ["ben"]
    sign_in(context, live_server, ana)
    his.reload()
    his.wait_for_function("() => document.querySelector('#mine').textContent.startsWith('1')")
    assert sorted(Annotation.objects.values_list("user__username", flat=True)) == ["ana", "ben"]


def test_label_that_is_no_more_is_not_lost(
    desk: Any, project: Project, context: BrowserContext
) -> None:
    context.set_offline(True)
    item = text_of(desk)
    desk.keyboard.press("1")
    desk.locator("#standing", has_text="1 waiting").wait_for()
    project.labels.filter(name="spam").delete()
    context.set_offline(False)
    desk.locator("#refused", has_text="spam").wait_for()
    desk.click("[data-decide-again]")
    assert text_of(desk) == item
    assert desk.locator(".choice-name").all_inner_texts() == ["ham"]
    desk.keyboard.press("1")
    wait_for(desk, "Saved: ham.")
    assert given() == [["ham"]]


def test_duplicated_tab_gets_items_of_its_own(
    desk: Any, context: BrowserContext, live_server: LiveServer, project: Project
) -> None:
    name = desk.evaluate("sessionStorage.getItem('winnow-tab')")
    other = context.new_page()
    # What a browser does when a tab is duplicated: the copy knows the same name.
    copied = f"sessionStorage.setItem('winnow-tab', '{name}')"
    other.add_init_script(f"if (!window.name) {{ window.name = 'copied'; {copied}; }}")
    open_desk(other, live_server, project)
    other.wait_for_function(f"() => sessionStorage.getItem('winnow-tab') !== '{name}'")
    wait_until_saved(other)
    other.wait_for_timeout(300)
    assert text_of(other) != text_of(desk)


def test_empty_desk_fills_by_itself(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    project: Project,
    ana: User,
    add_items: AddItems,
) -> None:
    sign_in(context, live_server, ana)
    open_desk(page, live_server, project)
    assert page.get_by_text("There are no items yet").is_visible()
    add_items("here I am")
    page.locator("#item .text", has_text="here I am").wait_for()
    page.keyboard.press("1")
    wait_for(page, "Saved: spam.")
    page.get_by_text("Every item is labelled").wait_for()


# How it looks ------------------------------------------------------------------------------------


def test_desk_has_no_axe_findings_and_fits(desk: Any) -> None:
    desk.keyboard.press("1")
    wait_for(desk, "Saved")
    desk.keyboard.press("ArrowLeft")
    desk.keyboard.press("n")
    assert unfit(desk) == []
    for dialog in ("summary", "reasons", "help"):
        desk.evaluate(f"document.getElementById('{dialog}').showModal()")
        assert unfit(desk) == []
        desk.keyboard.press("Escape")
