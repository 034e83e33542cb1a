"""Keys on lists of items that are pressed faster than the server answers."""

import random

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.annotation import revise
from annotator.models import Annotation, Project, User
from tests import loop
from tests.given import Fill
from tests.views.in_browser import MARKS, delay_requests, listen, sign_in, wait_for_rest

pytestmark = MARKS

KEYS = {"1": "spam", "2": "ham"}


@pytest.fixture
def listed(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    project: Project,
    filled: Fill,
    lea: User,
    ana: User,
    troubles: list[str],
    seed: int,
) -> Page:
    filled(project, 20)
    loop.label(project, ana, 12)
    sign_in(context, live_server, lea)
    listen(page, troubles)
    delay_requests(page, seed)
    page.goto(live_server.url + reverse("items", args=[project.pk]) + "?state=labelled")
    page.locator("[data-find]:focus").wait_for()
    return page


def answers() -> list[str]:
    rows = Annotation.objects.order_by("item__position")
    return list(rows.values_list("given__label__name", flat=True))


def expected(pressed: list[str], given: list[str]) -> tuple[list[str], int]:
    """Return the answers by row, and the row where the keys end."""
    given, at, last = list(given), 0, len(given) - 1
    for key in pressed:
        if key == "ArrowUp":
            at = max(at - 1, 0)
        elif key == "ArrowDown":
            at = min(at + 1, last)
        else:
            given[at] = KEYS[key]
            at = min(at + 1, last)
    return given, at


@pytest.mark.parametrize("seed", [3, 11])
def test_each_key_acts_on_the_item_that_was_current_in_its_turn(
    listed: Page, troubles: list[str], seed: int
) -> None:
    drawn = random.Random(seed)
    pressed = drawn.choices(["1", "2", "ArrowDown", "ArrowUp"], [4, 4, 2, 2], k=14)
    wanted, row = expected(pressed, answers())
    for key in pressed:
        listed.keyboard.press(key, delay=drawn.choice([0, 0, 5, 120]))
    item = listed.locator("[data-find]").nth(row).get_attribute("id")
    assert item is not None
    key = item.removeprefix("item-")
    listed.locator(f"#{item}.is-current").wait_for()
    listed.locator(f'#detail [data-item="{key}"]').wait_for()
    wait_for_rest(listed)
    assert listed.locator(".is-current").get_attribute("id") == item
    assert answers() == wanted
    assert troubles == []


@pytest.mark.parametrize("seed", [5])
def test_clicked_item_is_shown_though_an_answer_to_another_comes_later(
    listed: Page, troubles: list[str]
) -> None:
    listed.locator("[data-open]").nth(1).click()
    listed.locator("#detail [data-answer]").wait_for()
    listed.locator("#detail [data-key]:not(.given)").click()
    listed.locator("[data-open]").nth(5).click()
    item = listed.locator("[data-find]").nth(5).get_attribute("id")
    assert item is not None
    wait_for_rest(listed)
    listed.locator(f'#detail [data-item="{item.removeprefix("item-")}"]').wait_for()
    (corrected,) = Annotation.objects.exclude(corrected_by=None)
    row = listed.locator(f"#item-{corrected.item_id} .items-label")
    assert row.inner_text().strip() == corrected.given.get().label.name
    assert listed.locator("#detail [data-item]").get_attribute("data-item") == item[5:]
    assert listed.locator(".is-current").get_attribute("id") == item
    assert troubles == []


@pytest.mark.parametrize("seed", [1, 8])
def test_keys_on_own_labels_wait_for_the_answer_before(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    project: Project,
    filled: Fill,
    ana: User,
    troubles: list[str],
    seed: int,
) -> None:
    filled(project, 20)
    loop.label(project, ana, 12)
    sign_in(context, live_server, ana)
    listen(page, troubles)
    delay_requests(page, seed)
    page.goto(live_server.url + reverse("own_labels", args=[project.pk]))
    page.locator("[data-find]:focus").wait_for()
    rows = [each.get_attribute("id") for each in page.locator("[data-find]").all()]
    wanted = {}
    drawn = random.Random(seed)
    for row in rows[:6]:
        # The second key corrects the first, so that the last one counts.
        for key in drawn.choices(list(KEYS), k=2):
            page.keyboard.press(key)
            wanted[row] = KEYS[key]
        page.keyboard.press("ArrowDown")
    page.locator(f"#{rows[6]}:focus").wait_for()
    wait_for_rest(page)
    stored = {f"own-{each.pk}": each.given.get().label.name for each in Annotation.objects.all()}
    assert {row: stored[str(row)] for row in rows[:6]} == wanted
    assert page.locator(f"#{rows[6]}:focus").count() == 1
    assert troubles == []


@pytest.mark.parametrize("seed", [2])
def test_key_on_a_row_that_says_something_else_by_now_overwrites_nothing(
    listed: Page, olga: User
) -> None:
    changed = Annotation.objects.select_related("project").order_by("item__position")[1]
    other = {"spam": "ham", "ham": "spam"}[answers()[1]]
    revise.correct(changed, olga, [other])
    before = answers()
    for key in ("ArrowDown", "1" if other == "ham" else "2"):
        listed.keyboard.press(key)
    listed.get_by_text("This item has changed in the meantime").wait_for()
    wait_for_rest(listed)
    assert answers() == before
    # Its row and its annotations are those of now, and are answered.
    listed.keyboard.press("1" if other == "ham" else "2")
    listed.get_by_text("Corrected:").first.wait_for()
    assert answers()[1] != other
