"""The bulk desk by keys, by mouse and while the server is away, in a real browser."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.projects import settings
from annotator.models import Annotation, Item, Lease, Project, Source, User
from tests import loop
from tests.servers import wait_until
from tests.views.in_browser import MARKS, listen, sign_in, unfit

pytestmark = MARKS

# A press that comes sooner after a new page counts as the end of the one before.
READ_MS = 600


@pytest.fixture
def desk(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    ben: User,
    sure: Project,
    troubles: list[str],
) -> Any:
    """Ben's bulk desk with a page of spam."""
    sign_in(context, live_server, ben)
    listen(page, troubles)
    page.goto(live_server.url + reverse("bulk:page", args=[sure.pk]) + "?label=spam")
    page.wait_for_timeout(READ_MS)
    return page


def saved() -> Any:
    return Annotation.objects.filter(source=Source.BULK, withdrawn_at=None)


def wait_for(desk: Any, words: Any) -> None:
    desk.locator("#said", has_text=words).wait_for()


def focused(desk: Any) -> Any:
    return desk.evaluate("document.activeElement.id")


def marks(desk: Any) -> Any:
    return desk.locator("[data-card]").evaluate_all("boxes => boxes.map(box => box.checked)")


def test_a_page_by_keys_alone(desk: Any, troubles: list[str]) -> None:
    first = desk.locator("[name=lease]").first.input_value()
    assert focused(desk) == "card-1"
    desk.keyboard.press("ArrowRight")
    assert focused(desk) == "card-2"
    desk.keyboard.press("Space")
    assert marks(desk) == [True, False, *[True] * 18]
    assert desk.inner_text("#marked") == "19 of 20 marked"
    desk.keyboard.press("ArrowUp")
    assert focused(desk) == "card-1"
    desk.keyboard.press("Enter")
    wait_for(desk, "Saved 19 as spam, 1 released")
    # The next page is there, with the focus on its first card and the words read out.
    assert desk.locator("[name=lease]").first.input_value() != first
    assert focused(desk) == "card-1"
    assert "Saved 19 as spam" in desk.inner_text("#announce")
    assert "20 items follow." in desk.inner_text("#announce")
    assert saved().count() == 19
    assert all(0.02 < each.seconds < 5 for each in saved())
    assert troubles == []


def test_all_none_and_back(desk: Any) -> None:
    desk.keyboard.press("n")
    assert not any(marks(desk))
    assert desk.inner_text("#announce") == "0 of 20 marked"
    desk.keyboard.press("a")
    assert all(marks(desk))
    desk.click("#none-button")
    desk.click("label[for=card-3]")
    assert marks(desk).index(True) == 2
    assert sum(marks(desk)) == 1
    assert desk.inner_text("#marked") == "1 of 20 marked"
    assert saved().count() == 0


def test_arrows_go_by_rows_among_pictures(
    desk: Any, live_server: LiveServer, sure: Project
) -> None:
    items = Lease.objects.filter(source=Source.BULK, ended_at=None).values("item")
    Item.objects.filter(pk__in=items).update(image="p.png")
    type(sure).objects.filter(pk=sure.pk).update(task="image")
    desk.reload()
    tops = desk.locator(".bulk-card").evaluate_all("cards => cards.map(card => card.offsetTop)")
    row = tops.count(tops[0])
    assert 3 < row < 20
    desk.keyboard.press("ArrowDown")
    assert focused(desk) == f"card-{row + 1}"
    desk.keyboard.press("ArrowUp")
    desk.keyboard.press("ArrowUp")
    assert focused(desk) == "card-1"


def test_page_with_pictures_that_are_not_there_is_not_confirmed(desk: Any, sure: Project) -> None:
    items = Lease.objects.filter(source=Source.BULK, ended_at=None).values("item")
    Item.objects.filter(pk__in=items).update(image="p.png")
    type(sure).objects.filter(pk=sure.pk).update(task="image")
    held = []
    desk.route("**/media/**", lambda route: held.append(route))
    desk.reload(wait_until="domcontentloaded")
    desk.wait_for_timeout(READ_MS)
    desk.keyboard.press("Enter")
    wait_for(desk, "still loading")
    for route in held:
        route.abort()
    desk.wait_for_function("() => [...document.images].every((image) => image.complete)")
    desk.click("#confirm-button")
    wait_for(desk, "could not be loaded")
    assert saved().count() == 0
    # What is given back needs no picture.
    desk.click("#none-button")
    desk.click("#confirm-button")
    wait_for(desk, "released")
    assert saved().count() == 0


def test_z_undoes_the_whole_page(desk: Any) -> None:
    items = set(
        Lease.objects.filter(source=Source.BULK, ended_at=None).values_list("item", flat=True)
    )
    desk.keyboard.press("Enter")
    wait_for(desk, "Saved 20")
    desk.keyboard.press("z")
    wait_for(desk, "Undone: 20 annotations")
    assert saved().count() == 0
    live = Lease.objects.filter(source=Source.BULK, ended_at=None)
    assert set(live.values_list("item", flat=True)) == items


def test_pressing_on_confirms_one_page_only(desk: Any) -> None:
    for _repeat in range(5):
        desk.keyboard.down("Enter")
    desk.keyboard.up("Enter")
    wait_for(desk, "Saved 20")
    desk.keyboard.press("Enter")
    desk.wait_for_timeout(300)
    assert saved().count() == 20
    desk.wait_for_timeout(READ_MS)
    second = desk.locator("[name=lease]").first.input_value()
    desk.keyboard.press("Enter")
    desk.locator(f'[name=lease][value="{second}"]').wait_for(state="detached")
    assert saved().count() == 40


@pytest.mark.parametrize("held_ms", [0, 120])
def test_double_click_confirms_one_page(desk: Any, held_ms: int) -> None:
    desk.dblclick("#confirm-button", delay=held_ms)
    wait_for(desk, "Saved 20")
    desk.wait_for_timeout(400)
    assert saved().count() == 20
    assert desk.evaluate("document.activeElement === document.body")


def test_keys_with_modifiers_and_in_dialogs_do_nothing(desk: Any) -> None:
    desk.keyboard.press("Control+Enter")
    desk.keyboard.press("Control+a")
    desk.keyboard.press("?")
    assert desk.locator("#help").is_visible()
    desk.keyboard.press("n")
    desk.keyboard.press("Escape")
    desk.wait_for_timeout(200)
    assert all(marks(desk))
    assert saved().count() == 0


def test_page_is_kept_while_the_server_is_away(desk: Any, context: BrowserContext) -> None:
    desk.uncheck("#card-4")
    context.set_offline(True)
    desk.keyboard.press("Enter")
    desk.locator("#unsaved", has_text="The server is unreachable.").wait_for()
    assert marks(desk)[3] is False
    context.set_offline(False)
    desk.click("[data-again]")
    wait_for(desk, "Saved 19 as spam, 1 released")
    assert not desk.locator("#unsaved").is_visible()


def test_answer_that_was_lost_on_the_way_is_no_second_save(desk: Any) -> None:
    """The server has saved the page, but the browser never heard of it."""

    def swallow(route: Any) -> None:
        route.fetch()
        route.abort()

    desk.route("**/bulk/confirm", swallow)
    desk.keyboard.press("Enter")
    desk.locator("#unsaved").wait_for()
    assert saved().count() == 20
    desk.unroute("**/bulk/confirm")
    desk.keyboard.press("Enter")
    wait_for(desk, "Saved 20 as spam.")
    assert saved().count() == 20


@pytest.mark.parametrize(
    ("cookie", "words"),
    [("sessionid", "You are signed out."), ("csrftoken", "out of date")],
)
def test_page_that_was_signed_out_is_sent_after_signing_in(
    desk: Any, context: BrowserContext, live_server: LiveServer, ben: User, cookie: str, words: str
) -> None:
    context.clear_cookies(name=cookie)
    desk.keyboard.press("Enter")
    desk.locator("#unsaved", has_text=words).wait_for()
    assert desk.locator("[data-login]").is_visible() is (cookie == "sessionid")
    sign_in(context, live_server, ben)
    desk.click("[data-again]")
    wait_for(desk, "Saved 20 as spam.")


def test_another_label_is_one_click_away(desk: Any) -> None:
    desk.get_by_role("link", name="ham").click()
    desk.get_by_text("Are these all ham?").wait_for()
    assert Lease.objects.filter(source=Source.BULK, ended_at=None).count() == 20


def test_page_is_held_while_it_is_open_and_let_go_with_it(desk: Any, sure: Project) -> None:
    live = Lease.objects.filter(source=Source.BULK, ended_at=None)
    type(sure).objects.filter(pk=sure.pk).update(lease_seconds=3)
    desk.reload()
    first = dict(live.values_list("pk", "expires_at"))
    # At a third of the time it is early; at two thirds all of it runs anew.
    for _beat in range(2):
        with desk.expect_response("**/bulk/keep") as kept:
            pass
        assert kept.value.status == 204
    later = dict(live.values_list("pk", "expires_at"))
    assert all(later[key] > until for key, until in first.items())
    desk.goto(desk.url.replace(f"/projects/{sure.pk}/bulk", "/account/"))
    wait_until(lambda: set(live.values_list("page", flat=True)) == {"bulk/"}, what="the farewell")


def test_no_accessibility_findings_and_nothing_to_scroll_sideways(desk: Any, sure: Project) -> None:
    item = Lease.objects.filter(source=Source.BULK, ended_at=None).earliest("item_id").item
    Item.objects.filter(pk=item.pk).update(text="word " * 300)

    def reopen() -> None:
        desk.reload()
        desk.uncheck("#card-1")
        for details in desk.locator("details").all():
            details.locator("summary").click()

    assert unfit(desk, reopen) == []
    settings.change_settings(sure, show_suggestions=False)
    assert unfit(desk, desk.reload) == []
    assert "Suggestions are turned off" in desk.inner_text(".bulk-empty")


def test_it_works_without_scripts(
    browser: Browser, live_server: LiveServer, ben: User, sure: Project
) -> None:
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, live_server, ben)
    page = context.new_page()
    page.goto(live_server.url + reverse("bulk:page", args=[sure.pk]) + "?label=spam")
    page.uncheck("#card-2")
    page.click("#confirm-button")
    page.get_by_text("Saved 19 as spam, 1 released").wait_for()
    assert page.url.endswith(f"?label_id={loop.ids(sure, 'spam')[0]}")
    assert not page.locator("#all-button").is_visible()
    page.click("#undo-button")
    page.get_by_text("Undone: 19 annotations").wait_for()
    assert saved().count() == 0
    context.close()
