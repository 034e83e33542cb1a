"""Confirming a page of sure items by key, in a real browser."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from annotator.flow import surest
from annotator.models import Annotation, Source
from tests import loop
from tests.views.desk_in_browser import (  # noqa: F401, fixtures
    MARKS,
    browser_type_launch_args,
    listen,
    sign_in,
    troubles,
)

pytestmark = MARKS


@pytest.fixture
def page_of_spam(
    page,
    context,
    live_server,
    project,
    filled,
    learnt,
    run_round,
    ana,
    ben,
    troubles,  # noqa: F811
    monkeypatch,
):
    monkeypatch.setattr(surest, "LEAST", 0.5)
    filled(project, 120)
    learnt(project)
    loop.label(project, ana, 12)
    run_round(project)
    sign_in(context, live_server, ben)
    listen(page, troubles)
    page.goto(live_server.url + reverse("bulk:page", args=[project.pk]) + "?label=spam")
    page.locator("[data-card]").first.wait_for()
    # A key that comes at once with a page was meant for the one before.
    page.wait_for_timeout(600)
    return page


def saved():
    return Annotation.objects.filter(source=Source.BULK, withdrawn_at=None).count()


def test_page_is_gone_through_by_key(page_of_spam, troubles):  # noqa: F811
    page = page_of_spam
    page.focus("#card-1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.locator("#marked", has_text="19 of 20 marked").wait_for()
    page.keyboard.press("Enter")
    page.locator("#said", has_text="Saved 19 as spam, 1 given back").wait_for()
    assert saved() == 19
    assert "follow" in page.locator("#announce").text_content()
    page.keyboard.press("z")
    page.locator("#said", has_text="Undone: 19 labels").wait_for()
    assert saved() == 0
    assert troubles == []


def test_none_and_all_are_one_key_each(page_of_spam):
    page = page_of_spam
    page.keyboard.press("n")
    page.locator("#marked", has_text="0 of 20 marked").wait_for()
    page.keyboard.press("a")
    page.locator("#marked", has_text="20 of 20 marked").wait_for()


def test_page_is_kept_while_the_server_is_away(page_of_spam, context):
    page = page_of_spam
    context.set_offline(True)
    page.keyboard.press("Enter")
    page.locator("#unsaved", has_text="cannot be reached").wait_for()
    context.set_offline(False)
    if page.locator("#unsaved").is_visible():
        page.click("[data-again]")
    page.locator("#said", has_text="Saved 20 as spam").wait_for()
    assert saved() == 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_bulk_desk_has_no_axe_findings_and_fits(page_of_spam, scheme, width):
    page = page_of_spam
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 740})
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
