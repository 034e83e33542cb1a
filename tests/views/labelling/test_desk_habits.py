"""The desk as a person has set it up, and by hand instead of by key, in a real browser."""

import io
import zipfile
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.labels import naming
from annotator.flow.projects import label_set, members, settings
from annotator.flow.projects import preferences as flow_desk
from annotator.flow.queue import leasing
from annotator.models import Annotation, Lease, Project, User
from tests import loop
from tests.given import Fill, Learn, RunRound
from tests.views.desk_in_browser import given, open_desk, wait_for, wait_until_saved
from tests.views.in_browser import MARKS, sign_in, violations

pytestmark = MARKS


@pytest.fixture
def at_desk(
    page: Page, context: BrowserContext, live_server: LiveServer, ana: User, filled: Fill
) -> Any:
    """Return a function that opens Ana's desk in a project with items."""

    def open_at(project: Project) -> Any:
        filled(project, 40)
        sign_in(context, live_server, ana)
        return open_desk(page, live_server, project)

    return open_at


def text_of(page: Page) -> Any:
    return page.locator("#item .text").text_content()


def test_own_keys_do_what_they_were_set_to(at_desk: Any, project: Project, ana: User) -> None:
    flow_desk.change_preferences(ana, keys={"skip": "k", "unsure": "q"})
    desk = at_desk(project)
    assert desk.locator("#skip-button kbd").inner_text() == "K"
    desk.keyboard.press("Space")
    desk.wait_for_timeout(100)
    assert Lease.objects.filter(outcome="skipped").count() == 0
    desk.keyboard.press("q")
    desk.keyboard.press("1")
    wait_for(desk, "Saved: spam.")
    assert Annotation.objects.get().unsure
    desk.keyboard.press("k")
    wait_for(desk, "Skipped. Another annotator")


def test_labels_letter_wins_over_an_action_and_the_help_says_so(
    at_desk: Any, project: Project, ana: User
) -> None:
    label_set.change_labels(project, [{"name": "spam", "hotkey": "s"}, "ham", "other"])
    desk = at_desk(project)
    desk.keyboard.press("?")
    assert desk.locator("#help").get_by_text("S chooses “spam” in this project").is_visible()
    desk.keyboard.press("Escape")
    desk.keyboard.press("s")
    wait_for(desk, "Saved: spam.")
    assert given() == [["spam"]]


def test_who_wants_to_look_twice_saves_with_enter(
    at_desk: Any, project: Project, ana: User
) -> None:
    flow_desk.change_preferences(ana, submit_at_once=False, reading_size="l")
    desk = at_desk(project)
    assert "reading-l" in desk.locator("body").get_attribute("class")
    item = text_of(desk)
    desk.keyboard.press("1")
    desk.keyboard.press("2")
    assert text_of(desk) == item
    desk.keyboard.press("Enter")
    wait_for(desk, "Saved: ham.")
    assert given() == [["ham"]]


def test_break_is_hinted_once_after_a_long_stretch(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    project: Project,
    filled: Fill,
    ana: User,
) -> None:
    filled(project, 40)
    flow_desk.change_preferences(ana, break_minutes=15)
    sign_in(context, live_server, ana)
    page.clock.install()
    desk = open_desk(page, live_server, project)
    for _ in range(4):
        page.clock.fast_forward(4 * 60_000)
        desk.keyboard.press("1")
        wait_until_saved(desk)
    assert desk.locator("#break").is_visible()
    desk.click("[data-rested]")
    desk.keyboard.press("1")
    wait_until_saved(desk)
    assert not desk.locator("#break").is_visible()


def test_summary_counts_today_and_this_page(at_desk: Any, project: Project, ana: User) -> None:
    desk = at_desk(project)
    loop.answer(leasing.lease_next(project, ana), ["ham"])
    for key in "12":
        desk.keyboard.press(key)
        wait_for(desk, "Saved")
    desk.keyboard.press("Space")
    wait_for(desk, "Skipped. Another annotator")
    desk.keyboard.press("t")
    assert desk.locator("#today-labels").inner_text() == "3"
    assert desk.locator("#today-skips").inner_text() == "1"
    assert desk.locator("#session-labels").inner_text() == "2"
    assert int(desk.locator("#session-pace").inner_text().replace(",", "")) > 0


def test_fields_that_the_lead_chose_are_shown_with_the_item(
    page: Page, context: BrowserContext, live_server: LiveServer, project: Project, ana: User
) -> None:
    settings.change_settings(project, shown_fields=["from", "score"])
    rows = "".join(f"text {n},sender {n},<b>{n}</b>,secret\n" for n in range(3))
    loop.bring_in(project, "mail.csv", "text,from,score,hidden\n" + rows)
    sign_in(context, live_server, ana)
    desk = open_desk(page, live_server, project)
    for _ in range(2):
        number = text_of(desk).split()[-1]
        said = desk.locator("#fields").inner_text().split("\n")
        assert said == ["from", f"sender {number}", "score", f"<b>{number}</b>"]
        desk.keyboard.press("1")
    assert "secret" not in desk.locator("main").inner_text()


def test_several_labels_wait_for_enter_and_none_needs_it_twice(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    olga: User,
    ana: User,
    filled: Fill,
) -> None:
    names = [f"intent {n}" for n in range(77)]
    many = settings.create_project(
        olga, name="Intents", labels=names, multi_label=True, features="text-quick"
    )
    members.add_member(many, "ana", "annotator")
    filled(many, 40)
    sign_in(context, live_server, ana)
    desk = open_desk(page, live_server, many)
    desk.keyboard.press("3")
    desk.keyboard.press("/")
    desk.keyboard.type("intent 76")
    assert desk.locator(".choice-list li:visible").count() == 1
    desk.keyboard.press("Enter")
    desk.keyboard.press("Enter")
    wait_for(desk, "Saved: intent 2, intent 76.")
    desk.keyboard.press("Enter")
    wait_for(desk, "No label chosen")
    desk.keyboard.press("Enter")
    wait_for(desk, "Saved: no label.")
    assert given() == [["intent 2", "intent 76"], []]


def swipe(page: Page, by: Any) -> None:
    box = page.locator("#item").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    line = page.context.new_cdp_session(page)
    touch = [{"x": x, "y": y}]
    line.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": touch})
    for step in (0.3, 0.6, 1.0):
        point = [{"x": x + by * step, "y": y}]
        line.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": point})
    line.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_finger_leaves_no_button_that_looks_chosen(
    browser: Browser, live_server: LiveServer, project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 10)
    size = {"width": 390, "height": 740}
    phone = browser.new_context(has_touch=True, is_mobile=True, viewport=size)
    sign_in(phone, live_server, ana)
    desk = open_desk(phone.new_page(), live_server, project)
    paint = "all => all.map((each) => getComputedStyle(each).backgroundColor)"
    for name in ("#choice-2", "#skip-button"):
        before = desk.locator("#desk button").evaluate_all(paint)
        desk.tap(name)
        desk.locator("#said:not(:empty)").wait_for()
        desk.wait_for_timeout(200)
        assert desk.locator("#desk button").evaluate_all(paint) == before
    phone.close()


def test_finger_to_the_right_accepts_and_to_the_left_skips(
    browser: Browser,
    live_server: LiveServer,
    project: Project,
    filled: Fill,
    learnt: Learn,
    run_round: RunRound,
    ana: User,
) -> None:
    filled(project, 60)
    learnt(project)
    loop.label(project, ana, 12)
    run_round(project)
    phone = browser.new_context(has_touch=True, viewport={"width": 360, "height": 740})
    sign_in(phone, live_server, ana)
    desk = open_desk(phone.new_page(), live_server, project)
    for _ in range(10):
        if desk.locator("#suggestion").is_visible():
            break
        desk.tap("#choice-1")
        wait_until_saved(desk)
    suggested = desk.locator("#suggestion b").inner_text()
    swipe(desk, 140)
    wait_for(desk, f"Saved: {suggested}.")
    here = text_of(desk)
    swipe(desk, -140)
    wait_for(desk, "Skipped. Another annotator")
    assert text_of(desk) != here
    phone.close()


def test_reason_and_model_are_shown_but_not_on_blind_items(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    project: Project,
    filled: Fill,
    learnt: Learn,
    run_round: RunRound,
    ana: User,
) -> None:
    filled(project, 60)
    learnt(project)
    loop.label(project, ana, 12)
    run_round(project)
    sign_in(context, live_server, ana)
    desk = open_desk(page, live_server, project)
    shown = {"blind": 0, "open": 0}
    for _ in range(30):
        lease = Lease.objects.get(pk=desk.locator("#answer [name=lease]").input_value())
        why = desk.locator("#why").inner_text()
        if lease.blind:
            assert (why, desk.locator("#suggestion").is_visible()) == ("", False)
        else:
            assert why == naming.words(project, lease.why)
            assert desk.locator("#model").inner_text().startswith("model 1, ") or not lease.model
        shown["blind" if lease.blind else "open"] += 1
        desk.keyboard.press("1")
        wait_until_saved(desk)
    assert min(shown.values()) > 0


def drawing(colour: Any) -> Any:
    out = io.BytesIO()
    Image.new("RGB", (900, 600), colour).save(out, "PNG")
    return out.getvalue()


def test_pictures_are_looked_at_and_labelled_by_key(
    page: Page, context: BrowserContext, live_server: LiveServer, image_project: Project, ana: User
) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for n in range(6):
            files.writestr(f"pets/{n}.png", drawing((40 * n, 90, 120)))
    loop.bring_in(image_project, "pets.zip", archive.getvalue(), labels_are="ignore")
    sign_in(context, live_server, ana)
    desk = open_desk(page, live_server, image_project)
    picture = desk.locator("#item img")
    picture.wait_for()
    first = picture.get_attribute("alt")
    assert "size=" in picture.get_attribute("src")
    for key, said in (("+", "Zoom"), ("r", "Rotated"), (".", "Brightness"), ("f", "whole image")):
        desk.keyboard.press(key)
        desk.locator("#said", has_text=said).wait_for()
    assert violations(desk) == []
    desk.keyboard.press("2")
    wait_for(desk, "Saved: dog.")
    assert picture.get_attribute("alt") != first
    desk.keyboard.press("ArrowLeft")
    desk.locator(f'#item img[alt="{first}"]').wait_for()
