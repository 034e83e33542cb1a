"""What the tests of the desk in a real browser share."""

from typing import Any

from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from annotator.models import Annotation, Project


def address(live_server: LiveServer, project: Project) -> Any:
    return live_server.url + reverse("label:desk", args=[project.pk])


def open_desk(page: Page, live_server: LiveServer, project: Project) -> Any:
    """Open the desk and wait until it has spoken to the server."""
    page.goto(address(live_server, project))
    wait_until_saved(page)
    return page


def reload(desk: Any) -> None:
    """Load the desk anew and wait until keys are for what it shows."""
    desk.reload()
    wait_until_saved(desk)
    wait_until_painted(desk)


def wait_until_painted(desk: Any) -> None:
    """Wait until the item is before the eyes: what is pressed before was not meant for it."""
    desk.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def wait_for(desk: Any, words: Any) -> None:
    desk.locator("#said", has_text=words).wait_for()


def wait_until_saved(desk: Any) -> None:
    """Wait until the server has all; before it was asked for the first time, no words say so."""
    desk.locator('#standing[data-standing="saved"]:not(:empty)').wait_for()


def given() -> Any:
    return [
        [label.label.name for label in each.given.all()]
        for each in Annotation.objects.order_by("pk")
    ]
