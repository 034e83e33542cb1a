"""The item list by keyboard, in a real browser."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.models import Annotation, Item, Project, User
from tests import loop
from tests.given import Fill
from tests.views.in_browser import MARKS, listen, sign_in, unfit

pytestmark = MARKS


@pytest.fixture
def opened(
    page: Page, context: BrowserContext, live_server: LiveServer, troubles: list[str]
) -> Any:
    """Return a function that opens the list for a person."""

    def at(project: Project, person: Any, query: str = "") -> Any:
        sign_in(context, live_server, person)
        listen(page, troubles)
        page.goto(live_server.url + reverse("items", args=[project.pk]) + query)
        return page

    return at


@pytest.fixture
def listed(opened: Any, project: Project, lea: User, ana: User, filled: Fill) -> Any:
    """Lea's list of twenty items, the first six labelled by Ana."""
    filled(project, 20)
    loop.label(project, ana, 6)
    return opened(project, lea, "?state=labelled")


def said(page: Page, words: str) -> None:
    page.locator("#announce", has_text=words).wait_for(state="attached")


def current(page: Page) -> Any:
    return page.evaluate(
        "[...document.querySelectorAll('[data-find]')].findIndex((e) => e.matches('.is-current'))"
    )


def test_labels_are_corrected_by_arrows_and_label_keys(listed: Any, troubles: list[str]) -> None:
    before = {each.pk: each.given.get().label.name for each in Annotation.objects.all()}
    order = list(Annotation.objects.order_by("item__position").values_list("pk", flat=True))
    other = {"spam": ("2", "ham"), "ham": ("1", "spam")}
    listed.keyboard.press("ArrowDown")
    listed.locator("#detail [data-item]").wait_for()
    for number, pk in enumerate(order[1:4], start=1):
        key, label = other[before[pk]]
        listed.keyboard.press(key)
        said(listed, f"Corrected: {label}.")
        listed.wait_for_function(
            "n => [...document.querySelectorAll('[data-find]')][n].matches('.is-current')",
            arg=number + 1,
        )
    changed = Annotation.objects.exclude(corrected_by=None)
    assert sorted(changed.values_list("pk", flat=True)) == sorted(order[1:4])
    listed.keyboard.press("ArrowUp")
    listed.keyboard.press("z")
    said(listed, "Correction undone.")
    assert Annotation.objects.exclude(corrected_by=None).count() == 2
    assert troubles == []


def test_rows_are_selected_one_by_one_and_in_ranges(listed: Any) -> None:
    def selected() -> int:
        return int(listed.locator("[data-select]:checked").count())

    listed.keyboard.press("ArrowDown")
    listed.keyboard.press("x")
    assert selected() == 1
    for _ in range(2):
        listed.keyboard.press("Shift+ArrowDown")
    assert selected() == 3
    listed.keyboard.press("Escape")
    assert selected() == 0
    boxes = listed.locator("[data-select]")
    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])
    assert selected() == 4
    listed.locator("[data-all]").click()
    assert selected() == 6


def test_open_item_is_in_the_address(listed: Any, project: Project) -> None:
    listed.locator("[data-open]").nth(2).click()
    listed.locator("#detail [data-item]").wait_for()
    key = listed.locator("#detail [data-item]").get_attribute("data-item")
    listed.wait_for_url(f"**item={key}**")
    listed.reload()
    assert listed.locator("#detail [data-item]").get_attribute("data-item") == key
    assert current(listed) == 2


def test_page_is_light(
    page: Page, context: BrowserContext, live_server: LiveServer, project: Project, lea: User
) -> None:
    loop.fill(project, 60)
    sign_in(context, live_server, lea)
    asked: list[int] = []
    cdp = context.new_cdp_session(page)
    cdp.send("Network.enable")
    cdp.on("Network.loadingFinished", lambda event: asked.append(event["encodedDataLength"]))
    page.goto(live_server.url + reverse("items", args=[project.pk]))
    page.wait_for_load_state("networkidle")
    # Eight of them are style sheets, which are one file once they are collected.
    assert len(asked) <= 18
    assert sum(asked) < 250_000, (sum(asked), asked)


def test_it_works_without_scripts_too(
    browser: Browser, live_server: LiveServer, project: Project, lea: User, filled: Fill
) -> None:
    filled(project, 3)
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, live_server, lea)
    page = context.new_page()
    page.goto(live_server.url + reverse("items", args=[project.pk]) + "?q=number1&state=pool")
    page.locator("[data-open]").click()
    page.get_by_role("button", name="ham").click()
    assert page.get_by_text("Saved as a seed label: ham.").is_visible()
    page.get_by_role("button", name="Undo").click()
    assert Item.objects.filter(state=Item.State.LABELLED).count() == 0
    context.close()


def test_page_has_no_axe_findings_and_fits(
    listed: Any, live_server: LiveServer, project: Project
) -> None:
    key = Item.objects.filter(state=Item.State.LABELLED).values_list("pk", flat=True)[0]
    for query in (f"?item={key}", "?q=needle", "?view=grid", "?state=odd"):
        listed.goto(live_server.url + reverse("items", args=[project.pk]) + query)
        assert unfit(listed, listed.reload) == [], query
