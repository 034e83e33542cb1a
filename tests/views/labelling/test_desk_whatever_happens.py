"""The desk on a bad line, in several windows and over a crash: nothing twice, nothing lost."""

import contextlib
import random
import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Error, Page, TimeoutError
from pytest_django.live_server_helper import LiveServer

from annotator.flow.queue import leasing, reassign_idle
from annotator.models import Annotation, Item, Lease, ModelVersion, Project, User
from tests import loop
from tests.given import Fill, Learn, RunRound
from tests.views.desk_in_browser import address, open_desk, wait_for, wait_until_saved
from tests.views.in_browser import MARKS, sign_in

pytestmark = MARKS

SYNC = "**/api/v1/projects/*/desk"


@pytest.fixture
def busy(project: Project, filled: Fill) -> Any:
    """A project with plenty to label."""
    filled(project, 700)
    return project


@pytest.fixture
def desk(page: Page, context: BrowserContext, live_server: LiveServer, ana: User, busy: Any) -> Any:
    """Ana's page, with items put by for a lost connection."""
    sign_in(context, live_server, ana)
    page.goto(address(live_server, busy))
    with page.expect_response(lambda answer: "/desk" in answer.url and answer.json()["spares"]):
        pass
    return page


def text_of(page: Page) -> Any:
    return page.locator("#item .text").text_content()


ANOTHER = """before => {
    const text = document.querySelector('#item .text').textContent;
    return text && text !== before;
}"""


def decide(page: Page, number: Any) -> Any:
    """Decide that many items, each as soon as it is there, and return their texts."""
    seen = []
    for turn in range(number):
        seen.append(text_of(page))
        press_until_decided(page, "12"[turn % 2], seen[-1])
    return seen


def press_until_decided(page: Page, key: str, text: str) -> None:
    """Press the key, and again where the page refused it because the item was painted too late."""
    for _attempt in range(15):
        if page.locator("#item .text").text_content() == text:
            page.keyboard.press(key)
        with contextlib.suppress(TimeoutError):
            page.wait_for_function(ANOTHER, arg=text, timeout=2000)
            return
    raise AssertionError(f"“{text}” stays")


def saved_texts(user: User = None) -> Any:  # type: ignore[assignment]
    rows = Annotation.objects.filter(withdrawn_at=None)
    rows = rows if user is None else rows.filter(user=user)
    return sorted(rows.values_list("item__text", flat=True))


def wait_for_labels(page: Page, number: Any) -> None:
    for _ in range(300):
        if Annotation.objects.count() >= number:
            break
        page.wait_for_timeout(100)
    wait_until_saved(page)


def test_next_item_is_there_before_the_server_has_answered(desk: Any) -> None:
    held = []
    desk.route(SYNC, lambda route: held.append(route))
    seen = decide(desk, 10)
    assert len(set(seen)) == 10
    assert Annotation.objects.count() == 0
    # They go on now.
    desk.unroute(SYNC)
    assert held
    wait_for_labels(desk, 10)
    assert saved_texts() == sorted(seen)


def test_hundred_decisions_on_a_slow_and_failing_line_are_saved_once(
    desk: Any, context: BrowserContext
) -> None:
    line = context.new_cdp_session(desk)
    line.send("Network.enable")
    conditions = {"offline": False, "latency": 400, "downloadThroughput": -1}
    line.send("Network.emulateNetworkConditions", conditions | {"uploadThroughput": -1})
    chance = random.Random(7)
    failed = []

    def one_in_a_hundred(route: Any) -> None:
        # And one that the server hears, but whose answer is lost: the harder half.
        if chance.random() < 0.01 or not failed:
            failed.append(route)
            route.abort()
        elif len(failed) == 1:
            failed.append(route)
            route.fetch()
            route.abort()
        else:
            route.continue_()

    desk.route(SYNC, one_in_a_hundred)
    seen = decide(desk, 100)
    wait_for_labels(desk, 100)
    assert len(failed) >= 2
    assert saved_texts() == sorted(seen)


def test_twenty_decisions_without_a_line_outlive_their_tab(
    desk: Any, context: BrowserContext, live_server: LiveServer, busy: Any
) -> None:
    context.set_offline(True)
    seen = decide(desk, 20)
    desk.locator("#standing", has_text="20 waiting, offline").wait_for()
    desk.close()
    assert Annotation.objects.count() == 0
    context.set_offline(False)
    again = open_desk(context.new_page(), live_server, busy)
    wait_for_labels(again, 20)
    assert saved_texts() == sorted(seen)
    assert text_of(again) not in seen


KEEP = """async number => {
    const { Outbox } = await import(document.querySelector('script[src*="labelling/main"]').src
        .replace(/main[^/]*$/, 'sync.js'));
    const outbox = new Outbox(0);
    await outbox.stored();
    for (let at = 0; at < number; at += 1) {
        outbox.add({ client_id: `kept-${at}`, person: 0, at, about: 'a'.repeat(3000) });
    }
}"""
KEPT = """async () => {
    const { Outbox } = await import(document.querySelector('script[src*="labelling/main"]').src
        .replace(/main[^/]*$/, 'sync.js'));
    const kept = await new Outbox(0).stored();
    return kept.filter(({ client_id: id }) => id.startsWith('kept')).length;
}"""


def test_decisions_outlive_a_tab_that_is_closed_in_the_same_moment(
    desk: Any, context: BrowserContext, live_server: LiveServer, busy: Any
) -> None:
    kept = []
    for _turn in range(3):
        desk.evaluate(KEEP, 20)
        desk.close()
        desk = open_desk(context.new_page(), live_server, busy)
        kept.append(desk.evaluate(KEPT))
    assert kept == [20, 20, 20]


def test_two_windows_and_two_people_never_share_an_item(
    desk: Any,
    context: BrowserContext,
    browser: Browser,
    live_server: LiveServer,
    busy: Any,
    ana: User,
    ben: User,
) -> None:
    second = open_desk(context.new_page(), live_server, busy)
    elsewhere = browser.new_context()
    sign_in(elsewhere, live_server, ben)
    his = open_desk(elsewhere.new_page(), live_server, busy)
    seen = {page: [] for page in (desk, second, his)}
    for _turn in range(20):
        for page, number in (desk, 4), (second, 3), (his, 3):
            seen[page] += decide(page, number)
    for page in seen:
        wait_until_saved(page)
    wait_for_labels(desk, 200)
    all_seen = [text for texts in seen.values() for text in texts]
    assert len(set(all_seen)) == len(all_seen) == 200
    assert saved_texts() == sorted(all_seen)
    assert saved_texts(ben) == sorted(seen[his])
    elsewhere.close()


def test_crash_of_the_page_loses_nothing(
    desk: Any, context: BrowserContext, live_server: LiveServer, busy: Any
) -> None:
    context.set_offline(True)
    seen = decide(desk, 3)
    desk.locator("#standing", has_text="3 waiting").wait_for()
    desk.wait_for_timeout(200)
    # It has no chance to release its items.
    with pytest.raises(Error):
        desk.goto("chrome://crash", timeout=5000)
    desk.close()
    context.set_offline(False)
    again = open_desk(context.new_page(), live_server, busy)
    wait_for_labels(again, 3)
    assert saved_texts() == sorted(seen)


def test_what_a_window_holds_goes_back_when_it_closes(desk: Any, ana: User) -> None:
    assert Lease.objects.filter(user=ana, ended_at=None).count() >= 20
    desk.close()
    for _ in range(50):
        left = Lease.objects.filter(user=ana, ended_at=None)
        if not left.exclude(page__endswith="/").exists():
            break
        time.sleep(0.1)
    assert not left.exclude(page__endswith="/").exists()
    assert Item.objects.filter(state=Item.State.POOL).count() > 650


def speak(page: Page) -> None:
    """Let the page speak to the server now, as it does by itself every 45 seconds."""
    with page.expect_response(lambda answer: answer.url.endswith("/desk")):
        page.evaluate("window.dispatchEvent(new Event('online'))")


def test_page_drops_what_was_passed_on_before_it_shows_it(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    project: Project,
    filled: Fill,
    ana: User,
    ben: User,
) -> None:
    filled(project, 3)
    sign_in(context, live_server, ana)
    open_desk(page, live_server, project)
    held = Lease.objects.filter(user=ana, ended_at=None)
    assert held.count() == 3
    shown = text_of(page)
    # As if it had been open for a while.
    held.update(created_at=timezone.now() - timedelta(seconds=reassign_idle.IDLE_SECONDS))
    speak(page)
    passed = leasing.lease_next(project, ben)
    assert passed.item.text != shown
    speak(page)
    assert text_of(page) == shown
    seen = decide(page, 1)
    assert seen == [shown]
    assert text_of(page) != passed.item.text
    wait_until_saved(page)
    assert {text_of(page), passed.item.text} == set(
        Item.objects.exclude(text=shown).values_list("text", flat=True)
    )


def test_undo_and_correction_after_a_round_are_learnt_from(
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
    sign_in(context, live_server, ana)
    desk = open_desk(page, live_server, project)
    first, second = decide(desk, 2)
    wait_for_labels(desk, 14)
    run_round(project)
    assert ModelVersion.objects.latest("number").trained_on == 14
    desk.keyboard.press("z")
    wait_for(desk, "Undone")
    assert text_of(desk) == second
    desk.keyboard.press("ArrowLeft")
    desk.locator("#past").wait_for()
    assert text_of(desk) == first
    desk.keyboard.press("2")
    wait_for(desk, "Corrected: ham.")
    wait_until_saved(desk)
    desk.keyboard.press("ArrowLeft")
    desk.locator("#past-said li").nth(1).wait_for()
    assert [line.split()[-1] for line in desk.locator("#past-said li").all_inner_texts()] == [
        "spam",
        "ham",
    ]
    undone = Annotation.objects.get(item__text=second)
    assert [each.action for each in undone.revisions.all()] == ["withdrawn"]
    run_round(project)
    assert ModelVersion.objects.latest("number").trained_on == 13
