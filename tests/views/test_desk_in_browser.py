"""The desk's keys, and what happens when a save does not arrive, in a real browser."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.urls import reverse

from annotator.models import Annotation
from tests.browser import browser_type_launch_args  # noqa: F401, a fixture

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]

# Playwright runs an event loop in the test's thread, beside which Django would refuse to query.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture
def troubles():
    """What the browser complained about; a lost connection is the test's own doing."""
    return []


def sign_in(context, live_server, user):
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    context.add_cookies(
        [{"name": "sessionid", "value": session.session_key, "url": live_server.url}]
    )


@pytest.fixture
def desk(page, context, live_server, ana, project, add_items, troubles):
    """Ana's page at the desk, with short and long items to come."""
    add_items(*[f"text number {number} " * (1 + 40 * (number % 3)) for number in range(12)])
    sign_in(context, live_server, ana)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: said.type == "error" and troubles.append(said.text))
    page.goto(live_server.url + reverse("label:desk", args=[project.pk]))
    return page


def wait_for(desk, words):
    desk.locator("#said", has_text=words).wait_for()


def given():
    return [
        [label.label.name for label in each.given.all()]
        for each in Annotation.objects.order_by("pk")
    ]


def test_digits_label_and_the_next_item_comes(desk, troubles):
    first = desk.inner_text("#item")
    desk.keyboard.press("1")
    wait_for(desk, "Saved: spam.")
    assert desk.inner_text("#item") != first
    desk.keyboard.press("2")
    wait_for(desk, "Saved: ham.")
    assert given() == [["spam"], ["ham"]]
    assert all(each.seconds > 0 for each in Annotation.objects.all())
    assert "Saved: ham." in desk.inner_text("#announce")
    assert troubles == []


def test_space_skips_and_z_undoes(desk):
    first = desk.inner_text("#item")
    desk.keyboard.press("1")
    wait_for(desk, "Saved")
    desk.keyboard.press("Space")
    wait_for(desk, "Skipped")
    desk.keyboard.press("z")
    wait_for(desk, "Undone")
    assert desk.inner_text("#item") == first
    assert Annotation.objects.get().withdrawn_at


def test_held_key_gives_one_annotation(desk):
    for _repeat in range(5):
        desk.keyboard.down("1")
    desk.keyboard.up("1")
    wait_for(desk, "Saved")
    desk.wait_for_timeout(200)
    assert given() == [["spam"]]


@pytest.mark.parametrize("held_ms", [0, 30, 120])
def test_double_click_gives_one_annotation(desk, held_ms):
    desk.dblclick("#choice-2", delay=held_ms)
    wait_for(desk, "Saved: ham.")
    desk.wait_for_timeout(300)
    assert given() == [["ham"]]
    assert desk.evaluate("document.activeElement === document.body")


def test_keys_with_modifiers_and_in_dialogs_do_nothing(desk):
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


def test_enter_without_a_suggestion_says_so(desk):
    desk.keyboard.press("Enter")
    wait_for(desk, "Nothing is suggested here")
    assert given() == []


def test_button_reached_by_tab_keeps_the_focus(desk):
    desk.focus("#choice-2")
    desk.keyboard.press("Enter")
    wait_for(desk, "Saved: ham.")
    assert desk.evaluate("document.activeElement.id") == "choice-2"


def test_label_is_kept_while_the_server_is_away_and_sent_when_it_is_back(desk, context):
    item = desk.inner_text("#item")
    context.set_offline(True)
    desk.keyboard.press("2")
    desk.locator("#unsaved", has_text="Not saved yet: ham.").wait_for()
    assert desk.inner_text("#item") == item
    context.set_offline(False)
    wait_for(desk, "Saved: ham.")
    assert not desk.locator("#unsaved").is_visible()
    assert given() == [["ham"]]


def test_label_outlives_a_log_out(desk, context, live_server, ana):
    context.clear_cookies(name="sessionid")
    desk.keyboard.press("1")
    desk.locator("#unsaved", has_text="You are signed out.").wait_for()
    sign_in(context, live_server, ana)
    desk.click("[data-again]")
    wait_for(desk, "Saved: spam.")
    assert given() == [["spam"]]


def test_labels_stay_in_their_place_whatever_the_item(desk):
    before = desk.locator("#choice-1").bounding_box()
    for key, name in ("1", "spam"), ("2", "ham"), ("1", "spam"):
        desk.keyboard.press(key)
        wait_for(desk, f"Saved: {name}.")
        assert desk.locator("#choice-1").bounding_box() == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_desk_has_no_axe_findings_and_fits(desk, scheme, width):
    desk.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    desk.set_viewport_size({"width": width, "height": 740})
    found = Axe().run(desk).response["violations"]
    assert [each["id"] for each in found] == []
    assert desk.evaluate("document.documentElement.scrollWidth") <= width
