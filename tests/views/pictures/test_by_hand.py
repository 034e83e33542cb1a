"""Pictures under fingers, and the tools beside them, in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from annotator.models import Project, User
from tests.views.in_browser import MARKS, sign_in, unfit
from tests.views.pictures.viewing import do, open_viewer, place, point, said, show, until

pytestmark = MARKS


# Fingers -----------------------------------------------------------------------------------------


@pytest.fixture
def phone(
    browser: Browser, live_server: LiveServer, ana: User, project: Project, troubles: list[str]
) -> Iterator[Any]:
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        device_scale_factor=2,
    )
    sign_in(context, live_server, ana)
    yield open_viewer(context.new_page(), live_server, troubles)
    context.close()
    assert troubles == []


@pytest.fixture
def touch(phone: Any) -> Any:
    """Return a function that moves fingers along their ways, each a list of points in the box."""
    cdp = phone.context.new_cdp_session(phone)

    def send(kind: Any, points: Any) -> None:
        places = [point(phone, *each) for each in points]
        cdp.send(
            "Input.dispatchTouchEvent",
            {
                "type": kind,
                "touchPoints": [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(places)],
            },
        )

    def move(*ways: Any, steps: Any = 8) -> None:
        starts = [way[0] for way in ways]
        send("touchStart", starts)
        for step in range(1, steps + 1):
            send(
                "touchMove",
                [
                    [a + (b - a) * step / steps for a, b in zip(way[0], way[1], strict=True)]
                    for way in ways
                ],
            )
        send("touchEnd", [])

    return move


def test_two_fingers_zoom_where_they_are(phone: Any, touch: Any, picture: Any) -> None:
    show(phone, picture(1280, 1280))
    left, top, width, height = place(phone)
    touch([(100, 200), (60, 200)], [(140, 200), (180, 200)])
    until(phone, "viewer.zoomed")
    assert phone.evaluate("viewer.zoom") == pytest.approx(3, abs=0.1)
    wide = place(phone)
    assert (120 - wide[0]) / wide[2] == pytest.approx((120 - left) / width, abs=0.02)
    assert (200 - wide[1]) / wide[3] == pytest.approx((200 - top) / height, abs=0.02)
    assert phone.evaluate("heard.every(([, prevented]) => prevented)")
    assert phone.evaluate("visualViewport.scale") == 1
    touch([(60, 200), (100, 200)], [(260, 200), (140, 200)])
    until(phone, "!viewer.zoomed")


def test_one_finger_pans_only_what_is_zoomed(phone: Any, touch: Any, picture: Any) -> None:
    show(phone, picture(600, 600))
    before = place(phone)
    touch([(250, 200), (50, 200)])
    assert place(phone) == before
    assert phone.evaluate("heard.every(([, prevented]) => !prevented)")
    phone.evaluate("viewer.zoomTo(3); heard.length = 0")
    before = place(phone)
    touch([(250, 200), (150, 200)])
    assert place(phone)[0] == pytest.approx(before[0] - 100, abs=15)
    assert phone.evaluate("heard") == [["pointerup", True]]


def test_double_tap_zooms(phone: Any, picture: Any) -> None:
    show(phone, picture(300, 300))
    for _tap in range(2):
        phone.touchscreen.tap(*point(phone, 150, 200))
    until(phone, "viewer.zoomed")
    for _tap in range(2):
        phone.touchscreen.tap(*point(phone, 150, 200))
    until(phone, "!viewer.zoomed")


# The tools ---------------------------------------------------------------------------------------

ACTIONS = (
    "zoomIn zoomOut fit rotate brighter darker moreContrast lessContrast original reset".split()
)


def test_every_tool_does_what_it_says(viewer: Any, picture: Any) -> None:
    show(viewer, picture())
    viewer.evaluate("said.length = 0")
    for name in "zoomIn zoomOut rotate brighter darker moreContrast lessContrast reset".split():
        viewer.click(f"[data-picture={name}]")
    assert said(viewer) == "zoom fit turned brightness brightness contrast contrast reset".split()
    viewer.click("[data-picture=original]")
    until(viewer, "said.at(-1).key === 'originalShown'")
    viewer.click("[data-picture=zoomIn]")
    viewer.click("[data-picture=fit]")
    assert said(viewer)[-2:] == ["zoom", "fit"]


def test_tools_name_their_keys_where_there_is_room(viewer: Any) -> None:
    caps = viewer.locator("#picture-tools kbd")
    assert caps.all_inner_texts() == ["-", "+", "F", "R", "O", ",", ".", "<", ">"]
    assert caps.first.is_visible()
    viewer.set_viewport_size({"width": 360, "height": 740})
    assert not caps.first.is_visible()


def disabled(page: Page) -> Any:
    return set(
        page.locator("#picture-tools [aria-disabled=true]").evaluate_all(
            "each => each.map((button) => button.dataset.picture)"
        )
    )


def test_tools_that_would_do_nothing_are_off_but_keep_the_focus(viewer: Any, picture: Any) -> None:
    assert disabled(viewer) == set(ACTIONS)
    show(viewer, picture())
    assert disabled(viewer) == {"zoomOut", "fit", "reset"}
    viewer.click("[data-picture=zoomIn]")
    assert disabled(viewer) == set()
    viewer.focus("[data-picture=fit]")
    viewer.keyboard.press("Enter")
    assert disabled(viewer) == {"zoomOut", "fit", "reset"}
    assert viewer.evaluate("document.activeElement.dataset.picture") == "fit"
    before = said(viewer)
    viewer.keyboard.press("Enter")
    assert said(viewer) == before
    for _time in range(12):
        do(viewer, "brighter")
        do(viewer, "lessContrast")
    assert disabled(viewer) == {"zoomOut", "fit", "brighter", "lessContrast"}


def test_everything_that_is_said_has_words(viewer: Any) -> None:
    script = Path(
        django_settings.BASE_DIR / "static" / "medium" / "image" / "viewer.js"
    ).read_text()
    keys = set(re.findall(r'key: (?:arrived \? )?"(\w+)"', script)) | {"originalFailed"}
    keys |= {"brightness", "contrast"}
    assert {"zoom", "fit", "turned", "failed", "reset", "none"} <= keys
    # The alternative text need not say that this is a picture: the page says which one.
    for key in keys - {"shown"}:
        words = viewer.evaluate("key => viewer.words({ key, value: 150 })", key)
        assert words, key
        assert "{" not in words
    assert viewer.evaluate("viewer.words({ key: 'zoom', value: 150 })") == "Zoom 150%"


def test_tools_have_no_axe_findings_and_fit(viewer: Any, picture: Any) -> None:
    viewer.emulate_media(reduced_motion="reduce")
    show(viewer, picture())
    do(viewer, "brighter")
    do(viewer, "toggleOriginal")
    until(viewer, "said.at(-1).key === 'originalShown'")
    assert unfit(viewer) == []


def least_side(page: Page) -> Any:
    return page.locator("#picture-tools button").evaluate_all(
        """each => Math.min(...each.flatMap((button) => {
          const { width, height } = button.getBoundingClientRect();
          return [width, height];
        }))"""
    )


def test_targets_are_large_enough(viewer: Any, phone: Any) -> None:
    assert least_side(viewer) >= 32
    assert least_side(phone) >= 44
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
