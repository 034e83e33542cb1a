"""Finding and labelling by keyboard alone, in a real browser."""

import io
import zipfile
from typing import Any

import pytest
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.projects import settings
from annotator.models import Annotation, Item, Project, User
from tests import loop
from tests.given import Fill, Learn
from tests.views.in_browser import MARKS, listen, sign_in, unfit

pytestmark = MARKS


@pytest.fixture
def opened(
    page: Page, context: BrowserContext, live_server: LiveServer, troubles: list[str]
) -> Any:
    """Return a function that opens the page for a person."""

    def at(project: Project, person: Any, query: str = "") -> Any:
        sign_in(context, live_server, person)
        listen(page, troubles)
        page.goto(live_server.url + reverse("find:find", args=[project.pk]) + query)
        return page

    return at


@pytest.fixture
def found(opened: Any, project: Project, lea: User, filled: Fill, learnt: Learn) -> Any:
    """Lea's page with sixty items, which can be compared."""
    filled(project, 60)
    learnt(project)
    return opened(project, lea)


def given() -> Any:
    rows = Annotation.objects.filter(withdrawn_at=None).order_by("pk")
    return [(each.item.position, [one.label.name for one in each.given.all()]) for each in rows]


def focused(page: Page) -> Any:
    """Return the place among the lines of the one that holds the focus, -1 for none."""
    return page.evaluate(
        "[...document.querySelectorAll('[data-find]')]"
        ".indexOf(document.activeElement.closest('[data-find]'))"
    )


def said(page: Page, words: Any) -> None:
    page.locator("#announce", has_text=words).wait_for(state="attached")


def test_all_of_it_by_keyboard(found: Any, troubles: list[str]) -> None:
    found.focus("#id_q")
    found.keyboard.type("PRIZE")
    found.keyboard.press("Enter")
    found.wait_for_url("**q=PRIZE**")
    assert found.locator("mark").first.inner_text() == "prize"
    sought = Item.objects.filter(text__contains="prize").order_by("position")
    places = list(sought.values_list("position", flat=True))
    found.focus("[data-find] button")
    found.keyboard.press("1")
    said(found, "Saved: spam.")
    assert focused(found) == 1
    found.keyboard.press("ArrowDown")
    found.keyboard.press("2")
    said(found, "Saved: ham.")
    assert given() == [(places[0], ["spam"]), (places[2], ["ham"])]
    found.keyboard.press("z")
    said(found, "Seed label removed")
    assert focused(found) == 2
    assert given() == [(places[0], ["spam"])]
    assert troubles == []


def test_printed_keys_work_at_once_and_after_a_click(found: Any) -> None:
    assert focused(found) == 0
    found.keyboard.press("1")
    said(found, "Saved: spam.")
    found.locator("[data-find]").nth(1).get_by_role("button", name="ham").click()
    said(found, "Saved: ham.")
    assert focused(found) == 2
    found.keyboard.press("2")
    found.locator("[data-undo]").nth(2).wait_for()
    assert given() == [(0, ["spam"]), (1, ["ham"]), (2, ["ham"])]


def test_upper_row_and_cyrillic_letters_give_labels(found: Any) -> None:
    send = (
        "press => document.activeElement.dispatchEvent("
        "new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...press }))"
    )
    found.evaluate(send, {"key": "é", "code": "Digit2"})
    said(found, "Saved: ham.")
    found.evaluate(send, {"key": "я", "code": "KeyZ"})
    said(found, "Seed label removed")
    assert given() == []


def test_picture_that_is_not_there_is_not_labelled(
    opened: Any, image_project: Project, lea: User, page: Page
) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for shade in (60, 120, 180):
            out = io.BytesIO()
            Image.new("RGB", (90, 60), (shade, 90, 120)).save(out, "PNG")
            files.writestr(f"{shade}.png", out.getvalue())
    loop.bring_in(image_project, "pets.zip", archive.getvalue())
    page.route("**/media/**", lambda route: route.abort())
    found = opened(image_project, lea)
    found.wait_for_function("[...document.images].every((image) => image.complete)")
    found.keyboard.press("1")
    found.locator("#unsaved", has_text="could not be loaded").wait_for()
    assert given() == []
    page.unroute("**/media/**")
    found.reload()
    found.wait_for_function("() => document.querySelector('[data-find] img').naturalWidth > 0")
    found.keyboard.press("1")
    said(found, "Saved: cat.")
    assert given() == [(0, ["cat"])]


def test_more_like_this_is_a_page_away(found: Any, troubles: list[str]) -> None:
    first = found.locator("[data-find]").first
    first.get_by_role("link", name="Similar items").press("Enter")
    found.wait_for_url("**like=**")
    assert found.locator(".find-like").inner_text().count(loop.text(0)) == 1
    assert found.locator("[data-find]").count() == 50
    assert found.locator("h2").inner_text() == "The 50 nearest items"
    found.locator("[data-find]").first.get_by_role("button", name="spam").click()
    said(found, "Saved: spam.")
    assert len(given()) == 1
    found.get_by_role("link", name="Back to all items").click()
    found.wait_for_url("**/find")
    assert troubles == []


def test_more_is_added_below_and_gets_the_focus(found: Any) -> None:
    found.focus("#more")
    found.keyboard.press("Enter")
    found.locator("[data-find]").nth(59).wait_for()
    assert focused(found) == 50
    assert found.locator("#more").count() == 0
    found.keyboard.press("1")
    said(found, "Saved")
    assert given() == [(50, ["spam"])]


def test_double_click_and_held_key_give_one_seed(found: Any) -> None:
    found.locator("[data-find]").nth(3).get_by_role("button", name="ham").dblclick()
    said(found, "Saved: ham.")
    found.locator("[data-find]").nth(5).focus()
    for _repeat in range(4):
        found.keyboard.down("1")
    found.keyboard.up("1")
    said(found, "Saved: spam.")
    found.wait_for_timeout(200)
    assert given() == [(3, ["ham"]), (5, ["spam"])]


def test_keys_act_on_the_focused_item_alone(found: Any) -> None:
    found.focus("#id_q")
    found.keyboard.press("1")
    found.locator("h1").click()
    found.keyboard.press("1")
    found.locator("[data-find]").first.focus()
    found.keyboard.press("Control+1")
    found.wait_for_timeout(200)
    assert given() == []


def test_what_did_not_arrive_is_said_and_can_be_given_again(
    found: Any, context: BrowserContext
) -> None:
    found.locator("[data-find]").first.focus()
    context.set_offline(True)
    found.keyboard.press("1")
    found.locator("#unsaved", has_text="is unreachable").wait_for()
    context.set_offline(False)
    found.keyboard.press("1")
    said(found, "Saved: spam.")
    assert not found.locator("#unsaved").is_visible()
    assert given() == [(0, ["spam"])]


def test_signed_out_is_said(found: Any, context: BrowserContext) -> None:
    context.clear_cookies(name="sessionid")
    found.locator("[data-find]").first.focus()
    found.keyboard.press("1")
    found.locator("#unsaved", has_text="You are signed out.").wait_for()


def test_several_labels_are_ticked_and_saved_by_keys(opened: Any, olga: User) -> None:
    tags = settings.create_project(olga, name="Tags", labels=["a", "b", "c"], multi_label=True)
    loop.fill(tags, 3)
    page = opened(tags, olga)
    page.locator("[data-find]").first.focus()
    for key in ("1", "3", "Enter"):
        page.keyboard.press(key)
    said(page, "Saved: a, c.")
    assert "a, c by olga" in page.locator("[data-find]").first.inner_text()
    assert given() == [(0, ["a", "c"])]
    assert focused(page) == 1
    page.keyboard.press("Enter")
    page.get_by_text("Choose a label first.").wait_for()


def test_many_labels_are_picked_once_and_given_with_enter(opened: Any, olga: User) -> None:
    names = [f"label {number}" for number in range(12)]
    many = settings.create_project(olga, name="Many", labels=names)
    loop.fill(many, 3)
    page = opened(many, olga)
    page.select_option("#give-labels", "label 11")
    page.locator("[data-find]").first.focus()
    for _item in range(2):
        page.keyboard.press("Enter")
        page.locator("[data-undo]").nth(_item).wait_for()
    assert given() == [(0, ["label 11"]), (1, ["label 11"])]


def test_it_works_without_scripts_too(
    browser: Browser, live_server: LiveServer, project: Project, olga: User, lea: User, filled: Fill
) -> None:
    filled(project, 3)
    many = settings.create_project(lea, name="Many", labels=[f"label {n}" for n in range(12)])
    loop.fill(many, 2)
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, live_server, lea)
    page = context.new_page()
    page.goto(live_server.url + reverse("find:find", args=[project.pk]) + "?q=number1&state=pool")
    item = Item.objects.get(project=project, position=1)
    page.get_by_role("button", name="ham").click()
    assert page.get_by_text("Saved: ham.").is_visible()
    assert page.url.endswith(f"?q=number1&state=pool#find-{item.pk}")
    assert page.input_value("#id_q") == "number1"
    page.goto(page.url.replace("&state=pool", ""))
    page.get_by_role("button", name="Undo").click()
    page.goto(live_server.url + reverse("find:find", args=[many.pk]))
    page.select_option("#give-labels", "label 3")
    page.get_by_role("button", name="Label item").first.click()
    assert page.get_by_text("Saved: label 3.").is_visible()
    assert given() == [(0, ["label 3"])]
    context.close()


def test_page_has_no_axe_findings_and_fits(
    found: Any, live_server: LiveServer, project: Project
) -> None:
    found.locator("[data-find]").first.get_by_role("button", name="spam").click()
    said(found, "Saved")
    like = Item.objects.get(position=0).pk
    for query in ("?q=number", f"?like={like}", "?q=needle", "?state=odd"):
        found.goto(live_server.url + reverse("find:find", args=[project.pk]) + query)
        assert unfit(found, found.reload) == [], query


@pytest.mark.parametrize("multi_label", [True, False])
def test_picker_has_no_axe_findings_and_fits(opened: Any, olga: User, multi_label: bool) -> None:
    names = [f"a rather long label {number}" for number in range(77)]
    many = settings.create_project(olga, name="Many", labels=names, multi_label=multi_label)
    loop.fill(many, 3)
    page = opened(many, olga)
    assert unfit(page, page.reload) == []
