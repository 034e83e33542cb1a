"""Helpers of the image viewer tests: a viewer under the app's content security policy."""

import io
import random
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.projects import shortcuts
from tests.views.in_browser import listen

CAPS = {name: shortcuts.cap(action.keys[0]) for name, action in shortcuts.ACTIONS.items()}

# An empty box and the tools, replacing the content of the project list. Its policy applies.
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
MOUNT = """async () => {
  const { Viewer } = await import("/static/medium/image/viewer.js");
  const [box, tools] = ["box", "picture-tools"].map((id) => document.getElementById(id));
  window.viewer = new Viewer(box, tools);
}"""


def encoded(picture: Any, kind: str = "JPEG") -> Any:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def photo(width: Any, height: Any) -> Any:
    noise = random.Random(7).randbytes(12 * 9 * 3)
    return Image.frombytes("RGB", (12, 9), noise).resize((width, height), Image.Resampling.BICUBIC)


def open_viewer(page: Page, live_server: LiveServer, troubles: Any) -> Any:
    listen(page, troubles)
    answer = page.goto(live_server.url + reverse("projects"))
    assert "style-src 'self'" in answer.headers["content-security-policy"]
    page.evaluate(SET_UP, render_to_string("tasktypes/image/_tools.html", {"caps": CAPS}))
    page.add_style_tag(url="/static/medium/image/viewer.css")
    page.evaluate(MOUNT)
    return page


def start_showing(page: Page, url: Any, size: Any = 1280, width: Any = None) -> None:
    page.evaluate(
        "([url, original, width]) => viewer.show({ url, original, width, alt: 'Item 7' })",
        [f"{url}?size={size}" if size else url, url, width],
    )


def show(page: Page, url: Any, size: Any = 1280, width: Any = None) -> None:
    start_showing(page, url, size, width)
    wait_for(page, "shown")


def wait_for(page: Page, state: Any) -> None:
    page.locator(f"#box[data-picture-state={state}]").wait_for()


def until(page: Page, expression: Any) -> None:
    """Wait until the expression is true; Playwright's own way needs eval."""
    for _time in range(100):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(expression)


def natural_width(page: Page) -> Any:
    return page.locator(".picture-image").evaluate("each => each.naturalWidth")


def wait_for_original(page: Page) -> None:
    until(page, "document.querySelector('.picture-image').naturalWidth === 3000")


def do(page: Page, action: Any) -> Any:
    return page.evaluate(f"viewer.{action}()")


def place(page: Page) -> Any:
    """Return the position of the image: left, top, width, height, from the box's corner."""
    box, image = (page.locator(each).bounding_box() for each in ("#box", ".picture-image"))
    return [
        round(image["x"] - box["x"]),
        round(image["y"] - box["y"]),
        round(image["width"]),
        round(image["height"]),
    ]


def point(page: Page, x: Any, y: Any) -> Any:
    box = page.locator("#box").bounding_box()
    return box["x"] + x, box["y"] + y


def said(page: Page) -> Any:
    return [each["key"] for each in page.evaluate("said")]
