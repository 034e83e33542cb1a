"""Shared by the browser tests of the labelling page."""

from typing import Any

from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from annotator.models import Annotation, Project

# The page is told after the first frame with the item, whenever the browser comes to that.
PAINTED = """() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));
})"""


def address(live_server: LiveServer, project: Project) -> Any:
    return live_server.url + reverse("label:desk", args=[project.pk])


def open_desk(page: Page, live_server: LiveServer, project: Project) -> Any:
    """Open the labelling page and wait for its first response."""
    page.goto(address(live_server, project))
    wait_until_saved(page)
    return page


def reload(desk: Any) -> None:
    """Reload the labelling page and wait until it accepts keys."""
    desk.reload()
    wait_until_saved(desk)
    wait_until_painted(desk)


def wait_until_painted(desk: Any) -> None:
    """Wait until the item is painted, and the page knows it: earlier input is ignored."""
    desk.evaluate(PAINTED)


def wait_for(desk: Any, words: Any) -> None:
    desk.locator("#said", has_text=words).wait_for()


def wait_until_saved(desk: Any) -> None:
    """Wait until everything is saved; before the first request, the page does not say so."""
    desk.locator('#standing[data-standing="saved"]:not(:empty)').wait_for()


def given() -> Any:
    return [
        [label.label.name for label in each.given.all()]
        for each in Annotation.objects.order_by("pk")
    ]
