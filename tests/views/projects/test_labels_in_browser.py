"""Labels and guidelines in a real browser: journeys with counted actions, and how they look."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Locator, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.labels import naming
from annotator.flow.projects import guidelines, label_set, settings
from annotator.flow.queue import leasing
from annotator.models import (
    Annotation,
    Export,
    GuidelineVersion,
    LabelEdit,
    Membership,
    Project,
    QueueEntry,
    User,
)
from tests import loop
from tests.given import Fill
from tests.views.desk_in_browser import open_desk, wait_for
from tests.views.in_browser import MARKS, listen, sign_in, unfit

pytestmark = MARKS

# Where screenshots go, if anybody wants to look at them.
SHOTS = os.environ.get("WINNOW_SHOTS", "")


class Actions:
    """A person's actions: each click, key and choice counts as one."""

    def __init__(self, page: Page) -> None:
        self.page, self.number = page, 0

    def click(self, place: str | Locator, **how: Any) -> None:
        self.number += 1
        self._at(place).click(**how)

    def choose(self, place: str, **what: Any) -> None:
        self.number += 1
        self._at(place).select_option(**what)

    def press(self, key: str) -> None:
        self.number += 1
        self.page.keyboard.press(key)

    def _at(self, place: str | Locator) -> Locator:
        return self.page.locator(place) if isinstance(place, str) else place


@pytest.fixture
def opened(
    page: Page, context: BrowserContext, live_server: LiveServer, troubles: list[str]
) -> Any:
    """Return a function that opens a page for a person."""

    def at(person: User, name: str, *args: Any) -> Page:
        sign_in(context, live_server, person)
        listen(page, troubles)
        page.goto(live_server.url + reverse(name, args=args))
        return page

    return at


@pytest.fixture
def labelled(project: Project, filled: Fill, ana: User) -> Any:
    """Thirty of forty items labelled by Ana; “junk mail” is a third label."""
    there = [{"id": each.pk, "name": each.name} for each in project.labels.all()]
    label_set.change_labels(project, [*there, "junk mail"])
    filled(project, 40)
    for number in range(30):
        answer = ["spam"] if number < 24 else ["junk mail"] if number % 2 else ["ham"]
        loop.answer(leasing.lease_next(project, ana), answer)
    return loop.refreshed(project)


def said(project: Project) -> list[str]:
    rows = Annotation.objects.filter(project=project, withdrawn_at=None)
    return sorted(rows.values_list("given__label__name", flat=True))


def shoot(page: Page, name: str) -> None:
    if not SHOTS:
        return
    for width, scheme in ((1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


# Journeys -----------------------------------------------------------------------------------------


def test_two_labels_are_merged_with_a_preview_in_four_actions(
    opened: Any, labelled: Project, lea: User, troubles: list[str]
) -> None:
    loop.make_features(labelled)
    loop.go_round(labelled)
    page = opened(lea, "dashboard", labelled.pk)
    act = Actions(page)
    act.click(page.get_by_role("link", name="Edit labels"))
    act.choose("[name=merge-source]", label="junk mail")
    page.wait_for_load_state("networkidle")
    act.choose("[name=merge-target]", label="spam")
    page.locator("#merge-touches li", has_text="3 annotations").wait_for()
    shoot(page, "merge")
    act.click("#merge button.primary")
    page.locator(".notice.success", has_text="Labels merged.").wait_for()
    assert act.number == 4
    assert said(labelled) == ["ham"] * 3 + ["spam"] * 27
    page.locator("#label_edits button", has_text="Undo").click()
    page.locator(".notice.success", has_text="The merge is undone.").wait_for()
    assert said(labelled) == ["ham"] * 3 + ["junk mail"] * 3 + ["spam"] * 24
    assert troubles == []


def order(project: Project) -> list[str]:
    return [each.name for each in Project.objects.get(pk=project.pk).labels.all()]


def test_labels_are_reordered_by_dragging_and_by_keys(
    opened: Any, labelled: Project, lea: User, troubles: list[str]
) -> None:
    assert order(labelled) == ["spam", "ham", "junk mail"]
    page = opened(lea, "label_set", labelled.pk)
    handles = page.locator("[data-order-handle]")
    top, last = handles.nth(0).bounding_box(), handles.nth(2).bounding_box()
    page.mouse.move(last["x"] + 10, last["y"] + 10)
    page.mouse.down()
    page.mouse.move(top["x"] + 10, top["y"] + 30, steps=4)
    page.mouse.move(top["x"] + 10, top["y"] - 10, steps=4)
    page.mouse.up()
    told = page.locator("[data-order-told]")
    assert told.inner_text() == "junk mail is now at place 1. Save the labels to keep it."
    assert [each.input_value() for each in page.locator("[data-field=place]").all()] == list("123")
    handles.nth(1).focus()
    page.keyboard.press("ArrowDown")
    assert told.inner_text() == "spam is now at place 3. Save the labels to keep it."
    # Beyond the end nothing happens, and the handle keeps the focus.
    page.keyboard.press("ArrowDown")
    page.locator("#labels > .card > .actions button.primary").click()
    page.locator(".notice.success", has_text="Labels saved.").wait_for()
    assert order(labelled) == ["junk mail", "ham", "spam"]
    assert troubles == []


def test_twenty_labels_of_a_bad_annotator_are_redone_in_six_actions(
    opened: Any, labelled: Project, lea: User, ana: User, troubles: list[str]
) -> None:
    page = opened(lea, "quality", labelled.pk)
    act = Actions(page)
    act.click(page.locator("main").get_by_role("link", name="ana", exact=True))
    # A filter applies at once.
    act.choose(".find-form [name=label]", label="spam")
    page.wait_for_url("**label=spam**", wait_until="load")
    boxes = page.locator("[data-select]")
    act.click(boxes.nth(0))
    act.click(boxes.nth(19), modifiers=["Shift"])
    act.click("#bulk button.primary")
    page.locator(".notice.success", has_text="20 items changed.").wait_for()
    assert act.number <= 6
    assert said(labelled) == ["ham"] * 3 + ["junk mail"] * 3 + ["spam"] * 4
    asked = QueueEntry.objects.filter(project=labelled, barred=ana)
    assert asked.count() == 20
    assert troubles == []


def test_three_items_of_a_label_are_corrected_in_eight_actions(
    opened: Any, labelled: Project, lea: User, troubles: list[str]
) -> None:
    page = opened(lea, "dashboard", labelled.pk)
    act = Actions(page)
    act.click(page.locator("nav").get_by_role("link", name="Items", exact=True))
    # A filter applies at once.
    act.choose(".find-form [name=label]", label="spam")
    page.wait_for_url("**label=spam**", wait_until="load")
    page.locator("[data-find].is-current, [data-find]:focus").first.wait_for()
    for number in range(1, 4):
        act.press("2")
        page.wait_for_function(
            "n => [...document.querySelectorAll('[data-find]')][n].matches('.is-current')",
            arg=number,
        )
    assert act.number <= 8
    corrected = Annotation.objects.filter(corrected_by=lea)
    assert {each.given.get().label.name for each in corrected} == {"ham"}
    assert corrected.count() == 3
    assert troubles == []


def test_agreed_items_are_exported_in_three_actions(
    opened: Any, labelled: Project, lea: User, troubles: list[str]
) -> None:
    page = opened(lea, "items", labelled.pk)
    act = Actions(page)
    act.click(page.locator("nav").get_by_role("link", name="Export", exact=True))
    act.click("#exports [name=agreed]")
    act.click("#exports form.card button.primary[type=submit]")
    page.wait_for_load_state()
    assert act.number == 3
    assert Export.objects.get().options["agreed"]
    assert troubles == []


def test_split_shows_how_many_items_are_asked_again(
    opened: Any, labelled: Project, lea: User, troubles: list[str]
) -> None:
    page = opened(lea, "label_set", labelled.pk)
    page.select_option("[name=split-label]", label="junk mail")
    page.locator("#split-touches", has_text="3 items are asked again.").wait_for()
    page.fill("[name=split-names]", "advert\nfraud")
    page.locator("#split-touches", has_text="3 items").wait_for()
    page.click("#split button.primary")
    page.locator(".notice.success", has_text="Label split. 3 items are asked again.").wait_for()
    assert LabelEdit.objects.get().action == "split"
    assert [each.name for each in naming.offered(loop.refreshed(labelled))] == [
        "spam",
        "ham",
        "advert",
        "fraud",
    ]
    assert troubles == []


# Look ---------------------------------------------------------------------------------------------


def test_pages_fit_and_meet_accessibility_rules(
    opened: Any, labelled: Project, lea: User, troubles: list[str]
) -> None:
    labels = naming.labels_of(labelled)
    colors = ("red", "blue", "green")
    specs = [
        {"id": each.pk, **label_set.values_of(each), "color": color}
        for each, color in zip(labels, colors, strict=True)
    ]
    specs[2] |= {"parent": labels[0].pk, "retired": True}
    with label_edits_of(labelled, lea):
        label_set.change_labels(labelled, specs)
    page = opened(lea, "label_set", labelled.pk)
    shoot(page, "labels")
    assert unfit(page) == []
    settings.change_settings(loop.refreshed(labelled), guidelines="# Mail\n\nOld line.")
    settings.change_settings(
        loop.refreshed(labelled),
        guidelines="# Mail\n\nNew **line**.\n\n- one\n- two\n\n|a|b|\n|-|-|\n|1|2|",
    )
    for name, args in (("guidelines", ()), ("guideline_version", (2,))):
        page = opened(lea, name, labelled.pk, *args)
        shoot(page, name)
        assert unfit(page) == []
    assert troubles == []


def label_edits_of(project: Project, user: User) -> Any:
    from annotator.flow.projects import label_edits

    return label_edits.recorded(project, user)


# The desk -----------------------------------------------------------------------------------------


def test_desk_tells_what_changed_and_one_key_confirms_it(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    labelled: Project,
    ana: User,
    troubles: list[str],
) -> None:
    settings.change_settings(labelled, guidelines="Old.", lease_seconds=10)
    guidelines.confirm(loop.refreshed(labelled), ana, GuidelineVersion.objects.get().number)
    sign_in(context, live_server, ana)
    listen(page, troubles)
    desk = open_desk(page, live_server, labelled)
    assert not desk.is_visible("#changed")
    desk.keyboard.press("n")
    desk.keyboard.type("half an hour's thought")
    settings.change_settings(
        loop.refreshed(labelled), guidelines="**New.** <script>alert(1)</script>"
    )
    wait_for_words(desk, "The guidelines changed.")
    # Nothing that was typed is lost, and the focus stays where it was.
    desk.keyboard.type(", and more")
    assert desk.input_value("#note") == "half an hour's thought, and more"
    desk.keyboard.press("Escape")
    desk.evaluate("document.activeElement.blur()")
    desk.keyboard.press("g")
    assert desk.locator("#news .diff-added").inner_text() == "**New.** <script>alert(1)</script>"
    assert desk.locator("#news .diff-removed").inner_text() == "Old."
    assert desk.locator("#guidelines .guidelines strong").inner_text() == "New."
    shoot(desk, "desk-news")
    desk.keyboard.press("Enter")
    desk.wait_for_function("!document.querySelector('#guidelines').open")
    assert not desk.is_visible("#changed")
    for _ in range(50):
        if Membership.objects.get(project=labelled, user=ana).guidelines_read == 2:
            break
        desk.wait_for_timeout(100)
    assert Membership.objects.get(project=labelled, user=ana).guidelines_read == 2
    assert desk.input_value("#note") == "half an hour's thought, and more"
    desk.reload()
    assert not desk.is_visible("#changed")
    assert troubles == []


def wait_for_words(desk: Page, words: str) -> None:
    desk.locator("#changed-words", has_text=words).wait_for(timeout=30_000)


def test_labels_stand_in_groups_with_their_colours_at_the_desk(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    labelled: Project,
    ana: User,
    troubles: list[str],
) -> None:
    spam, ham, junk = naming.labels_of(labelled)
    settings.change_settings(labelled, lease_seconds=10)
    project = loop.refreshed(labelled)
    grouped = [
        {"id": spam.pk, "name": "spam", "color": "red"},
        {"id": ham.pk, "name": "ham"},
        {"id": junk.pk, "name": "junk mail", "parent": spam.pk, "color": "blue"},
    ]
    label_set.change_labels(project, grouped)
    sign_in(context, live_server, ana)
    listen(page, troubles)
    desk = open_desk(page, live_server, project)

    def listed() -> list[str]:
        return [each.strip() for each in desk.locator(".choice-list li").all_inner_texts()]

    names = [each.split("\n")[-1].strip() for each in listed()]
    assert names == ["spam", "spam", "junk mail", "", "ham"]
    shoot(desk, "desk-groups")
    assert desk.locator(".swatch-blue").count() == 1
    grouped[2] |= {"parent": None, "color": "green"}
    label_set.change_labels(loop.refreshed(project), grouped)
    desk.locator(".swatch-green").wait_for(timeout=30_000)
    assert desk.locator(".choice-group").count() == 0
    desk.keyboard.press("3")
    wait_for(desk, "Saved: junk mail.")
    assert troubles == []
