"""The viewer of pictures, in a real browser under the app's own policy."""

import io
import os
import random
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.template.loader import render_to_string
from django.urls import reverse
from PIL import Image

from annotator import smaller
from annotator.flow import keys
from tests.browser import browser_type_launch_args  # noqa: F401, a fixture
from tests.views.test_desk_in_browser import sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CAPS = {name: keys.cap(action.keys[0]) for name, action in keys.ACTIONS.items()}
# An empty box and the tools, in the place of what the page of the projects shows. Its policy stays.
SET_UP = """(tools) => {
  const main = document.querySelector("main");
  const empty = '<h1>Picture</h1><div id="box" role="group" aria-label="The item"></div>';
  main.innerHTML = empty + tools;
  const box = document.getElementById("box");
  box.style.setProperty("inline-size", "min(600px, 100%)");
  box.style.setProperty("block-size", "400px");
  window.said = [];
  window.heard = [];
  document.addEventListener("picture:said", ({ detail }) => said.push(detail));
  for (const name of ["keydown", "pointerup"]) {
    document.addEventListener(name, (event) => heard.push([name, event.defaultPrevented]));
  }
}"""
MOUNT = """() => {
  const tools = document.getElementById("picture-tools");
  window.viewer = Winnow.picture.mount(document.getElementById("box"), { tools });
}"""


def encoded(picture, kind="JPEG"):
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def photo(width, height):
    noise = random.Random(7).randbytes(12 * 9 * 3)
    return Image.frombytes("RGB", (12, 9), noise).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def picture(add_items, project):
    """Return a function that stores a picture of some size and gives its address."""

    def store(width=3000, height=2000):
        item = add_items("")[0]
        name = f"pictures/{project.pk}/ab/{item.pk:032x}.jpg"
        item.image = default_storage.save(name, ContentFile(encoded(photo(width, height))))
        item.save()
        return reverse("media", args=[item.pk])

    return store


@pytest.fixture
def troubles():
    return []


def open_viewer(page, live_server, troubles):
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: said.type == "error" and troubles.append(said.text))
    answer = page.goto(live_server.url + reverse("projects"))
    assert "style-src 'self'" in answer.headers["content-security-policy"]
    page.evaluate(SET_UP, render_to_string("parts/picture_tools.html", {"caps": CAPS}))
    page.add_style_tag(url="/static/picture.css")
    for script in ("picture_view.js", "picture.js"):
        page.add_script_tag(url=f"/static/{script}")
    page.evaluate(MOUNT)
    return page


@pytest.fixture
def viewer(page, context, live_server, ana, project, troubles):
    sign_in(context, live_server, ana)
    yield open_viewer(page, live_server, troubles)
    assert troubles == []


@pytest.fixture
def asked(viewer):
    """Return the addresses of the pictures that the browser asks for, as they come."""
    addresses = []
    viewer.on(
        "request",
        lambda request: (
            "/media/" in request.url and addresses.append(request.url.split("/items/")[1])
        ),
    )
    return addresses


def start_showing(page, url, size=1280, width=None):
    page.evaluate(
        "([url, original, width]) => viewer.show({ url, original, width, alt: 'Item 7' })",
        [f"{url}?size={size}" if size else url, url, width],
    )


def show(page, url, size=1280, width=None):
    start_showing(page, url, size, width)
    wait_for(page, "shown")


def wait_for(page, state):
    page.locator(f"#box[data-picture-state={state}]").wait_for()


def until(page, expression):
    """Wait until the expression holds; the browser's own way to wait needs eval."""
    for _time in range(100):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(expression)


def natural_width(page):
    return page.locator(".picture-image").evaluate("each => each.naturalWidth")


def wait_for_original(page):
    until(page, "document.querySelector('.picture-image').naturalWidth === 3000")


def do(page, action):
    return page.evaluate(f"viewer.{action}()")


def place(page):
    """Return where the picture lies: left, top, width, height, from the box's corner."""
    box, image = (page.locator(each).bounding_box() for each in ("#box", ".picture-image"))
    return [
        round(image["x"] - box["x"]),
        round(image["y"] - box["y"]),
        round(image["width"]),
        round(image["height"]),
    ]


def point(page, x, y):
    box = page.locator("#box").bounding_box()
    return box["x"] + x, box["y"] + y


def said(page):
    return [each["key"] for each in page.evaluate("said")]


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
def test_picture_is_fitted_and_tiny_ones_are_enlarged_so_far(viewer, picture, size, expected):
    show(viewer, picture(*size))
    assert place(viewer) == expected
    assert viewer.get_attribute(".picture-image", "alt") == "Item 7"


@pytest.mark.parametrize(("side", "rendering"), [(32, "pixelated"), (200, "auto")])
def test_pixels_are_squares_only_where_they_are_large(viewer, picture, side, rendering):
    show(viewer, picture(side, side))
    image = viewer.locator(".picture-image")
    assert image.evaluate("each => getComputedStyle(each).imageRendering") == rendering
    for _time in range(8):
        do(viewer, "zoomIn")
    assert image.evaluate("each => getComputedStyle(each).imageRendering") == "pixelated"


def test_picture_follows_the_size_of_its_box(viewer, picture):
    show(viewer, picture())
    viewer.evaluate("document.getElementById('box').style.setProperty('inline-size', '300px')")
    until(viewer, "document.querySelector('.picture-image').getBoundingClientRect().width < 301")
    assert place(viewer) == [0, 100, 300, 200]


def test_next_picture_comes_fitted_and_upright(viewer, picture):
    show(viewer, picture())
    do(viewer, "zoomIn")
    do(viewer, "rotate")
    show(viewer, picture(300, 3000))
    assert place(viewer) == [280, 0, 40, 400]


def test_picture_can_be_taken_away(viewer, picture):
    show(viewer, picture())
    do(viewer, "clear")
    assert viewer.locator(".picture-image").count() == 0
    assert do(viewer, "zoomIn") == do(viewer, "rotate") == do(viewer, "toggleOriginal")
    assert do(viewer, "fit") == {"key": "none"}


def test_viewer_leaves_its_box_as_it_was(viewer, picture):
    show(viewer, picture())
    do(viewer, "unmount")
    assert viewer.inner_html("#box") == ""
    viewer.click("[data-picture=brighter]", force=True)
    assert "brightness" not in said(viewer)


# Zooming and panning -----------------------------------------------------------------------------


def test_zoom_goes_in_steps_and_back_to_the_start(viewer, picture):
    show(viewer, picture(3000, 2000), width=3000)
    assert do(viewer, "zoomIn") == {"key": "zoom", "value": 25}
    assert place(viewer) == [-75, -50, 750, 500]
    assert do(viewer, "zoomIn") == {"key": "zoom", "value": 31}
    do(viewer, "zoomOut")
    assert do(viewer, "zoomOut") == {"key": "fit"}
    assert do(viewer, "zoomOut") == {"key": "fit"}
    assert place(viewer) == [0, 0, 600, 400]


def test_zoom_ends_somewhere(viewer, picture):
    show(viewer, picture(600, 400), size=0)
    for _time in range(40):
        reached = do(viewer, "zoomIn")
    assert reached == {"key": "zoom", "value": 1600}
    assert viewer.get_attribute("[data-picture=zoomIn]", "aria-disabled") == "true"


def test_zoom_is_said_of_the_originals_pixels_before_and_after_it_is_there(viewer, picture):
    show(viewer, picture(3000, 2000), width=3000)
    before = do(viewer, "zoomIn")
    do(viewer, "toggleOriginal")
    wait_for_original(viewer)
    assert viewer.evaluate("viewer.zoomTo(viewer.zoom)") == before
    assert place(viewer)[2] == round(before["value"] / 100 * 3000)


def test_wheel_zooms_at_the_pointer(viewer, picture):
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


def drag(page, start, end):
    page.mouse.move(*point(page, *start))
    page.mouse.down()
    page.mouse.move(*point(page, *end), steps=10)
    page.mouse.up()


def test_drag_pans_as_far_as_there_is_picture(viewer, picture):
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


def test_drag_over_a_fitted_picture_is_the_pages(viewer, picture):
    show(viewer, picture())
    drag(viewer, (300, 200), (100, 200))
    assert place(viewer) == [0, 0, 600, 400]
    assert viewer.evaluate("heard") == [["pointerup", False]]


def test_button_let_go_outside_ends_the_drag(viewer, picture):
    show(viewer, picture(600, 400))
    viewer.evaluate("viewer.zoomTo(2)")
    viewer.mouse.move(*point(viewer, 2, 200))
    viewer.mouse.down()
    viewer.mouse.move(*point(viewer, -30, 200))
    viewer.mouse.up()
    before = place(viewer)
    viewer.mouse.move(*point(viewer, 300, 200), steps=5)
    assert place(viewer) == before


def test_arrows_pan_a_zoomed_picture_that_has_the_focus(viewer, picture):
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
def test_double_click_shows_the_pictures_own_pixels_and_fits_again(viewer, picture, held_ms):
    show(viewer, picture())
    viewer.mouse.dblclick(*point(viewer, 300, 200), delay=held_ms)
    until(viewer, "viewer.zoomed")
    assert place(viewer)[2:] == [3000, 2000]
    assert said(viewer)[-2:] == ["originalShown", "zoom"]
    viewer.wait_for_timeout(400)
    viewer.mouse.dblclick(*point(viewer, 300, 200), delay=held_ms)
    assert place(viewer) == [0, 0, 600, 400]


def test_double_click_on_what_shows_all_its_pixels_doubles(viewer, picture):
    show(viewer, picture(600, 400))
    viewer.mouse.dblclick(*point(viewer, 300, 200))
    assert place(viewer)[2:] == [1200, 800]


def test_two_slow_clicks_do_nothing(viewer, picture):
    show(viewer, picture(600, 400))
    viewer.mouse.click(*point(viewer, 300, 200))
    viewer.wait_for_timeout(450)
    viewer.mouse.click(*point(viewer, 300, 200))
    assert not viewer.evaluate("viewer.zoomed")


# Turning and light -------------------------------------------------------------------------------


def test_turned_picture_stays_fitted(viewer, picture):
    show(viewer, picture(300, 3000))
    assert do(viewer, "rotate") == {"key": "turned", "value": 90}
    assert place(viewer) == [0, 170, 600, 60]
    for value in (180, 270, 0):
        assert do(viewer, "rotate") == {"key": "turned", "value": value}
    assert place(viewer) == [280, 0, 40, 400]


def test_what_is_in_the_middle_stays_there_when_it_turns(viewer, picture):
    show(viewer, picture(400, 400))
    viewer.evaluate("viewer.zoomTo(4); viewer.panBy(-200, 0)")
    do(viewer, "rotate")
    # What lay 200 pixels to the left of the middle of the picture lies above it now.
    assert place(viewer) == [-500, -800, 1600, 1600]


def filter_of(page):
    return page.locator(".picture-stage").evaluate("each => getComputedStyle(each).filter")


def test_light_stays_for_the_series_and_goes_with_reset(viewer, picture, live_server, troubles):
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


def test_light_is_not_that_of_another_page(viewer, picture):
    show(viewer, picture())
    do(viewer, "brighter")
    viewer.evaluate("history.replaceState(null, '', '/projects/99/label')")
    viewer.evaluate(MOUNT)
    assert not viewer.evaluate("viewer.adjusted")


def test_stored_nonsense_is_not_believed(viewer):
    viewer.evaluate(
        "sessionStorage.setItem('winnow.light:/projects/', '{\"brightness\": 99, \"blur\": 3}')"
    )
    viewer.evaluate(MOUNT)
    assert filter_of(viewer) == "brightness(4.77) contrast(1)"
    viewer.evaluate("sessionStorage.setItem('winnow.light:/projects/', 'no')")
    viewer.evaluate(MOUNT)
    assert not viewer.evaluate("viewer.adjusted")


# The original ------------------------------------------------------------------------------------


def test_original_comes_where_somebody_looks_closer_than_the_copy_shows(viewer, picture, asked):
    url = picture()
    show(viewer, url)
    viewer.evaluate(
        """() => {
          const stage = document.querySelector(".picture-stage");
          window.gaps = 0;
          const look = () => {
            if (!stage.firstChild?.complete) gaps += 1;
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    viewer.evaluate("viewer.zoomTo(2)")
    assert len(asked) == 1
    before = place(viewer)
    viewer.evaluate("viewer.zoomTo(2.2); viewer.zoomTo(2)")
    wait_for_original(viewer)
    assert place(viewer) == before
    assert viewer.evaluate("gaps") == 0
    assert asked == [f"{url.split('/')[-1]}?size=1280", url.split("/")[-1]]
    assert viewer.get_attribute("[data-picture=original]", "aria-pressed") == "true"
    assert said(viewer)[-1] == "originalShown"


def test_original_is_one_key_away_and_so_is_the_copy(viewer, picture):
    show(viewer, picture())
    assert do(viewer, "toggleOriginal") == {"key": "original"}
    wait_for_original(viewer)
    assert place(viewer) == [0, 0, 600, 400]
    assert do(viewer, "toggleOriginal") == {"key": "copy"}
    assert natural_width(viewer) == 1280
    assert viewer.get_attribute("[data-picture=original]", "aria-pressed") == "false"


def test_picture_that_was_no_larger_is_not_fetched_twice(viewer, picture, asked):
    show(viewer, picture(600, 400))
    viewer.evaluate("viewer.zoomTo(8)")
    assert do(viewer, "toggleOriginal") == {"key": "whole"}
    assert viewer.get_attribute("[data-picture=original]", "aria-disabled") == "true"
    assert len(asked) == 1


def test_original_that_does_not_come_leaves_the_copy(viewer, picture, troubles):
    show(viewer, picture())
    viewer.route(re.compile(r"/media/items/\d+$"), lambda route: route.abort())
    do(viewer, "toggleOriginal")
    until(viewer, "said.some(({ key }) => key === 'originalFailed')")
    wait_for(viewer, "shown")
    assert natural_width(viewer) == 1280
    assert viewer.get_attribute("[data-picture=original]", "aria-pressed") == "false"
    forgive(troubles)


# Loading -----------------------------------------------------------------------------------------


def forgive(troubles):
    """Forget what the browser said of requests that the test itself broke."""
    troubles[:] = [each for each in troubles if "Failed to load resource" not in each]


@pytest.fixture
def held(viewer, troubles):
    """Hold back all pictures; return the routes that wait, for the test to let go."""
    waiting = []
    viewer.route("**/media/**", lambda route: waiting.append(route))
    yield waiting
    for route in waiting:
        route.abort()
    forgive(troubles)


def let_go(page, held, number=1):
    page.wait_for_timeout(50)
    for _time in range(number):
        held.pop(0).continue_()


def test_slow_picture_says_so_and_nothing_jumps(viewer, picture, held):
    before = viewer.locator("#box").bounding_box()
    start_showing(viewer, picture())
    assert viewer.get_attribute("#box", "data-picture-state") == "loading"
    assert viewer.inner_text(".picture-state") == ""
    viewer.locator(".picture-state", has_text="Loading the picture…").wait_for()
    assert viewer.locator("#box").bounding_box() == before
    let_go(viewer, held)
    wait_for(viewer, "shown")
    assert viewer.inner_text(".picture-state") == ""
    assert viewer.locator("#box").bounding_box() == before


def test_failure_is_shown_and_retried(viewer, picture, troubles):
    viewer.route("**/media/**", lambda route: route.abort())
    before = viewer.locator("#box").bounding_box()
    start_showing(viewer, picture())
    viewer.locator(".picture-state", has_text="The picture could not be loaded.").wait_for()
    assert said(viewer) == ["failed"]
    assert viewer.locator("#box").bounding_box() == before
    assert [each["id"] for each in Axe().run(viewer).response["violations"]] == []
    viewer.unroute("**/media/**")
    viewer.focus("#box button")
    viewer.keyboard.press("Enter")
    wait_for(viewer, "shown")
    assert place(viewer) == [0, 0, 600, 400]
    assert viewer.evaluate("document.activeElement.id") == "box"
    assert not viewer.locator("#box button").is_visible()
    forgive(troubles)


def test_failure_is_retried_when_the_connection_is_back(viewer, context, picture, troubles):
    context.set_offline(True)
    start_showing(viewer, picture())
    wait_for(viewer, "failed")
    context.set_offline(False)
    wait_for(viewer, "shown")
    forgive(troubles)


def test_file_that_is_no_picture_fails_in_words(viewer, picture):
    viewer.route(
        "**/media/**", lambda route: route.fulfill(body=b"no picture", content_type="image/png")
    )
    start_showing(viewer, picture())
    viewer.locator(".picture-state", has_text="The picture could not be loaded.").wait_for()


def test_late_picture_never_takes_the_place_of_the_next(viewer, picture, held):
    start_showing(viewer, picture())
    start_showing(viewer, picture(300, 3000))
    viewer.wait_for_timeout(50)
    late, following = held.pop(0), held.pop(0)
    following.continue_()
    wait_for(viewer, "shown")
    late.continue_()
    viewer.wait_for_timeout(200)
    assert place(viewer) == [280, 0, 40, 400]
    assert said(viewer) == ["shown"]


def preload(page, *urls):
    page.evaluate("urls => viewer.preload(urls.map((url) => ({ url })))", list(urls))


def test_two_at_a_time_are_loaded_ahead_after_the_one_in_sight(viewer, picture, held):
    first, *others = [f"{picture(300, 300)}?size=640" for _number in range(4)]
    start_showing(viewer, first, size=0)
    preload(viewer, *others)
    viewer.wait_for_timeout(100)
    assert len(held) == 1
    let_go(viewer, held)
    wait_for(viewer, "shown")
    viewer.wait_for_timeout(100)
    assert [
        route.request.url.endswith(each) for route, each in zip(held, others, strict=False)
    ] == [
        True,
        True,
    ]
    let_go(viewer, held)
    viewer.wait_for_timeout(100)
    assert len(held) == 2


def test_what_was_loaded_ahead_is_there_at_once_and_asked_for_once(viewer, picture, asked):
    show(viewer, picture())
    url = picture(300, 3000)
    with viewer.expect_response(lambda response: url in response.url):
        preload(viewer, f"{url}?size=640")
    viewer.wait_for_timeout(200)
    state = viewer.evaluate(
        """url => {
          viewer.show({ url: `${url}?size=640`, original: url, alt: "" });
          return document.getElementById("box").dataset.pictureState;
        }""",
        url,
    )
    assert state == "shown"
    assert place(viewer) == [280, 0, 40, 400]
    assert len(asked) == 2


def test_what_is_on_its_way_is_not_asked_for_again(viewer, picture, asked, held):
    url = f"{picture(300, 3000)}?size=640"
    preload(viewer, url)
    viewer.wait_for_timeout(50)
    start_showing(viewer, url, size=0)
    let_go(viewer, held)
    wait_for(viewer, "shown")
    assert len(asked) == 1


def test_what_failed_ahead_is_tried_again_in_its_turn(viewer, picture, troubles):
    url = f"{picture()}?size=640"
    viewer.route("**/media/**", lambda route: route.abort())
    with viewer.expect_event("requestfailed"):
        preload(viewer, url)
    viewer.unroute("**/media/**")
    viewer.wait_for_timeout(100)
    show(viewer, url, size=0)
    forgive(troubles)


def test_browser_keeps_what_the_server_sent(viewer, picture):
    url = picture()
    show(viewer, url)
    show(viewer, picture())
    show(viewer, url)
    sent = viewer.evaluate(
        """url => performance.getEntriesByName(new URL(url, location.href).href)
          .map((each) => each.transferSize)""",
        f"{url}?size=1280",
    )
    assert [bool(size) for size in sent] in ([True], [True, False])


# Fingers -----------------------------------------------------------------------------------------


@pytest.fixture
def phone(browser, live_server, ana, project, troubles):
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
def touch(phone):
    """Return a function that moves fingers along their ways, each a list of points in the box."""
    cdp = phone.context.new_cdp_session(phone)

    def send(kind, points):
        places = [point(phone, *each) for each in points]
        cdp.send(
            "Input.dispatchTouchEvent",
            {
                "type": kind,
                "touchPoints": [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(places)],
            },
        )

    def move(*ways, steps=8):
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


def test_two_fingers_zoom_where_they_are(phone, touch, picture):
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


def test_one_finger_pans_only_what_is_zoomed(phone, touch, picture):
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


def test_double_tap_zooms(phone, picture):
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


def test_every_tool_does_what_it_says(viewer, picture):
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


def test_tools_name_their_keys_where_there_is_room(viewer):
    caps = viewer.locator("#picture-tools kbd")
    assert caps.all_inner_texts() == ["-", "+", "F", "R", "O", ",", ".", "<", ">"]
    assert caps.first.is_visible()
    viewer.set_viewport_size({"width": 360, "height": 740})
    assert not caps.first.is_visible()


def disabled(page):
    return set(
        page.locator("#picture-tools [aria-disabled=true]").evaluate_all(
            "each => each.map((button) => button.dataset.picture)"
        )
    )


def test_tools_that_would_do_nothing_are_off_but_keep_the_focus(viewer, picture):
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


def test_everything_that_is_said_has_words(viewer):
    script = Path(django_settings.BASE_DIR / "static" / "picture.js").read_text()
    keys = set(re.findall(r'key: (?:arrived \? )?"(\w+)"', script)) | {"originalFailed"}
    keys |= {"brightness", "contrast"}
    assert {"zoom", "fit", "turned", "failed", "reset", "none"} <= keys
    # That a picture is there need not be said: the page says which one it is.
    for key in keys - {"shown"}:
        words = viewer.evaluate("key => viewer.words({ key, value: 150 })", key)
        assert words, key
        assert "{" not in words
    assert viewer.evaluate("viewer.words({ key: 'zoom', value: 150 })") == "Zoom 150 %"


def test_sizes_are_those_that_the_server_makes(viewer):
    script = Path(django_settings.BASE_DIR / "static" / "picture.js").read_text()
    (sizes,) = re.findall(r"SIZES = \[([\d, ]+)\]", script)
    assert tuple(int(size) for size in sizes.split(",")) == smaller.SIZES
    box = viewer.locator("#box")
    for width, size in ((100, 640), (700, 1280), (9000, 2560)):
        box.evaluate("(box, width) => box.style.setProperty('inline-size', `${width}px`)", width)
        assert box.evaluate("box => Winnow.picture.sizeFor(box)") == size


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_tools_have_no_axe_findings_and_fit(viewer, picture, scheme, width):
    viewer.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    viewer.set_viewport_size({"width": width, "height": 740})
    show(viewer, picture())
    do(viewer, "brighter")
    do(viewer, "toggleOriginal")
    until(viewer, "said.at(-1).key === 'originalShown'")
    found = Axe().run(viewer).response["violations"]
    assert [each["id"] for each in found] == []
    assert viewer.evaluate("document.documentElement.scrollWidth") <= width


def least_side(page):
    return page.locator("#picture-tools button").evaluate_all(
        """each => Math.min(...each.flatMap((button) => {
          const { width, height } = button.getBoundingClientRect();
          return [width, height];
        }))"""
    )


def test_targets_are_large_enough(viewer, phone):
    assert least_side(viewer) >= 32
    assert least_side(phone) >= 44
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
