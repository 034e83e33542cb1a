"""The labels change while pages are open that show the old ones, in a real browser."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.annotation import payload
from annotator.flow.labels import naming
from annotator.flow.projects import settings
from annotator.flow.queue import leasing, refill
from annotator.models import Annotation, Label, Lease, Project, QueueEntry, User
from tests import loop
from tests.given import AddItems, Fill
from tests.views.desk_in_browser import given, open_desk, wait_for, wait_until_saved
from tests.views.in_browser import MARKS, listen, sign_in

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
    """Ana's page at the desk, which speaks to the server every few seconds."""
    settings.change_settings(project, lease_seconds=10)
    add_items(*[f"text number {number}" for number in range(20)])
    sign_in(context, live_server, ana)
    listen(page, troubles)
    return open_desk(page, live_server, project)


def rename(project: Project, *more: Any, spam: str = "grievance", ham: str = "praise") -> None:
    """Give the first two labels other names, and add `more`."""
    first, second = Label.objects.filter(project=project)[:2]
    named = [{"id": first.pk, "name": spam}, {"id": second.pk, "name": ham}]
    settings.change_labels(loop.refreshed(project), [*named, *more])


def buttons(desk: Any) -> Any:
    return desk.locator(".choice-name").all_inner_texts()


def test_renamed_label_is_saved_by_its_key_and_the_new_buttons_come(
    desk: Any, project: Project, troubles: list[str]
) -> None:
    rename(project, "refund", {"name": "question", "hotkey": "q"})
    desk.keyboard.press("1")
    wait_for(desk, "Saved: grievance.")
    assert buttons(desk) == ["grievance", "praise", "refund", "question"]
    assert desk.inner_text("#changed-words") == (
        "The labels changed: “spam” is now “grievance”; “ham” is now “praise”; "
        "“refund” is new; “question” is new."
    )
    assert not desk.is_visible("#refused")
    assert [kbd.inner_text() for kbd in desk.locator(".choice-list kbd").all()] == [
        "1",
        "2",
        "3",
        "Q",
    ]
    desk.keyboard.press("q")
    wait_for(desk, "Saved: question.")
    desk.keyboard.press("3")
    wait_for(desk, "Saved: refund.")
    assert given() == [["grievance"], ["question"], ["refund"]]
    desk.click("[data-noted]")
    assert not desk.is_visible("#changed")
    assert troubles == []


def test_old_name_on_a_new_label_is_not_what_the_button_meant(desk: Any, project: Project) -> None:
    rename(project, "spam", spam="junk")
    desk.keyboard.press("1")
    wait_for(desk, "Saved: junk.")
    assert given() == [["junk"]]


def test_new_labels_and_guidelines_come_with_the_next_beat(desk: Any, project: Project) -> None:
    rename(project)
    settings.change_settings(loop.refreshed(project), guidelines="Praise is praise.")
    desk.locator("#changed-words", has_text="The guidelines changed.").wait_for(timeout=15_000)
    assert buttons(desk) == ["grievance", "praise"]
    desk.keyboard.press("g")
    assert "Praise is praise." in desk.inner_text("#guidelines")


def test_removed_label_is_suggested_no_more_and_what_said_so_is_shown_again(
    desk: Any, project: Project
) -> None:
    rename(project, "odd")
    desk.locator("#changed-words", has_text="“odd” is new").wait_for(timeout=15_000)
    odd = Label.objects.get(name="odd")
    desk.context.set_offline(True)
    desk.keyboard.press("3")
    rename(project)
    desk.context.set_offline(False)
    desk.locator("#refused").wait_for(timeout=15_000)
    assert "“odd” isn't a label in this project. Its labels are: grievance, praise." in (
        desk.inner_text("#refused")
    )
    desk.click("[data-decide-again]")
    assert buttons(desk) == ["grievance", "praise"]
    desk.keyboard.press("2")
    wait_for(desk, "Saved: praise.")
    assert not Annotation.objects.filter(given__label=odd.pk).exists()


def test_suggestion_of_a_removed_label_is_gone_from_the_screen(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    ana: User,
    project: Project,
    add_items: AddItems,
) -> None:
    rename(project, "odd")
    add_items("one", "two")
    settings.change_settings(project, lease_seconds=10)
    said = {"labels": loop.ids(project, "odd"), "confidence": 0.9}
    refill.top_up(project, ana)
    QueueEntry.objects.update(blind=False, source="active", suggestion=said)
    sign_in(context, live_server, ana)
    open_desk(page, live_server, project)
    assert page.inner_text("#suggestion b") == "odd"
    rename(project)
    page.locator("#changed-words", has_text="“odd” was removed").wait_for(timeout=15_000)
    assert not page.is_visible("#suggestion")
    page.keyboard.press("Enter")
    wait_for(page, "No suggestion for this item. Choose a label.")
    page.keyboard.press("1")
    wait_for(page, "Saved: grievance.")


def test_ticks_stay_on_labels_that_are_still_there(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    olga: User,
    ana: User,
    add_items: AddItems,
    project: Project,
) -> None:
    type(project).objects.update(multi_label=True, lease_seconds=10)
    rename(project, "odd", "more")
    add_items("one", "two", "three")
    sign_in(context, live_server, ana)
    open_desk(page, live_server, project)
    page.keyboard.press("1")
    page.keyboard.press("3")
    first, second, _odd, more = Label.objects.filter(project=project)
    kept = [{"id": each.pk, "name": each.name} for each in (second, more)]
    settings.change_labels(loop.refreshed(project), [*kept, {"id": first.pk, "name": "complaint"}])
    page.locator("#changed-words", has_text="“odd” was removed").wait_for(timeout=15_000)
    ticked = page.locator(".choice:has(:checked) .choice-name").all_inner_texts()
    assert ticked == ["complaint"]
    page.keyboard.press("Enter")
    wait_for(page, "Saved: complaint.")
    assert given() == [["complaint"]]


def test_correction_of_a_renamed_answer_marks_what_was_said(desk: Any, project: Project) -> None:
    desk.keyboard.press("1")
    wait_for(desk, "Saved: spam.")
    rename(project)
    desk.keyboard.press("2")
    wait_for(desk, "Saved: praise.")
    desk.keyboard.press("ArrowLeft")
    desk.keyboard.press("ArrowLeft")
    desk.locator("#past-said", has_text="grievance").wait_for()
    assert desk.locator(".choice.chosen .choice-name").all_inner_texts() == ["grievance"]
    desk.keyboard.press("2")
    wait_for(desk, "Corrected: praise.")
    wait_until_saved(desk)
    assert given() == [["praise"], ["praise"]]


# Other pages -------------------------------------------------------------------------------------


def test_found_item_is_labelled_by_the_button_that_was_there(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    lea: User,
    project: Project,
    add_items: AddItems,
) -> None:
    (item,) = add_items("one")
    sign_in(context, live_server, lea)
    page.goto(live_server.url + reverse("items", args=[project.pk]))
    rename(project, "spam")
    page.locator("[data-find]").first.focus()
    page.keyboard.press("1")
    # The row says it once it is saved; the buttons beside it say it before.
    page.locator(f"#item-{item.pk}").get_by_text("grievance").wait_for()
    assert given() == [["grievance"]]
    assert item.pk == Annotation.objects.get().item_id


def test_disagreement_is_settled_by_the_button_that_was_there(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    lea: User,
    ana: User,
    ben: User,
    project: Project,
    filled: Fill,
) -> None:
    settings.change_settings(project, overlap=2)
    project = loop.refreshed(project)
    filled(project, 1)
    loop.answer(leasing.lease_next(project, ana), ["spam"])
    loop.answer(leasing.lease_next(project, ben), ["ham"])
    sign_in(context, live_server, lea)
    page.goto(live_server.url + reverse("disagreements", args=[project.pk]))
    rename(project, "spam")
    page.locator(".find-choices button").first.click()
    page.locator(".disagreement-decision", has_text="grievance").wait_for()


def test_bulk_page_is_confirmed_under_the_new_name(
    page: Page, context: BrowserContext, live_server: LiveServer, ben: User, sure: Project
) -> None:
    sign_in(context, live_server, ben)
    page.goto(live_server.url + reverse("bulk:page", args=[sure.pk]) + "?label=spam")
    rename(sure, "spam")
    page.wait_for_timeout(600)
    page.keyboard.press("Enter")
    page.locator("#said", has_text="as grievance").wait_for()
    said = {tuple(payload.label_names(each)) for each in Annotation.objects.filter(user=ben)}
    assert said == {("grievance",)}
    assert Lease.objects.filter(source="bulk").exists()
    assert naming.labels_of(loop.refreshed(sure))[2].name == "spam"
