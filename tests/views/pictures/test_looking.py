"""The viewer of pictures: how one lies, is looked at closely and lit, in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from tests.views.in_browser import MARKS
from tests.views.pictures.viewing import (
    MOUNT,
    do,
    open_viewer,
    place,
    point,
    said,
    show,
    until,
    wait_for_original,
)

pytestmark = MARKS


# Fitting -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((3000, 2000), [0, 0, 600, 400]),
        ((300, 3000), [280, 0, 40, 400]),
        ((3000, 300), [0, 170, 600, 60]),
        ((32, 32), [108, 8, 384, 384]),
        ((16, 16), [204, 104, 192, 192]),
    ],
)
def test_picture_is_fitted_and_tiny_ones_are_enlarged_so_far(
    viewer: Any, picture: Any, size: Any, expected: Any
) -> None:
    show(viewer, picture(*size))
    assert place(viewer) == expected
    assert viewer.get_attribute(".picture-image", "alt") == "Item 7"


@pytest.mark.parametrize(("side", "rendering"), [(32, "pixelated"), (200, "auto")])
def test_pixels_are_squares_only_where_they_are_large(
    viewer: Any, picture: Any, side: int, rendering: str
) -> None:
    show(viewer, picture(side, side))
    image = viewer.locator(".picture-image")
    assert image.evaluate("each => getComputedStyle(each).imageRendering") == rendering
    for _time in range(8):
        do(viewer, "zoomIn")
    assert image.evaluate("each => getComputedStyle(each).imageRendering") == "pixelated"


def test_picture_follows_the_size_of_its_box(viewer: Any, picture: Any) -> None:
    show(viewer, picture())
    viewer.evaluate("document.getElementById('box').style.setProperty('inline-size', '300px')")
    until(viewer, "document.querySelector('.picture-image').getBoundingClientRect().width < 301")
    assert place(viewer) == [0, 100, 300, 200]


def test_next_picture_comes_fitted_and_upright(viewer: Any, picture: Any) -> None:
    show(viewer, picture())
    do(viewer, "zoomIn")
    do(viewer, "rotate")
    show(viewer, picture(300, 3000))
    assert place(viewer) == [280, 0, 40, 400]


def test_picture_can_be_taken_away(viewer: Any, picture: Any) -> None:
    show(viewer, picture())
    do(viewer, "clear")
    assert viewer.locator(".picture-image").count() == 0
    assert do(viewer, "zoomIn") == do(viewer, "rotate") == do(viewer, "toggleOriginal")
    assert do(viewer, "fit") == {"key": "none"}


def test_viewer_leaves_its_box_as_it_was(viewer: Any, picture: Any) -> None:
    show(viewer, picture())
    do(viewer, "unmount")
    assert viewer.inner_html("#box") == ""
    viewer.click("[data-picture=brighter]", force=True)
    assert "brightness" not in said(viewer)


# Zooming and panning -----------------------------------------------------------------------------


def test_zoom_goes_in_steps_and_back_to_the_start(viewer: Any, picture: Any) -> None:
    show(viewer, picture(3000, 2000), width=3000)
    assert do(viewer, "zoomIn") == {"key": "zoom", "value": 25}
    assert place(viewer) == [-75, -50, 750, 500]
    assert do(viewer, "zoomIn") == {"key": "zoom", "value": 31}
    do(viewer, "zoomOut")
    assert do(viewer, "zoomOut") == {"key": "fit"}
    assert do(viewer, "zoomOut") == {"key": "fit"}
    assert place(viewer) == [0, 0, 600, 400]


def test_zoom_is_said_of_the_originals_pixels_before_and_after_it_is_there(
    viewer: Any, picture: Any
) -> None:
    show(viewer, picture(3000, 2000), width=3000)
    before = do(viewer, "zoomIn")
    do(viewer, "toggleOriginal")
    wait_for_original(viewer)
    assert viewer.evaluate("viewer.zoomTo(viewer.zoom)") == before
    assert place(viewer)[2] == round(before["value"] / 100 * 3000)


def test_wheel_zooms_at_the_pointer(viewer: Any, picture: Any) -> None:
    show(viewer, picture(600, 400))
    viewer.mouse.move(*point(viewer, 150, 100))
    viewer.mouse.wheel(0, -200)
    until(viewer, "viewer.zoomed")
    left, top, width, height = place(viewer)
    assert width > 800
    assert (150 - left) / width == pytest.approx(0.25, abs=0.01)
    assert (100 - top) / height == pytest.approx(0.25, abs=0.01)
    for _time in range(3):
        viewer.mouse.wheel(0, 200)
    until(viewer, "!viewer.zoomed")
    assert place(viewer) == [0, 0, 600, 400]


def drag(page: Page, start: Any, end: Any) -> None:
    page.mouse.move(*point(page, *start))
    page.mouse.down()
    page.mouse.move(*point(page, *end), steps=10)
    page.mouse.up()


def test_drag_pans_as_far_as_there_is_picture(viewer: Any, picture: Any) -> None:
    show(viewer, picture(600, 400))
    viewer.evaluate("viewer.zoomTo(2)")
    assert place(viewer) == [-300, -200, 1200, 800]
    drag(viewer, (300, 200), (200, 150))
    left, top, *_size = place(viewer)
    assert left == pytest.approx(-400, abs=12)
    assert top == pytest.approx(-250, abs=12)
    drag(viewer, (20, 20), (580, 380))
    drag(viewer, (20, 20), (580, 380))
    assert place(viewer) == [0, 0, 1200, 800]
    assert viewer.evaluate("heard.map(([, prevented]) => prevented)") == [True, True, True]


def test_drag_over_a_fitted_picture_is_the_pages(viewer: Any, picture: Any) -> None:
    show(viewer, picture())
    drag(viewer, (300, 200), (100, 200))
    assert place(viewer) == [0, 0, 600, 400]
    assert viewer.evaluate("heard") == [["pointerup", False]]


def test_button_let_go_outside_ends_the_drag(viewer: Any, picture: Any) -> None:
    show(viewer, picture(600, 400))
    viewer.evaluate("viewer.zoomTo(2)")
    viewer.mouse.move(*point(viewer, 2, 200))
    viewer.mouse.down()
    viewer.mouse.move(*point(viewer, -30, 200))
    viewer.mouse.up()
    before = place(viewer)
    viewer.mouse.move(*point(viewer, 300, 200), steps=5)
    assert place(viewer) == before


def test_arrows_pan_a_zoomed_picture_that_has_the_focus(viewer: Any, picture: Any) -> None:
    show(viewer, picture(600, 400))
    viewer.focus("#box")
    viewer.keyboard.press("ArrowLeft")
    assert viewer.evaluate("heard") == [["keydown", False]]
    viewer.evaluate("viewer.zoomTo(2)")
    viewer.keyboard.press("ArrowRight")
    assert place(viewer) == [-390, -200, 1200, 800]
    viewer.keyboard.press("ArrowUp")
    assert place(viewer) == [-390, -140, 1200, 800]
    assert viewer.evaluate("heard.length") == 1
    viewer.keyboard.press("1")
    viewer.keyboard.press("Shift+ArrowUp")
    viewer.focus("[data-picture=zoomIn]")
    viewer.keyboard.press("ArrowRight")
    assert viewer.evaluate("heard.length") == 5
    assert place(viewer) == [-390, -140, 1200, 800]


@pytest.mark.parametrize("held_ms", [0, 60])
def test_double_click_shows_the_pictures_own_pixels_and_fits_again(
    viewer: Any, picture: Any, held_ms: int
) -> None:
    show(viewer, picture())
    viewer.mouse.dblclick(*point(viewer, 300, 200), delay=held_ms)
    until(viewer, "viewer.zoomed")
    assert place(viewer)[2:] == [3000, 2000]
    assert said(viewer)[-2:] == ["originalShown", "zoom"]
    viewer.wait_for_timeout(400)
    viewer.mouse.dblclick(*point(viewer, 300, 200), delay=held_ms)
    assert place(viewer) == [0, 0, 600, 400]


def test_double_click_on_what_shows_all_its_pixels_doubles(viewer: Any, picture: Any) -> None:
    show(viewer, picture(600, 400))
    viewer.mouse.dblclick(*point(viewer, 300, 200))
    assert place(viewer)[2:] == [1200, 800]


def test_two_slow_clicks_do_nothing(viewer: Any, picture: Any) -> None:
    show(viewer, picture(600, 400))
    viewer.mouse.click(*point(viewer, 300, 200))
    viewer.wait_for_timeout(450)
    viewer.mouse.click(*point(viewer, 300, 200))
    assert not viewer.evaluate("viewer.zoomed")


# Turning and light -------------------------------------------------------------------------------


def test_turned_picture_stays_fitted(viewer: Any, picture: Any) -> None:
    show(viewer, picture(300, 3000))
    assert do(viewer, "rotate") == {"key": "turned", "value": 90}
    assert place(viewer) == [0, 170, 600, 60]
    for value in (180, 270, 0):
        assert do(viewer, "rotate") == {"key": "turned", "value": value}
    assert place(viewer) == [280, 0, 40, 400]


def test_what_is_in_the_middle_stays_there_when_it_turns(viewer: Any, picture: Any) -> None:
    show(viewer, picture(400, 400))
    viewer.evaluate("viewer.zoomTo(4); viewer.panBy(-200, 0)")
    do(viewer, "rotate")
    # What lay 200 pixels to the left of the middle of the picture lies above it now.
    assert place(viewer) == [-500, -800, 1600, 1600]


def filter_of(page: Page) -> Any:
    return page.locator(".picture-stage").evaluate("each => getComputedStyle(each).filter")


def test_light_stays_for_the_series_and_goes_with_reset(
    viewer: Any, picture: Any, live_server: LiveServer, troubles: list[str]
) -> None:
    show(viewer, picture())
    assert do(viewer, "brighter") == {"key": "brightness", "value": 125}
    assert do(viewer, "moreContrast") == {"key": "contrast", "value": 125}
    assert filter_of(viewer) == "brightness(1.25) contrast(1.25)"
    show(viewer, picture(300, 300))
    assert filter_of(viewer) == "brightness(1.25) contrast(1.25)"
    open_viewer(viewer, live_server, troubles)
    assert viewer.evaluate("viewer.adjusted")
    assert viewer.locator("#picture-tools[data-adjusted]").count() == 1
    show(viewer, picture())
    assert do(viewer, "lessContrast") == {"key": "contrast", "value": 100}
    assert do(viewer, "darker") == {"key": "brightness", "value": 100}
    assert not viewer.evaluate("viewer.adjusted")
    do(viewer, "brighter")
    do(viewer, "zoomIn")
    assert do(viewer, "reset") == {"key": "reset"}
    assert filter_of(viewer) == "none"
    assert place(viewer) == [0, 0, 600, 400]
    assert viewer.locator("#picture-tools[data-adjusted]").count() == 0


def test_light_is_not_that_of_another_page(viewer: Any, picture: Any) -> None:
    show(viewer, picture())
    do(viewer, "brighter")
    viewer.evaluate("history.replaceState(null, '', '/projects/99/label')")
    viewer.evaluate(MOUNT)
    assert not viewer.evaluate("viewer.adjusted")
